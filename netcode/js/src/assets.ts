/** Assets: bytes named by their hash. See "Assets" in netcode/PROTOCOL.md. */
import { Channel } from "./frame.js";
import { type JsonObject, format, isObject, parse } from "./json.js";

const prefix = "asset:sha256:";
const Mid = { request: 1, data: 2, failure: 3 } as const;

/** How much is asked for, and answered, at once over the connection. */
const rangeBytes = 64 << 10;

/** How large an asset may be that is fetched over the connection: its size is what a peer says. */
const maxBytes = 256 << 20;

/** How long the place may take to answer a request over the connection. */
const answerMs = 15_000;

/** assetID returns the id of bytes. */
export async function assetID(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return prefix + Array.from(hash, (b) => b.toString(16).padStart(2, "0")).join("");
}

/** hashOf returns the hexadecimal digits of an asset's id, or undefined if it is none. */
export function hashOf(id: string): string | undefined {
  return /^asset:sha256:([0-9a-f]{64})$/.exec(id)?.[1];
}

interface Waiting {
  resolve: (data: { offset: number; total: number; bytes: Uint8Array }) => void;
  reject: (error: Error) => void;
}

/** Assets asks for assets, and answers for those that the agent publishes. */
export class Assets {
  readonly #published = new Map<string, Uint8Array>();
  readonly #waiting = new Map<string, Waiting[]>();
  readonly #origin: string;
  readonly #send: (channel: number, packet: Uint8Array) => void;

  constructor(origin: string, send: (channel: number, packet: Uint8Array) => void) {
    this.#origin = origin;
    this.#send = send;
  }

  /** url returns where a browser gets an asset from, or undefined if id is no asset's. */
  url(id: string, publishedBy = ""): string | undefined {
    const hash = hashOf(id);
    if (!hash) return undefined;
    return `${this.#origin}/assets/${hash}${publishedBy && `?published_by=${encodeURIComponent(publishedBy)}`}`;
  }

  /** publish has the agent answer for bytes, and returns their id. */
  async publish(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
    const id = await assetID(bytes);
    this.#published.set(id, bytes.slice());
    return id;
  }

  /** fetch gets an asset by HTTP, and over the connection where there is no HTTP. */
  async fetch(id: string, publishedBy = "", signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    const url = this.url(id, publishedBy);
    if (!url) throw new Error(`${id} is not the id of an asset`);
    let response: Response | undefined;
    try {
      response = await fetch(url, signal ? { signal } : {});
    } catch (e) {
      if (signal?.aborted) throw e;
    }
    if (response?.ok) return this.#checked(id, new Uint8Array(await response.arrayBuffer()));
    if (response && response.status !== 404 && response.status !== 501) {
      throw new Error(`asset ${id}: ${response.status} ${(await response.text()).trim()}`);
    }
    return this.fetchHere(id, publishedBy, signal);
  }

  /** fetchHere gets an asset over the connection alone. */
  async fetchHere(id: string, publishedBy = "", signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    const first = await this.#range(id, 0, rangeBytes, publishedBy, signal);
    if (!(first.total >= first.bytes.length && first.total <= maxBytes)) {
      throw new Error(`asset ${id}: ${first.total} bytes are more than the ${maxBytes} that are fetched`);
    }
    const all = new Uint8Array(first.total);
    all.set(first.bytes);
    for (let at = first.bytes.length; at < all.length; ) {
      const more = await this.#range(id, at, Math.min(rangeBytes, all.length - at), publishedBy, signal);
      if (more.bytes.length === 0) throw new Error(`asset ${id} ends at ${at} of ${all.length} bytes`);
      all.set(more.bytes, at);
      at += more.bytes.length;
    }
    return this.#checked(id, all);
  }

  // checked returns bytes that are what an id says. Pages without encryption cannot hash, and have to believe.
  async #checked(id: string, bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    if (crypto.subtle && (await assetID(bytes)) !== id) throw new Error(`asset ${id} is not what its id says`);
    return bytes;
  }

  #range(
    id: string, offset: number, length: number, publishedBy: string, signal?: AbortSignal,
  ): Promise<{ offset: number; total: number; bytes: Uint8Array }> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
        const list = this.#waiting.get(id)?.filter((w) => w !== waiting) ?? [];
        if (list.length > 0) this.#waiting.set(id, list);
        else this.#waiting.delete(id);
      };
      const waiting: Waiting = {
        resolve: (d) => { if (d.offset === offset) { done(); resolve(d); } },
        reject: (e) => { done(); reject(e); },
      };
      const timer = setTimeout(() => waiting.reject(new Error(`asset ${id}: no answer`)), answerMs);
      const abort = (): void => waiting.reject(new Error(`asset ${id}: given up`));
      signal?.addEventListener("abort", abort);
      this.#waiting.set(id, [...(this.#waiting.get(id) ?? []), waiting]);
      this.#frame(Mid.request, { id, range: [offset, length], ...(publishedBy && { published_by: publishedBy }) });
    });
  }

  #frame(mid: number, header: JsonObject, bytes: Uint8Array = new Uint8Array()): void {
    const text = format(header);
    const packet = new Uint8Array(4 + text.length + bytes.length);
    const view = new DataView(packet.buffer);
    view.setUint16(0, mid);
    view.setUint16(2, text.length);
    packet.set(text, 4);
    packet.set(bytes, 4 + text.length);
    this.#send(Channel.asset, packet);
  }

  /** receive takes a frame. */
  receive(packet: Uint8Array): void {
    if (packet.length < 4) return;
    const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
    const size = view.getUint16(2);
    if (packet.length < 4 + size) return;
    const header = parse(packet.subarray(4, 4 + size));
    if (!isObject(header) || typeof header["id"] !== "string") return;
    const id = header["id"];
    const [offset, length] = Array.isArray(header["range"]) ? (header["range"] as unknown[]) : [];
    const waiting = this.#waiting.get(id) ?? [];
    switch (view.getUint16(0)) {
      case Mid.request: {
        const bytes = this.#published.get(id);
        if (!bytes || typeof offset !== "number" || typeof length !== "number" || offset < 0 || offset > bytes.length) {
          this.#frame(Mid.failure, { id, error_reason: "not available here", error_code: 1 });
          return;
        }
        const part = bytes.subarray(offset, offset + Math.min(Math.max(length, 0), rangeBytes));
        this.#frame(Mid.data, { id, range: [offset, part.length], total_length: bytes.length }, part);
        return;
      }
      case Mid.data:
        if (typeof offset !== "number" || typeof header["total_length"] !== "number") return;
        for (const w of waiting) w.resolve({ offset, total: header["total_length"], bytes: packet.slice(4 + size) });
        return;
      case Mid.failure:
        for (const w of waiting) w.reject(new Error(`asset ${id}: ${String(header["error_reason"])}`));
    }
  }

  /** lost ends what was asked over a connection. */
  lost(): void {
    for (const list of [...this.#waiting.values()]) for (const w of list) w.reject(new Error("the connection was lost"));
  }
}
