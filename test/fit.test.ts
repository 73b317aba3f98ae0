// The training loop: order and size of batches, records and callbacks, validation, early stopping, signals, the event loop.
import { describe, expect, test, vi } from "vitest";
import {
  adam,
  type BatchRecord,
  cosineDecay,
  DisposedError,
  dense,
  dropout,
  type EpochRecord,
  type FitOptions,
  type Loss,
  Network,
  sgd,
} from "../src/index.js";
import { engineOf } from "./support/builds.js";
import { randomNumbers } from "./support/matrices.js";

const engine = await engineOf("simd");

/** So small that no update changes a parameter: every loss is that of the first parameters. */
const STILL = sgd({ learningRate: 1e-30 });

/** y = x, so that the loss of a row with target 0 is its x² (its |x|, for the absolute error). */
async function identity(loss: Loss = "meanAbsoluteError", seed = 0): Promise<Network> {
  const net = await Network.create({ inputs: 1, layers: [dense(1)], loss, engine, seed, dtype: "float64" });
  net.setParameters({ "0.weight": [1], "0.bias": [0] });
  return net;
}

const ROWS = 23;
/** Row i holds i + 1, and its target is 0. */
const rows = Array.from({ length: ROWS }, (_, i) => i + 1);
const zeros = new Array<number>(ROWS).fill(0);

/** The rows in the order in which `fit` takes them, an array an epoch. */
async function ordersOf(net: Network, options: Partial<FitOptions>): Promise<number[][]> {
  const orders: number[][] = [];
  await net.fit(rows, zeros, {
    optimizer: STILL,
    batchSize: 1,
    onBatchEnd: ({ epoch, loss }) => {
      orders[epoch - 1] ??= [];
      orders[epoch - 1]?.push(Math.round(loss));
    },
    ...options,
  });
  return orders;
}

function weightOf(net: Network): number {
  return net.parameters[0]?.values[0] as number;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe("batches", () => {
  test("are taken in the given order without shuffling", async () => {
    expect(await ordersOf(await identity(), { shuffle: false, epochs: 2 })).toEqual([rows, rows]);
  });

  test("are taken in another order each epoch, every row once, by the seed alone", async () => {
    const orders = await ordersOf(await identity(), { epochs: 5 });
    expect(orders).toHaveLength(5);
    for (const order of orders) expect([...order].sort((a, b) => a - b)).toEqual(rows);
    expect(new Set(orders.map(String)).size).toBe(5);
    expect(await ordersOf(await identity(), { epochs: 5 })).toEqual(orders);
    expect(await ordersOf(await identity("meanAbsoluteError", 1), { epochs: 5 })).not.toEqual(orders);
  });

  test("of two runs of one epoch are those of one run of two", async () => {
    const run = async (epochs: number[]) => {
      const net = await Network.create({
        inputs: 1,
        layers: [dense(8, "tanh"), dropout(0.3), dense(1)],
        loss: "meanSquaredError",
        engine,
      });
      const optimizer = adam({ learningRate: 0.01 });
      for (const count of epochs) await net.fit(rows, rows, { optimizer, epochs: count, batchSize: 5 });
      return net.parameters.map(({ values }) => values);
    };
    expect(await run([1, 1])).toEqual(await run([2]));
  });

  test("are steps of trainBatch, the last one short", async () => {
    const [fitted, stepped] = [await identity("meanSquaredError"), await identity("meanSquaredError")];
    const targets = rows.map((row) => 2 * row);
    const optimizer = sgd({ learningRate: 1e-3, momentum: 0.5 });
    const losses: number[] = [];
    await fitted.fit(rows, targets, {
      optimizer,
      batchSize: 5,
      shuffle: false,
      onBatchEnd: ({ loss }) => {
        losses.push(loss);
      },
    });
    const expected: number[] = [];
    for (let first = 0; first < ROWS; first += 5) {
      expected.push(stepped.trainBatch(rows.slice(first, first + 5), targets.slice(first, first + 5), optimizer));
    }
    expect(losses).toEqual(expected);
    expect(losses).toHaveLength(5);
    expect(weightOf(fitted)).toBe(weightOf(stepped));
  });

  test("may be larger than the data and than the plan", async () => {
    const net = await identity();
    const records: BatchRecord[] = [];
    await net.fit(rows, zeros, {
      optimizer: STILL,
      batchSize: 1000,
      onBatchEnd: (record) => void records.push(record),
    });
    expect(records).toMatchObject([{ rows: ROWS, batch: 1, batches: 1 }]);
    expect(net.memory.total).toBeLessThan(10_000);
  });
});

describe("records", () => {
  test("of batches and epochs count from 1", async () => {
    const net = await identity();
    const batches: BatchRecord[] = [];
    const seen: EpochRecord[] = [];
    const history = await net.fit(rows, zeros, {
      optimizer: STILL,
      epochs: 2,
      batchSize: 10,
      shuffle: false,
      validation: [
        [1, 3],
        [0, 0],
      ],
      onBatchEnd: (record) => void batches.push(record),
      onEpochEnd: (record) => void seen.push(record),
    });
    expect(batches).toEqual([
      { epoch: 1, batch: 1, batches: 3, step: 1, rows: 10, loss: 5.5 },
      { epoch: 1, batch: 2, batches: 3, step: 2, rows: 10, loss: 15.5 },
      { epoch: 1, batch: 3, batches: 3, step: 3, rows: 3, loss: 22 },
      { epoch: 2, batch: 1, batches: 3, step: 4, rows: 10, loss: 5.5 },
      { epoch: 2, batch: 2, batches: 3, step: 5, rows: 10, loss: 15.5 },
      { epoch: 2, batch: 3, batches: 3, step: 6, rows: 3, loss: 22 },
    ]);
    expect(seen).toEqual(history.epochs);
    expect(history.stoppedBy).toBe("epochs");
    expect(history).not.toHaveProperty("bestEpoch");
    expect(history.epochs.map(({ epoch }) => epoch)).toEqual([1, 2]);
    for (const { loss, validationLoss, learningRate, seconds, ...rest } of history.epochs) {
      // the mean over rows, not over batches
      expect(loss).toBeCloseTo((1 + ROWS) / 2, 10);
      expect(validationLoss).toBe(2);
      expect(learningRate).toBe(1e-30);
      expect(seconds).toBeGreaterThan(0);
      expect(seconds).toBeLessThan(1);
      expect(rest).toEqual({ epoch: expect.any(Number) });
    }
  });

  test("of summed losses are totals", async () => {
    const net = await identity({ type: "meanAbsoluteError", reduction: "sum" });
    const { epochs } = await net.fit(rows, zeros, { optimizer: STILL, batchSize: 10, validation: [rows, zeros] });
    expect(epochs[0]?.loss).toBeCloseTo((ROWS * (ROWS + 1)) / 2, 9);
    expect(epochs[0]?.validationLoss).toBeCloseTo((ROWS * (ROWS + 1)) / 2, 9);
  });

  test("of a classifier have the share of right rows", async () => {
    const net = await Network.create({ inputs: 1, layers: [dense(2)], loss: "softmaxCrossEntropy", engine });
    // class 1 where x > 10.5
    net.setParameters({ "0.weight": [0, 1], "0.bias": [10.5, 0] });
    const labels = rows.map((row) => (row > 15 ? 1 : 0));
    const { epochs } = await net.fit(rows, labels, {
      optimizer: STILL,
      batchSize: 4,
      validation: [
        [9, 12, 20],
        [0, 0, 1],
      ],
    });
    expect(epochs[0]?.accuracy).toBeCloseTo((ROWS - 5) / ROWS, 12);
    expect(epochs[0]?.validationAccuracy).toBeCloseTo(2 / 3, 12);
  });

  test("a promise of onEpochEnd is waited for", async () => {
    const net = await identity();
    const log: string[] = [];
    await net.fit(rows, zeros, {
      optimizer: STILL,
      epochs: 2,
      batchSize: ROWS,
      onBatchEnd: ({ epoch }) => void log.push(`batch of ${epoch}`),
      onEpochEnd: async ({ epoch }) => {
        for (let i = 0; i < 3; i++) await turn();
        log.push(`end of ${epoch}`);
      },
    });
    expect(log).toEqual(["batch of 1", "end of 1", "batch of 2", "end of 2"]);
  });

  test("an error in a callback ends the run, and the network can be trained again", async () => {
    const net = await identity();
    const broken = () => {
      throw new Error("mine");
    };
    await expect(net.fit(rows, zeros, { optimizer: STILL, onBatchEnd: broken })).rejects.toThrow("mine");
    await expect(net.fit(rows, zeros, { optimizer: STILL, onEpochEnd: broken })).rejects.toThrow("mine");
    await expect(net.fit(rows, zeros, { optimizer: STILL })).resolves.toMatchObject({ stoppedBy: "epochs" });
  });
});

describe("the learning rate", () => {
  test("is the schedule's for (epoch, step), both from 0", async () => {
    const net = await identity("meanSquaredError");
    const calls: [number, number][] = [];
    const rates = [0.5, 0.25, 0.125, 1, 2, 4];
    const { epochs } = await net.fit([1, 1, 1], [0, 0, 0], {
      optimizer: sgd({ learningRate: 100 }),
      epochs: 2,
      batchSize: 1,
      schedule: (epoch, step) => {
        calls.push([epoch, step]);
        return (rates[step] as number) / 8;
      },
    });
    expect(calls).toEqual([
      [0, 0],
      [0, 1],
      [0, 2],
      [1, 3],
      [1, 4],
      [1, 5],
    ]);
    expect(epochs.map(({ learningRate }) => learningRate)).toEqual([0.125 / 8, 0.5]);
    // w and b get the same gradient 2(w + b)
    const sum = rates.reduce((y, rate) => y - (4 * y * rate) / 8, 1);
    expect(weightOf(net)).toBeCloseTo((1 + sum) / 2, 12);
  });

  test("may be 0: a warm-up begins there, and cosineDecay ends there", async () => {
    const net = await identity("meanSquaredError");
    const { epochs } = await net.fit([1], [0], {
      optimizer: sgd({ learningRate: 1 }),
      epochs: 5,
      schedule: cosineDecay({ base: 0.1, period: 4 }),
    });
    expect(epochs.at(-1)?.learningRate).toBe(0);
    await net.fit([1], [0], { optimizer: sgd({ learningRate: 1 }), schedule: (_, step) => 0.1 * step });
  });

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY, "0.1", undefined])(
    "of %s is refused before the update",
    async (rate) => {
      const net = await identity("meanSquaredError");
      const schedule = () => rate as number;
      await expect(net.fit([1], [0], { optimizer: sgd({ learningRate: 1 }), schedule })).rejects.toThrow(
        /expected a finite number .*got/,
      );
      expect(weightOf(net)).toBe(1);
    },
  );
});

describe("early stopping", () => {
  /** w goes from 0 towards 1 in every epoch, while the validation data ask for 0.5. */
  async function overfit(earlyStopping: FitOptions["earlyStopping"], options: Partial<FitOptions> = {}) {
    const net = await Network.create({
      inputs: 1,
      layers: [dense(1, "identity", { bias: false })],
      loss: "meanSquaredError",
      engine,
      dtype: "float64",
    });
    net.setParameters({ "0.weight": [0] });
    const weights: number[] = [];
    const history = await net.fit([1], [1], {
      optimizer: sgd({ learningRate: 0.05 }),
      epochs: 60,
      validation: [[1], [0.5]],
      earlyStopping,
      onEpochEnd: () => void weights.push(weightOf(net)),
      ...options,
    });
    return { net, weights, history };
  }

  test("waits for `patience` epochs, puts the best parameters back, and says so", async () => {
    const { net, weights, history } = await overfit({ patience: 3 });
    const losses = weights.map((w) => (w - 0.5) ** 2);
    const best = losses.indexOf(Math.min(...losses));
    expect(best).toBeGreaterThan(2);
    expect(history.stoppedBy).toBe("earlyStopping");
    expect(history.epochs).toHaveLength(best + 1 + 3);
    expect(history.bestEpoch).toBe(best + 1);
    expect(weightOf(net)).toBe(weights[best]);
    expect(net.evaluate([1], [0.5]).loss).toBe(history.epochs[best]?.validationLoss);
  });

  test("leaves the last parameters without restoreBest", async () => {
    const { net, weights, history } = await overfit({ patience: 3, restoreBest: false });
    expect(history.stoppedBy).toBe("earlyStopping");
    expect(weightOf(net)).toBe(weights.at(-1));
    expect(history.bestEpoch).toBe(history.epochs.length - 3);
  });

  test("puts the best parameters back also where the epochs end first", async () => {
    const { net, weights, history } = await overfit({ patience: 40 }, { epochs: 20 });
    expect(history).toMatchObject({ stoppedBy: "epochs", bestEpoch: 7 });
    expect(history.epochs).toHaveLength(20);
    expect(weightOf(net)).toBe(weights[6]);
  });

  test("counts no improvement smaller than minDelta", async () => {
    const { history } = await overfit({ patience: 1, minDelta: 0.03 });
    const losses = history.epochs.map(({ validationLoss }) => validationLoss as number);
    const gains = losses.slice(1).map((loss, i) => (losses[i] as number) - loss);
    expect(gains.findIndex((gain) => gain <= 0.03)).toBe(history.epochs.length - 2);
    expect(gains.at(-1)).toBeGreaterThan(0);
  });

  test("watches the training loss where there is no validation", async () => {
    const { net, history } = await overfit({ patience: 2 }, { validation: undefined, epochs: 30 });
    expect(history).toMatchObject({ stoppedBy: "epochs", bestEpoch: 30 });
    expect(weightOf(net)).toBeGreaterThan(0.9);
  });
});

describe("a signal", () => {
  test("stops after the running batch", async () => {
    const net = await identity();
    const controller = new AbortController();
    let batches = 0;
    const history = await net.fit(rows, zeros, {
      optimizer: STILL,
      epochs: 3,
      batchSize: 5,
      signal: controller.signal,
      onBatchEnd: ({ step }) => {
        batches++;
        if (step === 7) controller.abort();
      },
    });
    expect(batches).toBe(7);
    expect(history.stoppedBy).toBe("signal");
    expect(history.epochs.map(({ epoch }) => epoch)).toEqual([1]);
  });

  test("from a timer stops as well, as the event loop gets its turns", async () => {
    const net = await identity();
    const { stoppedBy } = await net.fit(rows, zeros, {
      optimizer: STILL,
      epochs: 50_000,
      signal: AbortSignal.timeout(30),
    });
    expect(stoppedBy).toBe("signal");
  });

  test("that came before lets nothing happen", async () => {
    const net = await identity("meanSquaredError");
    const optimizer = sgd({ learningRate: 0.1 });
    const history = await net.fit(rows, zeros, { optimizer, signal: AbortSignal.abort() });
    expect(history).toEqual({ epochs: [], stoppedBy: "signal" });
    expect(weightOf(net)).toBe(1);
  });
});

describe("the event loop", () => {
  /** How often other tasks have had a turn while a network trained for 30 batches. */
  async function turnsWith(yieldEvery: number): Promise<number> {
    const net = await identity();
    let running = true;
    let turns = 0;
    const count = () => {
      turns++;
      if (running) setImmediate(count);
    };
    setImmediate(count);
    await net.fit(rows, zeros, { optimizer: STILL, epochs: 10, batchSize: 8, yieldEvery });
    running = false;
    return turns;
  }

  test("gets a turn after every batch with yieldEvery 0, and none with Infinity", async () => {
    expect(await turnsWith(0)).toBeGreaterThanOrEqual(29);
    expect(await turnsWith(Number.POSITIVE_INFINITY)).toBe(0);
  });

  test.each([[["setImmediate"]], [["setImmediate", "MessageChannel"]]])("has turns without %s too", async (missing) => {
    for (const name of missing) vi.stubGlobal(name, undefined);
    try {
      const net = await identity();
      let turns = 0;
      const timer = setInterval(() => turns++);
      const end = new AbortController();
      setTimeout(() => end.abort(), 20);
      const history = await net.fit(rows, zeros, { optimizer: STILL, epochs: 1e6, yieldEvery: 0, signal: end.signal });
      clearInterval(timer);
      expect(history.stoppedBy).toBe("signal");
      expect(turns).toBeGreaterThan(0);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  test("lets timers run and other calls in, which do not disturb the training", async () => {
    const run = async (disturbed: boolean) => {
      const net = await Network.create({
        inputs: 1,
        layers: [dense(5, "tanh"), dropout(0.5), dense(1)],
        loss: "meanSquaredError",
        engine,
      });
      let calls = 0;
      const disturb = () => {
        net.predict(new Float32Array(300 + calls));
        net.evaluate(rows, zeros);
        net.backward(rows, zeros, { inputGradient: true });
        calls++;
      };
      const timer = disturbed ? setInterval(disturb, 1) : undefined;
      await net.fit(rows, zeros, {
        optimizer: adam({ learningRate: 0.01 }),
        epochs: 100,
        batchSize: 1,
        yieldEvery: 0,
        onBatchEnd: disturbed ? disturb : undefined,
      });
      clearInterval(timer);
      expect(calls > ROWS * 100).toBe(disturbed);
      return net.parameters.map(({ values }) => values);
    };
    expect(await run(true)).toEqual(await run(false));
  });

  test("cannot start a second run on a network that is being trained", async () => {
    const net = await identity();
    const first = net.fit(rows, zeros, { optimizer: STILL, epochs: 3, yieldEvery: 0 });
    await expect(net.fit(rows, zeros, { optimizer: STILL })).rejects.toThrow("fit is running already on this network");
    await expect(first).resolves.toMatchObject({ stoppedBy: "epochs" });
    await expect(net.fit(rows, zeros, { optimizer: STILL })).resolves.toMatchObject({ stoppedBy: "epochs" });
  });
});

describe("memory", () => {
  test("is the plan's after a run, whatever ended it", async () => {
    const own = await engineOf("simd");
    const net = await Network.create({
      inputs: 1,
      layers: [dense(9, "relu"), dense(1)],
      loss: "meanSquaredError",
      engine: own,
    });
    const optimizer = adam({ learningRate: 0.01 });
    await net.fit(rows, zeros, { optimizer });
    const { used } = own.memory;
    await net.fit(rows, zeros, { optimizer, epochs: 3, batchSize: 4 });
    await net.fit(rows, zeros, { optimizer, epochs: 3, earlyStopping: { patience: 1 } });
    await net.fit(rows, zeros, { optimizer, signal: AbortSignal.abort() });
    await expect(net.fit([1, Number.NaN], [0, 0], { optimizer, batchSize: 1 })).rejects.toThrow("NaN");
    expect(own.memory.used).toBe(used);
  });

  test.each(["onBatchEnd", "onEpochEnd", "schedule", "a timer"])(
    "is given back where %s disposes in mid-run",
    async (when) => {
      const own = await engineOf("simd");
      const net = await Network.create({
        inputs: 1,
        layers: [dense(9), dense(1)],
        loss: "meanSquaredError",
        engine: own,
      });
      const dispose = (): number => {
        net.dispose();
        return 0.1;
      };
      if (when === "a timer") setTimeout(dispose, 5);
      const run = net.fit(rows, zeros, {
        optimizer: adam({ learningRate: 0.01 }),
        epochs: 10_000,
        batchSize: 4,
        yieldEvery: 1,
        onBatchEnd: when === "onBatchEnd" ? () => void dispose() : undefined,
        onEpochEnd: when === "onEpochEnd" ? () => void dispose() : undefined,
        schedule: when === "schedule" ? dispose : undefined,
      });
      await expect(run).rejects.toThrow(DisposedError);
      expect(own.memory.used).toBe(0);
    },
  );
});

test("a line is learnt: y = 3x − 1", async () => {
  const net = await Network.create({ inputs: 1, layers: [dense(1)], loss: "meanSquaredError", engine });
  const x = randomNumbers(200, 1);
  await net.fit(
    x,
    x.map((value) => 3 * value - 1),
    { optimizer: sgd({ learningRate: 0.1 }), epochs: 40 },
  );
  const [weight, bias] = net.parameters.map(({ values }) => values[0] as number);
  expect(weight).toBeCloseTo(3, 4);
  expect(bias).toBeCloseTo(-1, 4);
});
