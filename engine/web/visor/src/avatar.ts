/** What a person looks like: an avatar made in code, as inline geometry, so that every visor shows it. */
import type { JsonObject } from "@loci-place/client";
import { type BufferGeometry, Color, CylinderGeometry, LatheGeometry, Matrix4, SphereGeometry, SplineCurve, SRGBColorSpace, Vector2 } from "three";
import { mergeGeometries } from "three/addons/utils/BufferGeometryUtils.js";

export const eyeHeight = 1.65;

/** Where the parts are in the avatar while nothing moves them. */
export const rest = {
  head: new Matrix4().makeTranslation(0, eyeHeight, 0),
  torso: new Matrix4().makeTranslation(0, eyeHeight - 0.485, 0.04),
  leftHand: new Matrix4().makeTranslation(-0.28, 1.1, -0.22),
  rightHand: new Matrix4().makeTranslation(0.28, 1.1, -0.22),
};

/** Colours that people choose among, in sRGB: of one brightness, so that none looks better than others. */
export const colors = ["#ff7a59", "#f2b134", "#6bbf59", "#2fb5a5", "#4a90e2", "#8a6de9", "#e064a8", "#8d99ae"];

/** avatarOf returns the components of an avatar of a name and a colour. */
export function avatarOf(name: string, color: string): JsonObject {
  const cloth = rgba(color, 1);
  const skin = rgba(color, 0.45);
  const dark = [0.09, 0.1, 0.14, 1];
  const part = (pose: string, at: Matrix4, children: JsonObject[]): JsonObject => ({
    transform: { matrix: at.elements },
    intent: { actuate_pose: pose },
    children,
  });
  const piece = (geometry: JsonObject, color: number[], at = new Matrix4(), roughness = 0.75): JsonObject => ({
    transform: { matrix: at.elements },
    geometry,
    material: { color, roughness, metalness: 0 },
  });
  const hand = (): JsonObject[] => [piece(inline(new SphereGeometry(0.036, 10, 8).scale(1, 0.75, 1.45)), skin)];
  return {
    transform: { matrix: new Matrix4().elements },
    visor: { display_name: name },
    intent: { actuate_pose: "root" },
    ui: { view_id: "avatar" },
    children: [
      part("head", rest.head, [
        piece(inline(new SphereGeometry(0.13, 16, 12).scale(0.9, 1.05, 0.96)), skin),
        // A cap in the own colour, and eyes: they say who it is, and where they look.
        piece(inline(new SphereGeometry(0.138, 16, 6, 0, 2 * Math.PI, 0, 0.47 * Math.PI).scale(0.9, 1.05, 0.97).rotateX(0.5)), cloth),
        piece(inline(mergeGeometries([-0.043, 0.043].map((x) =>
          new SphereGeometry(0.017, 8, 6).scale(0.85, 1.35, 0.6).translate(x, 0.008, -0.117)))), dark, new Matrix4(), 0.2),
      ]),
      part("torso", rest.torso, [
        piece(inline(new LatheGeometry(torso.getSpacedPoints(11), 16).scale(1, 1, 0.7)), cloth),
        piece(inline(new CylinderGeometry(0.042, 0.05, 0.12, 10, 1, true)), skin, new Matrix4().makeTranslation(0, 0.31, 0)),
      ]),
      part("hand/left", rest.leftHand, hand()),
      part("hand/right", rest.rightHand, hand()),
    ],
  };
}

// Half the outline of the torso, from its lower end to the neck.
const torso = new SplineCurve([[0, -0.37], [0.1, -0.36], [0.145, -0.28], [0.175, -0.05], [0.195, 0.14], [0.165, 0.25], [0.08, 0.295], [0, 0.3]]
  .map(([x, y]) => new Vector2(x, y)));

/** rgba returns a colour, lightened towards white by how far light is below 1. */
function rgba(color: string, light: number): number[] {
  const c = new Color(color).lerp(new Color("#fff3e8"), 1 - light).getRGB({ r: 0, g: 0, b: 0 }, SRGBColorSpace);
  return [c.r, c.g, c.b].map((v) => Math.round(v * 1000) / 1000).concat(1);
}

/** inline returns a geometry as a component. Every digit is sent to everybody: tenths of millimetres, and directions to a hundredth. */
function inline(g: BufferGeometry): JsonObject {
  const rows = (name: string, digits: number): number[][] => {
    const attribute = g.getAttribute(name);
    return Array.from({ length: attribute.count }, (_, i) =>
      [attribute.getX(i), attribute.getY(i), attribute.getZ(i)].map((v) => Math.round(v * digits) / digits + 0));
  };
  const index = g.getIndex();
  const triangles: number[][] = [];
  for (let i = 0; index && i < index.count; i += 3) triangles.push([index.getX(i), index.getX(i + 1), index.getX(i + 2)]);
  return { type: "inline", vertices: rows("position", 10_000), normals: rows("normal", 100), triangles };
}
