/** Names above the people, and what they say in bubbles. */
import type { Camera, Group } from "three";
import { CanvasTexture, Sprite, SpriteMaterial, SRGBColorSpace, Vector3 } from "three";
import { eyeHeight } from "./avatar.js";
import { text } from "./json.js";
import { type Node } from "./node.js";
import type { World } from "./world.js";

const pixelsPerMetre = 420;
const above = 0.3;
/** Farther away than this, in metres, nobody can read a name. */
const readable = 30;
const bubbleSeconds = 8;
/** Somebody who was heard so lately is speaking, and shown in this colour. */
const spokeSeconds = 0.3;
const speakingColor = 0x8dff9a;
const at = new Vector3();

interface Tag {
  name: Sprite;
  of: string;
  bubble: Sprite | undefined;
  until: number;
  spoke: number; // when
}

/** Tags shows them. */
export class Tags {
  readonly #world: World;
  readonly #scene: Group;
  readonly #own: () => string;
  readonly #tags = new Map<string, Tag>();

  constructor(world: World, scene: Group, own: () => string) {
    this.#world = world;
    this.#scene = scene;
    this.#own = own;
    for (const node of world.nodes) this.#look(node);
    world.on((node, what) => {
      if (what === "remove") this.#drop(node.id);
      else this.#look(node);
    });
  }

  #look(node: Node): void {
    const visor = node.entity.components["visor"];
    const name = visor ? text(visor["display_name"], "somebody").slice(0, 60) : "";
    const old = this.#tags.get(node.id);
    if (old?.of === name || (!old && !name)) return;
    this.#drop(node.id);
    if (!name) return;
    const sprite = picture([name], { size: 30, background: "rgba(20,24,32,0.55)", color: "#fff", radius: 20 });
    this.#scene.add(sprite);
    this.#tags.set(node.id, { name: sprite, of: name, bubble: undefined, until: 0, spoke: -Infinity });
  }

  /** say shows what somebody says above them. */
  say(id: string, what: string, now: number): void {
    const tag = this.#tags.get(id);
    if (!tag) return;
    if (tag.bubble) free(tag.bubble);
    tag.bubble = picture(wrapped(what.slice(0, 280), 30), { size: 30, background: "rgba(255,255,255,0.94)", color: "#1b2230", radius: 22 });
    tag.until = now + bubbleSeconds;
    this.#scene.add(tag.bubble);
  }

  /** speaking marks somebody whose voice is heard. */
  speaking(id: string, now: number): void {
    const tag = this.#tags.get(id);
    if (tag) tag.spoke = now;
  }

  #drop(id: string): void {
    const tag = this.#tags.get(id);
    if (!tag) return;
    free(tag.name);
    if (tag.bubble) free(tag.bubble);
    this.#tags.delete(id);
  }

  /** update keeps them above the heads. */
  update(camera: Camera, now: number): void {
    for (const [id, tag] of this.#tags) {
      const node = this.#world.node(id);
      if (!node) continue;
      at.set(0, eyeHeight + above, 0).applyMatrix4(node.object.matrixWorld);
      const far = at.distanceTo(camera.position);
      tag.name.visible = id !== this.#own() && far < readable && node.object.parent !== null;
      tag.name.position.copy(at);
      tag.name.material.color.set(now - tag.spoke < spokeSeconds ? speakingColor : 0xffffff);
      if (!tag.bubble) continue;
      if (now > tag.until) {
        free(tag.bubble);
        tag.bubble = undefined;
        continue;
      }
      tag.bubble.visible = tag.name.visible;
      tag.bubble.position.copy(at);
      tag.bubble.position.y += 0.09 + tag.bubble.scale.y / 2;
    }
  }
}

function free(sprite: Sprite): void {
  sprite.removeFromParent();
  sprite.material.map?.dispose();
  sprite.material.dispose();
}

/** wrapped returns text in lines of about a width in letters. */
export function wrapped(what: string, width: number): string[] {
  const lines = [""];
  for (const word of what.split(/\s+/).filter(Boolean)) {
    const line = lines[lines.length - 1] as string;
    if (line && line.length + word.length + 1 > width) lines.push(word.slice(0, width));
    else lines[lines.length - 1] = (line ? line + " " : "") + word.slice(0, width);
  }
  return lines.slice(0, 8);
}

function picture(lines: readonly string[], style: { size: number; background: string; color: string; radius: number }): Sprite {
  const canvas = document.createElement("canvas");
  const c = canvas.getContext("2d") as CanvasRenderingContext2D;
  const font = `600 ${style.size}px "Varela Round", system-ui, sans-serif`;
  c.font = font;
  const pad = 16;
  canvas.width = Math.ceil(Math.max(...lines.map((l) => c.measureText(l).width))) + 2 * pad;
  canvas.height = lines.length * style.size * 1.25 + 1.1 * pad;
  c.font = font;
  c.fillStyle = style.background;
  c.beginPath();
  c.roundRect(0, 0, canvas.width, canvas.height, Math.min(style.radius, canvas.height / 2));
  c.fill();
  c.fillStyle = style.color;
  c.textAlign = "center";
  c.textBaseline = "middle";
  lines.forEach((line, i) => c.fillText(line, canvas.width / 2, 0.55 * pad + (i + 0.54) * style.size * 1.25));
  const map = new CanvasTexture(canvas);
  map.colorSpace = SRGBColorSpace;
  const sprite = new Sprite(new SpriteMaterial({ map, transparent: true, depthWrite: false, fog: false, toneMapped: false }));
  sprite.scale.set(canvas.width / pixelsPerMetre, canvas.height / pixelsPerMetre, 1);
  sprite.renderOrder = 5;
  return sprite;
}
