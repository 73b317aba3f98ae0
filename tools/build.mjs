// Builds everything that is published: kernels → embedded text → one bundle, its types, and the plain wasm files.
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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

/** Puts the kernels behind all code: amid it, whose letters are others, gzip takes up to 2.4 kB more for both. */
function moveKernels(file) {
  const path = join(root, file);
  const [kernels, ...others] = readFileSync(path, "utf8").match(/var \w+="[^"]{9999,}";/g);
  if (others.length > 0) throw new Error("several texts are as long");
  const code = readFileSync(path, "utf8").replace(kernels, "");
  const end = code.lastIndexOf("export{");
  writeFileSync(path, `${code.slice(0, end)}${kernels}${code.slice(end)}`);
}

rmSync(join(root, "build"), { recursive: true, force: true });
run("tools/generate-abi.mjs");
for (const target of ["kernels", "debug"]) run(asc, "--target", target);
for (const target of ["math-simd", "math-relaxed"])
  run(asc, "--config", "test/assembly/asconfig.json", "--target", target);
run(asc, "--config", "assembly/columns/asconfig.json");
run("tools/builds.mjs");
await build({
  absWorkingDir: root,
  entryPoints: ["assembly/columns/kinds.ts"],
  outfile: "build/kinds.mjs",
  format: "esm",
});
run("tools/embed.mjs");

rmSync(join(root, "dist"), { recursive: true, force: true });
/** In the other entries the library itself is imported, not bundled once more. */
const library = {
  name: "library",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.?\/index\.js$/ }, () => ({ path: "./index.js", external: true }));
  },
};
/** The command line imports other entries as they are, and throws and catches the library's own errors. */
const entries = {
  name: "entries",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.\/(node|onnx)\.js$/ }, ({ path }) => ({ path: path.slice(1), external: true }));
    onResolve({ filter: /^\.\.\/errors\.js$/ }, () => ({ path: "./index.js", external: true }));
  },
};
/** Packages are bundled, so that installing this one fetches no other; their licences stand at the end. */
const licences = {
  name: "licences",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]node_modules[\\/].*\.m?js$/ }, ({ path }) => {
      const [folder, name] = /^.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(path);
      const file = readdirSync(folder).find((entry) => /^licen[sc]e/i.test(entry));
      const licence = readFileSync(join(folder, file), "utf8").trim();
      return { contents: `${readFileSync(path, "utf8")}\n/*! ${name}\n\n${licence}\n*/` };
    });
  },
};
const options = {
  absWorkingDir: root,
  outdir: "dist",
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  // An uncaught error shows the line that it comes from: not the whole bundle. Each break costs bytes.
  lineLimit: 500,
  legalComments: "eof",
};
await build({
  ...options,
  entryPoints: ["src/index.ts", ...ENTRIES.map((name) => `src/${name}.ts`)],
  external: ["node:*"],
  plugins: [library, licences],
  // A statement of its own, which can be moved.
  inject: ["build/embedded.ts"],
});
moveKernels("dist/index.js");
await build({
  ...options,
  entryPoints: ["src/cli.ts"],
  platform: "node",
  plugins: [library, entries, licences],
  // CommonJS packages among the bundled ones ask for modules of Node by `require`.
  banner: { js: 'import { createRequire } from "node:module";\nconst require = createRequire(import.meta.url);' },
});
chmodSync(join(root, "dist/cli.js"), 0o755);
run(tsc, "-p", "tsconfig.types.json");
mkdirSync(join(root, "dist/types/build"), { recursive: true });
// tsc emits no copy of a declaration file that it reads.
copyFileSync(join(root, "build/kernels.d.ts"), join(root, "dist/types/build/kernels.d.ts"));
for (const name of ["simd", "relaxed"]) copyFileSync(join(root, `build/${name}.wasm`), join(root, `dist/${name}.wasm`));
