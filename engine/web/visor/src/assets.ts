/** Assets as what three.js draws: models and textures. Each is fetched and decoded once. */
import type { Assets } from "@loci-place/client";
import { Group, LinearMipmapLinearFilter, Mesh, MeshStandardMaterial, type Object3D, RepeatWrapping, SRGBColorSpace, Texture } from "three";
import type { AnimationClip } from "three";

export interface Model {
  readonly root: Object3D;
  readonly clips: readonly AnimationClip[];
}

/** Library fetches and decodes assets. */
export class Library {
  readonly #assets: Assets;
  readonly #models = new Map<string, Promise<Model>>();
  readonly #textures = new Map<string, Promise<Texture>>();

  constructor(assets: Assets) {
    this.#assets = assets;
  }

  #once<T>(of: Map<string, Promise<T>>, id: string, load: () => Promise<T>): Promise<T> {
    let loading = of.get(id);
    if (!loading) {
      loading = load();
      of.set(id, loading);
      loading.catch(() => setTimeout(() => of.delete(id), 5000)); // it may come later
    }
    return loading;
  }

  /** model returns a model of its own, which the caller may change. */
  async model(id: string, publishedBy: string): Promise<Model> {
    const model = await this.#once(this.#models, id, async () => parseModel(await this.#assets.fetch(id, publishedBy)));
    return { root: await copy(model.root), clips: model.clips };
  }

  /** texture returns a texture that is shared; do not change it. */
  texture(id: string, publishedBy: string): Promise<Texture> {
    return this.#once(this.#textures, id, async () => {
      const bytes = await this.#assets.fetch(id, publishedBy);
      const image = await createImageBitmap(new Blob([bytes]), { imageOrientation: "flipY" });
      const texture = new Texture(image);
      texture.flipY = false; // the bitmap is flipped already
      texture.wrapS = texture.wrapT = RepeatWrapping;
      texture.minFilter = LinearMipmapLinearFilter;
      texture.anisotropy = 4;
      texture.colorSpace = SRGBColorSpace;
      texture.needsUpdate = true;
      return texture;
    });
  }

  /** bytes returns an asset as it is. */
  bytes(id: string, publishedBy: string): Promise<Uint8Array<ArrayBuffer>> {
    return this.#assets.fetch(id, publishedBy);
  }
}

async function copy(root: Object3D): Promise<Object3D> {
  const { clone } = await import("three/addons/utils/SkeletonUtils.js");
  return clone(root);
}

/** parseModel reads GLB, glTF, OBJ or STL, by what the bytes are. */
async function parseModel(bytes: Uint8Array<ArrayBuffer>): Promise<Model> {
  const start = new TextDecoder().decode(bytes.subarray(0, 512)).trimStart();
  if (start.startsWith("glTF") || start.startsWith("{")) {
    const { GLTFLoader } = await import("three/addons/loaders/GLTFLoader.js");
    const gltf = await new GLTFLoader().parseAsync(bytes.buffer, "");
    return { root: gltf.scene, clips: gltf.animations };
  }
  if (start.startsWith("solid") || (bytes.length >= 84 && bytes.length === 84 + 50 * new DataView(bytes.buffer).getUint32(80, true))) {
    const { STLLoader } = await import("three/addons/loaders/STLLoader.js");
    const root = new Group().add(new Mesh(new STLLoader().parse(bytes.buffer), new MeshStandardMaterial()));
    return { root, clips: [] };
  }
  if (/^(#|v |vn |vt |o |g |mtllib |f |s )/m.test(start)) {
    const { OBJLoader } = await import("three/addons/loaders/OBJLoader.js");
    const root = new OBJLoader().parse(new TextDecoder().decode(bytes));
    root.traverse((o) => { if (o instanceof Mesh) o.material = new MeshStandardMaterial(); });
    return { root, clips: [] };
  }
  throw new Error("neither glTF nor OBJ nor STL");
}
