// What a step costs in counts, which do not vary as times do: calls into the kernels, blocks of the arena; and the kernels' size.
import { readFileSync } from "node:fs";
import { deflateRawSync } from "node:zlib";
import { describe, expect, test, vi } from "vitest";
import { adam, dense, dropout, type Layer, type Loss, Network } from "../src/index.js";
import { engineOf } from "./support/builds.js";

interface Steps {
  layers: Layer[];
  inputs: number;
  loss: Loss;
  rows: number;
  /** Calls of a `trainBatch` with Adam, by kernel. */
  training: Record<string, number>;
  /** Calls of a `predict`, by kernel. */
  inference: Record<string, number>;
}

/** Exact: who changes a number here has made a step cheaper or dearer. */
const STEPS: Record<string, Steps> = {
  "2-8-1, sigmoid": {
    inputs: 2,
    layers: [dense(8, "sigmoid"), dense(1)],
    loss: "binaryCrossEntropy",
    rows: 4,
    training: { affine: 2, elementwiseLoss: 1, gradient: 2, delta: 1, firstNonFinite: 1, adam: 1 },
    inference: { affine: 2, applyActivation: 1 },
  },
  "784-128-10, relu": {
    inputs: 784,
    layers: [dense(128, "relu"), dense(10)],
    loss: "softmaxCrossEntropy",
    rows: 128,
    training: { affine: 2, softmaxCrossEntropy: 1, gradient: 2, delta: 1, firstNonFinite: 1, adam: 1 },
    inference: { affine: 2, softmax: 1 },
  },
  "4-16-3, dropout behind gelu": {
    inputs: 4,
    layers: [dense(16, "gelu"), dropout(0.1), dense(3)],
    loss: "softmaxCrossEntropy",
    rows: 16,
    training: {
      affine: 2,
      dropout: 2,
      softmaxCrossEntropy: 1,
      applyDerivative: 1,
      gradient: 2,
      delta: 1,
      firstNonFinite: 1,
      adam: 1,
    },
    inference: { affine: 2, softmax: 1 },
  },
  "4-8-8-2, a softmax between": {
    inputs: 4,
    layers: [dense(8, "tanh"), dense(8, "softmax"), dense(2)],
    loss: "meanSquaredError",
    rows: 16,
    training: {
      affine: 3,
      softmax: 1,
      elementwiseLoss: 1,
      softmaxBackward: 1,
      gradient: 3,
      delta: 2,
      firstNonFinite: 1,
      adam: 1,
    },
    inference: { affine: 3, softmax: 1 },
  },
};

/** Bytes of the published builds, deflated as in the bundle, whose own size package.test.ts limits. */
const DEFLATED_BYTES = { simd: 13_651, relaxed: 13_650 };

/** Sizes may exceed the table by this factor. */
const AIR = 1.03;

/** Makes an engine's kernels and arena record their calls. */
async function recordingEngine() {
  const engine = await engineOf("simd");
  const kernels = engine.kernels("float32") as unknown as Record<string, (...values: number[]) => unknown>;
  let calls: Record<string, number> = {};
  for (const [name, kernel] of Object.entries(kernels)) {
    kernels[name] = (...values) => {
      calls[name] = (calls[name] ?? 0) + 1;
      return kernel(...values);
    };
  }
  const allocate = vi.spyOn(engine.arena, "allocate");
  const free = vi.spyOn(engine.arena, "free");
  /** What a step calls by kernel, and the bytes of the blocks that it takes and how many it gives back. */
  const record = (step: () => unknown) => {
    calls = {};
    allocate.mockClear();
    free.mockClear();
    step();
    return { calls, taken: allocate.mock.calls.map(([bytes]) => bytes), freed: free.mock.calls.length };
  };
  return { engine, record };
}

describe.each(Object.entries(STEPS))("%s", async (_, { inputs, layers, loss, rows, training, inference }) => {
  const { engine, record } = await recordingEngine();
  const net = await Network.create({ inputs, layers, loss, engine, batchSize: rows });
  const x = Float32Array.from({ length: rows * inputs }, (_, i) => Math.sin(i));
  const y = Float32Array.from({ length: rows * net.outputs }, (_, i) => (i % net.outputs === 0 ? 1 : 0));
  const optimizer = adam({ learningRate: 1e-3 });
  const train = () => net.trainBatch(x, y, optimizer);

  test("a training step makes these calls, and takes memory for the optimizer's state alone, once", () => {
    expect(record(train)).toEqual({ calls: training, taken: [net.memory.optimizer], freed: 0 });
    expect(record(train)).toEqual({ calls: training, taken: [], freed: 0 });
  });

  test("inference makes these calls, and takes no memory of the arena", () => {
    expect(record(() => net.predict(x))).toEqual({ calls: inference, taken: [], freed: 0 });
  });
});

test.each(Object.entries(DEFLATED_BYTES))("%s.wasm takes about %i bytes at most, deflated", (build, bytes) => {
  const file = readFileSync(new URL(`../dist/${build}.wasm`, import.meta.url));
  expect(deflateRawSync(file, { level: 9 }).length).toBeLessThanOrEqual(AIR * bytes);
});
