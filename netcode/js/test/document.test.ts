import assert from "node:assert/strict";
import { test } from "node:test";
import { Document, type Entity } from "../src/document.js";
import { format } from "../src/json.js";

const set = (revision: number, entities: object) => format({ patch_style: "set", revision, entities });
const patch = (from: number, revision: number, entities: object) =>
  format({ patch_style: "merge", patch_from: from, revision, entities });
const entity = (id: string, components: object) => ({ [id]: { id, components } });

function logged(d: Document): string[] {
  const events: string[] = [];
  d.on("spawn", (e) => void events.push(`spawn ${e.id}`));
  d.on("change", (e, before) => {
    const changed = Object.keys({ ...before.components, ...e.components }).filter((n) => e.components[n] !== before.components[n]);
    events.push(`change ${e.id} ${changed.join()}`);
  });
  d.on("remove", (e) => void events.push(`remove ${e.id}`));
  return events;
}

test("states come as events", () => {
  const d = new Document();
  const events = logged(d);
  d.applyJSON(set(1, { ...entity("a", { text: { string: "x" } }), ...entity("b", {}) }));
  d.applyJSON(patch(1, 2, { a: { components: { text: { string: "y" }, ui: { view_id: "1" } } }, b: null }));
  d.applyJSON(patch(2, 3, { a: { components: { ui: null } } }));
  assert.deepEqual(events, ["spawn a", "spawn b", "change a text,ui", "remove b", "change a ui"]);
  assert.deepEqual(d.entity("a"), { id: "a", components: { text: { string: "y" } } });
  assert.equal(d.acknowledge, 3);
});

test("a patch starts from an earlier document", () => {
  const d = new Document();
  d.applyJSON(set(1, entity("a", { n: { v: 1 } })));
  d.applyJSON(patch(1, 2, { a: { components: { n: { v: 2 } } }, ...entity("b", {}) }));
  const events = logged(d);
  // As if the acknowledgement of 2 were lost: b is sent again, and c is new.
  d.applyJSON(patch(1, 3, { ...entity("b", {}), ...entity("c", {}) }));
  assert.deepEqual(d.component("a", "n"), { v: 1 }, "as it was in 1");
  d.applyJSON(patch(2, 4, { c: null }));
  assert.deepEqual(d.component("a", "n"), { v: 2 }, "as it was in 2");
  assert.ok(d.entity("b"));
  assert.equal(d.entity("c"), undefined);
  assert.ok(events.includes("spawn c") && events.includes("remove c"));
});

test("a patch from a document that is not held asks for all", () => {
  const d = new Document();
  assert.equal(d.applyJSON(patch(7, 8, {})), false);
  assert.equal(d.acknowledge, 0);
  d.applyJSON(set(9, entity("a", {})));
  assert.equal(d.acknowledge, 9);
  for (let r = 9; r < 80; r++) d.applyJSON(patch(r, r + 1, {}));
  assert.equal(d.applyJSON(patch(10, 81, {})), false, "from more than 64 documents back");
  assert.equal(d.acknowledge, 0);
});

test("what was overtaken is ignored", () => {
  const d = new Document();
  d.applyJSON(set(5, entity("a", {})));
  assert.equal(d.applyJSON(set(4, {})), false);
  assert.equal(d.acknowledge, 5);
  assert.ok(d.entity("a"));
  const wrapped = new Document();
  wrapped.applyJSON(set(0x7fffffff, entity("a", {})));
  assert.ok(wrapped.applyJSON(patch(0x7fffffff, 1, { a: null })));
  assert.equal(wrapped.acknowledge, 1);
});

test("a whole document changes what differs", () => {
  const d = new Document();
  d.applyJSON(set(1, { ...entity("a", { text: { s: [1, { x: 2 }] } }), ...entity("b", { n: { v: 1 } }), ...entity("gone", {}) }));
  const a = d.entity("a");
  const events = logged(d);
  d.restart();
  assert.equal(d.acknowledge, 0);
  d.applyJSON(set(1, { ...entity("a", { text: { s: [1, { x: 2 }] } }), ...entity("b", { n: { v: 2 } }) }));
  assert.equal(d.entity("a"), a);
  assert.deepEqual(events.sort(), ["change b n", "remove gone"]);
});

test("components are watched by name", () => {
  const d = new Document();
  d.applyJSON(set(1, entity("a", { text: { s: 1 } })));
  const seen: unknown[] = [];
  const off = d.onComponent("text", (e: Entity, value, before) => void seen.push([e.id, value?.["s"], before?.["s"]]));
  d.applyJSON(patch(1, 2, { a: { components: { text: { s: 2 }, other: {} } }, ...entity("b", { text: { s: 3 } }) }));
  d.applyJSON(patch(2, 3, { a: { components: { text: null } }, b: null }));
  off();
  d.applyJSON(patch(3, 4, entity("c", { text: {} })));
  assert.deepEqual(seen, [["a", 1, undefined], ["a", 2, 1], ["b", 3, undefined], ["a", undefined, 2], ["b", undefined, 3]]);
});

test("senseless states throw and change nothing", () => {
  const d = new Document();
  d.applyJSON(set(1, entity("a", {})));
  for (const bad of ["", "[]", "{}", "null", '{"revision":2,"entities":[]}', '{"revision":2,"entities":{},"patch_style":"sing"}']) {
    assert.throws(() => d.applyJSON(new TextEncoder().encode(bad)), bad);
    assert.equal(d.acknowledge, 0);
    assert.ok(d.entity("a"));
  }
  d.applyJSON(set(2, { a: 1, b: { components: 3 }, c: {} }));
  assert.deepEqual([...d.entities.keys()].sort(), ["b", "c"], "as far as it makes sense");
});

test("no listener harms another", () => {
  const errors: unknown[] = [];
  const d = new Document((e) => void errors.push(e));
  const seen: string[] = [];
  d.on("spawn", () => { throw new Error("mine"); });
  d.on("spawn", (e) => void seen.push(e.id));
  d.applyJSON(set(1, entity("a", {})));
  assert.deepEqual(seen, ["a"]);
  assert.equal(errors.length, 1);
  assert.equal(d.acknowledge, 1);
});

test("__proto__ is a key like any other, and harms nothing", () => {
  const d = new Document();
  d.applyJSON(new TextEncoder().encode('{"patch_style":"set","revision":1,"entities":{"a":{"components":{"x":{"__proto__":{"bad":1}}}}}}'));
  assert.equal(({} as Record<string, unknown>)["bad"], undefined);
});
