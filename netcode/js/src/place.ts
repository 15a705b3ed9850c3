/** An agent in a place. */
import { Assets } from "./assets.js";
import { Clock } from "./clock.js";
import { Document } from "./document.js";
import { Channel } from "./frame.js";
import { type Auth, type Key, newNonce, prove } from "./identity.js";
import { type Intent, intentCompact, intentJSON } from "./intent.js";
import { type Json, type JsonObject, format, parse } from "./json.js";
import { Code, type Link, type LinkHandler, type WebSocketConstructor, openWebRTC, openWebSocket } from "./link.js";

/** How to join. */
export interface JoinOptions {
  /** Who the agent says it is. Default: display_name "agent". */
  identity?: JsonObject & { display_name?: string };
  /** What the avatar is made of: components by name, and "children", a list of the same. */
  avatar?: JsonObject;
  /** A key that the agent proves to have, so that it is verified and comes back as the same one. */
  key?: Key;
  /** The avatar id of the agent with the key whose connection was lost just now. */
  resume?: string;
  /** How to connect. Default: by WebRTC where there is such a thing, then by WebSocket. */
  transport?: "auto" | "webrtc" | "websocket";
  /** The protocol's version. Default: 5, and 4 where the place does not speak that. */
  version?: 4 | 5;
  /** The constructor of WebSockets, for programs without one: that of the package ws. */
  webSocket?: WebSocketConstructor;
  /** Intents a second. Default: 20. */
  intentRate?: number;
  /** Whether to connect again when the connection is lost, for up to a minute. Default: true. */
  reconnect?: boolean;
  /** Hears what goes wrong without an end: malformed packets, errors of listeners. Default: console.warn. */
  onError?: (error: unknown) => void;
  /** Gives up joining. */
  signal?: AbortSignal;
}

/** What another agent, or the place, says. */
export interface Interaction {
  readonly type: "request" | "oneway" | "publication";
  /** The entity that says it. */
  readonly from: string;
  /** The agent's entity that it is said to; "" for a publication. */
  readonly to: string;
  /** A list that begins with a verb. */
  readonly body: readonly Json[];
}

/** Answers requests of a verb: returns the answer after the verb, or throws what to answer as an error. */
export type Handler = (request: Interaction) => readonly Json[] | Json | void | Promise<readonly Json[] | Json | void>;

export interface PlaceEvents {
  /** A one-way interaction, or a publication. */
  interaction: (interaction: Interaction) => void;
  /** The connection was lost, and is being made again. */
  lost: () => void;
  /** It is back: as the same agent if resumed, else as a new one with another avatar. */
  reconnect: (resumed: boolean) => void;
  /** The end, with the code and what it means. Nothing comes after it. */
  close: (code: number, reason: string) => void;
  /** A media packet of a track. */
  media: (track: number, payload: Uint8Array) => void;
}

/** A request that was answered with an error, or not at all. */
export class RequestError extends Error {
  /** The answer, if there was one. */
  readonly body: readonly Json[];
  constructor(message: string, body: readonly Json[] = []) {
    super(message);
    this.body = body;
  }
}

/** The place refused the agent, or ended the connection. */
export class ClosedError extends Error {
  readonly code: number;
  constructor(code: number, reason: string) {
    super(reason);
    this.code = code;
  }
}

const reasons: Record<number, string> = {
  1000: "the connection was lost",
  1001: "left",
  1003: "the place does not speak this version",
  1005: "sent away",
  1100: "the place closes",
  1101: "too many senseless messages",
  1102: "sent or left unread more than a limit allows",
  1103: "the place refused the announce",
  1104: "did not announce itself in time",
  1105: "the announce made no sense",
  1106: "did not prove the key",
  1107: "came back over another connection",
  1108: "too many connections from this address",
  1109: "the place is full",
};

const requestMs = 15_000;
const openMs = 5_000;
const announceMs = 15_000;
const clockMs = 1_000;
const reconnectMs = 60_000;
const retryMs = { least: 100, most: 1_000 };

// Codes after which coming back makes sense: the line was lost, or the place went, perhaps to restart.
const returnable: ReadonlySet<number> = new Set([Code.lost, Code.closed]);

interface Pending {
  resolve: (body: readonly Json[]) => void;
  reject: (error: Error) => void;
  timer: ReturnType<typeof setTimeout>;
}

/** join joins a place: url is its origin, such as https://lobby.example.org. */
export async function join(url: string | URL, options: JoinOptions = {}): Promise<Place> {
  const place = new Place(new URL(url, globalThis.location?.href).origin, options);
  await place.open();
  return place;
}

/** Place is an agent's connection to a place. Make one with {@link join}. */
export class Place implements LinkHandler {
  /** Where the place is. */
  readonly origin: string;
  /** What the place's entities are. */
  readonly document: Document;
  /** The place's clock. */
  readonly clock = new Clock();
  /** The place's assets. */
  readonly assets: Assets;

  /** What the avatar does. Change it at any time: it is sent 20 times a second. */
  readonly intent: Intent = {};

  #name = "";
  #avatar = "";
  #link: Link | undefined;
  #version: 4 | 5;
  #ended = false;
  #joined = false;
  #returning = false;
  #lastID = 0;
  #announced: { id: string; body: Uint8Array<ArrayBuffer>; auth: Auth | undefined } | undefined;
  readonly #options: JoinOptions;
  readonly #pending = new Map<string, Pending>();
  readonly #handlers = new Map<string, Handler>();
  readonly #subscriptions = new Map<string, string>();
  readonly #timers: ReturnType<typeof setInterval>[] = [];
  readonly #listeners: { [K in keyof PlaceEvents]: Set<PlaceEvents[K]> } = {
    interaction: new Set(), lost: new Set(), reconnect: new Set(), close: new Set(), media: new Set(),
  };

  /** @internal */
  constructor(origin: string, options: JoinOptions) {
    this.origin = origin;
    this.#options = options;
    this.#version = options.version ?? 5;
    this.#avatar = options.resume ?? "";
    this.document = new Document((e) => this.#report(e));
    this.assets = new Assets(origin, (channel, packet) => this.#link?.send(channel, packet));
  }

  /** The place's name. */
  get name(): string { return this.#name; }
  /** The id of the agent's avatar. It changes if the agent comes back as a new one. */
  get avatar(): string { return this.#avatar; }
  /** What carries the connection; undefined while there is none. */
  get transport(): "webrtc" | "websocket" | undefined { return this.#link?.kind; }
  /** The protocol's version that is spoken. */
  get version(): 4 | 5 { return this.#version; }
  /** The agent's public key in base64, if it has one. */
  get key(): string | undefined { return this.#options.key?.public; }

  /** on calls a function with what happens, until the function that it returns is called. */
  on<K extends keyof PlaceEvents>(event: K, listener: PlaceEvents[K]): () => void {
    this.#listeners[event].add(listener);
    return () => void this.#listeners[event].delete(listener);
  }

  /** request asks an entity, or "place", and returns the answer: a list that begins with the verb. */
  request(to: string, body: readonly unknown[], options: { from?: string; timeout?: number } = {}): Promise<readonly Json[]> {
    return new Promise((resolve, reject) => {
      if (!this.#link) {
        reject(new RequestError("there is no connection"));
        return;
      }
      const id = String(++this.#lastID);
      this.#await(id, resolve, reject, options.timeout ?? requestMs);
      this.#command(["interaction", "request", options.from ?? "", to, id, body]);
    });
  }

  #await(id: string, resolve: Pending["resolve"], reject: Pending["reject"], timeout: number): void {
    const timer = setTimeout(() => {
      this.#pending.delete(id);
      reject(new RequestError(`no answer within ${timeout / 1000} s`));
    }, timeout);
    this.#pending.set(id, { resolve, reject, timer });
  }

  /** send says something to an entity one-way. */
  send(to: string, body: readonly unknown[], from = ""): void {
    this.#command(["interaction", "oneway", from, to, "", body]);
  }

  /** publish says something to all agents that have subscribed to it. */
  publish(body: readonly unknown[], from = ""): void {
    this.#command(["interaction", "publication", from, "", "", body]);
  }

  /**
   * subscribe has publications that match a pattern come as interactions, such as `["chat", _]`. The
   * patterns are those of acl/README.md. It returns a function that ends the subscription. It is made
   * again where the agent comes back as a new one.
   */
  async subscribe(pattern: string): Promise<() => Promise<void>> {
    const [, id] = await this.request("place", ["subscribe", pattern]);
    const own = { id: String(id) };
    this.#subscriptions.set(own.id, pattern);
    return async () => {
      const now = [...this.#subscriptions].find(([, p]) => p === pattern)?.[0] ?? own.id;
      this.#subscriptions.delete(now);
      await this.request("place", ["unsubscribe", now]);
    };
  }

  /** handle answers requests of a verb, instead of the error that others are answered with. */
  handle(verb: string, handler: Handler): void {
    this.#handlers.set(verb, handler);
  }

  /** change replaces components of an entity, and removes others. */
  async change(entity: string, components: JsonObject, remove: readonly string[] = []): Promise<void> {
    await this.request("place", ["change_components", entity, "add_or_change", components, "remove", remove]);
  }

  /** spawn makes an entity, with "children" if there are any, and returns its id. */
  async spawn(spec: JsonObject): Promise<string> {
    return String((await this.request("place", ["spawn_entity", spec]))[1]);
  }

  /** sendMedia sends a packet of a track that the agent has allocated. */
  sendMedia(track: number, payload: Uint8Array, kind: "audio" | "video" = "audio"): void {
    const packet = new Uint8Array(4 + payload.length);
    new DataView(packet.buffer).setUint32(0, track);
    packet.set(payload, 4);
    this.#link?.send(Channel[kind], packet);
  }

  /** sendIntent sends the intent at once, as after a change that should not wait. */
  sendIntent(): void {
    const ack = this.document.acknowledge;
    this.#link?.send(Channel.state, this.#version === 5 ? intentCompact([this.intent], ack) : intentJSON(this.intent, ack));
  }

  /** leave says goodbye. The agent is gone at once. */
  leave(): void {
    if (this.#ended) return;
    const link = this.#link;
    this.#close(Code.left, "left");
    link?.close(Code.left);
  }

  /** @internal */
  async open(): Promise<void> {
    try {
      await this.#connect(this.#options.signal);
    } catch (e) {
      this.#ended = true;
      this.#drop();
      throw e;
    }
    this.#joined = true;
    this.#timers.push(setInterval(() => this.sendIntent(), 1000 / (this.#options.intentRate ?? 20)));
    this.#timers.push(setInterval(() => this.#link?.send(Channel.clock, this.clock.request()), clockMs));
  }

  async #connect(signal: AbortSignal | undefined): Promise<void> {
    this.document.restart();
    this.clock.restart();
    this.#link = await this.#dial(signal);
    try {
      await this.#announce();
    } catch (e) {
      this.#link?.close(Code.left);
      this.#link = undefined;
      if (e instanceof ClosedError && e.code === Code.outdated && this.#version === 5 && !this.#options.version) {
        this.#version = 4;
        return this.#connect(signal);
      }
      throw e;
    }
    for (let i = 0; i < 3; i++) this.#link.send(Channel.clock, this.clock.request());
  }

  async #dial(signal: AbortSignal | undefined): Promise<Link> {
    const how = this.#options.transport ?? "auto";
    const make = this.#options.webSocket ?? (globalThis.WebSocket as WebSocketConstructor | undefined);
    if (how !== "websocket" && "RTCPeerConnection" in globalThis) {
      try {
        return await openWebRTC(this.origin, this, within(openMs, signal));
      } catch (e) {
        if (how === "webrtc" || signal?.aborted) throw e;
      }
    } else if (how === "webrtc") {
      throw new Error("there is no WebRTC here");
    }
    if (!make) throw new Error("there is no WebSocket here: give one in options.webSocket");
    return openWebSocket(this.origin, this, make, within(openMs, signal));
  }

  async #announce(): Promise<void> {
    const { key, identity, avatar } = this.#options;
    let auth: Auth | undefined;
    if (key) {
      auth = { ed25519: key.public, dialed: this.origin, nonce: newNonce(), ...(this.#avatar && { resume: this.#avatar }) };
    }
    const who: JsonObject = { display_name: "agent", ...identity, ...(auth && { auth: auth as unknown as JsonObject }) };
    const body = format(["announce", "version", this.#version, "identity", who, "spawn_avatar", avatar ?? {}]);
    const id = String(++this.#lastID);
    this.#announced = { id, body, auth };
    const text = new TextDecoder();
    const answer = new Promise<readonly Json[]>((resolve, reject) => this.#await(id, resolve, reject, announceMs));
    // The body is signed byte for byte, so it goes as it is.
    this.#link?.send(Channel.command, new TextEncoder().encode(`["interaction","request","","place","${id}",${text.decode(body)}]`));
    try {
      const [, avatarID, name] = await answer;
      this.#avatar = String(avatarID);
      this.#name = String(name);
    } catch (e) {
      const refused = e instanceof RequestError && e.body[1] === "error";
      throw refused ? new ClosedError(Number(e.body[2]), String(e.body[3])) : e;
    } finally {
      this.#announced = undefined;
    }
  }

  /** @internal */
  packet(channel: number, packet: Uint8Array): void {
    try {
      switch (channel) {
        case Channel.command: return this.#receive(parse(packet));
        case Channel.state: return void (this.#version === 5 ? this.document.applyCompact(packet) : this.document.applyJSON(packet));
        case Channel.asset: return this.assets.receive(packet);
        case Channel.clock: return this.clock.receive(packet);
        case Channel.audio:
        case Channel.video:
          if (packet.length >= 4) {
            const track = new DataView(packet.buffer, packet.byteOffset).getUint32(0);
            this.#emit("media", track, packet.slice(4));
          }
      }
    } catch (e) {
      this.#report(e);
    }
  }

  #receive(i: Json): void {
    if (!Array.isArray(i) || i[0] !== "interaction") return;
    const [, type, from, to, id, body] = i as [string, string, string, string, string, Json];
    if (!Array.isArray(body)) return;
    const list = body as readonly Json[];
    if (type === "response") {
      const pending = this.#pending.get(id);
      if (!pending) return;
      this.#pending.delete(id);
      clearTimeout(pending.timer);
      const error = failure(list);
      if (error) pending.reject(error);
      else pending.resolve(list);
    } else if (list[0] === "challenge" && from === "place" && this.#announced) {
      void this.#prove(list);
    } else if (type === "request") {
      void this.#answer({ type, from, to, body: list }, id);
    } else if (type === "oneway" || type === "one-way" || type === "publication") {
      this.#emit("interaction", { type: type === "publication" ? type : "oneway", from, to, body: list });
    }
  }

  async #prove(body: readonly Json[]): Promise<void> {
    const { key } = this.#options;
    const announced = this.#announced;
    if (!key || !announced?.auth) return;
    const [, nonce, name, placeKey, lifetime, signature] = body.map(String) as [string, string, string, string, string, string];
    try {
      const proof = await prove(key, announced.auth, announced.body, { nonce, name, key: placeKey, lifetime, signature });
      this.send("place", ["prove", proof]);
    } catch (e) {
      this.#pending.get(announced.id)?.reject(e as Error);
    }
  }

  async #answer(request: Interaction, id: string): Promise<void> {
    const verb = String(request.body[0]);
    let answer: readonly unknown[];
    try {
      const handler = this.#handlers.get(verb);
      if (!handler) throw new Error(`${verb} is not understood here`);
      const items = await handler(request);
      answer = [verb, ...(Array.isArray(items) ? items : items === undefined ? ["ok"] : [items])];
    } catch (e) {
      answer = [verb, "error", e instanceof Error ? e.message : String(e)];
    }
    this.#command(["interaction", "response", request.to, request.from, id, answer]);
  }

  #command(interaction: readonly unknown[]): void {
    this.#link?.send(Channel.command, format(interaction));
  }

  /** @internal */
  ended(code: number): void {
    this.#drop(code);
    if (!this.#joined || this.#ended || this.#returning) return;
    if ((this.#options.reconnect ?? true) && returnable.has(code)) void this.#comeBack(code);
    else this.#close(code);
  }

  async #comeBack(code: number): Promise<void> {
    this.#returning = true;
    this.#emit("lost");
    const until = Date.now() + reconnectMs;
    const before = this.#avatar;
    for (let wait = retryMs.least; !this.#ended && Date.now() < until; wait = Math.min(2 * wait, retryMs.most)) {
      try {
        await this.#connect(undefined);
      } catch (e) {
        if (e instanceof ClosedError && !returnable.has(e.code)) return this.#close(e.code, e.message);
        await new Promise((resolve) => setTimeout(resolve, wait * (0.75 + Math.random() / 2)));
        continue;
      }
      if (this.#ended) {
        this.#link?.close(Code.left);
        return;
      }
      this.#returning = false;
      const resumed = this.#avatar === before;
      if (!resumed) await this.#resubscribe();
      return this.#emit("reconnect", resumed);
    }
    if (!this.#ended) this.#close(code);
  }

  async #resubscribe(): Promise<void> {
    const patterns = [...this.#subscriptions.values()];
    this.#subscriptions.clear();
    for (const pattern of patterns) {
      await this.request("place", ["subscribe", pattern]).then(
        ([, id]) => this.#subscriptions.set(String(id), pattern),
        (e: unknown) => this.#report(e),
      );
    }
  }

  #drop(code: number = Code.lost): void {
    this.#link = undefined;
    for (const pending of this.#pending.values()) {
      clearTimeout(pending.timer);
      pending.reject(new ClosedError(code, reasons[code] ?? `ended with ${code}`));
    }
    this.#pending.clear();
    this.assets.lost();
  }

  #close(code: number, reason = reasons[code] ?? `ended with ${code}`): void {
    this.#ended = true;
    for (const timer of this.#timers) clearInterval(timer);
    this.#drop(code);
    this.#emit("close", code, reason);
  }

  #emit<K extends keyof PlaceEvents>(event: K, ...args: Parameters<PlaceEvents[K]>): void {
    for (const listener of this.#listeners[event]) {
      try {
        (listener as (...args: unknown[]) => void)(...args);
      } catch (e) {
        this.#report(e);
      }
    }
  }

  #report(e: unknown): void {
    (this.#options.onError ?? ((error) => console.warn("loci:", error)))(e);
  }
}

// failure returns the error that an answer stands for, if it does.
function failure(body: readonly Json[]): RequestError | undefined {
  if (body[0] === "interaction_denied") return new RequestError(`denied by the rule ${JSON.stringify(body[2])}`, body);
  if (body[1] === "error" || body[1] === "failed") {
    return new RequestError(body.slice(2).map((v) => (typeof v === "string" ? v : JSON.stringify(v))).join(" "), body);
  }
  return undefined;
}

function within(ms: number, signal: AbortSignal | undefined): AbortSignal {
  const timeout = AbortSignal.timeout(ms);
  return signal ? AbortSignal.any([signal, timeout]) : timeout;
}

