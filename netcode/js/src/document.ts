/**
 * What an agent knows of a place, and how states change it. See "State" and "Compact states" in
 * netcode/PROTOCOL.md.
 */
import { FrameError } from "./frame.js";
import { type Json, type JsonObject, isObject, merge, parse } from "./json.js";
import { Flag, type Matrix, type Placement, Reader, matrixOf, readPlacement } from "./placement.js";

/** An entity. It is never changed: a state that changes it makes another. */
export interface Entity {
  readonly id: string;
  readonly components: { readonly [name: string]: JsonObject };
}

/** What happens to the entities of a document. */
export interface DocumentEvents {
  /** An entity has come. */
  spawn: (entity: Entity) => void;
  /** An entity has changed. Components that did not change are the same objects as before. */
  change: (entity: Entity, before: Entity) => void;
  /** An entity has gone. */
  remove: (entity: Entity) => void;
  /** A state was applied. Comes after the events of what it changed. */
  state: (revision: number) => void;
}

/** How many documents a client keeps to be patched from. */
const history = 64;

// An entity as compact states call it.
interface Numbered {
  readonly id: string;
  readonly placement: Placement | undefined;
}

// What an earlier document had in place of what the next one has.
interface Undo {
  revision: number;
  entities: Map<string, Entity | undefined>;
  numbers: Map<number, Numbered | undefined>;
}

/** Document holds the entities of a place, by id. */
export class Document {
  readonly #entities = new Map<string, Entity>();
  readonly #numbers = new Map<number, Numbered>();
  // The documents before this one, the latest last, each as what to put back to get it.
  #earlier: Undo[] = [];
  #revision = 0;
  #usable = false;
  readonly #listeners: { [K in keyof DocumentEvents]: Set<DocumentEvents[K]> } = {
    spawn: new Set(), change: new Set(), remove: new Set(), state: new Set(),
  };
  readonly #onError: (error: unknown) => void;

  /** onError hears what listeners throw. */
  constructor(onError: (error: unknown) => void = (e) => { throw e; }) {
    this.#onError = onError;
  }

  /** The entities, by id. */
  get entities(): ReadonlyMap<string, Entity> {
    return this.#entities;
  }

  /** The revision of the newest state; 0 before the first. */
  get revision(): number {
    return this.#revision;
  }

  /** What to acknowledge: the revision, or 0 if a state could not be applied since. */
  get acknowledge(): number {
    return this.#usable ? this.#revision : 0;
  }

  /** entity returns an entity, if it is there. */
  entity(id: string): Entity | undefined {
    return this.#entities.get(id);
  }

  /** component returns a component of an entity, if it has it. */
  component(id: string, name: string): JsonObject | undefined {
    return this.#entities.get(id)?.components[name];
  }

  /** on calls a function with what happens, until the function that it returns is called. */
  on<K extends keyof DocumentEvents>(event: K, listener: DocumentEvents[K]): () => void {
    this.#listeners[event].add(listener);
    return () => void this.#listeners[event].delete(listener);
  }

  /**
   * onComponent calls a function with each component of a name: those that are there already, and
   * later whenever one comes, changes, or goes, with undefined for one that is not there.
   */
  onComponent(
    name: string,
    listener: (entity: Entity, value: JsonObject | undefined, before: JsonObject | undefined) => void,
  ): () => void {
    for (const entity of this.#entities.values()) {
      const value = entity.components[name];
      if (value) listener(entity, value, undefined);
    }
    const off = [
      this.on("spawn", (entity) => {
        const value = entity.components[name];
        if (value) listener(entity, value, undefined);
      }),
      this.on("change", (entity, old) => {
        const value = entity.components[name];
        const before = old.components[name];
        if (value !== before) listener(entity, value, before);
      }),
      this.on("remove", (entity) => {
        const before = entity.components[name];
        if (before) listener(entity, undefined, before);
      }),
    ];
    return () => off.forEach((f) => f());
  }

  /** restart has the next state be the first of a new connection. What is there stays until then. */
  restart(): void {
    this.#earlier = [];
    this.#numbers.clear();
    this.#revision = 0;
    this.#usable = false;
  }

  /**
   * applyJSON applies a state in JSON, and reports whether it could: not if it starts from a document
   * that is not held, in which case acknowledge is 0 and the place sends everything.
   */
  applyJSON(packet: Uint8Array): boolean {
    return this.#guard(() => {
      const state = parse(packet);
      if (!isObject(state)) throw new FrameError("state that is no object");
      const revision = state["revision"];
      const entities = state["entities"];
      if (typeof revision !== "number" || !isObject(entities)) throw new FrameError("state without revision or entities");
      if (this.#isOld(revision)) return false;
      const next = new Changes(this.#entities, this.#numbers);
      if (state["patch_style"] === "set") {
        next.clear();
      } else if (state["patch_style"] === "merge") {
        if (!this.#rewind(next, state["patch_from"])) return false;
      } else {
        throw new FrameError("state of an unknown style");
      }
      for (const id in entities) {
        const patch = entities[id] as Json;
        if (patch === null) next.remove(id);
        else if (isObject(patch)) next.put(id, merge(next.entity(id) as unknown as Json | undefined, patch));
      }
      return this.#commit(revision, next);
    });
  }

  /** applyCompact applies a state of the compact dialect. */
  applyCompact(packet: Uint8Array): boolean {
    return this.#guard(() => {
      const r = new Reader(packet);
      const style = r.u8();
      const revision = r.u32();
      if ((style !== 1 && style !== 2) || revision === 0) throw new FrameError("not a state");
      const from = style === 2 ? r.u32() : 0;
      if (style === 2 && from === 0) throw new FrameError("not a state");
      const count = r.varint();
      if (count > r.left / 2) throw new FrameError("message ends early");
      if (this.#isOld(revision)) return false;
      const next = new Changes(this.#entities, this.#numbers);
      if (style === 1) next.clear();
      else if (!this.#rewind(next, from)) return false;
      for (let i = 0; i < count; i++) record(r, next);
      if (r.left > 0) throw new FrameError("state with something behind it");
      return this.#commit(revision, next);
    });
  }

  // Runs apply, and has the place send everything again if that fails.
  #guard(apply: () => boolean): boolean {
    try {
      return apply();
    } catch (e) {
      this.#usable = false;
      throw e;
    }
  }

  // isOld reports whether a state was overtaken on its way. Revisions wrap before 2^31.
  #isOld(revision: number): boolean {
    if (this.#revision === 0) return false;
    const ahead = (revision - this.#revision) & 0x7fffffff;
    return ahead === 0 || ahead >= 0x40000000;
  }

  // rewind goes back to an earlier document, and reports whether it is held.
  #rewind(next: Changes, from: unknown): boolean {
    if (this.#usable && from === this.#revision) return true;
    const at = this.#earlier.findLastIndex((u) => u.revision === from);
    if (at < 0 || this.#revision === 0) {
      this.#usable = false;
      return false;
    }
    for (let i = this.#earlier.length - 1; i >= at; i--) next.undo(this.#earlier[i] as Undo);
    return true;
  }

  #commit(revision: number, next: Changes): boolean {
    const undo: Undo = { revision: this.#revision, entities: new Map(), numbers: new Map() };
    const events: (() => void)[] = [];
    for (let [id, entity] of next.entities) {
      const before = this.#entities.get(id);
      if (entity && before && next.whole) entity = shared(entity, before);
      if (before === entity) continue;
      undo.entities.set(id, before);
      if (!entity) {
        this.#entities.delete(id);
        if (before) events.push(() => this.#emit("remove", before));
      } else {
        const now = entity;
        this.#entities.set(id, now);
        events.push(before ? () => this.#emit("change", now, before) : () => this.#emit("spawn", now));
      }
    }
    for (const [number, known] of next.numbers) {
      const before = this.#numbers.get(number);
      if (before === known) continue;
      undo.numbers.set(number, before);
      if (known) this.#numbers.set(number, known);
      else this.#numbers.delete(number);
    }
    if (this.#revision !== 0) this.#earlier.push(undo);
    if (this.#earlier.length >= history) this.#earlier.shift();
    this.#revision = revision;
    this.#usable = true;
    for (const event of events) event();
    this.#emit("state", revision);
    return true;
  }

  #emit<K extends keyof DocumentEvents>(event: K, ...args: Parameters<DocumentEvents[K]>): void {
    for (const listener of this.#listeners[event]) {
      try {
        (listener as (...args: unknown[]) => void)(...args);
      } catch (e) {
        this.#onError(e);
      }
    }
  }
}

// Changes is a document to be, as what differs from the one that is.
class Changes {
  readonly entities = new Map<string, Entity | undefined>();
  readonly numbers = new Map<number, Numbered | undefined>();
  /** The document is sent as a whole, not as changes. */
  whole = false;
  readonly #base: ReadonlyMap<string, Entity>;
  readonly #baseNumbers: ReadonlyMap<number, Numbered>;

  constructor(base: ReadonlyMap<string, Entity>, numbers: ReadonlyMap<number, Numbered>) {
    this.#base = base;
    this.#baseNumbers = numbers;
  }

  entity(id: string): Entity | undefined {
    return this.entities.has(id) ? this.entities.get(id) : this.#base.get(id);
  }

  number(n: number): Numbered | undefined {
    return this.numbers.has(n) ? this.numbers.get(n) : this.#baseNumbers.get(n);
  }

  clear(): void {
    this.whole = true;
    for (const id of this.#base.keys()) this.entities.set(id, undefined);
    for (const n of this.#baseNumbers.keys()) this.numbers.set(n, undefined);
  }

  undo(u: Undo): void {
    for (const [id, entity] of u.entities) this.entities.set(id, entity);
    for (const [n, known] of u.numbers) this.numbers.set(n, known);
  }

  remove(id: string): void {
    this.entities.set(id, undefined);
  }

  put(id: string, value: JsonObject): void {
    const components = value["components"];
    this.entities.set(id, { id, components: isObject(components) ? (components as Entity["components"]) : {} });
  }
}

// shared returns entity with what of it is equal in before shared, or before if all of it is: a whole
// document says again what has not changed.
function shared(entity: Entity, before: Entity): Entity {
  let equal = Object.keys(before.components).length;
  const components: Record<string, JsonObject> = {};
  for (const name in entity.components) {
    const value = entity.components[name] as JsonObject;
    const old = before.components[name];
    const same = old !== undefined && isSame(value, old);
    components[name] = same ? old : value;
    equal += same ? -1 : 1;
  }
  return equal === 0 ? before : { id: entity.id, components };
}

function isSame(a: Json, b: Json | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null || b === undefined) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((v, i) => isSame(v as Json, b[i] as Json));
  }
  const [x, y] = [a as JsonObject, b as JsonObject];
  const keys = Object.keys(x);
  return keys.length === Object.keys(y).length && keys.every((k) => isSame(x[k] as Json, y[k]));
}

// record reads what a compact state says of one entity.
function record(r: Reader, next: Changes): void {
  const number = r.varint();
  const flags = r.u8();
  let known: Numbered | undefined;
  let components: JsonObject | undefined;
  if (flags & Flag.id) {
    known = { id: r.name(), placement: undefined };
  } else {
    known = next.number(number);
    if (!known) throw new FrameError(`no entity has the number ${number}`);
    components = next.entity(known.id)?.components;
  }
  if (flags === 0) {
    next.remove(known.id);
    next.numbers.set(number, undefined);
    return;
  }
  const { placement, matrix } = readPlacement(r, flags, known.placement);
  if (flags & Flag.components) {
    const patch = JSON.parse(r.text()) as Json;
    if (!isObject(patch)) throw new FrameError("components that are no object");
    components = merge(components, patch);
  }
  components ??= {};
  const moved = flags & (Flag.position | Flag.short | Flag.long | Flag.scale | Flag.origin);
  if (placement && moved) components = placed(components, matrixOf(placement));
  else if (matrix) components = placed(components, matrix);
  next.numbers.set(number, { id: known.id, placement });
  next.entities.set(known.id, { id: known.id, components: components as Entity["components"] });
}

function placed(components: JsonObject, matrix: Matrix): JsonObject {
  const transform = components["transform"];
  return { ...components, transform: { ...(isObject(transform) ? transform : undefined), matrix: matrix as Json } };
}
