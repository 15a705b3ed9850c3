/** The place's entities as a scene. */
import type { Entity, Place } from "@loci-place/client";
import { Group, Vector3 } from "three";
import { Library } from "./assets.js";
import { Batches } from "./batch.js";
import { number } from "./json.js";
import { delay } from "./motion.js";
import { Node } from "./node.js";

/** World draws a place's document, and keeps up with it. */
export class World {
  readonly root = new Group();
  readonly library: Library;
  /** What is drawn together. It hangs beside root. */
  readonly batches = new Batches();
  readonly #place: Place;
  readonly #nodes = new Map<string, Node>();
  // Below a parent that has not come yet: not shown.
  readonly #orphans = new Map<string, Set<Node>>();
  readonly #moving = new Set<Node>();
  readonly #animated = new Set<Node>();
  readonly #playing = new Set<Node>();
  readonly #colliders = new Set<Node>();
  readonly #listeners = new Set<(node: Node, what: "spawn" | "change" | "remove") => void>();

  constructor(place: Place) {
    this.#place = place;
    this.library = new Library(place.assets);
    const d = place.document;
    for (const entity of d.entities.values()) this.#spawn(entity);
    d.on("spawn", (e) => this.#spawn(e));
    d.on("change", (e, before) => this.#change(e, before));
    d.on("remove", (e) => this.#remove(e));
  }

  node(id: string): Node | undefined {
    return this.#nodes.get(id);
  }

  get nodes(): Iterable<Node> {
    return this.#nodes.values();
  }

  /** What can be pointed at. */
  get colliders(): Iterable<Node> {
    return this.#colliders;
  }

  /** on calls a function with each node that comes, goes, or changes in more than where it is. */
  on(f: (node: Node, what: "spawn" | "change" | "remove") => void): void {
    this.#listeners.add(f);
  }

  /** below returns whether a node hangs somewhere below another. */
  below(node: Node | undefined, id: string): boolean {
    for (let i = 0; node && i < 64; i++) {
      if (node.id === id) return true;
      node = this.#nodes.get(node.parent);
    }
    return false;
  }

  #clock(): number {
    return number(this.#place.document.component("place", "clock")?.["time"], 0);
  }

  #spawn(entity: Entity): void {
    const node = new Node(entity, this.library, this.batches);
    this.#nodes.set(entity.id, node);
    this.#hang(node);
    this.#take(node, entity, undefined);
    node.matrix.copy(node.placed);
    const waiting = this.#orphans.get(entity.id);
    this.#orphans.delete(entity.id);
    for (const child of waiting ?? []) this.#hang(child);
    this.#tell(node, "spawn");
  }

  #change(entity: Entity, before: Entity): void {
    const node = this.#nodes.get(entity.id);
    if (!node) return;
    const parent = node.parent;
    this.#take(node, entity, before);
    if (node.parent !== parent) {
      this.#orphans.get(parent)?.delete(node);
      node.motion.jump();
      this.#hang(node);
    }
    if (more(entity, before)) this.#tell(node, "change");
  }

  #take(node: Node, entity: Entity, before: Entity | undefined): void {
    const { moved } = node.update(entity, before, this.#clock());
    if (moved) this.#moving.add(node);
    if (node.animated) this.#animated.add(node);
    else if (this.#animated.delete(node)) this.#moving.add(node);
    if (node.collider()) this.#colliders.add(node);
    else this.#colliders.delete(node);
    this.#playing.add(node); // looked at again when its model has come
  }

  // hang puts a node below its parent.
  #hang(node: Node): void {
    const id = node.parent;
    const parent = this.#nodes.get(id);
    if (!id) {
      this.root.add(node.object);
    } else if (parent && !this.below(parent, node.id)) {
      parent.object.add(node.object);
    } else {
      node.object.removeFromParent();
      const waiting = this.#orphans.get(id) ?? new Set();
      this.#orphans.set(id, waiting.add(node));
    }
  }

  #remove(entity: Entity): void {
    const node = this.#nodes.get(entity.id);
    if (!node) return;
    this.#nodes.delete(entity.id);
    for (const of of [this.#moving, this.#animated, this.#playing, this.#colliders]) of.delete(node);
    this.#orphans.get(node.parent)?.delete(node);
    for (const child of [...node.object.children]) {
      const below = this.#nodes.get(String(child.userData["entity"]));
      if (below?.object === child) this.#hang(below);
    }
    node.dispose();
    this.#tell(node, "remove");
  }

  #tell(node: Node, what: "spawn" | "change" | "remove"): void {
    for (const f of this.#listeners) f(node, what);
  }

  /** update moves what moves to where it is now. */
  update(dt: number): void {
    const now = this.#place.clock.time;
    const past = now - delay;
    for (const node of this.#moving) {
      if (!this.#animated.has(node)) node.show(past, now);
      if (!node.motion.moves(past)) this.#moving.delete(node);
    }
    for (const node of this.#animated) node.show(past, now);
    for (const node of this.#playing) node.mixer?.update(dt);
  }
}

// more reports whether more has changed than where an entity is.
function more(entity: Entity, before: Entity): boolean {
  for (const name in entity.components) {
    if (name !== "transform" && entity.components[name] !== before.components[name]) return true;
  }
  for (const name in before.components) if (!(name in entity.components)) return true;
  return false;
}

const origin = new Vector3();

/** positionOf returns where a node is in the world. */
export function positionOf(node: Node, into: Vector3): Vector3 {
  return into.copy(origin).applyMatrix4(node.object.matrixWorld);
}
