/**
 * The visor's own avatar. Where it is, is known here first: it walks by the steps that the place's simulation
 * takes, and tells the place. Only a teleport moves it from outside.
 */
import type { Place } from "@loci-place/client";
import { Matrix4, Quaternion, Vector3 } from "three";
import { eyeHeight, rest } from "./avatar.js";
import type { Node } from "./node.js";
import type { World } from "./world.js";

/** Metres a second, as the place walks avatars. */
const speed = 2;
/** How quickly steps begin and end: the part of the way to the wanted speed each second. */
const ease = 10;
const runs = 2;

const up = new Vector3(0, 1, 0);
const right = new Vector3(1, 0, 0);
const one = new Vector3(1, 1, 1);
const turn = new Quaternion();
const tilt = new Quaternion();
const step = new Vector3();

/** What the controls want of the body. */
export interface Wish {
  /** Steps to the right and back, −1 to 1. */
  x: number;
  z: number;
  run: boolean;
}

const parts = { head: "head", torso: "torso", leftHand: "hand/left", rightHand: "hand/right" } as const;
type Part = keyof typeof parts;

/** Body is the own avatar. */
export class Body {
  readonly position = new Vector3();
  yaw = 0;
  pitch = 0;
  /** Where the parts are in the avatar. */
  readonly poses = {
    head: rest.head.clone(), torso: rest.torso.clone(), leftHand: rest.leftHand.clone(), rightHand: rest.rightHand.clone(),
  };
  /** Where the avatar is in the world. */
  readonly root = new Matrix4();
  readonly #place: Place;
  readonly #world: World;
  readonly #velocity = new Vector3();
  #height = 0;

  constructor(place: Place, world: World) {
    this.#place = place;
    this.#world = world;
    place.intent.walks = false;
    place.intent.poses = {
      root: this.root.elements, head: this.poses.head.elements, torso: this.poses.torso.elements,
      leftHand: this.poses.leftHand.elements, rightHand: this.poses.rightHand.elements,
    };
    place.handle("teleport", ({ body }) => {
      const m = body[1];
      if (!Array.isArray(m) || m.length !== 16 || !m.every((v) => Number.isFinite(v))) throw new Error("want a matrix of 16 numbers");
      this.teleport(new Matrix4().fromArray(m as number[]));
    });
  }

  /** teleport puts the avatar somewhere else. */
  teleport(m: Matrix4): void {
    const e = m.elements;
    this.position.setFromMatrixPosition(m);
    this.yaw = Math.atan2(e[2] as number, e[0] as number);
    this.#velocity.set(0, 0, 0);
  }

  /** part returns the own entity that acts out a pose. */
  part(name: Part): Node | undefined {
    const avatar = this.#place.avatar;
    const known = this.#world.node(this.#parts[name]);
    if (known?.parent === avatar) return known;
    for (const node of this.#world.nodes) {
      if (node.parent === avatar && node.entity.components["intent"]?.["actuate_pose"] === parts[name]) {
        this.#parts[name] = node.id;
        return node;
      }
    }
    return undefined;
  }
  readonly #parts: Record<Part, string> = { head: "", torso: "", leftHand: "", rightHand: "" };

  /** turnBy looks somewhere else. */
  turnBy(yaw: number, pitch: number): void {
    this.yaw += yaw;
    this.pitch = Math.min(Math.max(this.pitch + pitch, -1.5), 1.5);
  }

  /** walk takes a step. */
  walk(wish: Wish, dt: number): void {
    const length = Math.hypot(wish.x, wish.z);
    const factor = (speed * (wish.run ? runs : 1)) / Math.max(1, length);
    step.set(wish.x * factor, 0, wish.z * factor);
    this.#velocity.lerp(step, Math.min(1, ease * dt));
    if (length === 0 && this.#velocity.lengthSq() < 1e-5) this.#velocity.set(0, 0, 0);
    turn.setFromAxisAngle(up, -this.yaw);
    this.position.add(step.copy(this.#velocity).multiplyScalar(dt).applyQuaternion(turn));
    this.#height += this.#velocity.length() * dt;
    this.root.compose(this.position, turn, one);

    tilt.setFromAxisAngle(right, this.pitch);
    this.poses.head.compose(step.set(0, eyeHeight, 0), tilt, one);
    // A little sway, so that who walks is seen to walk.
    const sway = Math.sin(this.#height * 4) * 0.02 * Math.min(1, this.#velocity.length());
    this.poses.torso.copy(rest.torso);
    this.poses.torso.elements[12] = sway;
  }

  /** show puts the own entities where they are known to be. */
  show(): void {
    const root = this.#world.node(this.#place.avatar);
    if (root) put(root, this.root);
    for (const name of Object.keys(parts) as Part[]) {
      const node = this.part(name);
      if (node) put(node, this.poses[name]);
    }
  }
}

function put(node: Node, m: Matrix4): void {
  node.local = true;
  node.matrix.copy(m);
  node.object.matrixWorldNeedsUpdate = true;
}
