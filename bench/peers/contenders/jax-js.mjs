// jax-js on its wasm device: one jitted function a step, differentiated by valueAndGrad, Adam written out.
import { readFileSync } from "node:fs";
import { defaultDevice, init, jit, nn, numpy as np, valueAndGrad } from "@jax-js/jax";

const PACKAGE = new URL("../node_modules/@jax-js/jax/package.json", import.meta.url);
const [RATE, BETA1, BETA2, EPSILON] = [1e-3, 0.9, 0.999, 1e-8];

export async function open() {
  await init("wasm");
  defaultDevice("wasm");
  return { about: { version: JSON.parse(readFileSync(PACKAGE, "utf8")).version }, product, training, inference };
}

/** What is not read is not computed, so C is copied out at every call. */
function product({ m, n, k, transposeA, transposeB }, valuesOfA, valuesOfB) {
  const a = np.array(valuesOfA).reshape(transposeA ? [k, m] : [m, k]);
  const b = np.array(valuesOfB).reshape(transposeB ? [n, k] : [k, n]);
  const multiply = jit((x, y) => np.matmul(transposeA ? x.transpose() : x, transposeB ? y.transpose() : y));
  const run = () => multiply(a.ref, b.ref).dataSync();
  return { run, read: run };
}

function training({ sizes, batch }, weights, batches) {
  const outputs = sizes.at(-1);
  const data = batches.map(({ x, y }) => ({
    x: np.array(x).reshape([batch, sizes[0]]),
    y: np.array(outputs === 1 ? Float32Array.from(y) : oneHot(y, outputs)).reshape([batch, outputs]),
  }));
  const gradients = valueAndGrad((parameters, x, y) => {
    const z = forward(parameters, x);
    if (outputs === 1) return np.mean(nn.softplus(z.ref).sub(z.mul(y)));
    return np.sum(nn.logSoftmax(z, -1).mul(y)).mul(-1 / batch);
  });
  const update = jit((parameters, means, squares, x, y, rate, epsilon) => {
    const [loss, slopes] = gradients(references(parameters), x, y);
    const next = { parameters: [], means: [], squares: [] };
    for (const [index, slope] of slopes.entries()) {
      const mean = means[index].mul(BETA1).add(slope.ref.mul(1 - BETA1));
      const square = squares[index].mul(BETA2).add(slope.ref.mul(slope).mul(1 - BETA2));
      next.means.push(mean.ref);
      next.squares.push(square.ref);
      next.parameters.push(parameters[index].sub(mean.mul(rate.ref).div(np.sqrt(square).add(epsilon.ref))));
    }
    rate.dispose();
    epsilon.dispose();
    return [loss, next];
  });
  let parameters = load(sizes, weights);
  let means = parameters.map(({ shape }) => np.zeros(shape));
  let squares = parameters.map(({ shape }) => np.zeros(shape));
  let count = 0;
  return {
    step(index) {
      count++;
      const { x, y } = data[index];
      const correction = Math.sqrt(1 - BETA2 ** count);
      const rate = np.array((RATE * correction) / (1 - BETA1 ** count));
      const epsilon = np.array(EPSILON * correction);
      const [loss, next] = update(parameters, means, squares, x.ref, y.ref, rate, epsilon);
      ({ parameters, means, squares } = next);
      return loss.dataSync()[0];
    },
  };
}

function inference({ sizes, batch }, weights, values) {
  const parameters = load(sizes, weights);
  const x = np.array(values).reshape([batch, sizes[0]]);
  const predict = jit(forward);
  return { run: () => predict(references(parameters), x.ref).dataSync() };
}

/** @param parameters weight, bias, weight, bias, … */
function forward(parameters, x) {
  let h = x;
  for (let index = 0; index < parameters.length; index += 2) {
    h = np.matmul(h, parameters[index]).add(parameters[index + 1]);
    if (index + 2 < parameters.length) h = nn.relu(h);
  }
  return h;
}

function load(sizes, weights) {
  return weights.flatMap((weight, index) => [
    np.array(weight).reshape([sizes[index], sizes[index + 1]]),
    np.zeros([sizes[index + 1]]),
  ]);
}

/** jax-js counts references: what a function takes is gone unless another reference is handed in. */
function references(arrays) {
  return arrays.map((array) => array.ref);
}

function oneHot(labels, outputs) {
  const rows = new Float32Array(labels.length * outputs);
  for (const [row, label] of labels.entries()) rows[row * outputs + label] = 1;
  return rows;
}
