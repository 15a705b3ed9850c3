/** Inline geometry, and what stands for a model that is loading or broken. */
import type { JsonObject } from "@loci-place/client";
import { BoxGeometry, BufferAttribute, BufferGeometry, EdgesGeometry, LineBasicMaterial, LineSegments, OctahedronGeometry } from "three";
import { isNumber, list } from "./json.js";

/** inlineGeometry builds the geometry of a component; undefined if there is none in it. */
export function inlineGeometry(component: JsonObject): BufferGeometry | undefined {
  const vertices = rows(component["vertices"], 3);
  if (!vertices) return undefined;
  const count = vertices.length / 3;
  const indices: number[] = [];
  for (const triangle of list(component["triangles"])) {
    const [a, b, c] = list(triangle) as number[];
    if ([a, b, c].every((i) => Number.isInteger(i) && (i as number) >= 0 && (i as number) < count)) {
      indices.push(a as number, b as number, c as number);
    }
  }
  if (indices.length === 0) return undefined;
  let geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(vertices, 3));
  geometry.setIndex(indices);
  const uvs = rows(component["uvs"], 2);
  if (uvs?.length === count * 2) geometry.setAttribute("uv", new BufferAttribute(uvs, 2));
  const normals = rows(component["normals"], 3);
  if (normals?.length === count * 3) {
    geometry.setAttribute("normal", new BufferAttribute(normals, 3));
  } else {
    geometry = geometry.toNonIndexed(); // flat faces, as none says otherwise
    geometry.computeVertexNormals();
  }
  return geometry;
}

/** rows returns the numbers of a list of lists; undefined unless all of them are such. */
function rows(v: unknown, width: number): Float32Array | undefined {
  const all = list(v);
  const out = new Float32Array(all.length * width);
  for (let i = 0; i < all.length; i++) {
    const row = list(all[i]);
    for (let k = 0; k < width; k++) {
      const n = row[k];
      if (!isNumber(n)) return undefined;
      out[i * width + k] = n;
    }
  }
  return all.length > 0 ? out : undefined;
}

const lines = new LineBasicMaterial({ color: 0xffffff, transparent: true, opacity: 0.35 });
const brokenLines = new LineBasicMaterial({ color: 0xff5a36 });

/** loadingMarker returns a box of lines of a size. */
export function loadingMarker(size: readonly number[]): LineSegments {
  const [w, h, d] = size as [number, number, number];
  return new LineSegments(new EdgesGeometry(new BoxGeometry(w || 0.05, h || 0.05, d || 0.05)), lines);
}

/** brokenMarker returns what stands for a model that cannot be shown. */
export function brokenMarker(): LineSegments {
  return new LineSegments(new EdgesGeometry(new OctahedronGeometry(0.1)), brokenLines);
}
