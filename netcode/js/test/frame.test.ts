import assert from "node:assert/strict";
import { test } from "node:test";
import { Assembler, FrameError, farewell, frame, frames } from "../src/frame.js";

test("packets of any size come through", () => {
  const a = new Assembler();
  for (const size of [0, 1, 9, 10, 11, 20, 99]) {
    const packet = Uint8Array.from({ length: size }, (_, i) => i);
    let got;
    for (const message of frames(3, packet, 10)) {
      assert.ok(message.length <= 11);
      got = a.take(message);
    }
    assert.deepEqual(got, { kind: "packet", channel: 3, packet });
  }
});

test("parts of channels do not mix", () => {
  const a = new Assembler();
  assert.equal(a.take(frame(0x81, Uint8Array.of(1))).kind, "part");
  assert.equal(a.take(frame(0x83, Uint8Array.of(9))).kind, "part");
  assert.deepEqual(a.take(frame(2, Uint8Array.of(7))), { kind: "packet", channel: 2, packet: Uint8Array.of(7) });
  assert.deepEqual(a.take(frame(1, Uint8Array.of(2))), { kind: "packet", channel: 1, packet: Uint8Array.of(1, 2) });
  assert.deepEqual(a.take(frame(3, Uint8Array.of(8))), { kind: "packet", channel: 3, packet: Uint8Array.of(9, 8) });
});

test("goodbyes carry a code", () => {
  assert.deepEqual(new Assembler().take(farewell(1005)), { kind: "goodbye", code: 1005 });
});

test("malformed messages are refused", () => {
  const a = new Assembler();
  for (const bad of [[], [16], [126], [144], [255], [127], [127, 0, 0, 0], [127, 0, 0, 0, 0, 0]]) {
    assert.throws(() => a.take(Uint8Array.from(bad)), FrameError, bad.join());
  }
});

test("parts without an end are given up", () => {
  const a = new Assembler();
  const part = frame(0x81, new Uint8Array(1 << 20));
  for (let i = 0; i < 8; i++) a.take(part);
  assert.throws(() => a.take(part), FrameError);
  assert.equal(a.take(frame(1, Uint8Array.of(5))).kind, "packet");
});
