// Full-batch optimizers: known minima, Adam's losses on real data, the penalty, ends, memory and errors.
import { describe, expect, test } from "vitest";
import {
  adam,
  conjugateGradient,
  type DType,
  dense,
  dropout,
  Engine,
  type FitOptions,
  type FullBatchOptimizer,
  type History,
  lbfgs,
  Network,
  type NetworkOptions,
  NonFiniteError,
  type Optimizer,
  OutOfMemoryError,
} from "../src/index.js";
import { sameBits } from "./support/blocks.js";
import { engineOf } from "./support/builds.js";
import { absoluteError, expectWithin, tensorError } from "./support/close.js";
import { columnStatistics, readTable, standardize } from "./support/data.js";
import { randomNumbers } from "./support/matrices.js";
import { VARIANTS } from "./support/variants.js";

const engine = await engineOf("simd");

/** Each, by default until its own tolerance ends it. */
const MAKERS: { name: string; make: (options?: { tolerance?: number }) => FullBatchOptimizer }[] = [
  { name: "lbfgs", make: lbfgs },
  { name: "conjugateGradient", make: conjugateGradient },
];

const table = readTable("diabetes");
const inputStatistics = columnStatistics(table.inputs);
const targetRows = table.targets.map((target) => [target]);
const targetStatistics = columnStatistics(targetRows);
/** The diabetes data, standardized. */
const x = standardize(table.inputs, inputStatistics.means, inputStatistics.deviations);
const y = standardize(targetRows, targetStatistics.means, targetStatistics.deviations).flat();

function create(options: Partial<NetworkOptions> = {}): Promise<Network> {
  const layers = [dense(16, "tanh"), dense(1)];
  return Network.create({ inputs: 10, layers, loss: "meanSquaredError", seed: 1, engine, ...options });
}

function losses({ epochs }: History): number[] {
  return epochs.map(({ loss }) => loss);
}

/** ½λ‖p‖² */
function penaltyOf(net: Network, l2: number): number {
  const squares = net.parameters.flatMap(({ values }) => Array.from(values, (value) => value * value));
  return (l2 / 2) * squares.reduce((sum, square) => sum + square, 0);
}

function bitsOf(net: Network) {
  return Float64Array.from(net.parameters.flatMap(({ values }) => Array.from(values)));
}

/** The weights and bias of least squares, with λ/2 added to the diagonal of the normal equations of the mean. */
function leastSquares(rows: number[][], targets: number[], l2 = 0): number[] {
  const extended = rows.map((row) => [...row, 1]);
  const n = extended[0]?.length as number;
  const system = Array.from({ length: n }, (_, i) => {
    const sum = (of: (row: number[], r: number) => number) => extended.reduce((total, row, r) => total + of(row, r), 0);
    const left = Array.from({ length: n }, (_, j) => sum((row) => (row[i] as number) * (row[j] as number)));
    (left[i] as number) += (l2 / 2) * rows.length;
    return [...left, sum((row, r) => (row[i] as number) * (targets[r] as number))];
  });
  return solve(system);
}

/** Gauss and Jordan's elimination of a positive definite system, whose last column is the right side. */
function solve(system: number[][]): number[] {
  for (const [i, pivot] of system.entries()) {
    for (const [j, row] of system.entries()) {
      const factor = (row[i] as number) / (pivot[i] as number);
      if (j !== i) for (let k = i; k < row.length; k++) row[k] = (row[k] as number) - factor * (pivot[k] as number);
    }
  }
  return system.map((row, i) => (row.at(-1) as number) / (row[i] as number));
}

describe.each(MAKERS)("$name", ({ make }) => {
  test.each([0, 0.3])("finds least squares in about as many iterations as there are parameters, l2 %d", async (l2) => {
    const rows = Array.from({ length: 40 }, (_, i) => randomNumbers(6, i + 1));
    const targets = randomNumbers(40, 99);
    const net = await create({ inputs: 6, layers: [dense(1)], dtype: "float64", l2 });
    const history = await net.fit(rows, targets, { optimizer: make({ tolerance: 1e-10 }), epochs: 60 });
    expect(history.stoppedBy).toBe("converged");
    expectWithin("parameters", absoluteError(bitsOf(net), leastSquares(rows, targets, l2)), 1e-8);
    net.dispose();
  });

  test.each(VARIANTS)(
    "lowers the penalized objective at every iteration, $build, $dtype",
    async ({ dtype, engine }) => {
      const l2 = 0.01;
      const net = await create({ dtype, engine, l2 });
      const objectives = [net.evaluate(x, y).loss + penaltyOf(net, l2)];
      const { epochs } = await net.fit(x, y, {
        optimizer: make(),
        epochs: 60,
        onEpochEnd: ({ loss }) => objectives.push(loss + penaltyOf(net, l2)),
      });
      expect(epochs).toHaveLength(60);
      const slack = dtype === "float64" ? 1e-13 : 1e-6;
      for (const [k, objective] of objectives.entries()) {
        if (k > 0) expect(objective).toBeLessThanOrEqual((objectives[k - 1] as number) * (1 + slack));
      }
      expect(objectives.at(-1)).toBeLessThan(0.6 * (objectives[0] as number));
      net.dispose();
    },
  );

  test("reports the loss after the iteration, the step and the evaluations", async () => {
    const net = await create({ dtype: "float64", l2: 0.01 });
    const { epochs } = await net.fit(x, y, {
      optimizer: make(),
      epochs: 5,
      onEpochEnd: ({ loss }) => expectWithin("loss", tensorError([loss], [net.evaluate(x, y).loss]), 1e-12),
    });
    expect(epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5]);
    let before = 1;
    for (const { evaluations, learningRate } of epochs) {
      expect(evaluations).toBeGreaterThan(before);
      expect(learningRate).toBeGreaterThan(0);
      before = evaluations as number;
    }
    net.dispose();
  });

  test("ends at a gradient within the tolerance, and at once when called again", async () => {
    const net = await create({ dtype: "float64", layers: [dense(1)] });
    const { stoppedBy, epochs } = await net.fit(x, y, { optimizer: make({ tolerance: 1e-3 }), epochs: 100 });
    expect(stoppedBy).toBe("converged");
    expect(epochs.length).toBeLessThan(60);
    net.backward(x, y);
    const squares = net.parameters.flatMap(({ gradient }) => Array.from(gradient, (g) => g * g));
    expect(Math.sqrt(squares.reduce((sum, square) => sum + square))).toBeLessThanOrEqual(1e-3);
    const before = bitsOf(net);
    const again = await net.fit(x, y, { optimizer: make({ tolerance: 1e-3 }), epochs: 100 });
    expect(again.stoppedBy).toBe("converged");
    expect(again.epochs).toMatchObject([{ epoch: 1, evaluations: 1, learningRate: 0 }]);
    expect(bitsOf(net)).toEqual(before);
    net.dispose();
  });

  test("ends where nothing leads further down, without a tolerance", async () => {
    for (const dtype of ["float32", "float64"] as const) {
      const net = await create({ dtype, layers: [dense(1)] });
      const { stoppedBy } = await net.fit(x, y, { optimizer: make({ tolerance: 0 }), epochs: 2000 });
      expect(stoppedBy, dtype).toBe("converged");
      const best = leastSquares(x, y);
      expectWithin(dtype, absoluteError(bitsOf(net), best), dtype === "float64" ? 1e-6 : 1e-2);
      net.dispose();
    }
  });

  test("goes on where callbacks use the network, at no more evaluations", async () => {
    const train = async (onEpochEnd: (net: Network) => unknown) => {
      const net = await create();
      const { epochs } = await net.fit(x, y, { optimizer: make(), epochs: 8, onEpochEnd: () => onEpochEnd(net) });
      return { bits: bitsOf(net), evaluations: epochs.at(-1)?.evaluations };
    };
    const alone = await train(() => {});
    const used = await train((net) => {
      net.backward(x.slice(0, 3), y.slice(0, 3));
      net.predict(x);
    });
    expect(used).toEqual(alone);
  });

  test("takes parameters that a callback moves, and another optimizer's start in between, as they come", async () => {
    for (const move of [
      (net: Network) => net.setParameters({ "1.bias": [5] }),
      (net: Network) => net.trainBatch(x, y, adam({ learningRate: 0.1 })),
    ]) {
      const net = await create({ dtype: "float64" });
      let moved = 0;
      const { epochs } = await net.fit(x, y, {
        optimizer: make(),
        epochs: 12,
        onEpochEnd: ({ epoch }) => {
          if (epoch !== 4) return;
          move(net);
          moved = net.evaluate(x, y).loss;
        },
      });
      expect(moved).toBeGreaterThan(epochs[3]?.loss as number);
      expect(epochs[4]?.loss).toBeLessThan(moved);
      expect(epochs[11]?.loss).toBeLessThan(epochs[3]?.loss as number);
      net.dispose();
    }
  });

  test("goes on with its pairs in another call with the same object", async () => {
    const optimizer = make();
    const [once, twice] = [await create(), await create()];
    await once.fit(x, y, { optimizer, epochs: 12 });
    await twice.fit(x, y, { optimizer, epochs: 5 });
    await twice.fit(x, y, { optimizer, epochs: 7 });
    expect(sameBits(bitsOf(once), bitsOf(twice))).toBe(true);
  });

  test.each([{ rate: 0 }, { rate: 0.3 }])(
    "resumes from a checkpoint of any iteration, dropout $rate",
    async ({ rate }) => {
      const layers = [dense(6, "tanh"), ...(rate > 0 ? [dropout(rate)] : []), dense(1)];
      const options = (): FitOptions => ({ optimizer: make(), epochs: 7 });
      const reportOf = (net: Network, { epochs, ...others }: History) => {
        return { ...others, epochs: epochs.map(({ seconds, ...record }) => record), bits: bitsOf(net) };
      };
      const files: Uint8Array[] = [];
      const net = await create({ layers });
      const take = () => void files.push(net.checkpoint());
      const history = await net.fit(x, y, { ...options(), onBatchEnd: take, onEpochEnd: take });
      const expected = reportOf(net, history);
      expect(files).toHaveLength(14);
      for (const file of files) {
        const other = await Network.restore(file, { engine });
        expect(reportOf(other, await other.fit(x, y, { ...options(), resume: true }))).toEqual(expected);
        other.dispose();
      }
      net.dispose();
    },
  );

  test("holds dropout's masks within an iteration, and draws others for the next", async () => {
    const net = await create({ layers: [dense(16, "tanh"), dropout(0.3), dense(1)], dtype: "float64" });
    const before: number[] = [];
    const { epochs } = await net.fit(x, y, {
      optimizer: make(),
      epochs: 10,
      onBatchEnd: () => before.push(net.backward(x, y)),
    });
    const after = losses({ epochs, stoppedBy: "epochs" });
    for (let k = 1; k < 10; k++) expect(after[k]).toBeLessThan(before[k - 1] as number);
    expect(after.slice(1)).not.toEqual(before.slice(0, -1));
    expect(net.evaluate(x, y).loss).toBeLessThan(0.6);
    net.dispose();
  });
});

describe("after equal evaluations of the gradient on the diabetes data", () => {
  const BUDGET = 60;

  test.each([1, 2, 3])("lbfgs is below the best of Adam's rates, seed %d", async (seed) => {
    const ofAdam: number[] = [];
    for (const learningRate of [1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1]) {
      const net = await create({ seed });
      const optimizer = adam({ learningRate });
      const history = await net.fit(x, y, { optimizer, epochs: BUDGET, batchSize: x.length });
      ofAdam.push(...losses(history), net.evaluate(x, y).loss);
      net.dispose();
    }
    const net = await create({ seed });
    const { epochs } = await net.fit(x, y, { optimizer: lbfgs(), epochs: BUDGET });
    const within = epochs.filter(({ evaluations }) => (evaluations as number) <= BUDGET);
    expect(within.at(-1)?.loss).toBeLessThan(0.95 * Math.min(...ofAdam));
    net.dispose();
  });
});

test("L-BFGS needs fewer iterations with a longer history", async () => {
  const iterations: number[] = [];
  for (const history of [1, 10]) {
    const net = await create({ layers: [dense(1)], dtype: "float64" });
    iterations.push((await net.fit(x, y, { optimizer: lbfgs({ history }), epochs: 500 })).epochs.length);
    net.dispose();
  }
  expect(iterations[1]).toBeLessThan(iterations[0] as number);
});

describe("more rows than one pass takes", () => {
  const ROWS = 2500;
  const inputs = Array.from({ length: ROWS }, (_, i) => randomNumbers(3, i + 1));
  const classes = Int32Array.from(inputs, ([a, b, c]) => ((a as number) * (b as number) > (c as number) ? 1 : 0));
  const make = (options: Partial<NetworkOptions>) =>
    create({
      inputs: 3,
      layers: [dense(8, "tanh"), dense(2)],
      loss: "softmaxCrossEntropy",
      dtype: "float64",
      ...options,
    });

  test.each(["mean", "sum"] as const)("give the loss and gradient of all of them, reduction %s", async (reduction) => {
    const loss = { type: "meanSquaredError", reduction } as const;
    const net = await create({ inputs: 3, layers: [dense(1)], loss, dtype: "float64" });
    const targets = randomNumbers(ROWS, 7);
    const { epochs, stoppedBy } = await net.fit(inputs, targets, { optimizer: lbfgs({ tolerance: 1e-9 }), epochs: 60 });
    expect(stoppedBy).toBe("converged");
    expectWithin("parameters", absoluteError(bitsOf(net), leastSquares(inputs, targets)), 1e-8);
    const total = net.evaluate(inputs, targets).loss;
    expectWithin("loss", tensorError([epochs.at(-1)?.loss as number], [total]), 1e-12);
    net.dispose();
  });

  test("take no memory for activations of all of them", async () => {
    const net = await make({});
    const { epochs } = await net.fit(inputs, classes, { optimizer: lbfgs(), epochs: 30 });
    expect(epochs.at(-1)?.accuracy).toBeGreaterThan(0.95);
    const { activations } = net.memory;
    const whole = await make({ batchSize: ROWS });
    expect(activations).toBeLessThan(0.5 * whole.memory.activations);
    net.dispose();
    whole.dispose();
  });
});

test("two threads give the bits of one", async () => {
  const results: Float64Array[] = [];
  for (const threads of [1, 2]) {
    const threaded = await Engine.create({ threads });
    for (const dtype of ["float32", "float64"] as DType[]) {
      for (const { make } of MAKERS) {
        const net = await create({ engine: threaded, dtype, layers: [dense(96, "tanh"), dense(96, "tanh"), dense(1)] });
        await net.fit(x, y, { optimizer: make(), epochs: 6 });
        results.push(bitsOf(net));
        net.dispose();
      }
    }
    threaded.dispose();
  }
  for (let k = 0; k < 4; k++) expect(sameBits(results[k] as Float64Array, results[k + 4] as Float64Array)).toBe(true);
});

describe("in the loop", () => {
  test("validation, callbacks, early stopping and signals work as ever", async () => {
    const net = await create();
    const calls: string[] = [];
    const controller = new AbortController();
    const common: FitOptions = { optimizer: lbfgs(), epochs: 300, validation: [x.slice(0, 100), y.slice(0, 100)] };
    const stopped = await net.fit(x.slice(100), y.slice(100), {
      ...common,
      onBatchEnd: ({ batch, batches, rows, step }) => calls.push(`${step}: ${batch} of ${batches}, ${rows}`),
      onEpochEnd: ({ epoch }) => epoch === 3 && controller.abort(),
      signal: controller.signal,
    });
    expect(stopped.stoppedBy).toBe("signal");
    expect(calls).toEqual(["1: 1 of 1, 342", "2: 1 of 1, 342", "3: 1 of 1, 342"]);
    const early = await net.fit(x.slice(100), y.slice(100), { ...common, earlyStopping: { patience: 5 } });
    expect(early.stoppedBy).toBe("earlyStopping");
    const best = early.epochs[(early.bestEpoch as number) - 1];
    expectWithin(
      "best epoch",
      tensorError([net.evaluate(x.slice(0, 100), y.slice(0, 100)).loss], [best?.validationLoss as number]),
      1e-12,
    );
    net.dispose();
  });

  test("the event loop gets its turn between iterations", async () => {
    const net = await create();
    let turns = 0;
    const count = () => {
      turns++;
      timer = setImmediate(count);
    };
    let timer = setImmediate(count);
    await net.fit(x, y, { optimizer: lbfgs(), epochs: 6, yieldEvery: 0 });
    clearImmediate(timer);
    expect(turns).toBeGreaterThanOrEqual(5);
    net.dispose();
  });
});

describe("memory", () => {
  test.each([
    { optimizer: lbfgs(), mirrors: 24 },
    { optimizer: lbfgs({ history: 3 }), mirrors: 10 },
    { optimizer: conjugateGradient(), mirrors: 6 },
  ])("of $optimizer.name is counted: $mirrors mirrors", async ({ optimizer, mirrors }) => {
    const own = await engineOf("simd");
    const net = await create({ engine: own });
    await net.fit(x, y, { optimizer });
    expect(net.memory.optimizer).toBe(mirrors * net.memory.parameters);
    expect(own.memory.used).toBe(net.memory.total);
    net.trainBatch(x, y, adam({ learningRate: 1e-3 }));
    expect(net.memory.optimizer).toBe(2 * net.memory.parameters);
    net.dispose();
    expect(own.memory.used).toBe(0);
    own.dispose();
  });

  test("that is not to be had leaves all as it was", async () => {
    const small = await engineOf("simd", { maximumMemory: 1 << 20 });
    const net = await create({ engine: small, layers: [dense(1000, "tanh"), dense(1)], batchSize: 1 });
    const before = { bits: bitsOf(net), used: small.memory.used };
    await expect(net.fit(x, y, { optimizer: lbfgs({ history: 100 }) })).rejects.toThrow(OutOfMemoryError);
    expect({ bits: bitsOf(net), used: small.memory.used }).toEqual(before);
    small.dispose();
  });
});

describe("errors", () => {
  const rejects = async (options: Partial<FitOptions>, network: Partial<NetworkOptions> = {}) => {
    const net = await create(network);
    const before = bitsOf(net);
    const error = await net.fit(x, y, { optimizer: lbfgs(), ...options }).catch((reason) => reason);
    expect(bitsOf(net)).toEqual(before);
    net.dispose();
    return error as Error;
  };

  test.each([
    [{ batchSize: 32 }, '"batchSize" expected all 442 rows with lbfgs, got 32'],
    [{ schedule: () => 1 }, '"schedule" expected nothing with lbfgs, got function'],
    [{ clipNorm: 1 }, '"clipNorm" expected nothing with lbfgs, got 1'],
    [{ clipValue: 1 }, '"clipValue" expected nothing with lbfgs, got 1'],
  ])("of options that have no meaning: %o", async (options, message) => {
    expect((await rejects(options)).message).toBe(message);
  });

  test("of an L1 penalty", async () => {
    const error = await rejects({}, { l1: 0.1 });
    expect(error).toBeInstanceOf(RangeError);
    expect(error.message).toBe('"l1" expected 0 with lbfgs, which needs a smooth objective, got 0.1');
  });

  test("of a single batch", async () => {
    const net = await create();
    const call = () => net.trainBatch(x, y, conjugateGradient() as unknown as Optimizer);
    expect(call).toThrow(new TypeError('"optimizer" expected fit for conjugateGradient, got Object'));
    net.dispose();
  });

  test("of hyperparameters", () => {
    expect(() => lbfgs({ history: 0 })).toThrow(new RangeError('"history" expected an integer ≥ 1, got 0'));
    for (const { make } of MAKERS) {
      expect(() => make({ tolerance: -1 })).toThrow(RangeError);
      expect(() => make({ tolerence: 1 } as object)).toThrow(TypeError);
    }
  });

  test("of data that are not finite, behind the first pass too", async () => {
    for (const row of [0, 1500]) {
      const rows = Array.from({ length: 2000 }, (_, i) => randomNumbers(10, i + 1));
      (rows[row] as number[])[4] = Number.NaN;
      const net = await create();
      const before = bitsOf(net);
      const error = await net.fit(rows, randomNumbers(2000, 5), { optimizer: lbfgs() }).catch((reason) => reason);
      expect(error).toBeInstanceOf(NonFiniteError);
      expect(error).toMatchObject({ step: 1, layer: -1, tensor: "inputs" });
      expect(bitsOf(net)).toEqual(before);
      net.dispose();
    }
  });
});
