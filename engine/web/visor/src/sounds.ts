/** The sound_effect component. */
import { type JsonObject, type Place } from "@loci-place/client";
import { type Camera, Matrix4, Vector3 } from "three";
import { number, text } from "./json.js";
import type { Node } from "./node.js";
import type { World } from "./world.js";

const at = new Vector3();
const facing = new Vector3();
const rotation = new Matrix4();

interface Playing {
  source: AudioBufferSourceNode;
  panner: PannerNode;
}

/** Sounds plays them where their entities are. */
export class Sounds {
  readonly #place: Place;
  readonly #world: World;
  #context: AudioContext | undefined;
  #volume: GainNode | undefined;
  #wanted = 1;
  readonly #buffers = new Map<string, Promise<AudioBuffer>>();
  readonly #playing = new Map<string, Playing>();

  constructor(place: Place, world: World) {
    this.#place = place;
    this.#world = world;
    place.document.onComponent("sound_effect", (entity, value) => {
      const node = world.node(entity.id);
      this.#stop(entity.id);
      if (value && node) void this.#play(node, value);
    });
  }

  /** start lets the browser play sounds, which it does only after somebody has pressed something. */
  start(): void {
    if (this.#context) return void this.#context.resume();
    this.#context = new AudioContext({ sampleRate: 48_000 }); // that of Opus
    this.#volume = new GainNode(this.#context, { gain: this.#wanted });
    this.#volume.connect(this.#context.destination);
    for (const node of this.#world.nodes) {
      const c = node.entity.components["sound_effect"];
      if (c) void this.#play(node, c);
    }
  }

  /** Where all that is heard goes; undefined before start. */
  get output(): AudioNode | undefined {
    return this.#volume;
  }

  set volume(v: number) {
    this.#wanted = v;
    if (this.#volume) this.#volume.gain.value = v;
  }

  async #play(node: Node, c: JsonObject): Promise<void> {
    const context = this.#context;
    const id = text(c["asset"]);
    if (!context || !this.#volume || !id) return;
    let loading = this.#buffers.get(id);
    if (!loading) {
      loading = this.#world.library.bytes(id, node.id).then((b) => context.decodeAudioData(b.buffer));
      this.#buffers.set(id, loading);
      loading.catch(() => this.#buffers.delete(id));
    }
    let buffer: AudioBuffer;
    try {
      buffer = await loading;
    } catch {
      return; // a sound that is not there is silent
    }
    if (node.entity.components["sound_effect"] !== c) return;
    const now = this.#place.clock.time;
    const starts = number(c["starts_at"], now);
    const offset = Math.min(Math.max(0, number(c["offset"], 0)), buffer.duration);
    const length = Math.min(number(c["length"], buffer.duration - offset), buffer.duration - offset);
    const loops = Math.max(0, number(c["loop_count"], 0));
    if (!(length > 0)) return;
    let since = now - starts;
    if (since >= length * (loops + 1)) return;
    if (since > 0 && since < 0.1) since = 0; // apps say that it starts a little before it can be heard of
    const source = new AudioBufferSourceNode(context, { buffer, loop: loops > 0, loopStart: offset, loopEnd: offset + length });
    const panner = new PannerNode(context, { distanceModel: "inverse", refDistance: 1, rolloffFactor: 1, panningModel: "HRTF" });
    const gain = new GainNode(context, { gain: Math.min(Math.max(0, number(c["volume"], 1)), 4) });
    source.connect(gain).connect(panner).connect(this.#volume);
    const begins = context.currentTime + Math.max(0, -since);
    source.start(begins, offset + (Math.max(0, since) % length));
    source.stop(begins + length * (loops + 1) - Math.max(0, since));
    this.#stop(node.id);
    const playing = { source, panner };
    this.#playing.set(node.id, playing);
    source.onended = () => { if (this.#playing.get(node.id) === playing) this.#playing.delete(node.id); };
  }

  #stop(id: string): void {
    this.#playing.get(id)?.source.stop();
    this.#playing.delete(id);
  }

  /** update keeps sounds where their entities are, and the ears at the head. */
  update(camera: Camera): void {
    const context = this.#context;
    if (!context) return;
    const ears = context.listener;
    rotation.extractRotation(camera.matrixWorld);
    at.setFromMatrixPosition(camera.matrixWorld);
    place(ears.positionX, ears.positionY, ears.positionZ, at);
    place(ears.forwardX, ears.forwardY, ears.forwardZ, facing.set(0, 0, -1).applyMatrix4(rotation));
    place(ears.upX, ears.upY, ears.upZ, facing.set(0, 1, 0).applyMatrix4(rotation));
    for (const [id, { panner }] of this.#playing) {
      const node = this.#world.node(id);
      if (!node) continue;
      at.setFromMatrixPosition(node.object.matrixWorld);
      place(panner.positionX, panner.positionY, panner.positionZ, at);
    }
  }
}

function place(x: AudioParam | undefined, y: AudioParam | undefined, z: AudioParam | undefined, v: Vector3): void {
  if (!x || !y || !z) return; // Firefox has no such parameters of the listener
  x.value = v.x;
  y.value = v.y;
  z.value = v.z;
}
