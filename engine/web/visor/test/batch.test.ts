import assert from "node:assert/strict";
import { test } from "node:test";
import { Group, InstancedMesh, Matrix4, Vector3 } from "three";
import { Batches } from "../src/batch.js";
import { plain } from "../src/material.js";

const triangle = { type: "inline", vertices: [[0, 0, 0], [1, 0, 0], [0, 1, 0]], triangles: [[0, 1, 2]] };

function scene(n: number) {
  const batches = new Batches();
  const root = new Group();
  const objects = Array.from({ length: n }, (_, i) => {
    const o = new Group();
    o.position.x = i;
    root.add(o);
    return o;
  });
  const slots = objects.map((o) => batches.add({ ...triangle }, plain, o));
  const update = (): void => {
    root.updateMatrixWorld(true);
    batches.update(root);
  };
  update();
  const mesh = (): InstancedMesh => batches.root.children[0] as InstancedMesh;
  const drawn = (): number[] => Array.from({ length: mesh().count }, (_, i) => {
    const m = new Matrix4();
    mesh().getMatrixAt(i, m);
    return m.elements[15] === 0 ? NaN : new Vector3().setFromMatrixPosition(m).x;
  });
  return { batches, root, objects, slots, update, mesh, drawn };
}

test("what is of one shape is drawn at once", () => {
  const s = scene(11);
  assert.equal(s.batches.root.children.length, 1);
  assert.deepEqual(s.drawn(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  s.batches.add({ ...triangle }, { ...plain, roughness: 0.1 }, s.root);
  assert.equal(s.batches.root.children.length, 2);
});

test("what leaves makes room, and its colour goes along", () => {
  const s = scene(3);
  s.slots[2]?.paint([1, 0, 0]);
  s.slots[0]?.leave();
  s.update();
  assert.deepEqual(s.drawn(), [2, 1]);
  assert.deepEqual([...(s.mesh().instanceColor?.array.slice(0, 3) ?? [])], [1, 0, 0]);
  s.slots[1]?.leave();
  s.slots[2]?.leave();
  assert.equal(s.batches.root.children.length, 0);
});

test("what is hidden or hangs nowhere is not drawn", () => {
  const s = scene(3);
  (s.objects[0] as Group).visible = false;
  s.objects[2]?.removeFromParent();
  s.update();
  assert.deepEqual(s.drawn(), [NaN, 1, NaN]);
  (s.objects[0] as Group).visible = true;
  s.update();
  assert.deepEqual(s.drawn(), [0, 1, NaN]);
});

test("no shape is no slot", () => {
  assert.equal(new Batches().add({ type: "inline", vertices: "x" }, plain, new Group()), undefined);
});
