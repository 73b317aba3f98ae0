// Builds everything that is published: kernels → embedded text → one bundle, its types, and the plain wasm files.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const require = createRequire(import.meta.url);

/** Entries of the package beside the library itself: each `src/NAME.ts` becomes `dist/NAME.js`. */
const ENTRIES = ["node", "onnx", "worker", "worker-thread"];

function run(script, ...args) {
  execFileSync(process.execPath, [script, ...args], { cwd: root, stdio: "inherit" });
}

const asc = join(dirname(require.resolve("assemblyscript/package.json")), "bin", "asc.js");
const tsc = require.resolve("typescript/bin/tsc");

rmSync(join(root, "build"), { recursive: true, force: true });
run("tools/generate-abi.mjs");
for (const target of ["kernels", "debug"]) run(asc, "--target", target);
for (const target of ["math-simd", "math-relaxed"])
  run(asc, "--config", "test/assembly/asconfig.json", "--target", target);
await build({
  absWorkingDir: root,
  entryPoints: ["src/engine/template.ts"],
  outfile: "build/template.mjs",
  format: "esm",
});
run("tools/template.mjs");
run("tools/embed.mjs");

rmSync(join(root, "dist"), { recursive: true, force: true });
/** In the other entries the library itself is imported, not bundled once more. */
const library = {
  name: "library",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.?\/index\.js$/ }, () => ({ path: "./index.js", external: true }));
  },
};
/** What is bundled instead of asked for where the package is installed, with its licence. */
const bundled = {
  name: "bundled",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^pbf$/ }, ({ path }) => ({ path: require.resolve(path), namespace: "bundled" }));
    onLoad({ filter: /./, namespace: "bundled" }, ({ path }) => {
      const licence = readFileSync(join(dirname(path), "LICENSE"), "utf8");
      return { contents: `/*! pbf\n${licence}*/\n${readFileSync(path, "utf8")}` };
    });
  },
};
/** Bundled, with its licence, so that the package depends on nothing. */
const comlink = {
  name: "comlink",
  setup({ onResolve }) {
    onResolve({ filter: /^comlink$/ }, () => ({ path: require.resolve("comlink/dist/esm/comlink.mjs") }));
    onResolve({ filter: /^comlink\/.*\.mjs$/ }, ({ path }) => ({ path: require.resolve(path) }));
  },
};
await build({
  absWorkingDir: root,
  entryPoints: ["src/index.ts", ...ENTRIES.map((name) => `src/${name}.ts`)],
  outdir: "dist",
  bundle: true,
  packages: "external",
  plugins: [library, bundled, comlink],
  // The template comes first in the bundle: amid code, whose letters are others, gzip takes 2.4 kB more for both.
  inject: ["build/embedded.ts"],
  format: "esm",
  target: "es2022",
  minify: true,
  // An uncaught error shows the line that it comes from: not the whole bundle. Each break costs bytes.
  lineLimit: 500,
  legalComments: "eof",
});
run(tsc, "-p", "tsconfig.types.json");
mkdirSync(join(root, "dist/types/build"), { recursive: true });
// tsc emits no copy of a declaration file that it reads.
copyFileSync(join(root, "build/kernels.d.ts"), join(root, "dist/types/build/kernels.d.ts"));
copyFileSync(require.resolve("comlink/LICENSE"), join(root, "dist/comlink-LICENSE.txt"));
for (const name of ["simd", "relaxed"]) copyFileSync(join(root, `build/${name}.wasm`), join(root, `dist/${name}.wasm`));
