/** How things that others move look between states: a tenth of a second behind, and smooth. */
import { Matrix4, Quaternion, Vector3 } from "three";

/** How far behind the place's clock things are shown, in seconds: two heartbeats. */
export const delay = 0.1;

/** A step over this, in metres, is a jump. */
const jumpMetres = 2;

/** After so long without a change, something stood still until the heartbeat before the next. */
const stillSeconds = 0.15;
const heartbeat = 0.05;

const kept = 8;

interface Sample {
  at: number;
  readonly position: Vector3;
  readonly rotation: Quaternion;
  readonly scale: Vector3;
}

const newSample = (): Sample => ({ at: -Infinity, position: new Vector3(), rotation: new Quaternion(), scale: new Vector3(1, 1, 1) });

/** Motion is where something was lately. It allocates nothing once made. */
export class Motion {
  // The oldest first; a ring that is used from the end.
  readonly #samples: Sample[] = Array.from({ length: kept }, newSample);
  #count = 0;

  #push(): Sample {
    const oldest = this.#samples.shift() as Sample;
    this.#samples.push(oldest);
    this.#count = Math.min(this.#count + 1, kept);
    return oldest;
  }

  #last(): Sample {
    return this.#samples[kept - 1] as Sample;
  }

  /** add takes where it is at a time of the place's clock. */
  add(at: number, m: Matrix4): void {
    const last = this.#last();
    if (this.#count > 0 && at <= last.at) {
      m.decompose(last.position, last.rotation, last.scale); // the clock stands, or was set back
      return;
    }
    if (this.#count > 0 && at - last.at > stillSeconds) {
      const still = this.#push();
      still.at = at - heartbeat;
      still.position.copy(last.position);
      still.rotation.copy(last.rotation);
      still.scale.copy(last.scale);
    }
    const before = this.#last();
    const sample = this.#push();
    sample.at = at;
    m.decompose(sample.position, sample.rotation, sample.scale);
    if (this.#count > 1 && before.position.distanceTo(sample.position) > jumpMetres) this.jump();
  }

  /** jump has it be where it is now without a way there. */
  jump(): void {
    this.#count = Math.min(this.#count, 1);
  }

  /** moves reports whether it still changes at a time. */
  moves(at: number): boolean {
    return this.#count > 1 && at < this.#last().at;
  }

  /** show writes where it is at a time. */
  show(at: number, position: Vector3, rotation: Quaternion, scale: Vector3): void {
    let b = this.#last();
    let a = b;
    for (let i = kept - 1; i >= kept - this.#count; i--) {
      a = this.#samples[i] as Sample;
      if (a.at <= at) break;
      b = a;
    }
    const t = b.at > a.at ? Math.min(Math.max((at - a.at) / (b.at - a.at), 0), 1) : 1;
    position.lerpVectors(a.position, b.position, t);
    rotation.slerpQuaternions(a.rotation, b.rotation, t);
    scale.lerpVectors(a.scale, b.scale, t);
  }
}
