// lanegrad from ../../../dist, or from the file that LANEGRAD names. Batches are plain arrays, copied in at every call.
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { uniform } from "../../random.mjs";
import { inTurns } from "../../workloads.mjs";

const BUILT = new URL("../../../dist/index.js", import.meta.url);

/** @param options of `Engine.create` */
export async function open(options) {
  const { LANEGRAD } = process.env;
  const { adam, dense, Engine, Network } = await import(LANEGRAD ? pathToFileURL(resolve(LANEGRAD)) : BUILT);
  const engine = await Engine.create(options);

  async function network({ sizes, batch }, weights) {
    const outputs = sizes.at(-1);
    const net = await Network.create({
      engine,
      inputs: sizes[0],
      layers: [...sizes.slice(1, -1).map((units) => dense(units, "relu")), dense(outputs)],
      loss: outputs === 1 ? "binaryCrossEntropy" : "softmaxCrossEntropy",
      batchSize: batch,
    });
    const entries = weights.map((weight, layer) => [
      `${layer}.weight`,
      transpose(weight, sizes[layer], sizes[layer + 1]),
    ]);
    net.setParameters(Object.fromEntries(entries));
    return net;
  }

  return {
    about: { build: engine.build, threads: engine.threads },

    product({ m, n, k, transposeA, transposeB }, valuesOfA, valuesOfB) {
      const a = engine.matrix(transposeA ? k : m, transposeA ? m : k, { values: valuesOfA });
      const b = engine.matrix(transposeB ? n : k, transposeB ? k : n, { values: valuesOfB });
      const c = engine.matrix(m, n);
      const operation = { a, b, c, transposeA, transposeB };
      return {
        run: () => engine.gemm(operation),
        read: () => c.values,
        close: () => [a, b, c].forEach((matrix) => void matrix.free()),
      };
    },

    async training(workload, weights, batches) {
      const net = await network(workload, weights);
      const optimizer = adam({ learningRate: 1e-3 });
      return {
        step: (batch) => net.trainBatch(batches[batch].x, batches[batch].y, optimizer),
        close: () => net.dispose(),
      };
    },

    /** The stages of a training step, each with those before it, and the step's products by themselves. */
    async stages(workload, weights, batches) {
      const net = await network(workload, weights);
      const optimizer = adam({ learningRate: 1e-3 });
      const next = inTurns(batches);
      const operations = productsOf(workload, engine);
      const products = () => {
        for (const operation of operations) engine.gemm(operation);
      };
      const onNext = (stage) => () => {
        const { x, y } = next();
        return stage(x, y);
      };
      return {
        products,
        forward: onNext((x) => net.forward(x)),
        backward: onNext((x, y) => net.backward(x, y)),
        step: onNext((x, y) => net.trainBatch(x, y, optimizer)),
      };
    },

    async inference(workload, weights, x) {
      const net = await network(workload, weights);
      return { run: () => net.forward(x), close: () => net.dispose() };
    },
  };
}

/** [rows, columns] → [columns, rows] */
function transpose(values, rows, columns) {
  const result = new Float32Array(values.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) result[j * rows + i] = values[i * columns + j];
  return result;
}

/** X·Wᵀ and δᵀ·X of every layer, δ·W of every layer but the first; W is [out, in], and δ is random. */
function productsOf({ sizes, batch }, engine) {
  return sizes.slice(1).flatMap((outputs, layer) => {
    const inputs = sizes[layer];
    const random = (rows, columns) => engine.matrix(rows, columns, { values: uniform(rows * columns, 7) });
    const [x, weight, delta] = [random(batch, inputs), random(outputs, inputs), random(batch, outputs)];
    const forward = { a: x, b: weight, c: engine.matrix(batch, outputs), transposeB: true };
    const gradient = { a: delta, b: x, c: engine.matrix(outputs, inputs), transposeA: true };
    const below = { a: delta, b: weight, c: engine.matrix(batch, inputs) };
    return layer === 0 ? [forward, gradient] : [forward, gradient, below];
  });
}
