import assert from "node:assert/strict";
import { test } from "node:test";
import { Matrix4 } from "three";
import { Animation } from "../src/animation.js";
import { easingOf } from "../src/easing.js";

const play = (a: object, now: number, matrix = new Matrix4()) => {
  const target = { matrix, color: [1, 1, 1, 1] };
  Animation.parse(a as never)?.apply(target, now);
  return target;
};

const slide = { path: "transform.matrix.translation.x", from: 0, to: 2, start_at: 10, duration: 4 };

test("it begins and ends when it says", () => {
  assert.equal(play(slide, 9.9).matrix.elements[12], 0);
  assert.equal(play(slide, 11).matrix.elements[12], 0.5);
  assert.equal(play(slide, 99).matrix.elements[12], 2);
});

test("what repeats goes on, and back if it says so", () => {
  assert.equal(play({ ...slide, repeats: true }, 15).matrix.elements[12], 0.5);
  assert.equal(play({ ...slide, repeats: true, autoreverses: true }, 15).matrix.elements[12], 1.5);
});

test("a rotation keeps the place", () => {
  const { matrix } = play({ path: "transform.matrix.rotation.y", from: 0, to: Math.PI / 2, start_at: 0, duration: 1 }, 1, new Matrix4().makeTranslation(1, 2, 3));
  assert.deepEqual(matrix.elements.slice(12, 15), [1, 2, 3]);
  assert.ok(Math.abs((matrix.elements[2] as number) + 1) < 1e-9);
});

test("scales and colours", () => {
  const scaled = play({ path: "transform.matrix.scale", from: [1, 1, 1], to: [3, 3, 3], start_at: 0, duration: 2 }, 1);
  assert.deepEqual([0, 5, 10].map((i) => scaled.matrix.elements[i]), [2, 2, 2]);
  assert.equal(play({ path: "material.color.3", from: 1, to: 0, start_at: 0, duration: 2 }, 1).color[3], 0.5);
});

test("what makes no sense is not played", () => {
  for (const a of [null, 1, [], {}, { path: "transform.matrix" }, { ...slide, from: "x" }, { ...slide, path: "transform.matrix.translation.q" },
    { ...slide, path: "text.height" }, { ...slide, from: [1, 2], to: [1, 2] }, { ...slide, path: 7 }, { ...slide, from: [0, 0, 0] }]) {
    assert.equal(Animation.parse(a as never), undefined, JSON.stringify(a));
  }
  assert.doesNotThrow(() => play({ ...slide, duration: "x", easing: 9 }, 11));
});

test("easings begin and end as the place's do", () => {
  for (const name of ["quad", "cubic", "quart", "quint", "sine", "circular", "bounce"]) {
    for (const way of ["In", "Out", "InOut"]) {
      const e = easingOf(name + way);
      assert.ok(Math.abs(e(0)) < 1e-9 && Math.abs(e(1) - 1) < 1e-9, name + way);
    }
  }
  assert.equal(easingOf("nonsense")(0.3), 0.3);
  assert.equal(easingOf("quadInOut")(0.25), 0.125);
});
