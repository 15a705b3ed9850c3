import assert from "node:assert/strict";
import { test } from "node:test";
import { Matrix4, Quaternion, Vector3 } from "three";
import { Motion } from "../src/motion.js";

const at = (x: number) => new Matrix4().makeTranslation(x, 0, 0);
const position = new Vector3();
const shown = (m: Motion, time: number): number => {
  m.show(time, position, new Quaternion(), new Vector3());
  return position.x;
};

test("a walker moves evenly between states", () => {
  const m = new Motion();
  for (let i = 0; i <= 4; i++) m.add(i * 0.05, at(i * 0.1));
  let before = shown(m, 0);
  for (let t = 1 / 60; t <= 0.2; t += 1 / 60) {
    const now = shown(m, t);
    assert.ok(Math.abs(now - before - 2 / 60) < 1e-6, `a step of ${now - before} m at ${t}`);
    before = now;
  }
  assert.equal(m.moves(0.19), true);
  assert.equal(m.moves(0.2), false);
  assert.equal(shown(m, 9), 0.4);
});

test("what stood still begins when it moves, not before", () => {
  const m = new Motion();
  m.add(0, at(0));
  m.add(10, at(0.1));
  assert.equal(shown(m, 5), 0);
  assert.equal(shown(m, 9.95), 0);
  assert.ok(Math.abs(shown(m, 9.975) - 0.05) < 1e-9);
});

test("a lost state is bridged", () => {
  const m = new Motion();
  m.add(0, at(0));
  m.add(0.1, at(0.2)); // one state in between is missing
  assert.ok(Math.abs(shown(m, 0.05) - 0.1) < 1e-9);
});

test("what is put elsewhere does not fly there", () => {
  const m = new Motion();
  m.add(0, at(0));
  m.add(0.05, at(50));
  assert.equal(shown(m, 0.025), 50);
});

test("a clock that stands does no harm", () => {
  const m = new Motion();
  m.add(1, at(0));
  m.add(1, at(1));
  m.add(0.5, at(2));
  assert.equal(shown(m, 1), 2);
});
