import assert from "node:assert/strict";
import { test } from "node:test";
import { Quality } from "../src/quality.js";

test("it is drawn more coarsely until frames come often enough", () => {
  let drawn: [number, boolean] = [0, false];
  const q = new Quality((...how) => { drawn = how; });
  q.want("auto");
  assert.deepEqual(drawn, [2, true]);
  for (let i = 0; i < 120; i++) q.frame(1 / 60, 3);
  assert.deepEqual(drawn, [2, true]);
  assert.ok(Math.abs(q.rate - 60) < 1 && q.scriptMs === 3);
  for (let i = 0; i < 200; i++) q.frame(1 / 10, 3);
  assert.deepEqual(drawn, [0.7, false]);
});

test("what somebody chose stays", () => {
  let drawn: [number, boolean] = [0, false];
  const q = new Quality((...how) => { drawn = how; });
  q.want("high");
  for (let i = 0; i < 200; i++) q.frame(1 / 10, 3);
  assert.deepEqual(drawn, [3, true]);
  q.want("low");
  assert.deepEqual(drawn, [0.7, false]);
});
