/**
 * Messages on data channels and WebSockets: one byte and a payload. See "Messages" in
 * netcode/PROTOCOL.md.
 */

/** The protocol's channels in versions 4 and 5. */
export const Channel = {
  audio: 0,
  command: 1,
  state: 2,
  asset: 3,
  video: 4,
  clock: 5,
} as const;

const channels = 16;
const partFlag = 0x80;
const goodbye = 0x7f;

/** How much of a packet goes into one message. */
export const partBytes = 16 << 10;

/** How large a packet may be that goes over the live channel; it goes in one message. */
export const liveBytes = 64 << 10;

const maxPacketBytes = 8 << 20;

/** A malformed message. The connection survives it. */
export class FrameError extends Error {}

/** frames returns a packet as the messages that carry it. */
export function* frames(channel: number, packet: Uint8Array, size = partBytes): Generator<Uint8Array<ArrayBuffer>> {
  let at = 0;
  for (; packet.length - at > size; at += size) {
    yield frame(channel | partFlag, packet.subarray(at, at + size));
  }
  yield frame(channel, packet.subarray(at));
}

/** frame returns one message. */
export function frame(first: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(1 + payload.length);
  message[0] = first;
  message.set(payload, 1);
  return message;
}

/** farewell returns the message that says goodbye with a code. */
export function farewell(code: number): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(5);
  message[0] = goodbye;
  new DataView(message.buffer).setUint32(1, code);
  return message;
}

/** What a message comes to. */
export type Received =
  | { kind: "packet"; channel: number; packet: Uint8Array }
  | { kind: "goodbye"; code: number }
  | { kind: "part" };

/** Assembler puts packets together that come in parts. */
export class Assembler {
  #parts = new Map<number, { pieces: Uint8Array[]; bytes: number }>();

  /** take reads one message. What it returns shares memory with the message. */
  take(message: Uint8Array): Received {
    const first = message[0];
    if (first === undefined) throw new FrameError("empty message");
    if (first === goodbye) {
      if (message.length !== 5) throw new FrameError("goodbye without a code");
      return { kind: "goodbye", code: new DataView(message.buffer, message.byteOffset).getUint32(1) };
    }
    const channel = first & ~partFlag;
    if (channel >= channels) throw new FrameError(`no message begins with ${first}`);
    const payload = message.subarray(1);
    const open = this.#parts.get(channel);
    if (first & partFlag) {
      const parts = open ?? { pieces: [], bytes: 0 };
      parts.bytes += payload.length;
      if (parts.bytes > maxPacketBytes) {
        this.#parts.delete(channel);
        throw new FrameError(`packet of more than ${maxPacketBytes} bytes`);
      }
      parts.pieces.push(payload.slice());
      this.#parts.set(channel, parts);
      return { kind: "part" };
    }
    if (!open) return { kind: "packet", channel, packet: payload };
    this.#parts.delete(channel);
    const packet = new Uint8Array(open.bytes + payload.length);
    let at = 0;
    for (const piece of open.pieces) {
      packet.set(piece, at);
      at += piece.length;
    }
    packet.set(payload, at);
    return { kind: "packet", channel, packet };
  }
}
