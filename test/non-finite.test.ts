// NaN and infinity in training: an error before the update, which says where they appeared first.
import { describe, expect, test } from "vitest";
import {
  adam,
  type DType,
  dense,
  dropout,
  type FitOptions,
  Network,
  type NetworkOptions,
  NonFiniteError,
  type Optimizer,
  type Rows,
  rmsprop,
  sgd,
  type Targets,
} from "../src/index.js";
import { engineOf } from "./support/builds.js";
import { randomNumbers } from "./support/matrices.js";
import { VARIANTS } from "./support/variants.js";

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;

const good: [number[], number[]] = [randomNumbers(12, 1), randomNumbers(8, 2)];

function valuesOf(net: Network): ArrayLike<number>[] {
  return net.parameters.map(({ values }) => values);
}

function errorOf(call: () => unknown): NonFiniteError {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(NonFiniteError);
    return error as NonFiniteError;
  }
  return expect.unreachable("no error");
}

describe.each(VARIANTS)("a bad batch under $build in $dtype", ({ engine, dtype }) => {
  const create = (options: Partial<NetworkOptions> = {}) => {
    return Network.create({
      inputs: 3,
      layers: [dropout(0.2), dense(5, "relu"), dense(2)],
      loss: "meanSquaredError",
      engine,
      dtype,
      ...options,
    });
  };

  test.each<[string, Rows, Targets, string]>([
    ["NaN in x", [...good[0].slice(1), nan], good[1], "inputs"],
    ["∞ in x", [infinity, ...good[0].slice(1)], good[1], "inputs"],
    [
      "−∞ in a row of x",
      [
        [1, 2, 3],
        [1, -infinity, 3],
      ],
      [1, 2, 3, 4],
      "inputs",
    ],
    ["NaN in y", good[0], [nan, ...good[1].slice(1)], "targets"],
    ["−∞ in y", good[0], [...good[1].slice(1), -infinity], "targets"],
  ])("%s is refused by trainBatch before the update, and leaves no trace", async (_, x, y, tensor) => {
    for (const optimizer of [
      adam({ learningRate: 0.01 }),
      sgd({ learningRate: 0.1, momentum: 0.9 }),
      rmsprop({ learningRate: 0.01 }),
    ]) {
      const [net, twin] = [await create(), await create()];
      for (const one of [net, twin]) for (let step = 0; step < 3; step++) one.trainBatch(...good, optimizer);
      const before = valuesOf(net);
      const { used } = engine.memory;
      for (let turn = 0; turn < 2; turn++) {
        const error = errorOf(() => net.trainBatch(x, y, optimizer));
        expect(error).toMatchObject({ name: "NonFiniteError", step: 4, layer: -1, tensor });
        expect(error.message).toBe(`NaN or infinity in ${tensor} at step 4; its update was not applied`);
        expect(valuesOf(net)).toEqual(before);
      }
      expect(engine.memory.used).toBe(used);
      // moments, step count and dropout masks go on as if nothing had been
      for (let step = 0; step < 3; step++) {
        expect(net.trainBatch(...good, optimizer)).toBe(twin.trainBatch(...good, optimizer));
      }
      expect(valuesOf(net)).toEqual(valuesOf(twin));
      net.dispose();
      twin.dispose();
    }
  });

  test("x that overflows the precision is infinite, and refused", async () => {
    const net = await create();
    const huge = dtype === "float32" ? 1e39 : infinity;
    expect(errorOf(() => net.trainBatch([1, huge, 1], [0, 0], sgd({ learningRate: 1 })))).toMatchObject({
      tensor: "inputs",
    });
    net.dispose();
  });

  test("fit rejects at the first bad batch, with the parameters of the last good step", async () => {
    const optimizer = adam({ learningRate: 0.01 });
    const [net, twin] = [await create(), await create()];
    const x = randomNumbers(30, 3);
    const y = randomNumbers(20, 4);
    x[17] = nan; // in row 5
    const steps: number[] = [];
    const run = net.fit(x, y, {
      optimizer,
      batchSize: 2,
      shuffle: false,
      onBatchEnd: ({ step }) => void steps.push(step),
    });
    await expect(run).rejects.toMatchObject({ name: "NonFiniteError", step: 3, layer: -1, tensor: "inputs" });
    expect(steps).toEqual([1, 2]);
    for (const first of [0, 2]) {
      twin.trainBatch(x.slice(3 * first, 3 * first + 6), y.slice(2 * first, 2 * first + 4), optimizer);
    }
    expect(valuesOf(net)).toEqual(valuesOf(twin));
    expect(net.trainBatch(...good, optimizer)).toBe(twin.trainBatch(...good, optimizer));
    net.dispose();
    twin.dispose();
  });
});

describe.each<DType>(["float32", "float64"])("the error in %s names", async (dtype) => {
  const engine = await engineOf("simd");
  const optimizer = sgd({ learningRate: 0.1 });
  /** A number whose square overflows. */
  const huge = dtype === "float32" ? 1e30 : 1e250;

  async function fault(
    options: Partial<NetworkOptions>,
    parameters: Record<string, number[]>,
    x: number[] = [1],
    y: number[] = [1],
    by: Optimizer = optimizer,
  ): Promise<NonFiniteError> {
    const net = await Network.create({
      inputs: 1,
      layers: [dense(1)],
      loss: "meanSquaredError",
      engine,
      dtype,
      ...options,
    });
    net.trainBatch(new Array(net.inputs).fill(0.5), new Array(net.outputs).fill(0), by);
    net.setParameters(parameters);
    const before = valuesOf(net);
    const error = errorOf(() => net.trainBatch(x, y, by));
    expect(valuesOf(net)).toEqual(before);
    net.dispose();
    return error;
  }

  test("the loss, where only that overflows", async () => {
    expect(await fault({}, { "0.weight": [huge] })).toMatchObject({ step: 2, layer: -1, tensor: "loss" });
  });

  test("z of the layer that overflows first", async () => {
    const layers = [dense(1), dropout(0), dense(1), dense(1)];
    const parameters = { "0.weight": [huge], "1.weight": [huge], "2.weight": [1] };
    const error = await fault({ layers }, parameters);
    expect(error).toMatchObject({ step: 2, layer: 2, tensor: "z" });
    expect(error.message).toContain("z of layer 2 at step 2");
  });

  test("a where f overflows and z does not", async () => {
    const layers = [dense(1, { type: "leakyRelu", alpha: huge }), dense(1)];
    expect(await fault({ layers }, { "0.weight": [-huge], "1.weight": [1] })).toMatchObject({ layer: 0, tensor: "a" });
  });

  test("a parameter that holds NaN", async () => {
    const layers = [dense(2, "tanh"), dense(1)];
    expect(await fault({ layers }, { "0.bias": [0, nan] })).toMatchObject({ layer: 0, tensor: "0.bias" });
    expect(await fault({ layers }, { "1.weight": [infinity, 0] })).toMatchObject({ layer: 1, tensor: "1.weight" });
  });

  test("the gradient, where loss and deltas are finite", async () => {
    // |wx − y| = huge has δ = ±1, and one row of x is huge: only their sum in δᵀ·X overflows
    const largest = dtype === "float32" ? 3e38 : 1.7e308;
    const options: Partial<NetworkOptions> = { loss: { type: "meanAbsoluteError", reduction: "sum" } };
    const error = await fault(options, { "0.weight": [0], "0.bias": [1] }, [largest, largest], [0, 0]);
    expect(error).toMatchObject({ layer: 0, tensor: "0.weight gradient" });
  });

  test("the inputs, where relu hides the infinity from the loss but not from the gradient", async () => {
    const options: Partial<NetworkOptions> = { inputs: 1, layers: [dense(1, "relu"), dense(1)] };
    const parameters = { "0.weight": [1], "0.bias": [0], "1.weight": [1], "1.bias": [0] };
    const net = await Network.create({ ...options, loss: "meanSquaredError", engine, dtype } as NetworkOptions);
    net.setParameters(parameters);
    expect([...net.forward([-infinity])]).toEqual([0]);
    expect(net.evaluate([-infinity], [1]).loss).toBe(1);
    net.dispose();
    expect(await fault(options, parameters, [-infinity])).toMatchObject({ layer: -1, tensor: "inputs" });
  });

  test("a delta, where the loss is finite and the derivative overflows", async () => {
    // the outputs are far apart in scale: δ = 2(y − t)·w overflows on its way down
    const layers = [dense(1), dense(1)];
    const parameters = { "0.weight": [1 / huge], "0.bias": [0], "1.weight": [huge], "1.bias": [Math.sqrt(huge)] };
    const error = await fault({ layers, loss: { type: "huber", delta: huge } }, parameters, [1], [0]);
    expect(error).toMatchObject({ layer: 0, tensor: "delta" });
  });
});

describe.each(VARIANTS)("what an update spoils under $build in $dtype", ({ engine, dtype }) => {
  /** Large enough for its square to be finite, and for a learning rate of 1e38 to make a parameter infinite. */
  const large = dtype === "float32" ? 1e15 : 1e150;
  const data: [number[], number[]] = [
    [large, large / 2],
    [0, 0],
  ];
  const optimizer = sgd({ learningRate: 1, momentum: 0.5 });

  async function create(): Promise<Network> {
    const net = await Network.create({ inputs: 1, layers: [dense(1)], loss: "meanSquaredError", engine, dtype });
    net.setParameters({ "0.weight": [1], "0.bias": [0] });
    return net;
  }

  /** Two steps an epoch, of which the one with this number, from 1, makes the weight infinite. */
  const exploding = (step: number, options: Partial<FitOptions> = {}): FitOptions => ({
    optimizer,
    batchSize: 1,
    schedule: (_, before) => (before + 1 === step ? 1e38 : 0.01 / large / large),
    ...options,
  });

  const spoiled = (step: number) => ({
    name: "NonFiniteError",
    step,
    layer: 0,
    tensor: "0.weight",
    message: `NaN or infinity in 0.weight of layer 0 before step ${step}: the last update, or setParameters, left it`,
  });

  test("is noticed in the next step", async () => {
    const net = await create();
    net.trainBatch(...data, sgd({ learningRate: 1e38 }));
    expect(errorOf(() => net.trainBatch(...data, optimizer))).toMatchObject(spoiled(2));
    await expect((await create()).fit(...data, exploding(1))).rejects.toMatchObject(spoiled(2));
  });

  test("is noticed after the last step, before the epoch is evaluated", async () => {
    const epochs: number[] = [];
    const onEpochEnd = ({ epoch }: { epoch: number }) => void epochs.push(epoch);
    const run = (await create()).fit(...data, exploding(4, { epochs: 2, onEpochEnd, earlyStopping: { patience: 1 } }));
    await expect(run).rejects.toMatchObject(spoiled(5));
    expect(epochs).toEqual([1]);
  });

  test("may be the optimizer's state alone", async () => {
    const net = await create();
    await expect(net.fit(...data, { optimizer: adam({ learningRate: 0.01 }) })).rejects.toMatchObject({
      step: 2,
      layer: 0,
      tensor: "0.weight optimizer state",
      message: expect.stringContaining("before step 2: the last update"),
    });
    expect(net.parameters.every(({ values }) => values.every(Number.isFinite))).toBe(true);
  });

  test("is none of what stands between the tensors", async () => {
    const net = await create();
    await net.fit([1, 2], [0, 0], { optimizer: adam({ learningRate: 0.01, epsilon: 0 }), epochs: 2 });
    expect(net.parameters.every(({ values }) => values.every(Number.isFinite))).toBe(true);
  });

  test.each([1, 2, 3, 4, 5, 6])("is rolled back to the start of the epoch, after step %i", async (step) => {
    const [net, twin] = [await create(), await create()];
    const epochs = Math.ceil(step / 2);
    const history = await net.fit(...data, exploding(step, { epochs: 3, onNonFinite: "rollback" }));
    expect(history).toMatchObject({ stoppedBy: "nonFinite", nonFinite: spoiled(step + 1) });
    expect(history.nonFinite).toBeInstanceOf(NonFiniteError);
    expect(history.epochs).toHaveLength(epochs - 1);
    if (epochs > 1) await twin.fit(...data, exploding(0, { epochs: epochs - 1 }));
    expect(valuesOf(net)).toEqual(valuesOf(twin));
    // velocities as well
    for (const one of [net, twin]) one.trainBatch([1, 2], [0, 0], optimizer);
    expect(valuesOf(net)).toEqual(valuesOf(twin));
    await expect(net.fit(...data, exploding(0, { resume: true }))).rejects.toThrow("no run was interrupted");
  });

  test("is rolled back to the best epoch, where that is asked for", async () => {
    const [net, twin] = [await create(), await create()];
    // the validation loss is smallest for w = 1, from which training leads away
    const more: Partial<FitOptions> = { validation: [[1], [1]], earlyStopping: { patience: 9 } };
    const history = await net.fit(...data, exploding(5, { ...more, epochs: 3, onNonFinite: "rollback" }));
    expect(history).toMatchObject({ stoppedBy: "nonFinite", bestEpoch: 1 });
    await twin.fit(...data, exploding(0));
    expect(valuesOf(net)).toEqual(valuesOf(twin));
  });

  test("is rolled back with the state of the run's optimizer, whichever another call used meanwhile", async () => {
    const [net, twin] = [await create(), await create()];
    const { used } = engine.memory;
    const onBatchEnd = () => void net.trainBatch([0], [0], adam({ learningRate: 1e-30 }));
    await twin.fit(...data, exploding(0, { batchSize: 2 }));
    await net.fit(...data, exploding(2, { batchSize: 2, epochs: 2, onNonFinite: "rollback" }));
    expect(valuesOf(net)).toEqual(valuesOf(twin));
    await net.fit(...data, exploding(1, { onNonFinite: "rollback", onBatchEnd }));
    expect(valuesOf(net)).toEqual(valuesOf(twin));
    expect(net.memory.optimizer).toBe(twin.memory.optimizer);
    expect(engine.memory.used).toBe(used + 2 * net.memory.optimizer);
    for (const one of [net, twin]) one.trainBatch([1, 2], [0, 0], optimizer);
    expect(valuesOf(net)).toEqual(valuesOf(twin));
  });

  test("is what other errors are not", async () => {
    const net = await create();
    const onBatchEnd = () => {
      throw new RangeError("mine");
    };
    const run = net.fit(...data, exploding(0, { onNonFinite: "rollback", onBatchEnd }));
    await expect(run).rejects.toThrow("mine");
  });
});

describe("without an update", () => {
  test("NaN passes through forward, predict, backward and evaluate", async () => {
    const engine = await engineOf("simd");
    const net = await Network.create({ inputs: 1, layers: [dense(1)], loss: "meanSquaredError", engine });
    const before = valuesOf(net);
    expect([...net.forward([nan])]).toEqual([nan]);
    expect([...net.predict([nan, 0])]).toEqual([nan, 0]);
    expect(net.backward([nan], [0])).toBeNaN();
    expect(net.evaluate([0, 1], [0, nan]).loss).toBeNaN();
    expect(valuesOf(net)).toEqual(before);
  });
});
