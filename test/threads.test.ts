// Threads: every number of them gives the bits of one thread, in every build and precision.
import { afterAll, describe, expect, test, vi } from "vitest";
import { Pool } from "../src/engine/pool.js";
import {
  adagrad,
  adam,
  adamw,
  type BuildName,
  type DType,
  dense,
  dropout,
  Engine,
  type Layer,
  type Loss,
  Network,
  type Optimizer,
  rmsprop,
  sgd,
} from "../src/index.js";
import { ACTIVATIONS } from "../src/network/activation.js";
import { sameBits } from "./support/blocks.js";
import { BUILDS } from "./support/builds.js";
import { randomNumbers } from "./support/matrices.js";

/** More than most test machines have cores, too. */
const COUNTS = [2, 3, 4] as const;

const DTYPES: readonly DType[] = ["float32", "float64"];

interface Threaded {
  build: BuildName;
  dtype: DType;
  single: Engine;
  engines: Engine[];
}

const engines: Engine[] = [];

async function engineWith(build: BuildName, threads: number): Promise<Engine> {
  const engine = await Engine.create({ build, threads });
  engines.push(engine);
  return engine;
}

const builds = BUILDS.filter((build) => build !== "debug");
const variants: Threaded[] = [];
for (const build of builds) {
  const single = await engineWith(build, 1);
  const threaded = await Promise.all(COUNTS.map((threads) => engineWith(build, threads)));
  for (const dtype of DTYPES) variants.push({ build, dtype, single, engines: threaded });
}
const [{ single: oneThread, engines: threadedEngines }] = variants as [Threaded];
const twoThreads = threadedEngines[0] as Engine;

afterAll(() => {
  for (const engine of engines) engine.dispose();
});

/** How many parts of calls go to workers while `work` runs. */
async function countParts(work: () => unknown): Promise<number> {
  const post = vi.spyOn(Pool.prototype, "post");
  try {
    await work();
    return post.mock.calls.length;
  } finally {
    post.mockRestore();
  }
}

interface Product {
  m: number;
  n: number;
  k: number;
  alpha: number;
  beta: number;
  transposeA: boolean;
  transposeB: boolean;
}

/** What C holds behind the product; before it, NaN where it is not to be read. */
function multiply(engine: Engine, dtype: DType, product: Product): ArrayBufferView & ArrayLike<number> {
  const { m, n, k, alpha, beta, transposeA, transposeB } = product;
  const matrix = (rows: number, cols: number, seed: number) => {
    return engine.matrix(rows, cols, { dtype, values: randomNumbers(rows * cols, seed) });
  };
  const a = transposeA ? matrix(k, m, 1) : matrix(m, k, 1);
  const b = transposeB ? matrix(n, k, 2) : matrix(k, n, 2);
  const c = matrix(m, n, 3);
  if (beta === 0) c.values.fill(Number.NaN);
  engine.gemm({ a, b, c, alpha, beta, transposeA, transposeB });
  const result = c.values.slice();
  for (const used of [a, b, c]) used.free();
  return result;
}

/** m, n, k, and whether the product is worth threads. */
const SHAPES: readonly (readonly [m: number, n: number, k: number, isShared: boolean])[] = [
  [1, 1, 1, false],
  [5, 3, 7, false],
  [16, 32, 16, false],
  [31, 65, 65, false],
  [300, 15, 300, false],
  [300, 16, 300, false],
  [64, 17, 121, true],
  [1, 17, 8192, true],
  [33, 31, 160, true],
  [130, 33, 77, true],
  [67, 49, 101, true],
  [3, 700, 300, true],
  [1, 517, 300, true],
  [129, 130, 259, true],
  [70, 1100, 9, true],
];

const TRANSPOSES = [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
] as const;

const FACTORS = [
  [1, 0],
  [-0.7, 1.3],
] as const;

function* products(shapes: typeof SHAPES): Generator<Product> {
  for (const [m, n, k] of shapes) {
    for (const [transposeA, transposeB] of TRANSPOSES) {
      for (const [alpha, beta] of FACTORS) yield { m, n, k, alpha, beta, transposeA, transposeB };
    }
  }
}

/** Everything that came of some work: arrays by name. */
type Results = Record<string, ArrayBufferView & ArrayLike<number>>;

function expectSameBits(actual: Results, expected: Results, what: string): void {
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [name, values] of Object.entries(expected)) {
    expect(sameBits(actual[name] as Float64Array, values as Float64Array), `${what}: ${name}`).toBe(true);
  }
}

interface Case {
  inputs: number;
  layers: Layer[];
  loss: Loss;
  rows: number;
  /** Of the products and of the update. */
  isShared: boolean;
  l1?: number;
  l2?: number;
}

const CASES: Record<string, Case> = {
  "4-16-3": {
    inputs: 4,
    layers: [dense(16, "tanh"), dense(3)],
    loss: "meanSquaredError",
    rows: 16,
    isShared: false,
  },
  "40-97-100-10 with dropout": {
    inputs: 40,
    layers: [dense(97, "gelu"), dropout(0.3), dense(100, "silu", { bias: false }), dense(10)],
    loss: "softmaxCrossEntropy",
    rows: 67,
    isShared: true,
    l1: 1e-4,
    l2: 1e-3,
  },
  "33-130-65-17 with softmax inside": {
    inputs: 33,
    layers: [dense(130, { type: "elu", alpha: 0.5 }), dense(65, "softmax"), dense(17, "softplus")],
    loss: "huber",
    rows: 40,
    isShared: true,
  },
  "one row of 700-300-50": {
    inputs: 700,
    layers: [dense(300, "sigmoid"), dense(50)],
    loss: "binaryCrossEntropy",
    rows: 1,
    isShared: true,
  },
};

const OPTIMIZERS: Record<string, () => Optimizer> = {
  sgd: () => sgd({ learningRate: 0.05, weightDecay: 0.01 }),
  "sgd with momentum": () => sgd({ learningRate: 0.05, momentum: 0.9, dampening: 0.1 }),
  "sgd, nesterov": () => sgd({ learningRate: 0.05, momentum: 0.9, nesterov: true }),
  adagrad: () => adagrad({ learningRate: 0.05 }),
  rmsprop: () => rmsprop({ learningRate: 0.001 }),
  "rmsprop, centered, with momentum": () => rmsprop({ learningRate: 0.001, centered: true, momentum: 0.9 }),
  adam: () => adam({ learningRate: 0.01 }),
  "adam, amsgrad": () => adam({ learningRate: 0.01, amsgrad: true, weightDecay: 0.01 }),
  adamw: () => adamw({ learningRate: 0.01 }),
};

function networkOf(engine: Engine, dtype: DType, { inputs, layers, loss, rows, l1, l2 }: Case): Promise<Network> {
  return Network.create({ engine, dtype, inputs, layers, loss, l1, l2, batchSize: rows, seed: 11 });
}

/** The rows of a case, and targets of [0, 1) that every loss takes. */
function dataOf(net: Network, rows: number): { x: Float32Array; y: Float32Array | Uint8Array } {
  const x = Float32Array.from(randomNumbers(rows * net.inputs, 21));
  const y = Float32Array.from(randomNumbers(rows * net.outputs, 22), (value) => 0.5 + 0.5 * value);
  return { x, y };
}

function classesOf(net: Network, rows: number): Uint8Array {
  return Uint8Array.from({ length: rows }, (_, i) => (i * i) % net.outputs);
}

/** Losses and parameters of some steps. */
async function train(engine: Engine, dtype: DType, use: Case, optimizer: Optimizer): Promise<Results> {
  const net = await networkOf(engine, dtype, use);
  const { x, y } = dataOf(net, use.rows);
  const targets = use.loss === "softmaxCrossEntropy" ? classesOf(net, use.rows) : y;
  const losses = Float64Array.from({ length: 3 }, () => net.trainBatch(x, targets, optimizer));
  const results: Results = { losses, predictions: net.predict(x) };
  for (const { name, values } of net.parameters) results[name] = values;
  net.dispose();
  return results;
}

async function differentiate(engine: Engine, dtype: DType, use: Case): Promise<Results> {
  const net = await networkOf(engine, dtype, use);
  const { x, y } = dataOf(net, use.rows);
  const targets = use.loss === "softmaxCrossEntropy" ? classesOf(net, use.rows) : y;
  const loss = net.backward(x, targets, { inputGradient: true });
  const results: Results = { loss: Float64Array.of(loss), x: net.inputGradient as Float32Array };
  for (const { name, gradient } of net.parameters) results[name] = gradient;
  for (const [index, { z, a, delta }] of net.layers.entries()) {
    results[`z ${index}`] = z;
    results[`a ${index}`] = a;
    results[`delta ${index}`] = delta;
  }
  net.dispose();
  return results;
}

test("engines have the threads that were asked for", () => {
  for (const { single, engines: threaded } of variants) {
    expect([single, ...threaded].map((engine) => engine.threads)).toEqual([1, ...COUNTS]);
    expect([single, ...threaded].map((engine) => engine.threadsReason)).toEqual([1, ...COUNTS].map(() => undefined));
  }
});

test('"auto" takes as many threads as there are cores, and at most 16', async () => {
  const { availableParallelism } = await import("node:os");
  const engine = await Engine.create({ threads: "auto" });
  expect(engine.threads).toBe(Math.min(availableParallelism(), 16));
  engine.dispose();
});

describe.each(variants)("$build, $dtype", ({ dtype, single, engines: threaded }) => {
  test("products", () => {
    for (const product of products(SHAPES)) {
      const expected = multiply(single, dtype, product);
      for (const engine of threaded) {
        expectSameBits(
          { c: multiply(engine, dtype, product) },
          { c: expected },
          `${engine.threads} threads, ${JSON.stringify(product)}`,
        );
      }
    }
  });

  test.each(Object.keys(CASES))("gradients of %s", async (name) => {
    const use = CASES[name] as Case;
    const expected = await differentiate(single, dtype, use);
    for (const engine of threaded) {
      expectSameBits(await differentiate(engine, dtype, use), expected, `${engine.threads} threads`);
    }
  });

  test("gradients with every activation", async () => {
    for (const activation of ACTIVATIONS) {
      const layers = [dense(83, activation), dense(35, activation)];
      const use: Case = { inputs: 41, layers, loss: "meanSquaredError", rows: 47, isShared: true };
      const expected = await differentiate(single, dtype, use);
      for (const engine of threaded) {
        expectSameBits(await differentiate(engine, dtype, use), expected, `${engine.threads} threads, ${activation}`);
      }
    }
  });

  test.each(Object.keys(OPTIMIZERS))("steps of %s", async (name) => {
    const optimizerOf = OPTIMIZERS[name] as () => Optimizer;
    for (const net of ["4-16-3", "40-97-100-10 with dropout"]) {
      const use = CASES[net] as Case;
      const expected = await train(single, dtype, use, optimizerOf());
      for (const engine of threaded) {
        const actual = await train(engine, dtype, use, optimizerOf());
        expectSameBits(actual, expected, `${engine.threads} threads, ${net}`);
      }
    }
  });

  test("fit with dropout, a last batch that is smaller, and clipping", async () => {
    const use = CASES["40-97-100-10 with dropout"] as Case;
    const fit = async (engine: Engine): Promise<Results> => {
      const net = await networkOf(engine, dtype, use);
      const rows = 3 * use.rows - 20;
      const { x } = dataOf(net, rows);
      const history = await net.fit(x, classesOf(net, rows), {
        optimizer: adam({ learningRate: 0.01 }),
        epochs: 2,
        batchSize: use.rows,
        clipNorm: 0.5,
        validation: [x, classesOf(net, rows)],
      });
      const results: Results = {
        losses: Float64Array.from(history.epochs, (epoch) => epoch.loss),
        validation: Float64Array.from(history.epochs, (epoch) => epoch.validationLoss as number),
      };
      for (const { name, values } of net.parameters) results[name] = values;
      net.dispose();
      return results;
    };
    const expected = await fit(single);
    for (const engine of threaded) expectSameBits(await fit(engine), expected, `${engine.threads} threads`);
  });
});

describe("what is shared", () => {
  test.each(SHAPES)("a product of %i × %i × %i: %s", async (m, n, k, isShared) => {
    for (const product of products([[m, n, k, isShared]])) {
      const parts = await countParts(() => multiply(twoThreads, "float32", product));
      expect(parts).toBe(isShared ? 1 : 0);
    }
  });

  test("as many parts as there are threads, or columns for", async () => {
    const four = threadedEngines[2] as Engine;
    const partsOf = (n: number) => {
      const product = { m: 100, n, k: 100, alpha: 1, beta: 0, transposeA: false, transposeB: false };
      return countParts(() => multiply(four, "float32", product));
    };
    expect(await Promise.all([15, 16].map(partsOf))).toEqual([0, 0]);
    expect(await partsOf(17)).toBe(1);
    expect(await partsOf(33)).toBe(2);
    expect(await partsOf(49)).toBe(3);
    expect(await partsOf(500)).toBe(3);
  });

  test.each(Object.entries(CASES))("a step of %s", async (_, use) => {
    const parts = await countParts(() => train(twoThreads, "float32", use, adam({ learningRate: 0.01 })));
    if (use.isShared) expect(parts).toBeGreaterThan(3);
    else expect(parts).toBe(0);
  });

  test("nothing with one thread", async () => {
    const use = CASES["40-97-100-10 with dropout"] as Case;
    expect(await countParts(() => train(oneThread, "float32", use, adam({ learningRate: 0.01 })))).toBe(0);
  });
});

describe("memory", () => {
  test("grows while threads are at work, and they go on", async () => {
    const engine = await Engine.create({ build: "simd", threads: 3 });
    const use = CASES["40-97-100-10 with dropout"] as Case;
    const expected = await train(oneThread, "float32", use, adam({ learningRate: 0.01 }));
    const product = { m: 67, n: 49, k: 101, alpha: 1, beta: 0, transposeA: false, transposeB: true };
    const expectedProduct = multiply(oneThread, "float32", product);
    const early = engine.matrix(10, 10, { values: randomNumbers(100, 5) });
    const { values } = early;
    for (let round = 0; round < 5; round++) {
      const { reserved } = engine.memory;
      const matrix = engine.matrix(1000, 1000);
      expect(engine.memory.reserved).toBeGreaterThan(reserved);
      matrix.values.fill(round);
      expectSameBits(await train(engine, "float32", use, adam({ learningRate: 0.01 })), expected, `round ${round}`);
      expectSameBits({ c: multiply(engine, "float32", product) }, { c: expectedProduct }, `round ${round}`);
      expect(matrix.values.every((value) => value === round)).toBe(true);
    }
    expect(sameBits(early.values, values)).toBe(true);
    expect(engine.threads).toBe(3);
    engine.dispose();
  });

  test("is refused beyond the maximum, and the threads go on", async () => {
    const engine = await Engine.create({ build: "simd", threads: 2, maximumMemory: 2 ** 22 });
    expect(() => engine.matrix(2000, 2000)).toThrow("out of memory");
    const product = { m: 67, n: 49, k: 101, alpha: 1, beta: 0, transposeA: false, transposeB: true };
    expectSameBits(
      { c: multiply(engine, "float32", product) },
      { c: multiply(oneThread, "float32", product) },
      "after",
    );
    expect(engine.threads).toBe(2);
    engine.dispose();
  });

  test.each(COUNTS)("of a network is as planned with %i threads", async (threads) => {
    const engine = threadedEngines[threads - 2] as Engine;
    for (const use of Object.values(CASES)) {
      const before = engine.memory.used;
      const net = await networkOf(engine, "float32", use);
      const { x, y } = dataOf(net, use.rows);
      net.trainBatch(x, y, adam({ learningRate: 0.01, amsgrad: true }));
      expect(net.memory.total).toBe(engine.memory.used - before);
      net.dispose();
      expect(engine.memory.used).toBe(before);
    }
  });

  test("a workspace that is shared out is large enough: nothing beside it changes", async () => {
    const engine = await Engine.create({ build: "simd", threads: 3 });
    const use = CASES["40-97-100-10 with dropout"] as Case;
    const net = await networkOf(engine, "float32", use);
    const { x } = dataOf(net, use.rows);
    const y = classesOf(net, use.rows);
    net.trainBatch(x, y, adam({ learningRate: 0.01 }));
    const neighbours = Array.from({ length: 4 }, (_, seed) => {
      return engine.matrix(64, 64, { values: randomNumbers(64 * 64, seed) });
    });
    const before = neighbours.map((matrix) => matrix.values.slice());
    const optimizer = adam({ learningRate: 0.01 });
    for (let rows = use.rows; rows > 0; rows--) {
      net.trainBatch(x.subarray(0, rows * net.inputs), y.subarray(0, rows), optimizer);
    }
    for (const [index, matrix] of neighbours.entries()) {
      expect(sameBits(matrix.values, before[index] as Float32Array)).toBe(true);
    }
    engine.dispose();
  });
});

describe("dispose", () => {
  test("leaves one thread, which goes on with the nets that there are", async () => {
    const engine = await Engine.create({ build: "simd", threads: 3 });
    const use = CASES["40-97-100-10 with dropout"] as Case;
    const before = await train(engine, "float32", use, adam({ learningRate: 0.01 }));
    const net = await networkOf(engine, "float32", use);
    engine.dispose();
    engine.dispose();
    expect(engine.threads).toBe(1);
    const parts = await countParts(async () => {
      expectSameBits(await train(engine, "float32", use, adam({ learningRate: 0.01 })), before, "afterwards");
    });
    expect(parts).toBe(0);
    expect(Number.isFinite(net.backward(dataOf(net, 5).x, classesOf(net, 5)))).toBe(true);
  });

  test("right behind a call: what takes the place of the threads' memory is safe", async () => {
    const product = { m: 67, n: 49, k: 101, alpha: 1, beta: 0, transposeA: false, transposeB: true };
    const expected = multiply(oneThread, "float32", product);
    for (let round = 0; round < 10; round++) {
      const engine = await Engine.create({ build: "simd", threads: 2 });
      multiply(engine, "float32", product);
      engine.dispose();
      const matrices = Array.from({ length: 20 }, () => engine.matrix(8, 8, { values: new Float32Array(64).fill(1) }));
      expectSameBits({ c: multiply(engine, "float32", product) }, { c: expected }, `round ${round}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
      for (const matrix of matrices) expect(matrix.values.every((value) => value === 1)).toBe(true);
    }
  });
});
