/** One entity as it is drawn. */
import type { Entity, JsonObject } from "@loci-place/client";
import { Group, LoopRepeat, type Material, Matrix4, Mesh, MeshStandardMaterial, type Object3D, Quaternion, Vector3, AnimationMixer } from "three";
import { Animation, type Target } from "./animation.js";
import type { Library } from "./assets.js";
import type { Batches, Slot } from "./batch.js";
import { brokenMarker, inlineGeometry, loadingMarker } from "./geometry.js";
import { list, numbers, object, text } from "./json.js";
import { Label } from "./label.js";
import { type Look, dress, lookOf, newMaterial, plain, tint } from "./material.js";
import { Motion } from "./motion.js";

const position = new Vector3();
const rotation = new Quaternion();
const scale = new Vector3();

// What says only where something is and what it looks like.
const scenery = new Set(["transform", "relationships", "geometry", "material", "text", "collider", "property_animations"]);

/** Node draws an entity. Its object hangs below that of the entity's parent. */
export class Node implements Target {
  readonly id: string;
  entity: Entity;
  readonly object = new Group();
  /** Where the document has it, in its parent. */
  readonly placed = new Matrix4();
  /** Where it is shown, in its parent: the object's own matrix. */
  readonly matrix: Matrix4;
  readonly motion = new Motion();
  readonly color = [1, 1, 1, 1];
  animations: Animation[] = [];
  /** It is moved by this visor, and not by states. */
  local = false;
  mixer: AnimationMixer | undefined;

  readonly #library: Library;
  readonly #batches: Batches;
  #slot: Slot | undefined; // instead of a shape of its own
  #shape: Object3D | undefined;
  #label: Label | undefined;
  #look: Look | undefined;
  #tinted = false; // an animation changes its colour
  #turned = false; // and where it is
  #loading = 0; // counts what is loaded for the shape, so that what comes late is not shown

  constructor(entity: Entity, library: Library, batches: Batches) {
    this.#batches = batches;
    this.id = entity.id;
    this.entity = entity;
    this.#library = library;
    this.object.name = entity.id;
    this.object.matrixAutoUpdate = false;
    this.matrix = this.object.matrix;
    this.object.userData["entity"] = entity.id;
  }

  get parent(): string {
    return text(this.entity.components["relationships"]?.["parent"]);
  }

  get animated(): boolean {
    return this.animations.length > 0;
  }

  /** update takes over what has changed, and reports whether it has another place to be in. */
  update(entity: Entity, before: Entity | undefined, at: number): { moved: boolean } {
    this.entity = entity;
    const now = entity.components;
    const old = before?.components ?? {};
    const tinted = this.#tinted;
    if (now["property_animations"] !== old["property_animations"]) {
      const all = object(object(now["property_animations"])["animations"]);
      this.animations = Object.keys(all).sort().flatMap((id) => Animation.parse(all[id]) ?? []);
      this.#tinted = this.animations.some((a) => a.part === "color");
      this.#turned = this.animations.some((a) => a.part !== "color");
    }
    const moved = now["transform"]?.["matrix"] !== old["transform"]?.["matrix"] || !before;
    if (moved) {
      const m = numbers(now["transform"]?.["matrix"], 16);
      if (m) this.placed.fromArray(m as number[]);
      else this.placed.identity();
      this.motion.add(at, this.placed);
    }
    if (now["material"] !== old["material"]) this.#showMaterial(now["material"]);
    if (now["geometry"] !== old["geometry"] || tinted !== this.#tinted) this.#showGeometry(now["geometry"]);
    if (now["text"] !== old["text"]) this.#showText(now["text"]);
    return { moved };
  }

  /** show puts the object where it is at a time of the place's clock. */
  show(past: number, now: number): void {
    if (this.local) return;
    if (this.#turned) {
      this.matrix.copy(this.placed);
    } else {
      this.motion.show(past, position, rotation, scale);
      this.matrix.compose(position, rotation, scale);
    }
    if (this.animations.length > 0) {
      const color = this.#look?.color ?? plain.color;
      for (let i = 0; i < 4; i++) this.color[i] = color[i] as number;
      for (const a of this.animations) a.apply(this, now);
      if (this.#tinted) this.#tint();
    }
    this.object.matrixWorldNeedsUpdate = true;
  }

  #tint(): void {
    this.#shape?.traverse((o) => {
      if (o instanceof Mesh && o.material instanceof MeshStandardMaterial) tint(o.material, this.color);
    });
    this.#label?.paint(this.color);
  }

  #showGeometry(c: JsonObject | undefined): void {
    const loading = ++this.#loading;
    this.#setShape(undefined);
    if (!c) return;
    if (c["type"] === "inline" && this.#batched()) {
      const look = this.#look ?? plain;
      this.#slot = this.#batches.add(c, look, this.object);
      this.#slot?.paint(look.color);
      if (!this.#slot) this.#setShape(brokenMarker());
      return;
    }
    if (c["type"] === "inline") {
      const geometry = inlineGeometry(c);
      const mesh = geometry && new Mesh(geometry, newMaterial());
      if (mesh) mesh.castShadow = mesh.receiveShadow = true;
      this.#setShape(mesh ?? brokenMarker());
      this.#dress();
      return;
    }
    const id = text(c["name"]);
    if (c["type"] !== "asset" || !id) {
      this.#setShape(brokenMarker());
      return;
    }
    this.#setShape(loadingMarker(numbers(this.entity.components["transform"]?.["size"], 3) ?? [0.05, 0.05, 0.05]));
    const load = (): void => {
      this.#library.model(id, this.id).then(({ root, clips }) => {
        if (loading !== this.#loading) return;
        root.traverse((o) => { o.castShadow = o.receiveShadow = true; });
        this.#setShape(root);
        const clip = clips.find((k) => k.name === "autoplay") ?? clips[0];
        if (clip) {
          this.mixer = new AnimationMixer(root);
          this.mixer.clipAction(clip).setLoop(LoopRepeat, Infinity).play();
        }
        this.#dress();
      }, () => {
        if (loading !== this.#loading) return;
        this.#setShape(brokenMarker());
        setTimeout(() => { if (loading === this.#loading) load(); }, 10_000); // it may be there later
      });
    };
    load();
  }

  // batched reports whether it can be drawn together with others: it is of one colour, which nothing animates.
  #batched(): boolean {
    const look = this.#look ?? plain;
    return !this.#tinted && !look.texture && !look.transparent && look.color[3] === 1;
  }

  #setShape(shape: Object3D | undefined): void {
    this.#slot?.leave();
    this.#slot = undefined;
    if (this.#shape) {
      this.#shape.removeFromParent();
      if (this.#shape instanceof Mesh) {
        this.#shape.geometry.dispose();
        (this.#shape.material as Material).dispose();
      }
    }
    this.mixer = undefined;
    this.#shape = shape;
    if (shape) this.object.add(shape);
  }

  #showMaterial(c: JsonObject | undefined): void {
    const before = this.#look ?? plain;
    this.#look = c && lookOf(c);
    const look = this.#look ?? plain;
    this.#label?.paint(look.color);
    const geometry = this.entity.components["geometry"];
    if (!this.#slot && (geometry?.["type"] !== "inline" || !this.#shape || !this.#batched())) {
      this.#dress();
    } else if (this.#slot && this.#batched() && look.roughness === before.roughness && look.metalness === before.metalness) {
      this.#slot.paint(look.color);
    } else {
      this.#showGeometry(geometry);
    }
  }

  #dress(): void {
    const shape = this.#shape;
    if (!shape) return;
    const inline = shape instanceof Mesh;
    const look = this.#look ?? (inline ? plain : undefined);
    dress(shape, look, undefined);
    const asset = look?.texture.startsWith("asset:") ? look.texture : "";
    if (!asset) return;
    this.#library.texture(asset, this.id).then((t) => {
      if (shape === this.#shape && this.#look === look) dress(shape, look, t);
    }, () => undefined); // a texture that is not there stays absent
  }

  #showText(c: JsonObject | undefined): void {
    if (!c) {
      this.#label?.dispose();
      this.#label = undefined;
      return;
    }
    if (!this.#label) {
      this.#label = new Label();
      this.#label.paint(this.#look?.color ?? plain.color);
      this.object.add(this.#label.object);
    }
    this.#label.show(c);
  }

  /** dispose takes it out of the scene. What hangs below it must have been moved before. */
  dispose(): void {
    this.#loading++;
    this.#setShape(undefined);
    this.#label?.dispose();
    this.object.removeFromParent();
  }

  /** The collider's box in its own space: the middle and half of the size; undefined if there is none. */
  collider(): { middle: Vector3; half: Vector3 } | undefined {
    const c = this.entity.components["collider"];
    if (c !== this.#colliderOf) {
      this.#colliderOf = c;
      const size = c && [c["width"], c["height"], c["depth"]];
      const [w, h, d] = numbers(size, 3) ?? [0, 0, 0];
      const [x, y, z] = [c?.["x"], c?.["y"], c?.["z"]].map((v) => (typeof v === "number" ? v : 0)) as [number, number, number];
      this.#collider = (w as number) > 0 && (h as number) > 0 && (d as number) > 0
        ? { middle: new Vector3(x, y, z), half: new Vector3(w, h, d).multiplyScalar(0.5) }
        : undefined;
    }
    return this.#collider;
  }
  #colliderOf: JsonObject | undefined;
  #collider: { middle: Vector3; half: Vector3 } | undefined;

  /** Whether it can be pointed at and looks as if it did something: walls only stop what points at them. */
  get answers(): boolean {
    if (!this.collider()) return false;
    for (const name in this.entity.components) if (!scenery.has(name)) return true;
    return false;
  }

  /** The name of it for people who cannot see it. */
  get title(): string {
    const c = this.entity.components;
    return text(c["visor"]?.["display_name"]) || text(c["text"]?.["string"]) || text(c["name"]?.["string"]) || this.id.replaceAll("_", " ");
  }

  /** What it accepts of files. */
  get accepts(): readonly string[] | undefined {
    const c = this.entity.components["acceptsfile"];
    return c && list(c["extensions"]).map((e) => text(e));
  }
}
