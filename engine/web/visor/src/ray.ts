/** Which collider a ray meets. */
import { Matrix4, Ray, Vector3 } from "three";
import type { Node } from "./node.js";

/** How far away things can be pointed at, in metres. */
export const reach = 10;

const inverse = new Matrix4();
const local = new Ray();
const corner = new Vector3();

/** What a ray meets. */
export interface Hit {
  node: Node;
  distance: number;
  point: Vector3;
}

/** cast returns the nearest collider that a ray meets within reach, but those that are skipped. */
export function cast(ray: Ray, colliders: Iterable<Node>, skip: (node: Node) => boolean): Hit | undefined {
  let hit: Hit | undefined;
  for (const node of colliders) {
    const box = node.collider();
    if (!box || !shown(node) || skip(node)) continue;
    inverse.copy(node.object.matrixWorld).invert();
    local.copy(ray).applyMatrix4(inverse);
    const at = meet(local, box.middle, box.half);
    if (!at) continue;
    at.applyMatrix4(node.object.matrixWorld);
    const distance = at.distanceTo(ray.origin);
    if (distance <= reach && distance < (hit?.distance ?? Infinity)) hit = { node, distance, point: at.clone() };
  }
  return hit;
}

function shown(node: Node): boolean {
  return node.object.parent !== null;
}

// meet returns where a ray enters a box.
function meet(ray: Ray, middle: Vector3, half: Vector3): Vector3 | undefined {
  let near = 0;
  let far = Infinity;
  for (let i = 0; i < 3; i++) {
    const o = ray.origin.getComponent(i) - middle.getComponent(i);
    const d = ray.direction.getComponent(i);
    const h = half.getComponent(i);
    if (d === 0) {
      if (Math.abs(o) > h) return undefined;
      continue;
    }
    const [a, b] = [(-h - o) / d, (h - o) / d];
    near = Math.max(near, Math.min(a, b));
    far = Math.min(far, Math.max(a, b));
  }
  return near <= far && far > 0 ? corner.copy(ray.direction).multiplyScalar(near).add(ray.origin) : undefined;
}
