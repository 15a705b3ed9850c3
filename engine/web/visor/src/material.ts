/** The material component, and what it does to geometry. */
import type { JsonObject } from "@loci-place/client";
import { Color, type Material, Mesh, MeshStandardMaterial, type Object3D, RepeatWrapping, SRGBColorSpace, type Texture } from "three";
import { number, numbers } from "./json.js";

/** What a material component says, with its defaults. */
export interface Look {
  readonly color: readonly number[]; // red, green, blue, alpha, in sRGB
  readonly texture: string;
  readonly uvScale: readonly [number, number];
  readonly metalness: number;
  readonly roughness: number;
  readonly transparent: boolean;
}

/** lookOf reads a material component. */
export function lookOf(m: JsonObject): Look {
  const color = numbers(m["color"], 3) ?? [1, 1, 1, 1];
  const [u, v] = numbers(m["uvScale"], 2) ?? [1, 1];
  return {
    color: [...color.slice(0, 3), number(color[3], 1)],
    texture: typeof m["texture"] === "string" ? m["texture"] : "",
    uvScale: [u as number, v as number],
    metalness: number(m["metalness"], 0),
    roughness: number(m["roughness"], 1),
    transparent: m["hasTransparency"] === true || m["hasTransparency"] === 1,
  };
}

export const plain: Look = { color: [1, 1, 1, 1], texture: "", uvScale: [1, 1], metalness: 0, roughness: 0.9, transparent: false };

// What a model's own material was, before a component changed it.
const own = new WeakMap<Material, { color: Color; opacity: number; transparent: boolean; metalness: number; roughness: number; map: Texture | null }>();

/** dress gives all meshes below an object the look. With no look they get their own again. */
export function dress(root: Object3D, look: Look | undefined, texture: Texture | undefined): void {
  root.traverse((o) => {
    if (!(o instanceof Mesh)) return;
    const materials: unknown[] = Array.isArray(o.material) ? o.material : [o.material];
    for (const m of materials) if (m instanceof MeshStandardMaterial) dressMaterial(m, look, texture);
  });
}

function dressMaterial(m: MeshStandardMaterial, look: Look | undefined, texture: Texture | undefined): void {
  let was = own.get(m);
  if (!was) {
    was = {
      color: m.color.clone(), opacity: m.opacity, transparent: m.transparent,
      metalness: m.metalness, roughness: m.roughness, map: m.map,
    };
    own.set(m, was);
  }
  if (!look) {
    m.color.copy(was.color);
    m.opacity = was.opacity;
    m.transparent = was.transparent;
    m.metalness = was.metalness;
    m.roughness = was.roughness;
    m.map = was.map;
  } else {
    tint(m, look.color);
    m.metalness = was.metalness * look.metalness;
    m.roughness = was.roughness * look.roughness;
    m.transparent = was.transparent || look.transparent || m.opacity < 1;
    m.map = texture ?? was.map;
    if (m.map && (look.uvScale[0] !== 1 || look.uvScale[1] !== 1)) {
      m.map = m.map.clone();
      m.map.wrapS = m.map.wrapT = RepeatWrapping;
      m.map.repeat.set(...look.uvScale);
    }
  }
  m.depthWrite = !m.transparent;
  m.needsUpdate = true;
}

/** tint gives a material a colour alone, as an animation does each frame. */
export function tint(m: MeshStandardMaterial, color: readonly number[]): void {
  const was = own.get(m);
  m.color.setRGB(color[0] as number, color[1] as number, color[2] as number, SRGBColorSpace);
  if (was) m.color.multiply(was.color);
  m.opacity = (was?.opacity ?? 1) * (color[3] as number);
}

/** newMaterial returns the material of inline geometry. */
export function newMaterial(): MeshStandardMaterial {
  return new MeshStandardMaterial({ metalness: 1, roughness: 1 });
}
