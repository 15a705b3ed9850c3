// Builds the visor into dist, or with --test its tests into build.
import { cp, mkdir, readdir, rm } from "node:fs/promises";
import { build } from "esbuild";

const common = { bundle: true, format: "esm", target: "es2022", logLevel: "warning", tsconfig: "tsconfig.json" };

if (process.argv.includes("--test")) {
  const tests = (await readdir("test")).filter((f) => f.endsWith(".test.ts")).map((f) => `test/${f}`);
  await rm("build", { recursive: true, force: true });
  await build({ ...common, entryPoints: tests, outdir: "build", platform: "node" });
} else {
  const out = "dist";
  for (const f of await readdir(out).catch(() => [])) if (f !== "index.html") await rm(`${out}/${f}`, { recursive: true });
  await mkdir(out, { recursive: true });
  await build({ ...common, entryPoints: { visor: "src/main.ts" }, outdir: out, minify: true, splitting: true, chunkNames: "part-[hash]", metafile: true });
  await cp("page/index.html", `${out}/visor.html`);
  await cp("page/microphone.js", `${out}/microphone.js`);
  await cp("page/visor.css", `${out}/visor.css`);
  const font = "node_modules/@fontsource/varela-round/files/varela-round-latin-400-normal";
  await cp(`${font}.woff`, `${out}/varela-round.woff`);
  await cp(`${font}.woff2`, `${out}/varela-round.woff2`);
}
