// What Node, pages and workers of pages run alike: work that is large enough for threads, and what threads there were.
import { adam, dense, dropout, Engine, Network } from "../../dist/index.js";

/** The same numbers in [−1, 1) everywhere. */
function numbers(count, seed) {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (1664525 * state + 1013904223) % 2 ** 32;
    return state / 2 ** 31 - 1;
  });
}

/** FNV-1a of the bytes. */
function hash({ buffer, byteOffset, byteLength }) {
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  return bytes.reduce((state, byte) => Math.imul(state ^ byte, 16777619) >>> 0, 2166136261);
}

function multiply(engine) {
  const [m, n, k] = [130, 150, 170];
  const a = engine.matrix(m, k, { values: numbers(m * k, 1) });
  const b = engine.matrix(k, n, { values: numbers(k * n, 2) });
  const c = engine.matrix(m, n);
  engine.gemm({ a, b, c });
  const result = hash(c.values.slice());
  for (const used of [a, b, c]) used.free();
  return result;
}

async function train(engine, dtype) {
  const layers = [dense(97, "gelu"), dropout(0.3), dense(100, "tanh"), dense(10)];
  const net = await Network.create({ engine, dtype, inputs: 40, layers, loss: "softmaxCrossEntropy", seed: 3 });
  const rows = 160;
  const y = Uint8Array.from({ length: rows }, (_, i) => (i * i) % 10);
  await net.fit(numbers(rows * 40, 4), y, { optimizer: adam({ learningRate: 0.01 }), epochs: 2, batchSize: 64 });
  const hashes = net.parameters.map(({ values }) => hash(values));
  net.dispose();
  return hashes;
}

/** Everything that an engine makes of some work, by its bits. */
async function work(engine) {
  return {
    product: multiply(engine),
    float32: await train(engine, "float32"),
    float64: await train(engine, "float64"),
  };
}

/** Works on an engine with these options. */
export async function runThreaded(options) {
  const warnings = [];
  const { warn } = console;
  console.warn = (...words) => warnings.push(words.join(" "));
  const engine = await Engine.create(options);
  console.warn = warn;
  const { threads, threadsReason } = engine;
  const results = await work(engine);
  const threadsAfterwards = engine.threads;
  engine.dispose();
  return { threads, threadsReason, threadsAfterwards, warnings, results };
}

/** The same in a worker of the page's. */
export function runThreadedInWorker(options) {
  const worker = new Worker(new URL("threaded-worker.mjs", import.meta.url), { type: "module" });
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage(options);
  }).finally(() => worker.terminate());
}

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Ends a worker of the page's engine behind its back; what the coming products give, and the threads at last. */
export async function killThread(options) {
  const PageWorker = globalThis.Worker;
  const workers = [];
  globalThis.Worker = class extends PageWorker {
    constructor(...given) {
      super(...given);
      workers.push(this);
    }
  };
  const engine = await Engine.create(options);
  const outcomes = [];
  const note = () => {
    try {
      outcomes.push(multiply(engine));
    } catch (error) {
      outcomes.push(error.name);
    }
  };
  note();
  workers.at(-1).terminate();
  // Chromium lets a worker that has been ended go on for 2 s.
  await sleep(2500);
  for (let call = 0; call < 3; call++) note();
  while (engine.threads < options.threads) await sleep(20);
  note();
  engine.dispose();
  return outcomes;
}
