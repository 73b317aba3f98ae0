// lanegrad bench: how fast this machine is, in a few seconds.
import { cpus } from "node:os";
import { adam, dense, Engine, Network } from "../index.js";
import type { Command } from "./arguments.js";
import { entry, print, short } from "./messages.js";

/** Milliseconds for each figure, of which the fastest part counts. */
const TIME = 250;
/** Milliseconds that a part takes at least. */
const PART = 5;

const PRODUCTS = [64, 128, 256, 512, 1024];

const NETWORKS = [
  { sizes: [4, 16, 3], batch: 16 },
  { sizes: [784, 128, 10], batch: 128 },
  { sizes: [784, 512, 512, 10], batch: 128 },
] as const;

export const bench: Command = {
  name: "bench",
  summary: "Measures matrix products, training and inference on this machine, in a few seconds.",
  places: [],
  options: {},
  examples: [],
  run: runBench,
};

async function runBench(): Promise<void> {
  const engine = await Engine.create();
  print(entry("Machine", `${cpus()[0]?.model.trim() ?? "unknown"}, Node ${process.versions.node}`));
  print(entry("Engine", `${engine.build}, float32, one thread`));
  print("\nMatrix products");
  for (const size of PRODUCTS) {
    const seconds = timeProduct(engine, size);
    print(line(`${size} × ${size} × ${size}`, `${short((2 * size ** 3) / seconds / 1e9)} GFLOP/s`));
  }
  print("\nTraining with Adam, and predicting one row at a time");
  for (const { sizes, batch } of NETWORKS) {
    const { training, inference } = await timeNetwork(engine, sizes, batch);
    const name = `${sizes.join("-")}, batches of ${batch}`;
    print(line(name, `${short(Math.round(batch / training))} rows/s`, `${short(inference * 1e6)} µs a row`));
  }
}

function line(name: string, ...figures: string[]): string {
  return `  ${name.padEnd(34)}${figures.map((figure) => figure.padStart(19)).join("")}`;
}

function timeProduct(engine: Engine, size: number): number {
  const values = Float32Array.from({ length: size * size }, (_, index) => Math.sin(index));
  const matrix = () => engine.matrix(size, size, { values });
  const [a, b, c] = [matrix(), matrix(), matrix()];
  return fastest(() => engine.gemm({ a, b, c }));
}

/** Seconds of a training step, and of the prediction of one row. */
async function timeNetwork(engine: Engine, sizes: readonly number[], batch: number) {
  const [inputs = 1, ...units] = sizes;
  const outputs = units.at(-1) as number;
  const layers = units.map((count, index) => dense(count, index < units.length - 1 ? "relu" : "identity"));
  const net = await Network.create({ inputs, layers, loss: "softmaxCrossEntropy", engine, batchSize: batch });
  const x = Float32Array.from({ length: batch * inputs }, (_, index) => Math.sin(index));
  const y = Uint8Array.from({ length: batch }, (_, row) => row % outputs);
  const optimizer = adam({ learningRate: 1e-4 });
  const row = x.subarray(0, inputs);
  const training = fastest(() => net.trainBatch(x, y, optimizer));
  const inference = fastest(() => net.predict(row));
  net.dispose();
  return { training, inference };
}

/** Seconds of a call, in the fastest of several parts. */
function fastest(call: () => unknown): number {
  const end = performance.now() + TIME;
  let calls = 1;
  let best = Number.POSITIVE_INFINITY;
  while (performance.now() < end) {
    const start = performance.now();
    for (let i = 0; i < calls; i++) call();
    const elapsed = performance.now() - start;
    if (elapsed < PART) calls *= 2;
    else best = Math.min(best, elapsed / calls / 1000);
  }
  return best;
}
