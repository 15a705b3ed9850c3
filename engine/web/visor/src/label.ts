/** The text component. */
import type { JsonObject } from "@loci-place/client";
import { Color, type Object3D, SRGBColorSpace } from "three";
import { Text, configureTextBuilder } from "troika-three-text";
import { isNumber, number, text } from "./json.js";

const font = new URL("varela-round.woff", document.baseURI).href;

// A worker of troika's is made of text, which the page's security policy does not allow. Letters that the
// font lacks would be fetched from elsewhere, which it does not allow either.
configureTextBuilder({ useWorker: false, defaultFontURL: font, unicodeFontsURL: new URL("fonts", document.baseURI).href });

/** The height of letters where lines are 1 high. */
const letter = 0.8;

/** Label shows a text component. */
export class Label {
  readonly object: Object3D;
  readonly #text = new Text();
  #width = 0;
  #fit = false;

  constructor() {
    this.object = this.#text;
    this.#text.font = font;
    this.#text.lineHeight = 1 / letter;
    this.#text.position.z = 0.01;
    this.#text.color = 0xffffff;
    this.#text.overflowWrap = "break-word";
  }

  /** show shows a component. */
  show(c: JsonObject): void {
    const t = this.#text;
    const height = Math.min(Math.max(number(c["height"], 0.1), 0.001), 100);
    this.#width = Math.max(0, number(c["width"], 0));
    const wraps = c["wrap"] === true || isNumber(c["wrap"]);
    this.#fit = (c["fitToWidth"] === true || isNumber(c["fitToWidth"])) && this.#width > 0;
    t.text = text(c["string"]);
    t.fontSize = height * letter;
    t.maxWidth = wraps && this.#width > 0 && !this.#fit ? this.#width : Infinity;
    t.whiteSpace = "normal";
    const align = c["halign"] === "left" || c["halign"] === "right" ? c["halign"] : "center";
    t.textAlign = align;
    t.anchorX = align;
    t.position.x = align === "left" ? -this.#width / 2 : align === "right" ? this.#width / 2 : 0;
    t.anchorY = c["valign"] === "top" ? "top" : c["valign"] === "bottom" ? "bottom" : "middle";
    t.scale.setScalar(1);
    t.sync(() => this.#fitted());
  }

  #fitted(): void {
    const bounds = this.#text.textRenderInfo?.blockBounds;
    if (!this.#fit || !bounds) return;
    const width = bounds[2] - bounds[0];
    this.#text.scale.setScalar(width > this.#width ? this.#width / width : 1);
  }

  /** paint gives it a colour, and light letters a dark edge, as they may stand before the sky. */
  paint(color: readonly number[]): void {
    const [r, g, b] = color as [number, number, number];
    const light = 0.3 * r + 0.59 * g + 0.11 * b > 0.6;
    this.#text.outlineWidth = light ? "6%" : 0;
    this.#text.outlineBlur = light ? "8%" : 0;
    this.#text.outlineColor = 0x10151f;
    this.#text.outlineOpacity = 0.55 * (color[3] as number);
    this.#text.color = new Color().setRGB(r, g, b, SRGBColorSpace).getHex();
    this.#text.fillOpacity = color[3] as number;
  }

  dispose(): void {
    this.#text.removeFromParent();
    this.#text.dispose();
  }
}
