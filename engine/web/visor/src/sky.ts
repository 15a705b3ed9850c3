/** Light, sky and ground: what a place has that says nothing of them. */
import type { Place } from "@loci-place/client";
import {
  BackSide, Color, DirectionalLight, Fog, HemisphereLight, Mesh, PlaneGeometry, PMREMGenerator, Scene, ShaderMaterial, SphereGeometry,
  SRGBColorSpace, Vector3, type WebGLRenderer,
} from "three";
import { numbers, object } from "./json.js";

const zenith = new Color("#5d8fd6");
const horizon = new Color("#dfe9f2");
const below = new Color("#b9c3c9");
const sunlight = new Color("#fff1d8");
const daylight = new Color("#f3f6ff");
const sunward = new Vector3(0.45, 0.62, 0.35).normalize();

/** How far the shadow reaches around the viewer, in metres. */
const shadowReach = 14;

/** When reflections are made, in milliseconds. */
const reflectAfter = 1500;

const skyShader = {
  vertexShader: /* glsl */ `
    varying vec3 direction;
    void main() {
      direction = normalize(position);
      gl_Position = projectionMatrix * vec4((viewMatrix * vec4(position, 0.0)).xyz, 1.0);
      gl_Position.z = gl_Position.w * 0.99999;
    }`,
  fragmentShader: /* glsl */ `
    varying vec3 direction;
    uniform vec3 zenith, horizon, below, sunlight, sunward;
    void main() {
      vec3 d = normalize(direction);
      float h = max(d.y, 0.0);
      vec3 c = mix(horizon, zenith, 1.0 - pow(1.0 - h, 2.6));
      c = mix(c, below, smoothstep(0.0, -0.25, d.y));
      float s = max(dot(d, sunward), 0.0);
      c += sunlight * (0.16 * pow(s, 6.0) + 0.5 * pow(s, 350.0));
      gl_FragColor = vec4(c, 1.0);
      #include <colorspace_fragment>
    }`,
};

const groundShader = {
  vertexShader: /* glsl */ `
    varying vec3 at;
    void main() {
      vec4 world = modelMatrix * vec4(position, 1.0);
      at = world.xyz;
      gl_Position = projectionMatrix * viewMatrix * world;
    }`,
  fragmentShader: /* glsl */ `
    varying vec3 at;
    uniform vec3 color, line, horizon;
    float grid(vec2 p, float width) {
      vec2 w = fwidth(p) + 1e-5;
      vec2 g = abs(fract(p - 0.5) - 0.5) / w;
      return (1.0 - min(min(g.x, g.y) / width, 1.0)) * clamp(1.2 - max(w.x, w.y) * 2.5, 0.0, 1.0);
    }
    void main() {
      float far = length(at.xz - cameraPosition.xz);
      vec3 c = mix(color, line, 0.35 * grid(at.xz, 1.2) + 0.45 * grid(at.xz / 5.0, 1.4));
      gl_FragColor = vec4(mix(c, horizon, smoothstep(8.0, 60.0, far)), 1.0);
      #include <colorspace_fragment>
    }`,
};

/** Sky lights a scene. */
export class Sky {
  readonly #scene: Scene;
  readonly #sun = new DirectionalLight(sunlight, 2.1);
  readonly #ambient = new HemisphereLight(daylight, 0xb5aa98, 1.25);
  readonly #ground: Mesh;

  constructor(scene: Scene, renderer: WebGLRenderer, place: Place) {
    this.#scene = scene;
    const uniforms = {
      zenith: { value: zenith }, horizon: { value: horizon }, below: { value: below },
      sunlight: { value: sunlight }, sunward: { value: sunward },
    };
    const dome = new Mesh(new SphereGeometry(1, 32, 20), new ShaderMaterial({ ...skyShader, uniforms, side: BackSide, depthWrite: false }));
    dome.frustumCulled = false;
    dome.renderOrder = -1;
    scene.add(dome);
    scene.fog = new Fog(horizon, 25, 95);

    this.#ground = new Mesh(
      new PlaneGeometry(400, 400).rotateX(-Math.PI / 2),
      new ShaderMaterial({ ...groundShader, uniforms: { color: { value: new Color("#c9d0d3") }, line: { value: new Color("#a9b3b8") }, horizon: { value: horizon } } }),
    );
    this.#ground.position.y = -0.12;
    scene.add(this.#ground);

    this.#sun.castShadow = true;
    this.#sun.shadow.mapSize.set(2048, 2048);
    this.#sun.shadow.bias = -0.0004;
    this.#sun.shadow.normalBias = 0.02;
    const camera = this.#sun.shadow.camera;
    camera.left = camera.bottom = -shadowReach;
    camera.right = camera.top = shadowReach;
    camera.near = 1;
    camera.far = 60;
    scene.add(this.#sun, this.#sun.target, this.#ambient);

    // What shines reflects the sky: made once the first frames are seen, as it takes a while on slow devices.
    setTimeout(() => {
      const reflected = new Scene();
      reflected.add(dome.clone());
      const generator = new PMREMGenerator(renderer);
      scene.environment = generator.fromScene(reflected, 0, 0.1, 10, { size: 64 }).texture;
      scene.environmentIntensity = 0.3;
      generator.dispose();
    }, reflectAfter);

    place.document.onComponent("environment", (_, value) => this.#light(value && object(object(value["ambient"])["light"])["color"]));
  }

  #light(color: unknown): void {
    const c = numbers(color, 3);
    if (c) this.#ambient.color.setRGB(c[0] as number, c[1] as number, c[2] as number, SRGBColorSpace).multiplyScalar(2.5);
    else this.#ambient.color.set(daylight);
  }

  /** follow keeps shadows and ground around the viewer. */
  follow(viewer: Vector3): void {
    // In whole metres, so that the edges of shadows stand still.
    this.#sun.target.position.set(Math.round(viewer.x), 0, Math.round(viewer.z));
    this.#sun.position.copy(sunward).multiplyScalar(30).add(this.#sun.target.position);
    this.#ground.position.x = Math.round(viewer.x / 5) * 5;
    this.#ground.position.z = Math.round(viewer.z / 5) * 5;
  }

  /** shadows turns shadows on or off. */
  set shadows(on: boolean) {
    if (this.#sun.castShadow === on) return;
    this.#sun.castShadow = on;
    this.#scene.traverse((o) => { if (o instanceof Mesh) o.material.needsUpdate = true; });
  }
}
