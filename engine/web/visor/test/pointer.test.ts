import assert from "node:assert/strict";
import { test } from "node:test";
import { Object3D, Ray, Vector3 } from "three";
import type { Node } from "../src/node.js";
import { cast } from "../src/ray.js";

function box(id: string, x: number, z: number, size = 1): Node {
  const object = new Object3D();
  object.position.set(x, 0, z);
  new Object3D().add(object);
  object.updateMatrixWorld();
  const half = new Vector3(size, size, size).multiplyScalar(0.5);
  return { id, object, collider: () => ({ middle: new Vector3(), half }) } as unknown as Node;
}

const ahead = new Ray(new Vector3(), new Vector3(0, 0, -1));

test("the nearest collider is met", () => {
  const hit = cast(ahead, [box("far", 0, -5), box("near", 0.2, -3), box("beside", 3, -2), box("behind", 0, 4)], () => false);
  assert.equal(hit?.node.id, "near");
  assert.ok(Math.abs((hit?.point.z ?? 0) + 2.5) < 1e-9);
});

test("what is skipped or out of reach is not met", () => {
  assert.equal(cast(ahead, [box("own", 0, -2)], () => true), undefined);
  assert.equal(cast(ahead, [box("far", 0, -12)], () => false), undefined);
  assert.equal(cast(ahead, [], () => false), undefined);
});

test("size times scale counts", () => {
  const b = box("b", 0.8, -3);
  assert.equal(cast(ahead, [b], () => false), undefined);
  b.object.scale.setScalar(2);
  b.object.updateMatrixWorld();
  assert.equal(cast(ahead, [b], () => false)?.node.id, "b");
});
