// TensorFlow.js. Its matMul with a transposed operand is slow on the wasm backend, and its gradients are such products:
// here the backward pass is written by hand with explicit transposes, and Adam too, which trains several times faster.
import { createRequire } from "node:module";
import { dirname, join, sep } from "node:path";

const [RATE, BETA1, BETA2, EPSILON] = [1e-3, 0.9, 0.999, 1e-8];
const TINY = 1e-30;

const require = createRequire(import.meta.url);

/** @param backend "cpu" or "wasm" */
export async function open({ backend }) {
  console.warn = () => {};
  const tf = require("@tensorflow/tfjs");
  if (backend === "wasm") {
    const main = require.resolve("@tensorflow/tfjs-backend-wasm/package.json");
    require("@tensorflow/tfjs-backend-wasm").setWasmPaths(join(dirname(main), "dist") + sep);
  }
  await tf.setBackend(backend);
  await tf.ready();
  const isWasm = backend === "wasm";

  /** op(a)·op(b); pure JavaScript has nothing to gain from transposes of its own. */
  function multiply(a, b, transposeA = false, transposeB = false) {
    if (!isWasm) return tf.matMul(a, b, transposeA, transposeB);
    return tf.matMul(transposeA ? a.transpose() : a, transposeB ? b.transpose() : b);
  }

  /** The input of each layer, and the logits. */
  function forward(layers, x) {
    const outputs = [x];
    for (const { weight, bias, activation } of layers) {
      outputs.push(tf.fused.matMul({ a: outputs.at(-1), b: weight, bias, activation }));
    }
    return outputs;
  }

  /** Adam with both bias corrections drawn into its step size. */
  function update({ value, mean, square }, slope, count) {
    const correction = Math.sqrt(1 - BETA2 ** count);
    mean.assign(mean.mul(BETA1).add(slope.mul(1 - BETA1)));
    square.assign(square.mul(BETA2).add(slope.square().mul(1 - BETA2)));
    const direction = mean.div(square.sqrt().add(EPSILON * correction));
    value.assign(value.sub(direction.mul((RATE * correction) / (1 - BETA1 ** count))));
  }

  function parameters(sizes, weights) {
    return weights.map((weight, index) => ({
      weight: tf.variable(tf.tensor2d(weight, [sizes[index], sizes[index + 1]])),
      bias: tf.variable(tf.zeros([sizes[index + 1]])),
      activation: index === weights.length - 1 ? "linear" : "relu",
    }));
  }

  return {
    about: { version: tf.version.tfjs },

    product({ m, n, k, transposeA, transposeB }, valuesOfA, valuesOfB) {
      const a = tf.tensor2d(valuesOfA, transposeA ? [k, m] : [m, k]);
      const b = tf.tensor2d(valuesOfB, transposeB ? [n, k] : [k, n]);
      return {
        run: () => void tf.tidy(() => void multiply(a, b, transposeA, transposeB)),
        read: () => tf.tidy(() => multiply(a, b, transposeA, transposeB)).dataSync(),
        close: () => tf.dispose([a, b]),
      };
    },

    training({ sizes, batch }, weights, batches) {
      const layers = parameters(sizes, weights);
      const outputs = sizes.at(-1);
      const isBinary = outputs === 1;
      const data = batches.map(({ x, y }) => ({
        x: tf.tensor2d(x, [batch, sizes[0]]),
        y: isBinary ? tf.tensor2d(Float32Array.from(y), [batch, 1]) : tf.oneHot(tf.tensor1d(y, "int32"), outputs),
      }));
      const trained = layers
        .flatMap(({ weight, bias }) => [weight, bias])
        .map((value) => {
          return { value, mean: tf.variable(tf.zeros(value.shape)), square: tf.variable(tf.zeros(value.shape)) };
        });
      let count = 0;
      const step = (index) => {
        const { x, y } = data[index];
        count++;
        return tf.tidy(() => {
          const inputs = forward(layers, x);
          const logits = inputs.pop();
          const predicted = isBinary ? logits.sigmoid() : logits.softmax();
          const losses = isBinary ? logits.softplus().sub(logits.mul(y)) : predicted.add(TINY).log().mul(y).neg();
          let delta = predicted.sub(y).mul(1 / batch);
          for (let index = layers.length - 1; index >= 0; index--) {
            const h = inputs[index];
            const { weight } = layers[index];
            const slopes = [multiply(h, delta, true, false), delta.sum(0)];
            if (index > 0) delta = multiply(delta, weight, false, true).mul(h.step());
            for (const [which, slope] of slopes.entries()) update(trained[2 * index + which], slope, count);
          }
          return losses.sum().dataSync()[0] / batch;
        });
      };
      const close = () => {
        tf.dispose([trained.map(({ value, mean, square }) => [value, mean, square]), data]);
      };
      return { step, close };
    },

    inference({ sizes, batch }, weights, values) {
      const layers = parameters(sizes, weights);
      const x = tf.tensor2d(values, [batch, sizes[0]]);
      const run = () => {
        const logits = tf.tidy(() => forward(layers, x).at(-1));
        const result = logits.dataSync();
        logits.dispose();
        return result;
      };
      return { run, close: () => tf.dispose([x, layers.map(({ weight, bias }) => [weight, bias])]) };
    },
  };
}
