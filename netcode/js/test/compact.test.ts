import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Document } from "../src/document.js";
import { type Intent, intentCompact } from "../src/intent.js";
import { Reader, Writer, matrixOf, placementOf, readPlacement, writePose } from "../src/placement.js";

// The examples that the Go encoder has written.
const vectors = JSON.parse(readFileSync(new URL("../../../testdata/compact.json", import.meta.url), "utf8")) as {
  placements: { name: string; matrix: number[]; bytes: string; decoded: number[] }[];
  states: { name: string; steps: { bytes: string; document: { entities: object; revision: number } }[] }[];
  intents: { name: string; bytes: string; message: IntentMessage }[];
  malformed: { states: string[]; intents: string[] } | Record<string, { name: string; bytes: string }[]>;
};

interface IntentMessage {
  ack_state_rev: number;
  intents: {
    entity_id?: string; wants_stick_movement?: boolean; zmovement?: number; xmovement?: number; yaw?: number; pitch?: number;
    poses?: Record<string, { matrix?: number[]; grab?: { entity: string; grabber_from_entity_transform: number[] } }>;
  }[];
}

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

for (const v of vectors.placements) {
  test(`placement: ${v.name}`, () => {
    const r = new Reader(bytesOf(v.bytes));
    const { placement, matrix } = readPlacement(r, r.u8(), undefined);
    assert.deepEqual(placement ? matrixOf(placement) : matrix, v.decoded);
    assert.equal(r.left, 0);
    const w = new Writer();
    writePose(w, v.matrix);
    const placed = placementOf(v.matrix);
    if (placed && placement) assert.deepEqual(matrixOf(placed), v.decoded);
    assert.equal(hexOf(w.done()), v.bytes);
  });
}

for (const v of vectors.states) {
  test(`states: ${v.name}`, () => {
    const d = new Document();
    for (const step of v.steps) {
      assert.ok(d.applyCompact(bytesOf(step.bytes)));
      assert.equal(d.acknowledge, step.document.revision);
      assert.deepEqual(Object.fromEntries(d.entities), step.document.entities);
    }
  });

  test(`cut states are refused: ${v.name}`, () => {
    for (const step of v.steps) {
      const bytes = bytesOf(step.bytes);
      for (let n = 0; n < bytes.length; n++) {
        const d = new Document();
        assert.throws(() => {
          if (!d.applyCompact(bytes.subarray(0, n))) throw new Error("starts from a document that is not held");
        }, `the first ${n} bytes`);
        assert.equal(d.acknowledge, 0);
        assert.equal(d.entities.size, 0);
      }
    }
  });
}

for (const v of vectors.intents) {
  test(`intents: ${v.name}`, () => {
    const intents = v.message.intents.map((i): Intent => {
      const grab = (hand: string) => {
        const g = i.poses?.[hand]?.grab;
        return g && { entity: g.entity, offset: g.grabber_from_entity_transform };
      };
      const pose = i.poses ?? {};
      return {
        entity: i.entity_id ?? "", walks: i.wants_stick_movement ?? false,
        x: i.xmovement ?? 0, z: i.zmovement ?? 0, yaw: i.yaw ?? 0, pitch: i.pitch ?? 0,
        poses: Object.fromEntries(
          [["root", "root"], ["head", "head"], ["torso", "torso"], ["leftHand", "hand/left"], ["rightHand", "hand/right"]]
            .flatMap(([to, from]) => (pose[from as string]?.matrix ? [[to, pose[from as string]?.matrix]] : [])),
        ) as NonNullable<Intent["poses"]>,
        leftGrab: grab("hand/left"), rightGrab: grab("hand/right"),
      };
    });
    assert.equal(hexOf(intentCompact(intents, v.message.ack_state_rev)), v.bytes);
  });
}

test("malformed states are refused", () => {
  const all = Object.entries(vectors.malformed).find(([kind]) => kind === "states")?.[1] as (string | { bytes: string })[];
  assert.ok(all.length > 0);
  for (const m of all) {
    const hex = typeof m === "string" ? m : m.bytes;
    const d = new Document();
    assert.throws(() => {
      if (!d.applyCompact(bytesOf(hex))) throw new Error("starts from a document that is not held");
    }, hex);
    assert.equal(d.acknowledge, 0);
  }
});
