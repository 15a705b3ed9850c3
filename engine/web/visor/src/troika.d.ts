// What the visor uses of troika-three-text, which has no types of its own.
declare module "troika-three-text" {
  import type { Mesh } from "three";
  export class Text extends Mesh {
    text: string;
    font: string;
    fontSize: number;
    lineHeight: number | "normal";
    maxWidth: number;
    textAlign: "left" | "center" | "right";
    anchorX: number | string;
    anchorY: number | string;
    whiteSpace: "normal" | "nowrap";
    overflowWrap: "normal" | "break-word";
    color: number;
    fillOpacity: number;
    outlineWidth: number | string;
    outlineBlur: number | string;
    outlineColor: number;
    outlineOpacity: number;
    depthOffset: number;
    textRenderInfo: { blockBounds: [number, number, number, number] } | null;
    sync(done?: () => void): void;
    dispose(): void;
  }
  export function configureTextBuilder(options: { useWorker?: boolean; defaultFontURL?: string; unicodeFontsURL?: string }): void;
}
