// onnxruntime-web, wasm with SIMD on one thread. It has no training of its own any more: a training step is one ONNX
// graph, and parameters and moments leave and enter the runtime at every step, as its interface demands.
import * as ort from "onnxruntime-web/wasm";
import { netGraph, parametersOf, productGraph, stepSizes, trainingGraph } from "./onnx-graphs.mjs";

const SESSION = { executionProviders: ["wasm"], intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 };

export function open() {
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "error";
  return { about: { version: ort.env.versions.web }, product, training, inference };
}

async function product(workload, a, b) {
  const { m, n, k, transposeA, transposeB } = workload;
  const session = await ort.InferenceSession.create(productGraph(workload), SESSION);
  const feeds = { A: tensor(a, transposeA ? [k, m] : [m, k]), B: tensor(b, transposeB ? [n, k] : [k, n]) };
  const run = () => session.run(feeds);
  return { run, read: async () => (await run()).C.data, close: () => session.release() };
}

async function training(workload, weights, batches) {
  const { sizes, batch } = workload;
  const session = await ort.InferenceSession.create(trainingGraph(workload), SESSION);
  const state = {};
  for (const [name, shape] of parametersOf(sizes)) {
    const length = shape.reduce((product, size) => product * size);
    state[name] = tensor(name[0] === "W" ? weights[Number(name.slice(1))] : new Float32Array(length), shape);
    state[`m${name}`] = tensor(new Float32Array(length), shape);
    state[`v${name}`] = tensor(new Float32Array(length), shape);
  }
  const names = Object.keys(state);
  const data = batches.map(({ x, y }) => ({
    H0: tensor(x, [batch, sizes[0]]),
    Y: tensor(oneHot(y, sizes.at(-1)), [batch, sizes.at(-1)]),
  }));
  let count = 0;
  return {
    async step(index) {
      const { rate, epsilon } = stepSizes(++count);
      const scalars = { rate: tensor(Float32Array.of(rate), []), epsilon: tensor(Float32Array.of(epsilon), []) };
      const results = await session.run({ ...data[index], ...scalars, ...state });
      for (const name of names) state[name] = results[`next${name}`];
      return results.loss.data[0];
    },
    close: () => session.release(),
  };
}

async function inference(workload, weights, x) {
  const { sizes, batch } = workload;
  const session = await ort.InferenceSession.create(netGraph(workload, weights), SESSION);
  const [output] = session.outputNames;
  const feeds = { H0: tensor(x, [batch, sizes[0]]) };
  return { run: async () => (await session.run(feeds))[output].data, close: () => session.release() };
}

function tensor(values, shape) {
  return new ort.Tensor("float32", values, shape);
}

/** One output stands for itself. */
function oneHot(labels, outputs) {
  if (outputs === 1) return Float32Array.from(labels);
  const rows = new Float32Array(labels.length * outputs);
  for (const [row, label] of labels.entries()) rows[row * outputs + label] = 1;
  return rows;
}
