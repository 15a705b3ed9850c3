/**
 * Placements of the compact dialect: a position in millimetres, a rotation of 32 or 48 bits, and a
 * scale. See "Placements" in netcode/PROTOCOL.md.
 */
import { FrameError } from "./frame.js";

/** 16 numbers, column by column. */
export type Matrix = readonly number[];

export const identity: Matrix = Object.freeze([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);

// Flags of a record or a pose.
export const Flag = {
  id: 0x01,
  components: 0x02,
  position: 0x04,
  short: 0x08,
  long: 0x10,
  scale: 0x20,
  origin: 0x40,
  matrix: 0x80,
} as const;

const parts = Flag.position | Flag.short | Flag.long | Flag.scale;
const shortLimit = 511;
const longLimit = 16383;
const maxMillimetres = 2 ** 30;

/** Where an entity is, as later states change it. It is never changed once it is in a document. */
export interface Placement {
  readonly x: number;
  readonly y: number;
  readonly z: number;
  /** The quaternion times limit · √2. */
  readonly q: readonly [number, number, number, number];
  readonly limit: number;
  /** Which component is left out: 0 to 3 for x, y, z, w. */
  readonly largest: number;
  readonly scale: readonly [number, number, number];
}

const unscaled: Placement["scale"] = [1, 1, 1];
const unturned: Placement["q"] = [0, 0, 0, Math.sqrt(2 * shortLimit * shortLimit)];
export const origin: Placement = { x: 0, y: 0, z: 0, q: unturned, limit: shortLimit, largest: 3, scale: unscaled };

/** matrixOf returns the matrix that a placement stands for, to the bit as the place has it. */
export function matrixOf(p: Placement): Matrix {
  const [X, Y, Z, W] = p.q;
  const D = p.limit * p.limit;
  const [sx, sy, sz] = p.scale;
  return [
    (1 - (Y * Y + Z * Z) / D) * sx + 0, ((X * Y + W * Z) / D) * sx + 0, ((X * Z - W * Y) / D) * sx + 0, 0,
    ((X * Y - W * Z) / D) * sy + 0, (1 - (X * X + Z * Z) / D) * sy + 0, ((Y * Z + W * X) / D) * sy + 0, 0,
    ((X * Z + W * Y) / D) * sz + 0, ((Y * Z - W * X) / D) * sz + 0, (1 - (X * X + Y * Y) / D) * sz + 0, 0,
    p.x / 1000, p.y / 1000, p.z / 1000, 1,
  ];
}

/** Reader reads the fields of compact messages. Reading past the end throws. */
export class Reader {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  #take(size: number): number {
    const at = this.#at;
    if (size > this.left) throw new FrameError("message ends early");
    this.#at += size;
    return at;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  f32(): number {
    return this.#view.getFloat32(this.#take(4));
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8));
  }

  varint(): number {
    let value = 0;
    for (let i = 0, factor = 1; i < 5; i++, factor *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) {
        if (value > 0xffffffff) break;
        return value;
      }
    }
    throw new FrameError("number of more than 32 bits");
  }

  zigzag(): number {
    const v = this.varint();
    return (v >>> 1) ^ -(v & 1);
  }

  text(): string {
    const size = this.varint();
    const at = this.#take(size);
    return decoder.decode(this.#bytes.subarray(at, at + size));
  }

  name(): string {
    const name = this.text();
    if (name === "" || name.includes("\0")) throw new FrameError("empty name");
    return name;
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What becomes of a placement: a new one, none but a matrix in full, or none. */
export type Placed = { placement: Placement | undefined; matrix: Matrix | undefined };

/** readPlacement reads what follows the flags of a record, of an entity that was at base. */
export function readPlacement(r: Reader, flags: number, base: Placement | undefined): Placed {
  if (flags & Flag.matrix) {
    if (flags & parts) throw new FrameError("flags that do not go together");
    if (flags & Flag.origin) return { placement: undefined, matrix: undefined };
    const matrix: number[] = [];
    for (let i = 0; i < 16; i++) {
      const v = r.f64();
      if (!Number.isFinite(v)) throw new FrameError("number that is not finite");
      matrix.push(v);
    }
    return { placement: undefined, matrix };
  }
  if (flags & Flag.origin) base = origin;
  if (!(flags & (parts | Flag.origin))) return { placement: base, matrix: undefined };
  if (!base) throw new FrameError("a placement changes that is not there");
  let { x, y, z, q, limit, largest, scale } = base;
  if (flags & Flag.position) {
    x += r.zigzag();
    y += r.zigzag();
    z += r.zigzag();
    if (Math.max(Math.abs(x), Math.abs(y), Math.abs(z)) > maxMillimetres) throw new FrameError("position too far away");
  }
  if (flags & Flag.short && flags & Flag.long) throw new FrameError("flags that do not go together");
  if (flags & Flag.short) {
    const code = r.u32();
    limit = shortLimit;
    largest = code >>> 30;
    q = quaternion(largest, (code >>> 20) & 1023, (code >>> 10) & 1023, code & 1023, limit);
  } else if (flags & Flag.long) {
    const a = r.u16(), b = r.u16(), c = r.u16();
    if (c & 0x8000) throw new FrameError("rotation that is none");
    limit = longLimit;
    largest = ((a >>> 15) << 1) | (b >>> 15);
    q = quaternion(largest, a & 0x7fff, b & 0x7fff, c, limit);
  }
  if (flags & Flag.scale) {
    scale = [r.f32(), r.f32(), r.f32()];
    for (const s of scale) {
      if (!(s > 0 && Number.isFinite(s))) throw new FrameError("scale that is not more than 0");
    }
  }
  return { placement: { x, y, z, q, limit, largest, scale }, matrix: undefined };
}

function quaternion(largest: number, a: number, b: number, c: number, limit: number): Placement["q"] {
  a -= limit;
  b -= limit;
  c -= limit;
  const square = 2 * limit * limit - a * a - b * b - c * c;
  if (Math.max(a, b, c) > limit || square < 0) throw new FrameError("rotation that is none");
  const root = Math.sqrt(square);
  switch (largest) {
    case 0: return [root, a, b, c];
    case 1: return [a, root, b, c];
    case 2: return [a, b, root, c];
    default: return [a, b, c, root];
  }
}

/** Writer writes the fields of compact messages. */
export class Writer {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  #room(size: number): number {
    const at = this.#at;
    this.#at += size;
    if (this.#at > this.#bytes.length) {
      const grown = new Uint8Array(2 * this.#at);
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return at;
  }

  u8(v: number): void { const at = this.#room(1); this.#view.setUint8(at, v); }
  u16(v: number): void { const at = this.#room(2); this.#view.setUint16(at, v); }
  u32(v: number): void { const at = this.#room(4); this.#view.setUint32(at, v); }
  f32(v: number): void { const at = this.#room(4); this.#view.setFloat32(at, v); }
  f64(v: number): void { const at = this.#room(8); this.#view.setFloat64(at, v); }

  varint(v: number): void {
    for (; v >= 0x80; v = Math.floor(v / 128)) this.u8((v % 128) | 0x80);
    this.u8(v);
  }

  zigzag(v: number): void {
    this.varint(((v << 1) ^ (v >> 31)) >>> 0);
  }

  text(s: string): void {
    const bytes = encoder.encode(s);
    this.varint(bytes.length);
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** done returns what was written. */
  done(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#at);
  }
}

const encoder = new TextEncoder();

const tolerance = 2 * (0.1 * Math.PI / 180) ** 2;
const unscaledWithin = 0.0001;
const leastScale = 0.000001;

/** placementOf finds the placement that stands for a matrix, if there is one. */
export function placementOf(m: Matrix): Placement | undefined {
  if (m.length !== 16 || m[3] !== 0 || m[7] !== 0 || m[11] !== 0 || m[15] !== 1) return undefined;
  const position: number[] = [];
  for (let i = 12; i < 15; i++) {
    const mm = roundAway((m[i] as number) * 1000);
    if (!(Math.abs(mm) <= maxMillimetres)) return undefined;
    position.push(mm + 0);
  }
  const scale: number[] = [];
  const r: number[] = [];
  for (let c = 0; c < 3; c++) {
    const a = m[4 * c] as number, b = m[4 * c + 1] as number, d = m[4 * c + 2] as number;
    let s = Math.fround(Math.sqrt(a * a + b * b + d * d));
    if (Math.abs(s - 1) <= unscaledWithin) s = 1;
    if (!(s >= leastScale && s < Infinity)) return undefined;
    scale.push(s);
    r.push(a / s, b / s, d / s);
  }
  for (const limit of [shortLimit, longLimit]) {
    const turned = rotationOf(r, limit);
    if (!turned) return undefined;
    const p: Placement = {
      x: position[0] as number, y: position[1] as number, z: position[2] as number,
      ...turned, limit, scale: scale as unknown as Placement["scale"],
    };
    const back = matrixOf({ ...p, scale: unscaled });
    let off = 0;
    for (let c = 0; c < 3; c++) {
      for (let i = 0; i < 3; i++) off += ((back[4 * c + i] as number) - (r[3 * c + i] as number)) ** 2;
    }
    if (off <= tolerance) return p;
  }
  return undefined;
}

function roundAway(v: number): number {
  return v < 0 ? -Math.round(-v) : Math.round(v);
}

/** rotationOf returns the rotation nearest to 9 numbers, column by column, as far as they are one. */
function rotationOf(m: readonly number[], limit: number): { largest: number; q: Placement["q"] } | undefined {
  const [a, b, c, d, e, f, g, h, i] = m as [number, number, number, number, number, number, number, number, number];
  // Four times the square of the largest component, and its products with the others.
  const trace = a + e + i;
  let largest: number, square: number, rest: [number, number, number];
  if (trace >= a && trace >= e && trace >= i) [largest, square, rest] = [3, 1 + trace, [f - h, g - c, b - d]];
  else if (a >= e && a >= i) [largest, square, rest] = [0, 1 + a - e - i, [b + d, c + g, f - h]];
  else if (e >= i) [largest, square, rest] = [1, 1 + e - a - i, [b + d, f + h, g - c]];
  else [largest, square, rest] = [2, 1 + i - a - e, [c + g, f + h, b - d]];
  if (!(square >= 0.5)) return undefined;
  const unit = (limit * Math.SQRT2) / 2 / Math.sqrt(square);
  const [x, y, z] = rest.map((v) => roundAway(v * unit)) as [number, number, number];
  if (!(Math.max(Math.abs(x), Math.abs(y), Math.abs(z)) <= limit) || x * x + y * y + z * z > 2 * limit * limit) return undefined;
  return { largest, q: quaternion(largest, x + limit, y + limit, z + limit, limit) };
}

/** writePose writes a pose: a placement from the origin, or the matrix in full. */
export function writePose(w: Writer, m: Matrix): void {
  const p = placementOf(m);
  if (!p || (isOrigin(p) && !isIdentity(m))) {
    w.u8(Flag.matrix);
    for (let i = 0; i < 16; i++) w.f64(m[i] as number);
    return;
  }
  const turned = p.largest !== 3 || p.limit !== shortLimit || p.q[0] !== 0 || p.q[1] !== 0 || p.q[2] !== 0;
  const moved = p.x !== 0 || p.y !== 0 || p.z !== 0;
  const scaled = p.scale.some((s) => s !== 1);
  w.u8(
    Flag.origin | (moved ? Flag.position : 0) | (scaled ? Flag.scale : 0) |
    (turned ? (p.limit === longLimit ? Flag.long : Flag.short) : 0),
  );
  if (moved) {
    w.zigzag(p.x);
    w.zigzag(p.y);
    w.zigzag(p.z);
  }
  if (turned) writeRotation(w, p);
  if (scaled) for (const s of p.scale) w.f32(s);
}

function writeRotation(w: Writer, p: Placement): void {
  const { largest } = p;
  const [a, b, c] = p.q.filter((_, k) => k !== largest).map((v) => v + p.limit) as [number, number, number];
  if (p.limit === shortLimit) {
    w.u32(((largest << 30) | (a << 20) | (b << 10) | c) >>> 0);
    return;
  }
  w.u16(a | ((largest >> 1) << 15));
  w.u16(b | ((largest & 1) << 15));
  w.u16(c);
}

function isOrigin(p: Placement): boolean {
  return p.x === 0 && p.y === 0 && p.z === 0 && p.largest === 3 && p.q[0] === 0 && p.q[1] === 0 && p.q[2] === 0 && p.scale.every((s) => s === 1);
}

/** isIdentity reports whether m is the identity, which means "not set" in a pose. */
export function isIdentity(m: Matrix): boolean {
  return m.every((v, i) => v === identity[i]);
}
