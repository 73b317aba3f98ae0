// Checkpoints: training that is stopped anywhere and goes on, in this process or another one, equals training that never stopped.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { runInNewContext } from "node:vm";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { readSafetensors, type StoredTensor, type TensorFile, writeSafetensors } from "../src/format/safetensors.js";
import {
  adagrad,
  adam,
  adamw,
  add,
  concatenate,
  cosineDecay,
  DisposedError,
  dense,
  dropout,
  type FitOptions,
  FormatError,
  graph,
  type History,
  Network,
  type NetworkOptions,
  NonFiniteError,
  type Optimizer,
  OutOfMemoryError,
  oneCycle,
  rmsprop,
  sgd,
  standardize,
} from "../src/index.js";
import { engineOf } from "./support/builds.js";
import { randomNumbers } from "./support/matrices.js";

const engine = await engineOf("simd");

const ROWS = 11;
const x = randomNumbers(3 * ROWS, 1);
const labels = Array.from({ length: ROWS }, (_, row) => (row * row) % 3);
const validation: [number[], number[]] = [randomNumbers(15, 2), [0, 1, 2, 0, 1]];

const classifier: NetworkOptions = {
  inputs: 3,
  layers: [dense(5, { type: "leakyRelu", alpha: 0.2 }), dropout(0.3), dense(3)],
  loss: { type: "softmaxCrossEntropy", labelSmoothing: 0.1 },
  seed: 7,
  engine,
};

/** Every parameter, bit for bit, and the bytes of everything. */
function stateOf(net: Network) {
  return { values: net.parameters.map(({ values }) => values), memory: net.memory };
}

/** Without what no two runs have in common. */
function withoutTimes({ epochs, ...others }: History) {
  return { ...others, epochs: epochs.map(({ seconds, ...record }) => record) };
}

const nets: Network[] = [];
afterEach(() => {
  for (const net of nets.splice(0)) net.dispose();
});

async function create(options: NetworkOptions): Promise<Network> {
  const net = await Network.create(options);
  nets.push(net);
  return net;
}

async function restored(file: Uint8Array): Promise<Network> {
  const net = await Network.restore(file, { engine });
  nets.push(net);
  return net;
}

interface Case {
  network?: Partial<NetworkOptions>;
  /** A new object each time, as another process has it. */
  options: () => FitOptions;
}

const CASES: Record<string, Case> = {
  "sgd with momentum, dampening and clipping": {
    options: () => ({
      optimizer: sgd({ learningRate: 0.1, momentum: 0.9, dampening: 0.1 }),
      epochs: 3,
      batchSize: 4,
      clipNorm: 0.5,
      clipValue: 0.2,
    }),
  },
  "plain sgd with l1, l2 and standardization, without shuffling, in float64": {
    network: { l1: 0.01, l2: 0.02, dtype: "float64", standardization: standardize(x, 3) },
    options: () => ({ optimizer: sgd({ learningRate: 0.1 }), epochs: 2, batchSize: 3, shuffle: false }),
  },
  "adam with amsgrad by oneCycle": {
    options: () => ({
      optimizer: adam({ learningRate: 0.01, amsgrad: true }),
      schedule: oneCycle({ max: 0.05, totalSteps: 9 }),
      epochs: 3,
      batchSize: 4,
    }),
  },
  "adamw in float64 by cosineDecay, checkpointed, with validation": {
    network: { dtype: "float64", checkpoint: 2 },
    options: () => ({
      optimizer: adamw({ learningRate: 0.01 }),
      schedule: cosineDecay({ base: 0.05, period: 3 }),
      epochs: 3,
      batchSize: 5,
      validation,
    }),
  },
  "rmsprop, centered, with early stopping by the validation loss": {
    options: () => ({
      optimizer: rmsprop({ learningRate: 0.05, momentum: 0.5, centered: true }),
      epochs: 12,
      batchSize: 6,
      validation,
      earlyStopping: { patience: 2 },
    }),
  },
  "adagrad with early stopping that leaves the last parameters": {
    network: { dtype: "float64" },
    options: () => ({
      optimizer: adagrad({ learningRate: 1 }),
      epochs: 9,
      batchSize: 11,
      earlyStopping: { patience: 1, minDelta: 0.2, restoreBest: false },
    }),
  },
  "a graph, rolling back": {
    network: {
      inputs: undefined,
      layers: undefined,
      graph: graph({
        inputs: { left: 2, right: 1 },
        nodes: {
          number: [dense(4, "tanh"), "left"],
          thin: [dropout(0.2), "number"],
          sum: [add(), "thin", "number"],
          NaN: [concatenate(), "sum", "right"],
          y: [dense(3, "identity", { bias: false, weightInit: { type: "uniform", low: -1, high: 1 } }), "NaN"],
        },
        outputs: "y",
      }),
    },
    options: () => ({ optimizer: adam({ learningRate: 0.02 }), epochs: 2, batchSize: 4, onNonFinite: "rollback" }),
  },
};

describe.each(Object.entries(CASES))("%s", async (_, { network, options }) => {
  const settings = { ...classifier, ...network };
  const whole = await Network.create(settings);
  /** Batches of the run that is never stopped. */
  let batches = 0;
  const history = await whole.fit(x, labels, { ...options(), onBatchEnd: () => void batches++ });
  const expected = { history: withoutTimes(history), ...stateOf(whole) };
  const next = options().optimizer;

  /** What training on without a word about the checkpoint gives: orders, masks and moments go on. */
  async function afterwards(net: Network, optimizer = next) {
    await net.fit(x, labels, { ...options(), optimizer, epochs: 1 });
    const loss = net.trainBatch(x, labels, optimizer as Optimizer);
    return { loss, ...stateOf(net) };
  }

  test("stopped by a signal after any batch, resumes in another network", async () => {
    for (let last = 0; last <= batches; last++) {
      const controller = new AbortController();
      const net = await create(settings);
      if (last === 0) controller.abort();
      const onBatchEnd = ({ step }: { step: number }) => step === last && controller.abort();
      const { stoppedBy } = await net.fit(x, labels, { ...options(), onBatchEnd, signal: controller.signal });
      if (last < batches) expect(stoppedBy).toBe("signal");
      else expect(stoppedBy).toBe(history.stoppedBy);
      const other = await restored(net.checkpoint());
      expect(stateOf(other)).toEqual(stateOf(net));
      if (last === batches) continue;
      for (const one of [net, other]) {
        const resumed = await one.fit(x, labels, { ...options(), resume: true });
        expect({ history: withoutTimes(resumed), ...stateOf(one) }).toEqual(expected);
      }
    }
  });

  test("resumes from a checkpoint that a callback took", async () => {
    const files: Uint8Array[] = [];
    const net = await create(settings);
    const take = () => void files.push(net.checkpoint());
    await net.fit(x, labels, { ...options(), onBatchEnd: take, onEpochEnd: async () => take() });
    expect(files).toHaveLength(batches + history.epochs.length);
    for (const file of files) {
      const other = await restored(file);
      expect(Buffer.compare(other.checkpoint(), file)).toBe(0);
      const resumed = await other.fit(x, labels, { ...options(), resume: true });
      expect({ history: withoutTimes(resumed), ...stateOf(other) }).toEqual(expected);
    }
  });

  test("resumes again and again, a batch at a time", async () => {
    let net = await create(settings);
    for (let batch = 1; batch <= batches; batch++) {
      const controller = new AbortController();
      const onBatchEnd = () => controller.abort();
      const { signal } = controller;
      const run = await net.fit(x, labels, { ...options(), resume: batch > 1, onBatchEnd, signal });
      if (batch === batches) expect(withoutTimes(run)).toEqual(expected.history);
      net = await restored(net.checkpoint());
    }
    expect(stateOf(net)).toEqual(stateOf(whole));
  });

  test("goes on after its end as the same process would", async () => {
    const net = await create(settings);
    const { optimizer } = options();
    await net.fit(x, labels, { ...options(), optimizer });
    const other = await restored(net.checkpoint());
    const again = await restored(other.checkpoint());
    const after = await afterwards(net, optimizer);
    expect(await afterwards(other)).toEqual(after);
    expect(await afterwards(again)).toEqual(after);
  });
});

describe("in other processes", () => {
  const script = fileURLToPath(new URL("support/resume.mjs", import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), "lanegrad-resume-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** A process that trains up to the end of some batch, on some threads. */
  async function train(from: string, to: string, batches: number, threads: number): Promise<unknown> {
    const { stdout } = await promisify(execFile)(process.execPath, [script, from, to, `${batches}`, `${threads}`], {
      cwd: folder,
    });
    return JSON.parse(stdout);
  }

  test("a run goes on, whatever their threads, and ends in the same file", async () => {
    const [whole] = await Promise.all([train("", "whole", 100, 1), train("", "part1", 7, 1)]);
    await train("part1", "part2", 3, 2);
    const resumed = await train("part2", "part3", 100, 1);
    expect(whole).toMatchObject({ stoppedBy: "epochs", epochs: { length: 4 } });
    expect(resumed).toEqual(whole);
    expect(Buffer.compare(readFileSync(join(folder, "part3")), readFileSync(join(folder, "whole")))).toBe(0);
  });
});

/** A run of `classifier` that was interrupted after five batches of four rows. */
async function interrupted(more: Partial<FitOptions> = {}, network: Partial<NetworkOptions> = {}): Promise<Network> {
  const net = await create({ ...classifier, ...network });
  const controller = new AbortController();
  await net.fit(x, labels, {
    optimizer: adam({ learningRate: 0.01 }),
    epochs: 4,
    batchSize: 4,
    onBatchEnd: ({ step }) => step === 5 && controller.abort(),
    signal: controller.signal,
    ...more,
  });
  return net;
}

describe("a checkpoint", () => {
  test("holds tensors by the names of the parameters", async () => {
    const net = await interrupted({ validation, earlyStopping: { patience: 9 }, onNonFinite: "rollback" });
    const { tensors } = readSafetensors(net.checkpoint());
    const parts = [
      "",
      "optimizer.0.",
      "optimizer.1.",
      "best.",
      "last.",
      "good.",
      "good.optimizer.0.",
      "good.optimizer.1.",
    ];
    const names = ["0.weight", "0.bias", "1.weight", "1.bias"];
    const expected = [...parts.flatMap((part) => names.map((name) => part + name)), "records"];
    expect([...tensors.keys()].sort()).toEqual(expected.sort());
    for (const part of parts) expect(tensors.get(`${part}0.weight`)).toMatchObject({ dtype: "F32", shape: [5, 3] });
    for (const { name, values } of net.parameters) {
      const { bytes } = tensors.get(name) as StoredTensor;
      expect(new Float32Array(bytes.slice().buffer)).toEqual(values);
    }
  });

  test("holds nothing of a run that is over, and nothing but parameters before training", async () => {
    const net = await create(classifier);
    const namesIn = (file: Uint8Array) => [...readSafetensors(file).tensors.keys()];
    expect(namesIn(net.checkpoint())).toEqual(["0.weight", "0.bias", "1.weight", "1.bias"]);
    await net.fit(x, labels, { optimizer: sgd({ learningRate: 0.1 }), earlyStopping: { patience: 1 } });
    expect(namesIn(net.checkpoint())).toHaveLength(4);
  });

  test("is not changed by options that the caller changes afterwards", async () => {
    const layers = [dense(5), dense(3)];
    const net = await create({ ...classifier, layers });
    layers[0] = dense(99);
    expect(stateOf(await restored(net.checkpoint()))).toEqual(stateOf(net));
  });

  test("plans memory alike, so that sums over the rows are rounded alike", async () => {
    const net = await create(classifier);
    const many = randomNumbers(3 * 700, 5);
    const classes = Array.from({ length: 700 }, (_, row) => row % 3);
    net.evaluate(many.slice(0, 900), classes.slice(0, 300));
    net.trainBatch(many.slice(0, 900), classes.slice(0, 300), sgd({ learningRate: 0.1 }));
    const other = await restored(net.checkpoint());
    expect(other.memory).toEqual(net.memory);
    expect(other.evaluate(many, classes)).toEqual(net.evaluate(many, classes));
  });

  test("keeps numbers that JSON has no words for", async () => {
    const validation: [number[], number[]] = [[Number.NaN, 0, 0], [0]];
    const net = await create(classifier);
    const options = { optimizer: sgd({ learningRate: 0.1 }), epochs: 3, validation, schedule: () => -0 };
    const files: Uint8Array[] = [];
    const whole = await net.fit(x, labels, { ...options, onEpochEnd: () => void files.push(net.checkpoint()) });
    expect(whole.epochs[0]).toMatchObject({ validationLoss: Number.NaN, learningRate: -0 });
    const other = await restored(files[0] as Uint8Array);
    expect(withoutTimes(await other.fit(x, labels, { ...options, resume: true }))).toEqual(withoutTimes(whole));
  });

  test("of a disposed network is refused", async () => {
    const net = await create(classifier);
    net.dispose();
    expect(() => net.checkpoint()).toThrow(DisposedError);
  });
});

describe("the state of the optimizer", () => {
  test("starts anew with an equal one, where it comes from no file", async () => {
    const optimizerOf = () => sgd({ learningRate: 0.1, momentum: 0.9 });
    const [net, twin] = [await create(classifier), await create(classifier)];
    for (const one of [net, twin]) one.trainBatch(x, labels, optimizerOf());
    net.trainBatch(x, labels, optimizerOf());
    twin.trainBatch(x, labels, sgd({ learningRate: 0.1 }));
    expect(stateOf(net).values).toEqual(stateOf(twin).values);
  });

  test.each([
    ["an equal optimizer", () => adam({ learningRate: 0.01 }), true],
    ["another learning rate", () => adam({ learningRate: 0.02 }), false],
    ["another formula", () => adamw({ learningRate: 0.01, weightDecay: 0 }), false],
    ["another number of states", () => adam({ learningRate: 0.01, amsgrad: true }), false],
  ])("is that of the first one only if equal: %s", async (_, optimizerOf, isAdopted) => {
    const optimizer = adam({ learningRate: 0.01 });
    const net = await create(classifier);
    for (let step = 0; step < 3; step++) net.trainBatch(x, labels, optimizer);
    const other = await restored(net.checkpoint());
    expect(other.memory.optimizer).toBe(net.memory.optimizer);
    const next = optimizerOf();
    net.trainBatch(x, labels, isAdopted ? optimizer : next);
    other.trainBatch(x, labels, next);
    expect(stateOf(other)).toEqual(stateOf(net));
  });
});

describe("resume", () => {
  const options: FitOptions = { optimizer: adam({ learningRate: 0.01 }), epochs: 4, batchSize: 4, resume: true };

  test.each<[string, Partial<FitOptions>, RegExp, number?]>([
    ["batches of another size", { batchSize: 5 }, /^"batchSize" expected 4 as in the interrupted run, got 5$/],
    ["another order", { shuffle: false }, /^"shuffle" expected true as in the interrupted run, got false$/],
    ["other rows", {}, /^"rows" expected 11 as in the interrupted run, got 10$/, 10],
    [
      "another formula",
      { optimizer: adamw({ learningRate: 0.01 }) },
      /^"optimizer.name" expected "adam" as in the interrupted run, got "adamw"$/,
    ],
    [
      "another learning rate",
      { optimizer: adam({ learningRate: 0.02 }) },
      /^"optimizer.learningRate" expected 0.01 as in the interrupted run, got 0.02$/,
    ],
    [
      "another kind of state",
      { optimizer: adam({ learningRate: 0.01, amsgrad: true }) },
      /^"optimizer.states" expected 2 as in the interrupted run, got 3$/,
    ],
  ])("with %s is refused, and can be tried again", async (_, changes, message, rows = ROWS) => {
    const [net, twin] = [await interrupted(), await interrupted()];
    for (const one of [net, await restored(net.checkpoint())]) {
      const before = stateOf(one);
      const run = one.fit(x.slice(0, 3 * rows), labels.slice(0, rows), { ...options, ...changes });
      await expect(run).rejects.toThrow(RangeError);
      await expect(one.fit(x.slice(0, 3 * rows), labels.slice(0, rows), { ...options, ...changes })).rejects.toThrow(
        message,
      );
      expect(stateOf(one)).toEqual(before);
      await one.fit(x, labels, options);
    }
    await twin.fit(x, labels, options);
    expect(stateOf(net)).toEqual(stateOf(twin));
  });

  test("without an interrupted run is refused", async () => {
    const message = '"resume" expected false, as no run was interrupted, got true';
    const net = await create(classifier);
    await expect(net.fit(x, labels, options)).rejects.toThrow(message);
    await net.fit(x, labels, { ...options, resume: false });
    await expect(net.fit(x, labels, options)).rejects.toThrow(message);
    await expect((await restored(net.checkpoint())).fit(x, labels, options)).rejects.toThrow(message);
  });

  test("may add epochs, as if there had been more from the beginning", async () => {
    const net = await interrupted();
    await net.fit(x, labels, { ...options, epochs: 6 });
    const whole = await create(classifier);
    await whole.fit(x, labels, { ...options, epochs: 6, resume: false });
    expect(stateOf(net)).toEqual(stateOf(whole));
  });

  test("writes checkpoints that know nothing of where the run was interrupted", async () => {
    const more = { validation, earlyStopping: { patience: 9 } };
    const net = await interrupted(more);
    const files: Uint8Array[] = [];
    const onBatchEnd = () => void files.push(net.checkpoint());
    const history = await net.fit(x, labels, { ...options, ...more, onBatchEnd });
    for (const file of files) {
      const other = await restored(file);
      const resumed = await other.fit(x, labels, { ...options, ...more });
      expect(withoutTimes(resumed)).toEqual(withoutTimes(history));
      expect(stateOf(other)).toEqual(stateOf(net));
    }
    expect(files).toHaveLength(7);
  });

  test("goes on after very many epochs", async () => {
    const epochs = 250_000;
    const net = await create({ inputs: 1, layers: [dense(1)], loss: "meanSquaredError", engine });
    const controller = new AbortController();
    const onEpochEnd = ({ epoch }: { epoch: number }) => epoch === epochs - 1 && controller.abort();
    const settings = { optimizer: sgd({ learningRate: 0.01 }), epochs };
    await net.fit([1], [2], { ...settings, onEpochEnd, signal: controller.signal });
    const other = await restored(net.checkpoint());
    const history = await other.fit([1], [2], { ...settings, resume: true });
    expect(history.epochs).toHaveLength(epochs);
    expect(withoutTimes(history)).toEqual(withoutTimes(await net.fit([1], [2], { ...settings, resume: true })));
  });

  test("leaves the history of the interrupted run as it was", async () => {
    const net = await create(classifier);
    const controller = new AbortController();
    const onEpochEnd = () => controller.abort();
    const first = await net.fit(x, labels, { ...options, resume: false, onEpochEnd, signal: controller.signal });
    expect((await net.fit(x, labels, options)).epochs).toHaveLength(4);
    expect(first.epochs).toHaveLength(1);
  });

  test("goes on after an error in a callback or in the data", async () => {
    const whole = await create(classifier);
    await whole.fit(x, labels, { ...options, resume: false });
    const net = await create(classifier);
    const fail = ({ step }: { step: number }) => {
      if (step === 4) throw new Error("mine");
    };
    await expect(net.fit(x, labels, { ...options, resume: false, onBatchEnd: fail })).rejects.toThrow("mine");
    const bad = [...x];
    bad[3] = Number.NaN;
    await expect(net.fit(bad, labels, options)).rejects.toThrow(NonFiniteError);
    await net.fit(x, labels, options);
    expect(stateOf(net)).toEqual(stateOf(whole));
  });

  test("rolls back to the start of the epoch, also where that was before the checkpoint", async () => {
    const bad = [...x];
    const run = async (stop: boolean) => {
      let net = await create(classifier);
      const controller = new AbortController();
      const more: Partial<FitOptions> = { onNonFinite: "rollback", shuffle: false, resume: false };
      const onBatchEnd = ({ step }: { step: number }) => {
        if (step === 4) bad[3 * ROWS - 1] = Number.NaN;
        if (step === 5 && stop) controller.abort();
      };
      bad[3 * ROWS - 1] = 0;
      let history = await net.fit(bad, labels, { ...options, ...more, onBatchEnd, signal: controller.signal });
      if (stop) {
        expect(history.stoppedBy).toBe("signal");
        net = await restored(net.checkpoint());
        history = await net.fit(bad, labels, { ...options, ...more, resume: true });
      }
      return { net, history };
    };
    const [whole, resumed] = [await run(false), await run(true)];
    expect(whole.history).toMatchObject({ stoppedBy: "nonFinite", nonFinite: { step: 6, tensor: "inputs" } });
    expect(whole.history.epochs).toHaveLength(1);
    expect(withoutTimes(resumed.history)).toEqual(withoutTimes(whole.history));
    expect(stateOf(resumed.net)).toEqual(stateOf(whole.net));
    for (const { net } of [whole, resumed]) net.trainBatch(x, labels, adam({ learningRate: 0.01 }));
  });
});

describe("Network.restore", async () => {
  const good = (await interrupted()).checkpoint();

  /** The file with other metadata. */
  function changed(change: (training: Record<string, never>, network: Record<string, never>) => unknown): Uint8Array {
    const { tensors, metadata } = readSafetensors(good);
    const [training, network] = ["training", "network"].map((name) => JSON.parse(metadata.get(name) as string));
    change(training, network);
    const entries = { lanegrad: "1", network: JSON.stringify(network), training: JSON.stringify(training) };
    return writeSafetensors({ tensors, metadata: new Map(Object.entries(entries)) });
  }

  function withTensors(change: (tensors: Map<string, StoredTensor>) => void): Uint8Array {
    const { tensors, metadata } = readSafetensors(good) as TensorFile & { tensors: Map<string, StoredTensor> };
    change(tensors);
    return writeSafetensors({ tensors, metadata });
  }

  function withMetadata(entries: Record<string, string>): Uint8Array {
    const { tensors, metadata } = readSafetensors(good);
    return writeSafetensors({ tensors, metadata: new Map([...metadata, ...Object.entries(entries)]) });
  }

  const set = (path: string, value: unknown) => (training: object, network: object) => {
    const keys = path.split(".");
    const last = keys.pop() as string;
    let at: Record<string, unknown> = { training, network };
    for (const key of keys) at = at[key] as Record<string, unknown>;
    at[last] = value;
  };

  test.each<[string, Uint8Array, RegExp]>([
    ["an empty file", new Uint8Array(0), /^byte 0: /],
    ["a file of tensors alone", writeSafetensors({ tensors: new Map(), metadata: new Map() }), /lanegrad/],
    [
      "another version",
      withMetadata({ lanegrad: "2" }),
      /^__metadata__.lanegrad: not "1", as in lanegrad.s own files$/,
    ],
    ["metadata that are no JSON", withMetadata({ training: "{" }), /JSON/],
    ["metadata that are no object", withMetadata({ network: "3" }), /"network" expected an object, got 3/],
    ["a missing tensor", withTensors((tensors) => tensors.delete("1.bias")), /^1.bias: expected F32 \[3\], got none$/],
    [
      "a missing moment",
      withTensors((t) => t.delete("optimizer.1.0.bias")),
      /^optimizer.1.0.bias: expected F32 \[5\], got none$/,
    ],
    [
      "a tensor of another shape",
      withTensors((t) => t.set("0.weight", { ...(t.get("0.weight") as StoredTensor), shape: [3, 5] })),
      /^0.weight: expected F32 \[5,3\], got F32 \[3,5\]$/,
    ],
    [
      "a tensor of another type",
      withTensors((t) => t.set("0.bias", { ...(t.get("0.bias") as StoredTensor), dtype: "I32" })),
      /^0.bias: expected F32 \[5\], got I32 \[5\]$/,
    ],
    ["another precision", changed(set("network.dtype", "float64")), /^0.weight: expected F64 \[5,3\], got F32/],
    ["a wrong option", changed(set("network.inputs", -1)), /"inputs" expected an integer ≥ 1, got -1/],
    ["an unknown option", changed(set("network.depth", 1)), /depth/],
    ["a graph that is none", changed(set("network.graph", 3)), /"graph" expected an object, got 3/],
    ["a standardization that is none", changed(set("network.standardization", 3)), /./],
    [
      "deviations of 0",
      changed(set("network.standardization", [[0], [0]])),
      /^__metadata__: "deviations\[0\]" expected a finite number > 0, got 0$/,
    ],
    ["a layer that is none", changed(set("network.layers", [null])), /"layers\[0\]" expected an object/],
    [
      "more states than there are",
      changed(set("training.optimizer.states", 1e9)),
      /^optimizer.2.0.weight: expected F32 .* got none$/,
    ],
    ["a wrong batch size", changed(set("training.batchSize", "8")), /"batchSize" expected an integer ≥ 1, got "8"/],
    ...["steps", "maskStep", "orders", "optimizer.updates", "optimizer.states"].map(
      (key): [string, Uint8Array, RegExp] => [
        `a wrong count: ${key}`,
        changed(set(`training.${key}`, -1)),
        /expected an integer from 0/,
      ],
    ),
    ...["rows", "batchSize", "firstOrder", "batch", "step"].map((key): [string, Uint8Array, RegExp] => [
      `a wrong count: run.${key}`,
      changed(set(`training.run.${key}`, 0.5)),
      /expected an integer from 0/,
    ]),
    ["a run that is none", changed(set("training.run", "x")), /"run" expected an object, got "x"/],
    ["no records", changed(set("training.run.records", {})), /"records" expected an integer from 0/],
    ["more records than there are", changed(set("training.run.records", 1e9)), /^records: expected F64 /],
  ])("refuses %s, and gives its memory back", async (_, file, message) => {
    const { used } = engine.memory;
    await expect(Network.restore(file, { engine })).rejects.toThrow(FormatError);
    await expect(Network.restore(file, { engine })).rejects.toThrow(message);
    expect(engine.memory.used).toBe(used);
  });

  test("takes bytes of another realm, such as those of a frame or outside of a test runner's page", async () => {
    const file = runInNewContext("Uint8Array.from(bytes)", { bytes: good });
    expect(file).not.toBeInstanceOf(Uint8Array);
    const net = await Network.restore(file, { engine });
    expect(net.checkpoint()).toEqual(good);
    net.dispose();
    const view = runInNewContext("new Uint8ClampedArray(8)");
    await expect(Network.restore(view)).rejects.toThrow(
      '"file" expected a Uint8Array, got Uint8ClampedArray of length 8',
    );
  });

  test("checks its arguments", async () => {
    await expect(Network.restore([] as never)).rejects.toThrow(/^"file" expected a Uint8Array, got Array of length 0$/);
    await expect(Network.restore(good, { engine: 3 } as never)).rejects.toThrow(/^"engine" expected an Engine, got 3$/);
    await expect(Network.restore(good, { seed: 3 } as never)).rejects.toThrow(/^"options" expected only engine/);
  });

  test("says where memory is short, and leaves none taken", async () => {
    const small = await engineOf("simd", { maximumMemory: 2 ** 16 });
    const wide = await create({ ...classifier, layers: [dense(1500), dense(3)] });
    await expect(Network.restore(wide.checkpoint(), { engine: small })).rejects.toThrow(OutOfMemoryError);
    expect(small.memory.used).toBe(0);
  });
});
