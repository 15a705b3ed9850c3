/** Property animations, played on the place's clock. See "Property animations" in netcode/PROTOCOL.md. */
import type { Json, JsonObject } from "@loci-place/client";
import { Matrix4, Quaternion, Vector3 } from "three";
import { type Easing, easingOf } from "./easing.js";
import { isNumber, number, object } from "./json.js";

/** What an animation moves: a transform's matrix, and the colour of a material. */
export interface Target {
  readonly matrix: Matrix4;
  /** Red, green, blue and alpha. */
  readonly color: number[];
}

type Part = "matrix" | "translation" | "rotation" | "scale" | "color";

const axes = ["x", "y", "z"];
const x = new Vector3();
const turn = new Quaternion();
const other = new Quaternion();

/** Animation is one of an entity's animations. */
export class Animation {
  readonly part: Part;
  readonly #axis: number; // -1: all
  readonly #from: number[];
  readonly #to: number[];
  readonly #start: number;
  readonly #duration: number;
  readonly #ease: Easing;
  readonly #repeats: boolean;
  readonly #reverses: boolean;

  private constructor(part: Part, axis: number, from: number[], to: number[], a: JsonObject) {
    this.part = part;
    this.#axis = axis;
    this.#from = from;
    this.#to = to;
    this.#start = number(a["start_at"], Infinity);
    this.#duration = number(a["duration"], 0);
    this.#ease = easingOf(a["easing"]);
    this.#repeats = a["repeats"] === true && this.#duration > 0;
    this.#reverses = a["autoreverses"] === true;
  }

  /** parse reads an animation; undefined if it moves nothing that is shown, or makes no sense. */
  static parse(v: Json | undefined): Animation | undefined {
    const a = object(v);
    const from = numbersOf(a["from"]);
    const to = numbersOf(a["to"]);
    if (!from || !to || from.length !== to.length) return undefined;
    const path = String(a["path"]).split(".");
    if (path[0] === "material" && path[1] === "color") {
      const axis = path.length > 2 ? Number(path[2]) : -1;
      const fits = axis < 0 ? path.length === 2 && from.length >= 3 && from.length <= 4 : axis < 4 && from.length === 1;
      return fits ? new Animation("color", axis, from, to, a) : undefined;
    }
    if (path[0] !== "transform" || path[1] !== "matrix") return undefined;
    const part = (path[2] ?? "matrix") as Part;
    const axis = path[3] === undefined ? -1 : axes.indexOf(path[3]);
    if (path.length > 4 || (path[3] !== undefined && axis < 0)) return undefined;
    const kind = { matrix: 16, translation: 3, rotation: 4, scale: 3, color: 0 }[part];
    if (!kind || !(from.length === kind || (from.length === 1 && axis >= 0))) return undefined;
    return new Animation(part, axis, from, to, a);
  }

  /** apply moves the target to where it is at a time. */
  apply(t: Target, now: number): void {
    const elapsed = now - this.#start;
    if (!(elapsed >= 0)) return;
    let from = this.#from;
    let to = this.#to;
    let progress = elapsed / this.#duration;
    if (this.#repeats) {
      if (this.#reverses && Math.trunc(progress) % 2 === 1) [from, to] = [to, from];
      progress = (elapsed % this.#duration) / this.#duration;
    } else if (!(progress <= 1)) {
      progress = 1;
    }
    this.#set(t, from, to, this.#ease(progress));
  }

  #set(t: Target, from: number[], to: number[], p: number): void {
    const e = t.matrix.elements;
    switch (this.part) {
      case "matrix":
        // From to back to from: so agents do it, and apps count on it.
        for (let i = 0; i < 16; i++) e[i] = at(to, from, i, p);
        return;
      case "translation":
        return this.#overwrite(e, 12, 1, from, to, p);
      case "scale":
        return this.#overwrite(e, 0, 5, from, to, p);
      case "color":
        if (this.#axis >= 0) t.color[this.#axis] = at(from, to, 0, p);
        else for (let i = 0; i < from.length; i++) t.color[i] = at(from, to, i, p);
        return;
      case "rotation":
        if (from.length === 1) {
          x.set(0, 0, 0).setComponent(this.#axis, 1);
          turn.setFromAxisAngle(x, at(from, to, 0, p));
        } else {
          this.#quaternion(turn, from);
          this.#quaternion(other, to);
          turn.slerp(other, p);
        }
        x.set(e[12] as number, e[13] as number, e[14] as number);
        t.matrix.makeRotationFromQuaternion(turn).setPosition(x);
    }
  }

  #quaternion(q: Quaternion, v: number[]): void {
    if (this.#axis >= 0) x.set(0, 0, 0).setComponent(this.#axis, 1);
    else x.set(v[1] as number, v[2] as number, v[3] as number).normalize();
    q.setFromAxisAngle(x, v[0] as number);
  }

  #overwrite(e: number[], first: number, step: number, from: number[], to: number[], p: number): void {
    if (this.#axis >= 0) e[first + step * this.#axis] = at(from, to, 0, p);
    else for (let i = 0; i < 3; i++) e[first + step * i] = at(from, to, i, p);
  }
}

function at(from: number[], to: number[], i: number, p: number): number {
  const a = from[i] as number;
  return a + ((to[i] as number) - a) * p;
}

function numbersOf(v: Json | undefined): number[] | undefined {
  if (isNumber(v)) return [v];
  return Array.isArray(v) && v.every(isNumber) ? ([...v] as number[]) : undefined;
}
