/** Voices: what the microphone hears goes to the place as Opus, and what others say is heard where they are. */
import { type Entity, type JsonObject, type Place } from "@loci-place/client";
import { Vector3 } from "three";
import type { Body } from "./body.js";
import { isNumber, text } from "./json.js";
import type { Sounds } from "./sounds.js";
import type { World } from "./world.js";

export const sampleRate = 48_000;
const frameSamples = 960; // 20 ms

/** How much of a voice is kept before it is heard, so that what comes late is in time, in seconds. */
const buffered = 0.08;
/** More than this is too late: it is left out until the voice is up to date again. */
const tooMuch = 0.4;
/** A level from which somebody counts as speaking. */
const speakingLevel = 0.01;
/** Opus of less is silence. */
const leastBytes = 3;

const at = new Vector3();

interface Speaker {
  readonly entity: string;
  readonly decoder: AudioDecoder;
  readonly panner: PannerNode;
  next: number; // when what comes next is heard, on the context's clock
}

/** canHear and canSpeak report what the browser is able to. */
export const canHear = (): boolean => "AudioDecoder" in globalThis;
export const canSpeak = (): boolean =>
  "AudioEncoder" in globalThis && "AudioWorkletNode" in globalThis && navigator.mediaDevices !== undefined;

/** Voice carries voices. */
export class Voice {
  /** Told when somebody says something, by their avatar. */
  onSpeaking: (avatar: string) => void = () => undefined;

  readonly #place: Place;
  readonly #world: World;
  readonly #body: Body;
  readonly #sounds: Sounds;
  readonly #speakers = new Map<number, Speaker>();
  #encoder: AudioEncoder | undefined;
  #on = false;
  #stream: MediaStream | undefined;
  #track: { id: number; head: string } | undefined;
  #samples = 0;

  constructor(place: Place, world: World, body: Body, sounds: Sounds) {
    this.#place = place;
    this.#world = world;
    this.#body = body;
    this.#sounds = sounds;
    if (!canHear()) return;
    place.document.onComponent("live_media", (entity, value, before) => {
      if (isNumber(before?.["track_id"])) this.#forget(before["track_id"]);
      if (value) this.#listen(entity, value);
    });
    place.on("media", (track, payload) => this.#hear(track, payload));
    place.on("reconnect", () => {
      for (const entity of place.document.entities.values()) {
        const c = entity.components["live_media"];
        if (c) this.#listen(entity, c);
      }
    });
  }

  #own(id: string): boolean {
    return this.#world.below(this.#world.node(id), this.#place.avatar);
  }

  #listen(entity: Entity, c: JsonObject): void {
    const track = c["track_id"];
    const output = this.#sounds.output;
    if (!isNumber(track) || c["type"] !== "audio" || text(c["format"]) !== "opus" || !output || this.#own(entity.id)) return;
    this.#forget(track);
    const panner = new PannerNode(output.context, { distanceModel: "inverse", refDistance: 1, rolloffFactor: 1, panningModel: "HRTF" });
    panner.connect(output);
    const decoder = new AudioDecoder({
      output: (data) => this.#play(track, data),
      error: () => this.#forget(track), // what makes no sense is not heard
    });
    decoder.configure({ codec: "opus", sampleRate, numberOfChannels: 1 });
    this.#speakers.set(track, { entity: entity.id, decoder, panner, next: 0 });
    this.#place.request("place", ["media_track", track, "subscribe"]).catch(() => undefined); // gone already
  }

  #forget(track: number): void {
    const speaker = this.#speakers.get(track);
    if (!speaker) return;
    this.#speakers.delete(track);
    speaker.panner.disconnect();
    if (speaker.decoder.state !== "closed") speaker.decoder.close();
  }

  #hear(track: number, payload: Uint8Array): void {
    const speaker = this.#speakers.get(track);
    if (!speaker || payload.length < leastBytes || speaker.decoder.state !== "configured") return;
    speaker.decoder.decode(new EncodedAudioChunk({ type: "key", timestamp: 0, data: payload as Uint8Array<ArrayBuffer> }));
  }

  #play(track: number, data: AudioData): void {
    const speaker = this.#speakers.get(track);
    const context = speaker?.panner.context;
    if (!speaker || !context || data.numberOfFrames === 0) return data.close();
    const buffer = new AudioBuffer({ length: data.numberOfFrames, sampleRate: data.sampleRate });
    const samples = buffer.getChannelData(0);
    data.copyTo(samples, { planeIndex: 0, format: "f32-planar" });
    data.close();
    if (level(samples) > speakingLevel) this.onSpeaking(this.#avatarOf(speaker.entity));
    const now = context.currentTime;
    if (speaker.next < now) speaker.next = now + buffered;
    if (speaker.next > now + tooMuch) return;
    const source = new AudioBufferSourceNode(context, { buffer });
    source.connect(speaker.panner);
    source.start(speaker.next);
    speaker.next += buffer.duration;
  }

  #avatarOf(id: string): string {
    let node = this.#world.node(id);
    for (let i = 0; node?.parent && i < 64; i++) node = this.#world.node(node.parent);
    return node?.id ?? id;
  }

  get on(): boolean {
    return this.#on;
  }

  /** speak turns the microphone on, which the browser asks for the first time, or off. */
  async speak(on: boolean): Promise<void> {
    this.#on = on;
    if (!on) {
      for (const t of this.#stream?.getTracks() ?? []) t.stop(); // the browser then shows that nobody listens
      this.#stream = undefined;
      return;
    }
    try {
      await this.#allocate();
      await this.#open();
    } catch (e) {
      this.#on = false;
      throw e;
    }
  }

  async #allocate(): Promise<void> {
    const head = this.#body.part("head")?.id;
    if (!head) throw new Error("the avatar has no head");
    if (this.#track?.head === head) return;
    const form = { sample_rate: sampleRate, channel_count: 1, channel_layout: "mono" };
    const [, , id] = await this.#place.request("place", ["allocate_track", "audio", "opus", form], { from: head });
    if (!isNumber(id)) throw new Error("the place gives no track");
    this.#track = { id, head };
  }

  async #open(): Promise<void> {
    const output = this.#sounds.output;
    if (!output) throw new Error("there is no sound");
    const context = output.context as AudioContext;
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    });
    this.#stream = stream;
    await context.audioWorklet.addModule("microphone.js");
    const worklet = new AudioWorkletNode(context, "microphone");
    const silent = new GainNode(context, { gain: 0 }); // what leads nowhere would not run
    const source = new MediaStreamAudioSourceNode(context, { mediaStream: stream });
    source.connect(worklet).connect(silent).connect(context.destination);
    stream.getTracks()[0]?.addEventListener("ended", () => source.disconnect());
    this.#encoder ??= this.#newEncoder();
    worklet.port.onmessage = (e: MessageEvent<Float32Array<ArrayBuffer>>) => {
      if (!this.#on || this.#stream !== stream) {
        worklet.port.onmessage = null;
        source.disconnect();
        worklet.disconnect();
        silent.disconnect();
        return;
      }
      this.#samples += frameSamples;
      const data = new AudioData({
        format: "f32-planar", sampleRate, numberOfFrames: frameSamples, numberOfChannels: 1,
        timestamp: (this.#samples * 1e6) / sampleRate, data: e.data,
      });
      this.#encoder?.encode(data);
      data.close();
      if (level(e.data) > speakingLevel) this.onSpeaking(this.#place.avatar);
    };
  }

  #newEncoder(): AudioEncoder {
    const encoder = new AudioEncoder({
      output: (chunk) => {
        if (!this.#on || !this.#track || chunk.byteLength < leastBytes) return;
        const bytes = new Uint8Array(chunk.byteLength);
        chunk.copyTo(bytes);
        this.#place.sendMedia(this.#track.id, bytes);
      },
      error: () => { this.#encoder = undefined; },
    });
    encoder.configure({
      codec: "opus", sampleRate, numberOfChannels: 1, bitrate: 32_000,
      opus: { application: "voip", frameDuration: 20_000, usedtx: true },
    } as AudioEncoderConfig);
    return encoder;
  }

  /** update keeps voices where the heads are. */
  update(): void {
    for (const { entity, panner } of this.#speakers.values()) {
      const node = this.#world.node(entity);
      if (!node) continue;
      at.setFromMatrixPosition(node.object.matrixWorld);
      panner.positionX.value = at.x;
      panner.positionY.value = at.y;
      panner.positionZ.value = at.z;
    }
  }
}

function level(samples: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i += 4) sum += (samples[i] as number) ** 2;
  return Math.sqrt((4 * sum) / Math.max(1, samples.length));
}
