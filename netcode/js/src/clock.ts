/** The place's clock. See "Clock" in netcode/PROTOCOL.md. */
import { format, isObject, parse } from "./json.js";

/** How many exchanges are looked back on for the quickest, which is the most exact. */
const samples = 16;

/** How fast the clock is brought to a better estimate, so that nothing on it jumps: 1 % of time. */
const slew = 0.01;

/** A difference over which the clock jumps all the same, in seconds. */
const jump = 0.25;

/** Clock estimates the place's clock. */
export class Clock {
  #samples: { rtt: number; offset: number }[] = [];
  #offset = 0;
  #at = 0;
  readonly #now: () => number;

  /** now returns this machine's time in seconds, from any beginning. */
  constructor(now: () => number = () => performance.now() / 1000) {
    this.#now = now;
  }

  /** request returns the message that asks for the time. */
  request(): Uint8Array<ArrayBuffer> {
    return format({ client_time: this.#now() });
  }

  /** receive takes the answer. */
  receive(packet: Uint8Array): void {
    const answer = parse(packet);
    if (!isObject(answer)) return;
    const { client_time: client, server_time: server } = answer;
    const now = this.#now();
    if (typeof client !== "number" || typeof server !== "number" || client > now) return;
    const first = this.#samples.length === 0;
    this.#samples.push({ rtt: now - client, offset: server + (now - client) / 2 - now });
    if (this.#samples.length > samples) this.#samples.shift();
    if (first) this.#offset = this.#best().offset;
  }

  /** restart forgets what is known, as for another connection. */
  restart(): void {
    this.#samples = [];
  }

  #best(): { rtt: number; offset: number } {
    return this.#samples.reduce((a, b) => (b.rtt < a.rtt ? b : a), { rtt: Infinity, offset: this.#offset });
  }

  /** The place's clock in seconds. Until it is known, time since this machine's beginning. */
  get time(): number {
    const now = this.#now();
    const wanted = this.#best().offset;
    const off = wanted - this.#offset;
    if (Math.abs(off) > jump) this.#offset = wanted;
    else {
      const most = slew * Math.max(0, now - this.#at);
      this.#offset += Math.min(Math.max(off, -most), most);
    }
    this.#at = now;
    return now + this.#offset;
  }

  /** Whether the place's clock is known. */
  get known(): boolean {
    return this.#samples.length > 0;
  }

  /** The shortest of the latest round trips to the place and back, in seconds; 0 until there is one. */
  get rtt(): number {
    return this.#samples.length > 0 ? this.#best().rtt : 0;
  }
}
