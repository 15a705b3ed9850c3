/** Pointing, poking and grabbing: rays, and what is told to the entities that they meet. */
import { type Json, type Place, RequestError } from "@loci-place/client";
import { type Camera, Matrix4, Mesh, MeshBasicMaterial, Quaternion, Raycaster, RingGeometry, Vector2, Vector3 } from "three";
import type { Body } from "./body.js";
import type { PointerHandler } from "./controls.js";
import type { Keyboard } from "./keyboard.js";
import { list, number, object, text } from "./json.js";
import type { Node } from "./node.js";
import { type Hit, cast, reach } from "./ray.js";
import type { World } from "./world.js";

/** How often what is pointed at hears of it, and while it is poked, in seconds. */
const hoverEvery = 0.1;
const pokeEvery = 0.045;
/** How long a press on something that can be grabbed is held until it is grabbed, in seconds. */
const holdSeconds = 0.35;
/** How much nearer or farther a notch of the wheel brings what is held. */
const wheelStep = 0.12;
/** The largest file that can be dropped: it stays in memory for those who ask for it. */
const mostFileBytes = 64 << 20;
const shoulder = new Vector3(0.18, 1.45, 0);
const handForward = 0.35;

const inverse = new Matrix4();
const point = new Vector3();
const from = new Vector3();
const ahead = new Vector3(0, 0, -1);
const turn = new Quaternion();
const one = new Vector3(1, 1, 1);
const hand = new Matrix4();

/** Pointer is the hand that points. */
export class Pointer implements PointerHandler {
  readonly cursor = new Mesh(
    new RingGeometry(0.014, 0.02, 32),
    new MeshBasicMaterial({ color: 0xffffff, transparent: true, opacity: 0.9, depthTest: false, fog: false }),
  );
  /** Told of what is pointed at, for its name. */
  onHover: (node: Node | undefined) => void = () => undefined;
  onFailure: (message: string) => void = () => undefined;

  readonly #place: Place;
  readonly #world: World;
  readonly #body: Body;
  readonly #camera: Camera;
  readonly #keyboard: Keyboard;
  readonly #caster = new Raycaster();
  readonly #mouse = new Vector2();
  #over = false;
  #pointed: Node | undefined;
  #poked: Node | undefined;
  #held: { node: Node; offset: Matrix4 } | undefined;
  #lastPoint = 0;
  #pressedAt = 0;
  #hit: Hit | undefined;

  constructor(place: Place, world: World, body: Body, camera: Camera, keyboard: Keyboard) {
    this.#place = place;
    this.#world = world;
    this.#body = body;
    this.#camera = camera;
    this.#keyboard = keyboard;
    this.cursor.renderOrder = 10;
    this.cursor.visible = false;
    world.on((node, what) => {
      if (what !== "remove") return;
      if (node === this.#pointed) this.#setPointed(undefined);
      if (node === this.#poked) this.#poked = undefined;
      if (node === this.#held?.node) this.#drop();
    });
  }

  hover(at: { x: number; y: number } | undefined): void {
    this.#over = at !== undefined;
    if (at) this.#mouse.set(at.x, at.y);
  }

  press(at: { x: number; y: number }, grip: boolean): boolean {
    this.hover(at);
    this.update(0, true);
    const node = this.#pointed;
    if (!node) {
      this.#keyboard.defocus();
      return false;
    }
    this.#pressedAt = performance.now() / 1000;
    if (grip) {
      this.#grab(node);
      return true;
    }
    this.#poked = node;
    this.#request(node.id, ["poke", true]);
    this.#keyboard.focus(node);
    return true;
  }

  release(): void {
    if (this.#held) {
      this.#drop();
    }
    if (this.#poked) {
      this.#request(this.#poked.id, ["poke", false]);
      this.#poked = undefined;
    }
  }

  wheel(notches: number): void {
    if (!this.#held) return;
    const e = this.#held.offset.elements;
    e[14] = Math.min((e[14] as number) + notches * wheelStep, -0.05);
  }

  /** poke presses and releases an entity, as somebody does who cannot point at it. */
  poke(node: Node): void {
    const at = point.setFromMatrixPosition(node.object.matrixWorld).toArray();
    const head = this.#camera.getWorldPosition(from).toArray();
    this.#say(node.id, ["point", head, at]);
    this.#request(node.id, ["poke", true]);
    this.#keyboard.focus(node);
    setTimeout(() => {
      this.#request(node.id, ["poke", false]);
      this.#say(node.id, ["point-exit"]);
    }, 120);
  }

  /** drop hands a file to what is pointed at, if it takes such. */
  async drop(file: File, at: { x: number; y: number }): Promise<void> {
    this.hover(at);
    this.update(0, true);
    const node = this.#pointed;
    const accepts = node?.accepts;
    if (!node || !accepts) return this.onFailure("Nothing takes a file there.");
    const extension = /\.([^.]+)$/.exec(file.name)?.[1] ?? "";
    if (accepts.length > 0 && !accepts.includes(extension)) {
      return this.onFailure(`${node.title} takes ${accepts.join(", ")}, and no .${extension} file.`);
    }
    if (file.size > mostFileBytes) return this.onFailure(`${file.name} is larger than ${mostFileBytes >> 20} MiB.`);
    const id = await this.#place.assets.publish(new Uint8Array(await file.arrayBuffer()));
    this.#request(node.id, ["accept-file", file.name, id]);
  }

  get holding(): boolean {
    return this.#held !== undefined;
  }

  /** update looks at what is pointed at, and tells it. */
  update(now: number, force = false): void {
    this.#caster.setFromCamera(this.#mouse, this.#camera);
    const own = this.#place.avatar;
    const hit = this.#over ? cast(this.#caster.ray, this.#world.colliders, (n) => this.#world.below(n, own) && !wrist(n)) : undefined;
    this.#hit = hit;
    this.#aim(hit);
    if (this.#poked && this.#poked !== hit?.node) {
      // Only what is poked hears of the pointer until it is released; it hears that the pointer has left.
      if (this.#pointed) this.#setPointed(undefined);
    } else {
      this.#setPointed(hit?.node);
    }
    this.cursor.visible = hit !== undefined && !this.#held;
    if (hit) {
      this.cursor.position.copy(hit.point);
      this.cursor.quaternion.copy(this.#camera.quaternion);
      this.cursor.scale.setScalar(Math.min(Math.max(hit.distance * 0.6, 0.3), 3) * (this.#poked ? 0.7 : 1));
    }
    const pointed = this.#pointed;
    if (pointed && hit && (force || now - this.#lastPoint > (this.#poked ? pokeEvery : hoverEvery))) {
      this.#lastPoint = now;
      this.#say(pointed.id, ["point", from.setFromMatrixPosition(this.#handMatrix()).toArray(), hit.point.toArray()]);
    }
    if (this.#poked && !this.#held && this.#pressedAt > 0 && now - this.#pressedAt > holdSeconds && grabbable(this.#poked)) {
      this.#pressedAt = 0;
      this.#grab(this.#poked);
    }
    this.#follow();
  }

  // aim turns the hand to what is pointed at.
  #aim(hit: Hit | undefined): void {
    const pose = this.#body.poses.rightHand;
    if (!hit && !this.#over) {
      pose.makeTranslation(0.28, 1.1, -0.22);
      return;
    }
    const ray = this.#caster.ray;
    point.copy(ray.direction).multiplyScalar(Math.min(hit?.distance ?? 3, reach)).add(ray.origin);
    point.applyMatrix4(inverse.copy(this.#body.root).invert()).sub(shoulder).normalize();
    turn.setFromUnitVectors(ahead, point);
    pose.compose(from.copy(point).multiplyScalar(handForward).add(shoulder), turn, one);
  }

  #handMatrix(): Matrix4 {
    return hand.multiplyMatrices(this.#body.root, this.#body.poses.rightHand);
  }

  #setPointed(node: Node | undefined): void {
    if (node === this.#pointed) return;
    if (this.#pointed) this.#say(this.#pointed.id, ["point-exit"]);
    this.#pointed = node;
    this.#lastPoint = 0;
    this.onHover(node);
  }

  #grab(node: Node): void {
    const c = node.entity.components["grabbable"];
    if (!c) return;
    this.#say(node.id, ["grabbing", true]);
    const given = list(c["target_hand_transform"]);
    const offset = new Matrix4();
    if (given.length === 16) offset.fromArray(given as number[]);
    else offset.copy(this.#handMatrix()).invert().multiply(node.object.matrixWorld);
    this.#held = { node, offset };
    this.#place.intent.rightGrab = { entity: node.id, offset: offset.elements };
    this.#place.sendIntent();
  }

  #drop(): void {
    const held = this.#held;
    if (!held) return;
    this.#held = undefined;
    this.#place.intent.rightGrab = undefined;
    this.#say(held.node.id, ["grabbing", false]);
    setTimeout(() => { held.node.local = false; }, 200); // until the place has it where it was let go
  }

  // follow has what is held be in the hand at once, unless it is held back or moves something else.
  #follow(): void {
    const held = this.#held;
    if (!held) return;
    const c = object(held.node.entity.components["grabbable"]);
    const free = (v: unknown): boolean => list(v).every((k) => number(k, 1) === 1);
    if (text(c["actuate_on"]) || !free(c["translation_constraint"]) || !free(c["rotation_constraint"])) return;
    const parent = held.node.object.parent;
    if (!parent) return;
    held.node.local = true;
    held.node.matrix.copy(parent.matrixWorld).invert().multiply(this.#handMatrix()).multiply(held.offset);
    held.node.object.matrixWorldNeedsUpdate = true;
  }

  #say(to: string, body: readonly unknown[]): void {
    const sender = this.#body.part("rightHand")?.id;
    if (sender) this.#place.send(to, body, sender);
  }

  #request(to: string, body: readonly Json[]): void {
    const sender = this.#body.part("rightHand")?.id;
    if (!sender) return;
    this.#place.request(to, body, { from: sender, timeout: 60_000 }).catch((e: unknown) => {
      // Many apps answer no poke, and others do not know it.
      if (e instanceof RequestError && e.body[0] === "interaction_denied") this.onFailure("You may not do that here.");
      else if (e instanceof RequestError && e.body[1] === "failed") this.onFailure(e.message);
    });
  }

  /** What the mouse is on, and where. */
  get hit(): Hit | undefined {
    return this.#hit;
  }
}

function grabbable(node: Node): boolean {
  return node.entity.components["grabbable"] !== undefined;
}

// Widgets on the own wrist can be pointed at, other parts of the own body can not.
function wrist(node: Node): boolean {
  return node.entity.components["intent"] === undefined && node.entity.components["ui"] !== undefined;
}
