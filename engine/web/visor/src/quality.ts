/** How finely the view is drawn: as finely as the device can without stuttering, unless somebody says otherwise. */

/** Pixels for each of the page's, from fine to coarse, and whether there are shadows. */
const steps = [{ pixels: 2, shadows: true }, { pixels: 1.5, shadows: true }, { pixels: 1, shadows: true }, { pixels: 1, shadows: false }, { pixels: 0.7, shadows: false }] as const;
const lowest = steps.length - 1;

/** After so many seconds it is judged whether frames come often enough. */
const judgeSeconds = 1.5;
const slow = 1 / 40;
/** A pause of so many seconds is a page in the background. */
const longest = 3;

/** Quality chooses a step. */
export class Quality {
  /** What the frames took of the processor in JavaScript, in milliseconds each, over the last time that was judged. */
  scriptMs = 0;
  /** Frames a second over that time. */
  rate = 60;
  #step = 0;
  #wanted: "auto" | "high" | "low" = "auto";
  #frames = 0;
  #seconds = 0;
  #script = 0;
  readonly #apply: (pixels: number, shadows: boolean) => void;

  constructor(apply: (pixels: number, shadows: boolean) => void) {
    this.#apply = apply;
  }

  /** want takes what somebody has chosen. */
  want(quality: "auto" | "high" | "low"): void {
    this.#wanted = quality;
    this.#step = quality === "low" ? lowest : 0;
    this.#show();
  }

  #show(): void {
    const { pixels, shadows } = steps[this.#step] as (typeof steps)[number];
    this.#apply(this.#wanted === "high" ? 3 : pixels, shadows);
  }

  /** frame counts a frame that came so many seconds after the last, and took so many milliseconds of script. */
  frame(seconds: number, scriptMs: number): void {
    if (seconds > longest) return; // nobody looked
    this.#frames++;
    this.#seconds += seconds;
    this.#script += scriptMs;
    if (this.#seconds < judgeSeconds) return;
    this.rate = this.#frames / this.#seconds;
    this.scriptMs = this.#script / this.#frames;
    if (this.#wanted === "auto" && this.#seconds / this.#frames > slow && this.#step < lowest) {
      this.#step++;
      this.#show();
    }
    this.#frames = this.#seconds = this.#script = 0;
  }
}
