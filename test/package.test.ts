// The package as npm packs it: what is in it, how large it is, and that it works in an empty project.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const TSC = createRequire(import.meta.url).resolve("typescript/bin/tsc");
const LARGEST_IMPORT = 45 * 1024;

/** The parts of package.json that decide what npm runs and fetches where the package is installed. */
interface Manifest {
  scripts: Record<string, string>;
  dependencies?: Record<string, string>;
}

const folder = mkdtempSync(join(tmpdir(), "lanegrad-package-"));
const project = join(folder, "project");
const installed = join(project, "node_modules", "lanegrad");
let packed: string[];

/** @returns what the command printed; rejects where it fails */
async function run(cwd: string, command: string, ...args: string[]): Promise<string> {
  const env = { ...process.env, npm_config_cache: join(folder, "cache") };
  const { stdout } = await promisify(execFile)(command, args, { cwd, env });
  return stdout;
}

/** The README's first JavaScript example. */
function firstExample(): string {
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  const [, code] = /^```js\n(.*?)^```$/ms.exec(readme) ?? [];
  if (code === undefined) throw new Error("README.md has no ```js block");
  return code;
}

beforeAll(async () => {
  const listing = await run(ROOT, "npm", "pack", "--ignore-scripts", "--json", "--pack-destination", folder);
  const [{ filename, files }] = JSON.parse(listing) as [{ filename: string; files: { path: string }[] }];
  packed = files.map((file) => file.path).sort();
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }));
  await run(project, "npm", "install", "--offline", "--no-audit", "--no-fund", join(folder, filename));
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the tarball", () => {
  test("holds what is published and nothing else", () => {
    const isTypes = (path: string) => path.startsWith("dist/types/");
    expect(packed.filter((path) => !isTypes(path))).toEqual([
      "CHANGELOG.md",
      "LICENSE",
      "README.md",
      "dist/index.js",
      "dist/node.js",
      "dist/relaxed.wasm",
      "dist/simd.wasm",
      "package.json",
    ]);
    expect(packed.filter(isTypes).every((path) => path.endsWith(".d.ts"))).toBe(true);
    expect(packed).toContain("dist/types/src/index.d.ts");
  });

  test("runs and fetches nothing when it is installed", () => {
    const { scripts, dependencies } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as Manifest;
    expect(Object.keys(scripts).filter((name) => /^(pre|post)?install$/.test(name))).toEqual([]);
    expect(dependencies ?? {}).toEqual({});
  });

  test("is small, and makes no code from text", () => {
    const code = readFileSync(join(installed, "dist/index.js"), "utf8");
    expect(gzipSync(code, { level: 9 }).length).toBeLessThanOrEqual(LARGEST_IMPORT);
    expect(code).not.toMatch(/\beval\s*\(|\bnew Function\b/);
  });
});

test("the README's first example runs in an empty project", async () => {
  writeFileSync(join(project, "example.js"), firstExample());
  const output = await run(project, process.execPath, "example.js");
  expect(output).toMatch(/accuracy (1|0\.9\d*)\n/);
  expect(output).not.toMatch(/NaN|undefined/);
});

/** Uses a type of each kind that the package exports. */
const CONSUMER = `
import {
  adam, confusionMatrix, cosineDecay, crossValidate, dense, dropout, Engine, gradCheck, Network, ShapeError, split, standardize,
  type Activation, type BuildName, type ConfusionMatrix, type EpochRecord, type FitOptions, type History, type Layer,
  type Optimizer, type Schedule,
} from "lanegrad";
import { writeFileAtomically } from "lanegrad/node";

const engine: Engine = await Engine.create({ deterministic: true });
const build: BuildName | "custom" = engine.build;
const activation: Activation = { type: "leakyRelu", alpha: 0.2 };
const layers: Layer[] = [dense(8, activation, { weightInit: "heNormal" }), dropout(0.1), dense(2)];
const net = await Network.create({ inputs: 3, layers, loss: { type: "softmaxCrossEntropy", labelSmoothing: 0.1 }, engine });
const optimizer: Optimizer = adam({ learningRate: 1e-3 });
const schedule: Schedule = cosineDecay({ base: 1e-3, period: 10 });
const options: FitOptions = { optimizer, schedule, onEpochEnd: (record: EpochRecord) => console.log(record.accuracy) };
const history: History = await net.fit([[0, 1, 2]], [1], options);
const losses: number[] = history.epochs.map((epoch) => epoch.loss);
const outputs: Float32Array | Float64Array = net.predict(new Float32Array(3));
const confusion: ConfusionMatrix = confusionMatrix(outputs, [1]);
const { train, test } = split([[0, 1, 2], [3, 4, 5]], new Uint8Array([0, 1]), { test: 0.5 });
const scale: Float64Array = standardize(train[0]).apply(test[0]);
const { best } = await crossValidate(
  ({ units, activation }, { standardization }) =>
    Network.create({ inputs: 3, layers: [dense(units, activation), dense(2)], loss: "softmaxCrossEntropy", standardization }),
  [[[0, 1, 2], [3, 4, 5]], [0, 1]],
  { grid: { units: [2, 4], activation: ["relu", "tanh"] }, folds: 2, fit: options },
);
const chosen: number = best.setting.units + best.mean.loss;
const worst: number = gradCheck(net, [[0, 1, 2]], [1]).maxRelativeError;
const bytes: number = net.memory.total + engine.memory.used;
const product = engine.matrix(2, 2, { dtype: "float64", values: [1, 2, 3, 4] });
engine.gemm({ a: product, b: product, c: engine.matrix(2, 2, { dtype: "float64" }), transposeA: true });
const again: Network = await Network.fromSafetensors(net.toSafetensors(), { engine });
await writeFileAtomically("net.safetensors", again.checkpoint());
console.log(new ShapeError("").message, build, losses, outputs, confusion, worst, bytes, scale, chosen);

// @ts-expect-error the optimizer is required
await net.fit([[0, 1, 2]], [1], {});
// @ts-expect-error not the name of a loss
await Network.create({ inputs: 3, layers, loss: "softmax" });
`;

test.each([
  { module: "nodenext", moduleResolution: "nodenext" },
  { module: "esnext", moduleResolution: "bundler" },
])("the types compile strictly, declarations included, with $moduleResolution", async (resolution) => {
  const compilerOptions = {
    ...resolution,
    strict: true,
    skipLibCheck: false,
    noEmit: true,
    target: "es2022",
    lib: ["es2022", "dom"],
    types: [],
  };
  writeFileSync(join(project, "consumer.ts"), CONSUMER);
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["consumer.ts"] }));
  const compiled = run(project, process.execPath, TSC, "-p", ".");
  expect(await compiled.catch((error: { stdout: string }) => error.stdout)).toBe("");
});
