// Results first: what a contender computes is compared with float64 arithmetic before it is timed.
import { batchesOf, operandsOf, weightsOf } from "./workloads.mjs";

/** Steps after which the loss must be lower. */
const STEPS = 5;

/** Compares up to 4096 entries, spread over C, with float64 sums. */
export function checkProduct(who, workload, c) {
  const { name, m, n, k, transposeA, transposeB } = workload;
  const { a, b } = operandsOf(workload);
  const step = Math.ceil((m * n) / 4096) | 1;
  for (let index = 0; index < m * n; index += step) {
    const i = Math.floor(index / n);
    const j = index % n;
    let sum = 0;
    for (let p = 0; p < k; p++) sum += a[transposeA ? p * m + i : i * k + p] * b[transposeB ? j * k + p : p * n + j];
    checkNear(`${who}, ${name}: entry [${i}, ${j}]`, c[index], sum, 1e-6 * k);
  }
}

/**
 * Compares logits with those of a float64 forward pass.
 *
 * @param output what the contender applies to the logits, where that cannot be switched off
 */
export function checkLogits(who, workload, logits, output = (logit) => logit) {
  const { name, sizes, batch } = workload;
  let layer = Float64Array.from(batchesOf(workload)[0].x);
  for (const [index, weight] of weightsOf(workload).entries()) {
    const isLast = index === sizes.length - 2;
    layer = denseLayer(layer, weight, batch, sizes[index], sizes[index + 1], !isLast);
  }
  layer = layer.map(output);
  const tolerance = 1e-5 * layer.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1);
  if (logits.length !== layer.length) throw new Error(`${who}, ${name}: ${logits.length} logits for ${layer.length}`);
  for (const [index, value] of layer.entries()) {
    checkNear(`${who}, ${name}: logit ${index}`, logits[index], value, tolerance);
  }
}

/** @param train (x, y) → one step on that batch; returns the loss before it */
export function checkLearning(who, workload, train) {
  const { name } = workload;
  const [{ x, y }] = batchesOf(workload);
  const first = train(x, y);
  let last = first;
  for (let step = 0; step < STEPS; step++) last = train(x, y);
  if (!(last < first)) throw new Error(`${who}, ${name}: ${STEPS} steps brought the loss from ${first} to ${last}`);
}

export function checkNear(what, actual, expected, tolerance) {
  if (!(Math.abs(actual - expected) <= tolerance)) throw new Error(`${what} is ${actual}, expected ${expected}`);
}

function denseLayer(input, weight, batch, inputs, outputs, rectify) {
  const output = new Float64Array(batch * outputs);
  for (let i = 0; i < batch; i++) {
    for (let j = 0; j < outputs; j++) {
      let sum = 0;
      for (let p = 0; p < inputs; p++) sum += input[i * inputs + p] * weight[p * outputs + j];
      output[i * outputs + j] = rectify ? Math.max(sum, 0) : sum;
    }
  }
  return output;
}
