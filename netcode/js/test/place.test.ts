import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as path } from "node:path";
import { after, before, test } from "node:test";
import { WebSocket } from "ws";
import { type Interaction, type JoinOptions, type Place, ClosedError, RequestError, join, newKey } from "../src/index.js";
import type { WebSocketConstructor } from "../src/link.js";

// A real place, which the tests talk to: the command that LOCI names. It is started by the Go test.
const loci = process.env["LOCI"];
const skip = loci ? false : "LOCI names no loci command";

const webSocket = WebSocket as unknown as WebSocketConstructor;
const data = mkdtempSync(path(tmpdir(), "loci-js-"));
let served: ChildProcess;
let url: string;

// serve starts the place, and returns once it lets agents in.
async function serve(port = 0): Promise<void> {
  served = spawn(loci as string, ["serve", "--data", data, "--listen", "127.0.0.1:0", "--web", `127.0.0.1:${port}`], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  url = await new Promise((resolve, reject) => {
    let walkIn = "";
    const read = (chunk: Buffer): void => {
      log += chunk.toString();
      walkIn ||= /walk in at (http:\/\/\S+?)\/?"/.exec(log)?.[1] ?? "";
      if (walkIn && log.includes("ready alloplace://")) resolve(walkIn);
    };
    served.stdout?.on("data", read);
    served.stderr?.on("data", read);
    served.once("exit", (code) => reject(new Error(`loci serve ended with ${code}: ${log}`)));
  });
}

async function stop(signal: NodeJS.Signals): Promise<void> {
  const exited = new Promise((resolve) => served.once("exit", resolve));
  served.kill(signal);
  await exited;
}

const enter = (name: string, options: JoinOptions = {}): Promise<Place> =>
  join(url, { webSocket, identity: { display_name: name }, onError: (e) => { throw e; }, ...options });

// until waits for a document to be as wanted.
function until(place: Place, wanted: () => boolean, what: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), 10_000);
    const look = (): void => {
      if (!wanted()) return;
      clearTimeout(timer);
      off();
      resolve();
    };
    const off = place.document.on("state", look);
    look();
  });
}

const positionOf = (place: Place, id: string): number[] =>
  ((place.document.component(id, "transform")?.["matrix"] ?? []) as number[]).slice(12, 15);

before(async () => { if (!skip) await serve(); });
after(async () => {
  if (!skip) await stop("SIGTERM");
  rmSync(data, { recursive: true });
});

for (const version of [4, 5] as const) {
  test(`an agent walks, and another sees it, version ${version}`, { skip }, async () => {
    const ann = await enter("ann", { version });
    assert.equal(ann.version, version);
    const bob = await enter("bob", { version: 4 });
    await until(bob, () => bob.document.entity(ann.avatar) !== undefined, "ann");
    ann.intent.z = -1;
    await until(bob, () => (positionOf(bob, ann.avatar)[2] ?? 0) < -1, "ann to walk a metre");
    await until(ann, () => (positionOf(ann, ann.avatar)[2] ?? 0) < -1, "ann to see it too");
    ann.leave();
    await until(bob, () => bob.document.entity(ann.avatar) === undefined, "ann to be gone");
    bob.leave();
  });
}

test("agents ask each other", { skip }, async () => {
  const ann = await enter("ann");
  const bob = await enter("bob");
  bob.handle("add", ({ body }) => [Number(body[1]) + Number(body[2])]);
  bob.handle("break", () => { throw new Error("no such thing"); });
  assert.deepEqual(await ann.request(bob.avatar, ["add", 1, 2]), ["add", 3]);
  await assert.rejects(ann.request(bob.avatar, ["break"]), { message: "no such thing" });
  await assert.rejects(ann.request(bob.avatar, ["sing"]), /not understood/);
  await assert.rejects(ann.request("nobody", ["sing"]), RequestError);
  ann.leave();
  bob.leave();
});

test("publications come to subscribers", { skip }, async () => {
  const ann = await enter("ann");
  const bob = await enter("bob");
  const heard: Interaction[] = [];
  bob.on("interaction", (i) => void heard.push(i));
  const end = await bob.subscribe('["chat", _]');
  await assert.rejects(bob.subscribe('["chat",'), RequestError);
  ann.publish(["chat", "hello"]);
  ann.publish(["weather", "fine"]);
  await ann.request("place", ["list_agents"]); // answered behind both
  await bob.request("place", ["list_agents"]);
  assert.deepEqual(heard.map((i) => [i.type, i.from, i.body]), [["publication", ann.avatar, ["chat", "hello"]]]);
  await end();
  ann.publish(["chat", "anybody?"]);
  await ann.request("place", ["list_agents"]);
  await bob.request("place", ["list_agents"]);
  assert.equal(heard.length, 1);
  ann.leave();
  bob.leave();
});

test("assets go from agent to agent", { skip }, async () => {
  const ann = await enter("ann");
  const bob = await enter("bob");
  const bytes = new Uint8Array(1 << 20).map((_, i) => (i * 7 + (i >> 8)) & 255);
  const id = await ann.assets.publish(bytes);
  assert.deepEqual(await bob.assets.fetchHere(id, ann.avatar), bytes);
  assert.deepEqual(await bob.assets.fetch(id, ann.avatar), bytes);
  await assert.rejects(bob.assets.fetch("asset:sha256:" + "0".repeat(64)), /asset/);
  ann.leave();
  bob.leave();
});

test("the clock is the place's", { skip }, async () => {
  const ann = await enter("ann");
  await until(ann, () => ann.clock.known && ann.document.component("place", "clock") !== undefined, "the clock");
  await new Promise<void>((resolve) => { const off = ann.document.on("state", () => { off(); resolve(); }); });
  const shown = Number(ann.document.component("place", "clock")?.["time"]);
  // A state is up to a heartbeat old, and more on a busy machine, but never from the future.
  assert.ok(ann.clock.time >= shown - ann.clock.rtt, `${ann.clock.time} is before ${shown}`);
  ann.leave();
});

test("a verified agent comes back after a restart", { skip }, async () => {
  const key = await newKey();
  const ann = await enter("ann", { key });
  const verified = async (): Promise<unknown> => {
    const list = (await ann.request("place", ["list_agents"]))[2] as { avatar_id: string; verified: string }[];
    return list.find((a) => a.avatar_id === ann.avatar)?.verified;
  };
  assert.equal(await verified(), key.public);
  const lost = new Promise<void>((resolve) => void ann.on("lost", resolve));
  const back = new Promise<boolean>((resolve) => void ann.on("reconnect", resolve));
  const port = Number(new URL(url).port);
  await ann.subscribe('["chat", _]');
  await stop("SIGKILL");
  await lost;
  await assert.rejects(ann.request("place", ["list_agents"]), RequestError);
  await serve(port);
  const ready = performance.now();
  await back;
  assert.ok(performance.now() - ready < 3000, "it took more than 3 s");
  assert.equal(await verified(), key.public);
  const heard = new Promise<Interaction>((resolve) => void ann.on("interaction", resolve));
  ann.publish(["chat", "back"]);
  assert.deepEqual((await heard).body, ["chat", "back"]);
  await until(ann, () => ann.document.entity(ann.avatar) !== undefined, "its avatar");
  ann.leave();
});

test("an agent is told why it is let in no more", { skip }, async () => {
  await assert.rejects(enter("x".repeat(20_000)), ClosedError);
  await assert.rejects(join("http://127.0.0.1:1", { webSocket }), /no WebSocket/);
});
