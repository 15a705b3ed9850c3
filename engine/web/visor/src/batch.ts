/** Things of one shape are drawn at once, however many there are, as the parts of a hundred avatars. */
import type { JsonObject } from "@loci-place/client";
import { type BufferGeometry, Color, Group, InstancedMesh, type Matrix4, MeshStandardMaterial, type Object3D, SRGBColorSpace } from "three";
import { inlineGeometry } from "./geometry.js";
import type { Look } from "./material.js";

const firstRoom = 4;
const color = new Color();

/** A Slot is one thing that is drawn in a batch. */
export class Slot {
  index = 0;
  readonly batch: Batch;
  /** What it is drawn at. */
  readonly object: Object3D;

  constructor(batch: Batch, object: Object3D) {
    this.batch = batch;
    this.object = object;
  }

  /** paint gives it a colour in sRGB. */
  paint(rgb: readonly number[]): void {
    this.batch.paint(this.index, rgb);
  }

  /** leave takes it out of the batch. */
  leave(): void {
    this.batch.remove(this);
  }
}

/** A Batch draws all things of a geometry and a material but its colour. */
class Batch {
  readonly slots: Slot[] = [];
  readonly #key: string;
  readonly #geometry: BufferGeometry;
  readonly #material: MeshStandardMaterial;
  readonly #all: Batches;
  #mesh: InstancedMesh;

  constructor(all: Batches, key: string, geometry: BufferGeometry, look: Look) {
    this.#all = all;
    this.#key = key;
    this.#geometry = geometry;
    this.#material = new MeshStandardMaterial({ roughness: look.roughness, metalness: look.metalness });
    this.#mesh = this.#make(firstRoom);
  }

  #make(room: number): InstancedMesh {
    const mesh = new InstancedMesh(this.#geometry, this.#material, room);
    mesh.castShadow = mesh.receiveShadow = true;
    mesh.frustumCulled = false;
    mesh.matrixAutoUpdate = false;
    mesh.setColorAt(0, color.set(1, 1, 1));
    this.#all.root.add(mesh);
    return mesh;
  }

  add(object: Object3D): Slot {
    const slot = new Slot(this, object);
    slot.index = this.slots.push(slot) - 1;
    if (slot.index >= this.#mesh.instanceMatrix.count) {
      const old = this.#mesh;
      this.#mesh = this.#make(2 * slot.index);
      this.#mesh.instanceMatrix.array.set(old.instanceMatrix.array);
      this.#mesh.instanceColor?.array.set(old.instanceColor?.array ?? []);
      old.removeFromParent();
      old.dispose();
    }
    this.#mesh.count = this.slots.length;
    // Until the next frame it is not to be seen where another was.
    (this.#mesh.instanceMatrix.array as Float32Array).fill(0, 16 * slot.index, 16 * slot.index + 16);
    return slot;
  }

  remove(slot: Slot): void {
    const last = this.slots.pop();
    if (last && last !== slot) {
      const colors = this.#mesh.instanceColor?.array as Float32Array | undefined;
      colors?.copyWithin(3 * slot.index, 3 * last.index, 3 * last.index + 3);
      if (this.#mesh.instanceColor) this.#mesh.instanceColor.needsUpdate = true;
      last.index = slot.index;
      this.slots[slot.index] = last;
    }
    this.#mesh.count = this.slots.length;
    if (this.slots.length > 0) return;
    this.#mesh.removeFromParent();
    this.#mesh.dispose();
    this.#geometry.dispose();
    this.#material.dispose();
    this.#all.drop(this.#key);
  }

  paint(index: number, rgb: readonly number[]): void {
    this.#mesh.setColorAt(index, color.setRGB(rgb[0] as number, rgb[1] as number, rgb[2] as number, SRGBColorSpace));
    if (this.#mesh.instanceColor) this.#mesh.instanceColor.needsUpdate = true;
  }

  /** update takes over where its things are; root is what all that is shown hangs below. */
  update(root: Object3D): void {
    const to = this.#mesh.instanceMatrix.array as Float32Array;
    let changed = false;
    for (const slot of this.slots) {
      const at = 16 * slot.index;
      if (!shown(slot.object, root)) {
        changed ||= to[at + 15] !== 0;
        to.fill(0, at, at + 16);
      } else if (copy(slot.object.matrixWorld, to, at)) {
        changed = true;
      }
    }
    if (changed) this.#mesh.instanceMatrix.needsUpdate = true;
  }
}

// copy writes a matrix, and reports whether it is another than before.
function copy(m: Matrix4, to: Float32Array, at: number): boolean {
  const from = m.elements;
  let changed = false;
  for (let i = 0; i < 16; i++) {
    const v = Math.fround(from[i] as number);
    if (to[at + i] === v) continue;
    to[at + i] = v;
    changed = true;
  }
  return changed;
}

function shown(object: Object3D, root: Object3D): boolean {
  for (let o: Object3D | null = object; o; o = o.parent) {
    if (o === root) return true;
    if (!o.visible) return false;
  }
  return false;
}

/** Batches are all of them. */
export class Batches {
  readonly root = new Group();
  readonly #all = new Map<string, Batch>();

  /** add draws an inline geometry where an object is; undefined if there is none in the component. */
  add(component: JsonObject, look: Look, object: Object3D): Slot | undefined {
    const key = `${look.roughness} ${look.metalness} ${JSON.stringify(component)}`;
    let batch = this.#all.get(key);
    if (!batch) {
      const geometry = inlineGeometry(component);
      if (!geometry) return undefined;
      batch = new Batch(this, key, geometry, look);
      this.#all.set(key, batch);
    }
    return batch.add(object);
  }

  drop(key: string): void {
    this.#all.delete(key);
  }

  /** update takes over where all things are, once the scene's matrices are. */
  update(root: Object3D): void {
    for (const batch of this.#all.values()) batch.update(root);
  }
}
