/** The visor: a page by which people enter a place. */
import { ClosedError, type Key, type Place, join, storedKey } from "@loci-place/client";
import { ACESFilmicToneMapping, Matrix4, PCFShadowMap, PerspectiveCamera, Scene, WebGLRenderer } from "three";
import { avatarOf } from "./avatar.js";
import { Body } from "./body.js";
import { Controls } from "./controls.js";
import { list as listOf, object, text } from "./json.js";
import { Keyboard } from "./keyboard.js";
import { Pointer } from "./pointer.js";
import { Quality } from "./quality.js";
import { Sky } from "./sky.js";
import { Sounds } from "./sounds.js";
import { Tags } from "./tags.js";
import { $, type Person, type Settings, type Thing, UI } from "./ui.js";
import { Voice, canSpeak } from "./voice.js";
import { World } from "./world.js";

// troika-three-text tells of every table of a font that it does not know.
const debug = console.debug;
console.debug = (...args: unknown[]) => { if (!String(args[0]).startsWith("unsupported G")) debug(...args); };

const ui = new UI();
const canvas = $<HTMLCanvasElement>("view");

/** The view from bottom to top, in degrees, and how wide it is at least, in radians, as on a phone held upright. */
const fov = 67;
const leastWidth = 0.85;

/** How many people and things the list is made of again a second, at most. */
const listEvery = 0.5;

async function keyOf(): Promise<Key | undefined> {
  try {
    return await storedKey("visor");
  } catch {
    return undefined; // a browser without Ed25519, or that keeps nothing: an unverified agent
  }
}

async function enter(settings: Settings): Promise<Place> {
  const options = { identity: { display_name: settings.name }, avatar: avatarOf(settings.name, settings.color) };
  const key = await keyOf();
  try {
    return await join(location.origin, key ? { ...options, key } : options);
  } catch (e) {
    // A place that does not know its name under this address takes no proof: then without.
    if (key && e instanceof ClosedError && e.code === 1106) return join(location.origin, options);
    throw e;
  }
}

function reasonOf(e: unknown): string {
  return e instanceof Error && e.message ? e.message : String(e);
}

async function main(): Promise<void> {
  for (;;) {
    const settings = await ui.enter();
    try {
      const place = await enter(settings);
      return run(place);
    } catch (e) {
      ui.trouble(`That did not work: ${reasonOf(e)}`);
    }
  }
}

function run(place: Place): void {
  const renderer = new WebGLRenderer({ canvas, antialias: true, powerPreference: "high-performance" });
  renderer.toneMapping = ACESFilmicToneMapping;
  renderer.toneMappingExposure = 1.05;
  renderer.shadowMap.enabled = true;
  renderer.shadowMap.type = PCFShadowMap;
  const scene = new Scene();
  const camera = new PerspectiveCamera(fov, 1, 0.05, 300);
  camera.matrixAutoUpdate = false;
  const sky = new Sky(scene, renderer, place);
  const world = new World(place);
  scene.add(world.root, world.batches.root);

  const body = new Body(place, world);
  const keyboard = new Keyboard(place, world, $<HTMLInputElement>("keys"));
  const pointer = new Pointer(place, world, body, camera, keyboard);
  scene.add(pointer.cursor);
  const controls = new Controls(canvas, body, pointer, { base: $("stick"), knob: $("knob") });
  const tags = new Tags(world, world.root, () => place.avatar);
  const sounds = new Sounds(place, world);
  sounds.start();
  const voice = new Voice(place, world, body, sounds);
  voice.onSpeaking = (avatar) => tags.speaking(avatar, performance.now() / 1000);
  const mute = async (): Promise<void> => {
    try {
      await voice.speak(!voice.on);
    } catch (e) {
      ui.toast(`No microphone: ${reasonOf(e)}`);
    }
    ui.microphone(voice.on);
  };
  if (canSpeak()) ui.onMute = () => void mute();

  // Where the place has put the avatar.
  const from = place.document.on("state", () => {
    const root = world.node(place.avatar);
    if (!root) return;
    from();
    body.teleport(root.placed);
  });

  const quality = new Quality((pixels, shadows) => {
    renderer.setPixelRatio(Math.min(devicePixelRatio, pixels));
    sky.shadows = shadows;
    resize();
  });
  const apply = (): void => {
    quality.want(ui.settings.quality);
    controls.snapTurns = ui.settings.snap;
    sounds.volume = ui.settings.volume;
  };
  const resize = (): void => {
    renderer.setSize(innerWidth, innerHeight, false);
    camera.aspect = innerWidth / innerHeight;
    camera.fov = Math.max(fov, (2 * Math.atan(Math.tan(leastWidth / 2) / camera.aspect) * 180) / Math.PI);
    camera.updateProjectionMatrix();
  };
  addEventListener("resize", resize);
  ui.onSettings = apply;
  apply();

  connect(place, world, pointer, tags);
  pointer.onHover = (node) => {
    canvas.style.cursor = node ? "pointer" : "";
    ui.pointed(node ? node.title : "");
  };
  pointer.onFailure = (message) => ui.toast(message);
  keyboard.onChange = (typing) => {
    controls.typing = typing;
    if (typing) ui.toast("You are typing. Esc ends it.", 3);
  };
  controls.onToggle = (what) => {
    if (what === "chat") ui.chat();
    else if (what === "mute") ui.onMute?.();
    else if (what === "people") ui.toggle("who");
    else if (what === "help") ui.toggle("howto");
    else if (what === "escape") {
      keyboard.defocus();
      ui.closePanels();
    }
  };
  ui.inside(place.name);

  const eye = new Matrix4();
  let last = performance.now();
  renderer.setAnimationLoop((time) => {
    const began = performance.now();
    const passed = (time - last) / 1000;
    const dt = Math.min(passed, 0.1);
    last = time;
    const now = time / 1000;
    controls.update(dt);
    body.walk(controls.wish, dt);
    if (controls.wish.x || controls.wish.z) ui.hintSeen();
    world.update(dt);
    body.show();
    camera.matrix.copy(eye.multiplyMatrices(body.root, body.poses.head));
    camera.matrix.decompose(camera.position, camera.quaternion, camera.scale);
    camera.updateMatrixWorld(true);
    const head = body.part("head");
    if (head) head.object.visible = false; // nobody sees the inside of their own head
    scene.updateMatrixWorld();
    world.batches.update(world.root);
    pointer.update(now);
    tags.update(camera, now);
    sounds.update(camera);
    voice.update();
    sky.follow(camera.position);
    renderer.render(scene, camera);
    quality.frame(passed, performance.now() - began);
  });
  // For tests, and for those who look into the console of their browser.
  Object.assign(globalThis, { visor: { quality, voice, place, world, body, renderer, pointer, scene, camera } });
}

const grey = "#8d99ae";

// connect keeps the page up to date with who is here and what they say.
function connect(place: Place, world: World, pointer: Pointer, tags: Tags): void {
  let agents = new Map<string, { name: string; verified: boolean }>();
  // The colours of people are those of what their torsos are made of.
  const colors = (): Map<string, string> => {
    const all = new Map<string, string>();
    for (const node of world.nodes) {
      const color = node.entity.components["material"]?.["color"];
      const torso = Array.isArray(color) ? world.node(node.parent) : undefined;
      if (!torso || all.has(torso.parent) || torso.entity.components["intent"]?.["actuate_pose"] !== "torso") continue;
      all.set(torso.parent, `rgb(${(color as number[]).slice(0, 3).map((v) => Math.round(255 * Number(v))).join(" ")})`);
    }
    return all;
  };
  const nameOf = (id: string): string =>
    text(world.node(id)?.entity.components["visor"]?.["display_name"]) || agents.get(id)?.name || "somebody";

  let pending: ReturnType<typeof setTimeout> | undefined;
  const list = (): void => {
    pending ??= setTimeout(() => {
      pending = undefined;
      const people: Person[] = [];
      const things: Thing[] = [];
      const color = colors();
      for (const node of world.nodes) {
        if (node.entity.components["visor"]) {
          people.push({ id: node.id, name: nameOf(node.id), color: color.get(node.id) ?? grey, own: node.id === place.avatar, verified: agents.get(node.id)?.verified ?? false });
        } else if (node.answers && !world.below(node, place.avatar)) {
          things.push({ id: node.id, name: node.title });
        }
      }
      people.sort((a, b) => Number(b.own) - Number(a.own) || a.name.localeCompare(b.name));
      things.sort((a, b) => a.name.localeCompare(b.name));
      ui.people(people);
      ui.things(things);
    }, listEvery * 1000);
  };
  const ask = (): void => {
    place.request("place", ["list_agents"]).then(([, , all]) => {
      agents = new Map(listOf(all).map(object).map((a) => [text(a["avatar_id"]), { name: text(a["display_name"]), verified: text(a["verified"]) !== "" }]));
      list();
    }, () => undefined);
  };
  world.on((node, what) => {
    if (node.entity.components["visor"] && what !== "change") ask();
    if (what !== "change" || node.answers || node.entity.components["visor"]) list();
  });
  ask();
  ui.onPoke = (id) => {
    const node = world.node(id);
    if (node) pointer.poke(node);
  };

  place.subscribe('["chat", _]').catch((e: unknown) => ui.toast(`No chat here: ${reasonOf(e)}`));
  place.subscribe('["loci", "reload_failed", _]').catch(() => undefined); // only for those who may know
  place.on("interaction", ({ type, from, body }) => {
    if (type === "publication" && body[0] === "chat") {
      const said = text(body[1]).slice(0, 500);
      if (!said) return;
      ui.said(nameOf(from), said, colors().get(from) ?? grey);
      tags.say(from, said, performance.now() / 1000);
    } else if (type === "publication" && body[0] === "loci") {
      ui.toast(text(body[2]), 15);
    } else if (body[0] === "greeting" || body[0] === "notice") {
      ui.toast(text(body[1]));
    }
  });
  place.handle("post_notification", ({ body }) => {
    const n = body[1] as { title?: unknown; body?: unknown } | undefined;
    ui.toast([n?.title, n?.body].filter((v) => typeof v === "string").join("\n"));
  });
  ui.onSay = (what) => place.publish(["chat", what]);
  ui.onLeave = () => {
    place.leave();
    location.reload();
  };
  addEventListener("pagehide", () => place.leave());

  place.on("lost", () => ui.line("The line is lost. Coming back…", true));
  place.on("reconnect", (resumed) => {
    ui.line("");
    if (!resumed) ui.toast("You are back.");
    ask();
  });
  place.on("close", (code, reason) => {
    if (code !== 1001) ui.line(`The end: ${reason}.`, true);
  });
}

void main();
