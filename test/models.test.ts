// Whole models, drawn at random, through every kind of file: what comes back predicts, evaluates and trains as the model did.
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { readSafetensors } from "../src/format/safetensors.js";
import { adam, type LossName, Network, type NetworkOptions, NonFiniteError, type Optimizer } from "../src/index.js";
import { fromOnnx, toOnnx } from "../src/onnx.js";
import { engineOf } from "./support/builds.js";
import { randomNumbers } from "./support/matrices.js";
import { randomModels } from "./support/random-models.js";
import { installRuntimes, loadRuntime, runFile } from "./support/runtimes.js";

const engine = await engineOf("simd");

const RUNS = 150;
const ROWS = 5;

/** Of the largest number within the network, from which the last sums may come. */
const TOLERANCE = 1e-5;

beforeAll(installRuntimes, 300_000);

/** Rows of numbers, and targets that each loss can have. */
function dataFor({ inputs, outputs, model }: Network) {
  const x = randomNumbers(ROWS * inputs, 1).map((value) => 3 * value);
  const random = randomNumbers(ROWS * outputs, 2);
  const isShare = (["binaryCrossEntropy", "softmaxCrossEntropy"] as LossName[]).includes(model.loss.name);
  return { x, y: isShare ? random.map((value) => (value + 1) / 2) : random };
}

const newOptimizer = () => adam({ learningRate: 0.01 });

/** Everything that the next steps of training come to. */
function trained(net: Network, optimizer = newOptimizer()): unknown {
  const { x, y } = dataFor(net);
  try {
    const losses = [net.trainBatch(x, y, optimizer), net.trainBatch(x, y, optimizer)];
    return { losses, parameters: parametersOf(net), evaluation: net.evaluate(x, y) };
  } catch (error) {
    expect(error).toBeInstanceOf(NonFiniteError);
    return { message: (error as Error).message, parameters: parametersOf(net) };
  }
}

function parametersOf(net: Network): Record<string, unknown> {
  return Object.fromEntries(net.parameters.map(({ name, values }) => [name, values]));
}

/** What a network says of the rows. */
function saidBy(net: Network) {
  const { x, y } = dataFor(net);
  return { predictions: net.predict(x), outputs: net.forward(x), evaluation: net.evaluate(x, y) };
}

/** @param check gets a network that was trained, with its optimizer */
async function forEachModel(check: (net: Network, optimizer: Optimizer, options: NetworkOptions) => Promise<void>) {
  const property = fc.asyncProperty(randomModels, async (drawn) => {
    const options = { ...drawn, engine };
    const net = await Network.create(options);
    const optimizer = newOptimizer();
    trained(net, optimizer);
    await check(net, optimizer, options);
    net.dispose();
  });
  await fc.assert(property, { numRuns: RUNS });
  expect(engine.memory.used).toBe(0);
}

test("a safetensors file is a whole model", async () => {
  await forEachModel(async (net, _, options) => {
    const file = net.toSafetensors();
    const again = await Network.fromSafetensors(file, { engine });
    expect(saidBy(again)).toEqual(saidBy(net));
    // With the precision written out where it was not.
    expect(readSafetensors(again.toSafetensors()).tensors).toEqual(readSafetensors(file).tensors);
    // Masks and optimizer start anew, as in a network of the same options.
    const other = await Network.create(options);
    other.setParameters(Object.fromEntries(net.parameters.map(({ name, values }) => [name, values])));
    expect(trained(again)).toEqual(trained(other));
    again.dispose();
    other.dispose();
  });
}, 120_000);

test("a checkpoint goes on with masks and optimizer where they were", async () => {
  await forEachModel(async (net, optimizer) => {
    const file = net.checkpoint();
    const again = await Network.restore(file, { engine });
    expect(Buffer.compare(again.checkpoint(), file)).toBe(0);
    expect(trained(again)).toEqual(trained(net, optimizer));
    again.dispose();
  });
}, 120_000);

test("an ONNX file computes the same in ONNX Runtime, and is the same network again", async () => {
  const runtime = loadRuntime("onnxruntime-node");
  await forEachModel(async (net) => {
    const file = toOnnx(net);
    const again = await fromOnnx(file, { engine });
    expect(saidBy(again)).toEqual(saidBy(net));
    expect(Buffer.compare(toOnnx(again), file)).toBe(0);
    again.dispose();

    const { x } = dataFor(net);
    const predictions = net.predict(x);
    const largest = Math.max(1, ...net.layers.flatMap(({ z, a }) => [...z, ...a]).map(Math.abs));
    const inputs = net.model.topology.inputSpecs;
    const columns = inputs.map(({ name, column, width }) => {
      return [
        name,
        Array.from(
          { length: ROWS * width },
          (_, i) => x[Math.floor(i / width) * net.inputs + column + (i % width)] as number,
        ),
      ] as const;
    });
    const { data } = await runFile(runtime, file, net.dtype, ROWS, Object.fromEntries(columns));
    const errors = data.map((value, i) => Math.abs(value - (predictions[i] as number)));
    expect(Math.max(...errors) / largest).toBeLessThanOrEqual(TOLERANCE);
  });
}, 120_000);
