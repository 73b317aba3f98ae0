// The package as npm packs it: what is in it, how large it is, and that it works in an empty project.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Consumer, createConsumer } from "./support/consumer.js";

const TSC = createRequire(import.meta.url).resolve("typescript/bin/tsc");

/** Where Node's own types are found. */
const TYPES = fileURLToPath(new URL("../node_modules/@types", import.meta.url));

/**
 * Bytes gzipped: of each entry, and of what a project that imports the names of EXAMPLE bundles. The aim of the latter is 30 KB:
 * derivatives, checkpoints and threads are methods of Network and options of Engine, which no bundler leaves out.
 */
const LARGEST_IMPORT = { "dist/index.js": 45 * 1024, "dist/onnx.js": 16 * 1024 };
const LARGEST_BUNDLE = 32 * 1024;

const EXAMPLE = `
  import { adam, dense, Network } from "lanegrad";
  const net = await Network.create({ inputs: 2, layers: [dense(1)], loss: "meanSquaredError" });
  await net.fit([1, 2], [3], { optimizer: adam({ learningRate: 0.1 }) });
`;

/** The parts of package.json that decide what npm runs and fetches where the package is installed. */
interface Manifest {
  scripts: Record<string, string>;
  dependencies?: Record<string, string>;
}

let consumer: Consumer;

beforeAll(async () => {
  consumer = await createConsumer();
}, 120_000);

afterAll(() => consumer?.remove());

describe("the tarball", () => {
  test("holds what is published and nothing else", () => {
    const isTypes = (path: string) => path.startsWith("dist/types/");
    const { packed } = consumer;
    expect(packed.filter((path) => !isTypes(path))).toEqual([
      "CHANGELOG.md",
      "LICENSE",
      "README.md",
      "dist/cli.js",
      "dist/index.js",
      "dist/node.js",
      "dist/onnx.js",
      "dist/relaxed.wasm",
      "dist/simd.wasm",
      "dist/worker-thread.js",
      "dist/worker.js",
      "package.json",
    ]);
    expect(packed.filter(isTypes).every((path) => path.endsWith(".d.ts"))).toBe(true);
    expect(packed).toContain("dist/types/src/index.d.ts");
  });

  test("runs and fetches nothing when it is installed", () => {
    const { scripts, dependencies } = JSON.parse(
      readFileSync(join(consumer.installed, "package.json"), "utf8"),
    ) as Manifest;
    expect(Object.keys(scripts).filter((name) => /^((pre|post)?install|prepare)$/.test(name))).toEqual([]);
    expect(dependencies ?? {}).toEqual({});
  });

  test.each(Object.entries(LARGEST_IMPORT))("is small, and makes no code from text: %s", (path, largest) => {
    const code = readFileSync(join(consumer.installed, path), "utf8");
    expect(gzipSync(code, { level: 9 }).length).toBeLessThanOrEqual(largest);
    expect(code).not.toMatch(/\beval\s*\(|\bnew Function\b/);
  });

  test("names the licence of what is bundled", () => {
    const code = readFileSync(join(consumer.installed, "dist/onnx.js"), "utf8");
    expect(code).toMatch(/pbf\s+Copyright .* Mapbox/);
    expect(code).toContain("POSSIBILITY OF SUCH DAMAGE");
  });

  test("leaves little in a bundle that does not use everything", async () => {
    const { outputFiles } = await build({
      stdin: { contents: EXAMPLE, resolveDir: consumer.project },
      bundle: true,
      minify: true,
      format: "esm",
      write: false,
    });
    expect(gzipSync(outputFiles[0]?.contents ?? "", { level: 9 }).length).toBeLessThanOrEqual(LARGEST_BUNDLE);
  });
});

test("npx runs the command line, with the licences of what is bundled in it", async () => {
  const { project, installed, run } = consumer;
  const rows = Array.from({ length: 20 }, (_, i) => `${i},${i % 2 === 0 ? "even" : "odd"}`);
  writeFileSync(join(project, "table.csv"), `number,kind\n${rows.join("\n")}\n`);
  expect(await run("npx", "--no", "lanegrad", "train", "table.csv", "--target", "kind", "--epochs", "2")).toContain(
    "Written to model.safetensors",
  );
  expect(await run("npx", "--no", "lanegrad", "predict", "model.safetensors", "table.csv")).toMatch(
    /^number,kind,predicted_kind\n0,even,(even|odd)\n/,
  );
  const code = readFileSync(join(installed, "dist/cli.js"), "utf8");
  for (const holder of ["Adaltas", "Andi Dittrich", "Sindre Sorhus", "Mathias Bynens"]) {
    expect(code).toMatch(new RegExp(`Copyright.*${holder}`));
  }
});

test("a network goes to an ONNX file and back in an empty project", async () => {
  const code = `
    import { dense, FormatError, Network } from "lanegrad";
    import { fromOnnx, toOnnx } from "lanegrad/onnx";
    const net = await Network.create({ inputs: 2, layers: [dense(3, "gelu"), dense(1)], loss: "huber" });
    const same = await fromOnnx(toOnnx(net));
    const refusal = await fromOnnx(new Uint8Array(1), { loss: "huber" }).catch((error) => error);
    console.log(String(same.predict([1, 2])) === String(net.predict([1, 2])), refusal instanceof FormatError);
  `;
  writeFileSync(join(consumer.project, "onnx.js"), code);
  expect(await consumer.run(process.execPath, "onnx.js")).toBe("true true\n");
});

/** Uses a type of each kind that the package exports. */
const CONSUMER = `
import {
  adam, confusionMatrix, cosineDecay, crossValidate, dense, dropout, Engine, gradCheck, Network, ShapeError, split, standardize,
  type Activation, type BuildName, type ConfusionMatrix, type EpochRecord, type FitOptions, type History, type Layer,
  type Optimizer, type Schedule,
} from "lanegrad";
import { type ExportOptions, fromOnnx, type ImportOptions, toOnnx } from "lanegrad/onnx";
import { writeFileAtomically } from "lanegrad/node";
import { Trainer, trainInWorker, type RemoteFitOptions, type TrainerOptions } from "lanegrad/worker";

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
const exported: ExportOptions = { output: "logits" };
const imported: ImportOptions = { loss: "huber", engine };
const copy: Network = await fromOnnx(toOnnx(net, exported), imported);
const again: Network = await Network.fromSafetensors(net.toSafetensors(), { engine });
await writeFileAtomically("net.safetensors", again.checkpoint());
console.log(copy.inputs, new ShapeError("").message, build, losses, outputs, confusion, worst, bytes, scale, chosen);

const there: TrainerOptions = { inputs: 3, layers, loss: "meanSquaredError", engine: { threads: 2 } };
const trainer: Trainer = await Trainer.create(there);
const remote: RemoteFitOptions = { ...options, transfer: true };
const both: History[] = [await trainer.fit([[0, 1, 2]], [1], remote), await trainInWorker(net, [[0, 1, 2]], [1], options)];
const brought: Network = await trainer.network({ engine });
console.log(both, brought);

// @ts-expect-error the worker has an engine of its own
await Trainer.create({ ...there, engine });
// @ts-expect-error the optimizer is required
await net.fit([[0, 1, 2]], [1], {});
// @ts-expect-error not the name of a loss
await Network.create({ inputs: 3, layers, loss: "softmax" });
`;

test.each([
  { module: "nodenext", moduleResolution: "nodenext", lib: ["es2022", "dom"], types: [] },
  { module: "esnext", moduleResolution: "bundler", lib: ["es2022", "webworker"], types: [] },
  { module: "node16", moduleResolution: "node16", lib: ["es2022"], types: ["node"], typeRoots: [TYPES] },
])("the types compile strictly, declarations included, with $moduleResolution, $lib and $types", async (given) => {
  const compilerOptions = {
    ...given,
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    skipLibCheck: false,
    noEmit: true,
    target: "es2022",
  };
  writeFileSync(join(consumer.project, "consumer.ts"), CONSUMER);
  writeFileSync(join(consumer.project, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["consumer.ts"] }));
  const compiled = consumer.run(process.execPath, TSC, "-p", ".");
  expect(await compiled.catch((error: { stdout: string }) => error.stdout)).toBe("");
});
