// Training in a worker: as in this thread to the bit, while this thread stays free; the built package, as a worker is a file.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Worker } from "node:worker_threads";
import { afterEach, describe, expect, test, vi } from "vitest";
import type * as Library from "../src/index.js";
import type * as WorkerLibrary from "../src/worker.js";
import { randomNumbers } from "./support/matrices.js";
import { partsOf, stateOf, withoutTimes } from "./support/states.js";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const library = (await import(new URL("../dist/index.js", import.meta.url).href)) as typeof Library;
const { Trainer, trainInWorker } = (await import(
  new URL("../dist/worker.js", import.meta.url).href
)) as typeof WorkerLibrary;
const { adam, add, cosineDecay, dense, dropout, graph, lbfgs, Network, oneCycle, rmsprop, sgd, standardize } = library;

type Trainer = WorkerLibrary.Trainer;
type Network = Library.Network;
type FitOptions = Library.FitOptions;

const ROWS = 60;
const x = Float32Array.from(randomNumbers(3 * ROWS, 1));
const labels = Uint8Array.from({ length: ROWS }, (_, row) => (row * row) % 3);
const validation: [Float32Array, Uint8Array] = [x.subarray(3, 3 * 31), labels.subarray(1, 31)];

const classifier: WorkerLibrary.TrainerOptions = {
  inputs: 3,
  layers: [dense(8, { type: "leakyRelu", alpha: 0.2 }), dropout(0.3), dense(3)],
  loss: { type: "softmaxCrossEntropy", labelSmoothing: 0.1 },
  seed: 7,
};

const open: { dispose(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.dispose();
});

async function create(options: WorkerLibrary.TrainerOptions = classifier): Promise<Trainer> {
  const trainer = await Trainer.create(options);
  open.push(trainer);
  return trainer;
}

async function createHere(options: Library.NetworkOptions = classifier as Library.NetworkOptions): Promise<Network> {
  const net = await Network.create(options);
  open.push(net);
  return net;
}

async function errorOf(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => expect.fail("nothing was thrown"),
    (error) => error,
  );
}

/** A run that does not end by itself in the time of a test. */
const ENDLESS = (): FitOptions => ({ optimizer: adam({ learningRate: 0.01 }), epochs: 1e6, batchSize: 4 });

interface Case {
  network?: Partial<WorkerLibrary.TrainerOptions>;
  options: () => FitOptions;
  x?: Library.Inputs;
  y?: Library.Targets;
}

const CASES: Record<string, Case> = {
  "adam, as little as possible": { options: () => ({ optimizer: adam({ learningRate: 0.01 }) }) },
  "rmsprop by cosineDecay in float64, clipped, with validation and early stopping": {
    network: { dtype: "float64", l1: 0.001, l2: 0.01 },
    options: () => ({
      optimizer: rmsprop({ learningRate: 0.05, momentum: 0.5, centered: true }),
      schedule: cosineDecay({ base: 0.05, period: 30 }),
      epochs: 30,
      batchSize: 7,
      clipNorm: 0.5,
      validation,
      earlyStopping: { patience: 2 },
    }),
  },
  "sgd with Nesterov's momentum by oneCycle, standardized, without shuffling": {
    network: { standardization: standardize(x, 3) },
    options: () => ({
      optimizer: sgd({ learningRate: 0.1, momentum: 0.9, nesterov: true }),
      schedule: oneCycle({ max: 0.2, totalSteps: 24 }),
      epochs: 4,
      batchSize: 11,
      shuffle: false,
    }),
  },
  "a schedule that counts its calls": {
    options: () => {
      let rate = 0.1;
      return {
        optimizer: adam({ learningRate: 1 }),
        schedule: () => {
          rate *= 0.99;
          return rate;
        },
        epochs: 3,
        batchSize: 9,
      };
    },
  },
  "lbfgs, of all rows at once": {
    network: { layers: [dense(5, "tanh"), dense(3)] },
    options: () => ({ optimizer: lbfgs(), epochs: 5 }),
  },
  "a graph with two inputs, by arrays of rows": {
    network: {
      inputs: undefined,
      layers: undefined,
      graph: graph({
        inputs: { left: 2, right: 1 },
        nodes: {
          a: [dense(4, "tanh"), "left"],
          b: [dense(4), "right"],
          sum: [add(), "a", "b"],
          y: [dense(3), "sum"],
        },
        outputs: "y",
      }),
    },
    x: {
      left: Array.from({ length: ROWS }, (_, row) => x.subarray(3 * row, 3 * row + 2)),
      right: Array.from({ length: ROWS }, (_, row) => [x[3 * row + 2] as number]),
    },
    options: () => ({ optimizer: adam({ learningRate: 0.02 }), epochs: 3, onNonFinite: "rollback" }),
  },
};

describe.each(Object.entries(CASES))("%s", (_, { network, options, x: rows = x, y = labels }) => {
  test("a trainer gives the history and the state of fit in this thread, twice", async () => {
    const net = await createHere({ ...classifier, ...network } as Library.NetworkOptions);
    const trainer = await create({ ...classifier, ...network });
    const [here, there] = [options(), options()];
    for (let time = 0; time < 2; time++) {
      expect(withoutTimes(await trainer.fit(rows, y, there))).toEqual(withoutTimes(await net.fit(rows, y, here)));
      expect(stateOf(await trainer.checkpoint())).toEqual(stateOf(net.checkpoint()));
    }
    expect(await trainer.predict(rows)).toEqual(net.predict(rows));
    expect(await trainer.evaluate(rows, y)).toEqual(net.evaluate(rows, y));
    const copy = await trainer.network();
    open.push(copy);
    expect(stateOf(copy.checkpoint())).toEqual(stateOf(net.checkpoint()));
  });

  test("trainInWorker does what fit does, and training goes on from there", async () => {
    const [here, there] = [options(), options()];
    const net = await createHere({ ...classifier, ...network } as Library.NetworkOptions);
    const twin = await createHere({ ...classifier, ...network } as Library.NetworkOptions);
    const steps = [
      [net.fit.bind(net), twin.fit.bind(twin)],
      [trainInWorker.bind(undefined, net), twin.fit.bind(twin)],
      [net.fit.bind(net), twin.fit.bind(twin)],
    ] as const;
    for (const [train, expected] of steps) {
      expect(withoutTimes(await train(rows, y, there))).toEqual(withoutTimes(await expected(rows, y, here)));
      expect(stateOf(net.checkpoint())).toEqual(stateOf(twin.checkpoint()));
    }
    expect(net.evaluate(rows, y)).toEqual(twin.evaluate(rows, y));
  });
});

test("memory is planned here for the batches of there, so that evaluation rounds alike", async () => {
  const [net, twin] = [await createHere(), await createHere()];
  const options = () => ({ optimizer: adam({ learningRate: 0.01 }), batchSize: 50 });
  await trainInWorker(net, x, labels, options());
  await twin.fit(x, labels, options());
  expect(stateOf(net.checkpoint())).toEqual(stateOf(twin.checkpoint()));
  expect(net.memory).toEqual(twin.memory);
});

describe("optimizers", () => {
  test("an equal one that is another one starts anew, in both threads", async () => {
    const nets = [await createHere(), await createHere()] as const;
    const made = () => adam({ learningRate: 0.01 });
    for (const net of nets) await net.fit(x, labels, { optimizer: made(), epochs: 2 });
    await nets[0].fit(x, labels, { optimizer: made(), epochs: 2 });
    await trainInWorker(nets[1], x, labels, { optimizer: made(), epochs: 2 });
    expect(stateOf(nets[1].checkpoint())).toEqual(stateOf(nets[0].checkpoint()));
    for (const net of nets) await net.fit(x, labels, { optimizer: made(), epochs: 2 });
    expect(stateOf(nets[1].checkpoint())).toEqual(stateOf(nets[0].checkpoint()));
  });

  test("one whose run was refused does not end the state of the one before", async () => {
    const [net, trainer] = [await createHere(), await create()];
    const optimizers = [adam({ learningRate: 0.01 }), adam({ learningRate: 0.01 })] as const;
    for (const one of [net, trainer]) {
      await one.fit(x, labels, { optimizer: optimizers[0], epochs: 2 });
      await expect(one.fit(x, labels, { optimizer: optimizers[1], epochs: 0 })).rejects.toThrow(RangeError);
      await one.fit(x, labels, { optimizer: optimizers[0], epochs: 2 });
    }
    expect(stateOf(await trainer.checkpoint())).toEqual(stateOf(net.checkpoint()));
  });
});

describe("callbacks", () => {
  test("each record comes once and in order, those of an epoch before it, and the epoch waits", async () => {
    const trainer = await create();
    const seen: string[] = [];
    const expected: string[] = [];
    let isBusy = false;
    const options: FitOptions = {
      optimizer: adam({ learningRate: 0.01 }),
      epochs: 40,
      batchSize: 4,
      onBatchEnd: ({ epoch, batch, batches, step }) => {
        expect(isBusy).toBe(false);
        seen.push(`${epoch} ${batch}/${batches} ${step}`);
      },
      onEpochEnd: async ({ epoch }) => {
        isBusy = true;
        const [header] = partsOf(await trainer.checkpoint());
        const { steps } = JSON.parse(JSON.parse(header).__metadata__.training);
        seen.push(`epoch ${epoch} ${steps}`);
        isBusy = false;
      },
    };
    for (let epoch = 1; epoch <= 40; epoch++) {
      for (let batch = 1; batch <= 15; batch++) expected.push(`${epoch} ${batch}/15 ${(epoch - 1) * 15 + batch}`);
      expected.push(`epoch ${epoch} ${epoch * 15}`);
    }
    await trainer.fit(x, labels, options);
    expect(seen).toEqual(expected);
  });

  test.each(["onBatchEnd", "onEpochEnd", "schedule"])(
    "what %s throws ends the run, and comes back itself",
    async (name) => {
      const [net, trainer] = [await createHere(), await create()];
      const error = Object.assign(new Error("no more"), { isFunction: () => true });
      let calls = 0;
      const options = {
        ...ENDLESS(),
        [name]: () => {
          if (++calls === 3) throw error;
          return 0.01;
        },
      };
      expect(await errorOf(trainer.fit(x, labels, options))).toBe(error);
      calls = 0;
      expect(await errorOf(trainInWorker(net, x, labels, options))).toBe(error);
      expect(await trainer.predict(x)).toHaveLength(3 * ROWS);
      expect(net.memory.optimizer).toBeGreaterThan(0);
    },
  );

  test("a promise of onBatchEnd is waited for, from one bundle to the next too", async () => {
    const trainer = await create();
    let running = 0;
    const seen: number[] = [];
    await trainer.fit(x, labels, {
      optimizer: adam({ learningRate: 0.01 }),
      epochs: 100,
      batchSize: 1,
      onBatchEnd: async ({ step }) => {
        expect(++running).toBe(1);
        if (step % 500 === 1) await new Promise((resolve) => setTimeout(resolve, 20));
        running--;
        seen.push(step);
      },
    });
    expect(seen).toEqual(Array.from({ length: 100 * ROWS }, (_, index) => index + 1));
  });

  test.each(["throw", "dispose"])("none is called behind one that ends the run by %s", async (end) => {
    const trainer = await create();
    let calls = 0;
    const onBatchEnd = async () => {
      calls++;
      await new Promise((resolve) => setTimeout(resolve, 50));
      if (end === "dispose") trainer.dispose();
      else throw new Error("no more");
    };
    const run = trainer.fit(x, labels, { ...ENDLESS(), onBatchEnd });
    await expect(run).rejects.toThrow(end === "dispose" ? "this trainer was disposed" : "no more");
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(calls).toBe(1);
  });

  test("what a schedule throws comes at its step, behind the updates before", async () => {
    const [net, trainer] = [await createHere(), await create()];
    const schedule = (_: number, step: number) => {
      if (step === 7) throw new Error("no rate");
      return 0.01;
    };
    for (const one of [net, trainer]) {
      await expect(one.fit(x, labels, { ...ENDLESS(), schedule })).rejects.toThrow("no rate");
    }
    expect(stateOf(await trainer.checkpoint())).toEqual(stateOf(net.checkpoint()));
  });
});

describe("meanwhile", () => {
  test("a trainer answers while it trains, with parameters that move", async () => {
    const trainer = await create();
    const controller = new AbortController();
    let isRunning = true;
    const run = trainer.fit(x, labels, { ...ENDLESS(), signal: controller.signal }).finally(() => {
      isRunning = false;
    });
    const outputs = new Set<string>();
    while (outputs.size < 3) outputs.add(String(await trainer.predict(x.subarray(0, 3))));
    expect(await trainer.evaluate(x, labels)).toHaveProperty("accuracy");
    expect(isRunning).toBe(true);
    await expect(trainer.fit(x, labels, ENDLESS())).rejects.toThrow("fit is running already");
    expect(isRunning).toBe(true);
    controller.abort();
    expect((await run).stoppedBy).toBe("signal");
  });

  test("a network whose training is elsewhere predicts with its parameters of before, and takes no other fit", async () => {
    const net = await createHere();
    const before = net.predict(x);
    const controller = new AbortController();
    const run = trainInWorker(net, x, labels, {
      ...ENDLESS(),
      signal: controller.signal,
      onEpochEnd: () => {
        expect(net.predict(x)).toEqual(before);
        controller.abort();
      },
    });
    await expect(net.fit(x, labels, ENDLESS())).rejects.toThrow("fit is running already");
    await expect(trainInWorker(net, x, labels, ENDLESS())).rejects.toThrow("fit is running already");
    expect(await run).toMatchObject({ stoppedBy: "signal", epochs: [{ epoch: 1 }] });
    expect(net.predict(x)).not.toEqual(before);
  });
});

describe("signals", () => {
  test("one from before stops the run before its first batch", async () => {
    const [net, trainer] = [await createHere(), await create()];
    const options = { ...ENDLESS(), signal: AbortSignal.abort() };
    expect(await trainer.fit(x, labels, options)).toEqual({ epochs: [], stoppedBy: "signal" });
    await net.fit(x, labels, options);
    expect(stateOf(await trainer.checkpoint())).toEqual(stateOf(net.checkpoint()));
  });

  test("one in an epoch's callback stops at that epoch; the run is resumed here, bit for bit", async () => {
    const [net, twin] = [await createHere(), await createHere()];
    const optimizer = adam({ learningRate: 0.01 });
    const controller = new AbortController();
    const options: FitOptions = { optimizer, epochs: 6, batchSize: 8, validation, earlyStopping: { patience: 6 } };
    const first = await trainInWorker(net, x, labels, {
      ...options,
      signal: controller.signal,
      onEpochEnd: ({ epoch }) => epoch === 3 && controller.abort(),
    });
    expect(first).toMatchObject({ stoppedBy: "signal", epochs: [{}, {}, {}] });
    const history = await net.fit(x, labels, { ...options, resume: true });
    expect(withoutTimes(history)).toEqual(withoutTimes(await twin.fit(x, labels, options)));
    expect(stateOf(net.checkpoint())).toEqual(stateOf(twin.checkpoint()));
  });

  test("a run that was interrupted here, between two batches, is resumed in a worker by its schedule", async () => {
    const [net, twin] = [await createHere(), await createHere()];
    const controller = new AbortController();
    const options = (): FitOptions => ({
      optimizer: adam({ learningRate: 0.01 }),
      schedule: (epoch, step) => 0.01 / (1 + epoch + step / 100),
      epochs: 5,
      batchSize: 8,
    });
    await net.fit(x, labels, {
      ...options(),
      signal: controller.signal,
      onBatchEnd: ({ step }) => step === 11 && controller.abort(),
    });
    const history = await trainInWorker(net, x, labels, { ...options(), resume: true });
    expect(withoutTimes(history)).toEqual(withoutTimes(await twin.fit(x, labels, options())));
    expect(stateOf(net.checkpoint())).toEqual(stateOf(twin.checkpoint()));
  });
});

describe("errors", () => {
  test("have class, message and fields of those of this thread, and change nothing", async () => {
    const [net, trainer] = [await createHere(), await create()];
    const before = stateOf(net.checkpoint());
    const optimizer = adam({ learningRate: 0.01 });
    const wrong: [Library.Inputs, Library.Targets, object][] = [
      [[[1, 2]], [0], { optimizer }],
      [x, labels.subarray(1), { optimizer }],
      [x, labels.map((label) => label + 2), { optimizer }],
      [x, labels, { optimizer, epochs: 0 }],
      [x, labels, { optimizer, epochs: "1" }],
      [x, labels, { optimizer, onBachEnd: () => {} }],
      [x, labels, { optimizer, onBatchEnd: 1 }],
      [x, labels, { optimizer, schedule: 1 }],
      [x, labels, { optimizer, signal: {} }],
      [x, labels, { optimizer, validation: x }],
      [x, labels, { optimizer, resume: true }],
      [x, labels, { optimizer: "adam" }],
      [x, labels, { optimizer: { name: "adam", hyperparameters: { learningRate: 0.01 } } }],
      [x, labels, undefined as unknown as object],
      [x, labels, { optimizer: lbfgs(), clipNorm: 1 }],
    ];
    for (const [rows, y, options] of wrong) {
      const expected = await errorOf(net.fit(rows, y, options as FitOptions));
      const types = [TypeError, RangeError, library.ShapeError];
      const type = types.find((candidate) => expected instanceof candidate);
      for (const run of [trainer.fit.bind(trainer), trainInWorker.bind(undefined, net)]) {
        const error = await errorOf(run(rows, y, options as FitOptions));
        expect(error).toBeInstanceOf(type);
        expect(error.message.replace(", transfer, got", ", got")).toBe(expected.message);
        expect(error.name).toBe(expected.name);
      }
    }
    expect(stateOf(await trainer.checkpoint())).toEqual(before);
    expect(stateOf(net.checkpoint())).toEqual(before);
  });

  test("what cannot leave this thread is a TypeError", async () => {
    const [net, trainer] = [await createHere(), await create()];
    const row = [1, 2, () => 3] as number[];
    const options = ENDLESS();
    const calls = [
      trainer.fit([row], [0], options),
      trainer.fit(x, labels, { ...options, epochs: row as unknown as number }),
      trainInWorker(net, [row], [0], options),
      trainer.predict([row]),
      Trainer.create({ ...classifier, seed: row as unknown as number }),
    ];
    for (const error of await Promise.all(calls.map(errorOf))) {
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toMatch(/^a trainer takes plain data: /);
    }
  });

  test("a schedule's bad rate is named", async () => {
    const [net, trainer] = [await createHere(), await create()];
    for (const rate of [-1, Number.NaN, "1"]) {
      const options = { ...ENDLESS(), schedule: (_: number, step: number) => (step < 2 ? 0.1 : rate) as number };
      const expected = await errorOf(net.fit(x, labels, options));
      const error = await errorOf(trainer.fit(x, labels, options));
      expect([error.constructor, error.message]).toEqual([expected.constructor, expected.message]);
    }
    expect(stateOf(await trainer.checkpoint())).toEqual(stateOf(net.checkpoint()));
  });

  test("NonFiniteError names step, layer and tensor, and leaves the last good step", async () => {
    const nets = [await createHere(), await createHere(), await create()] as const;
    const options = { optimizer: sgd({ learningRate: 1e30 }), epochs: 9, batchSize: 4 };
    const expected = (await errorOf(nets[0].fit(x, labels, options))) as Library.NonFiniteError;
    expect(expected.step).toBeGreaterThan(1);
    for (const run of [trainInWorker.bind(undefined, nets[1]), nets[2].fit.bind(nets[2])]) {
      const error = await errorOf(run(x, labels, options));
      expect(error).toBeInstanceOf(library.NonFiniteError);
      expect({ ...error, message: error.message }).toEqual({ ...expected, message: expected.message });
      expect(error.stack).toContain("NonFiniteError: ");
    }
    const [state, ...states] = [nets[0].checkpoint(), nets[1].checkpoint(), await nets[2].checkpoint()].map(stateOf);
    expect(states).toEqual([state, state]);
  });

  test("a rollback's NonFiniteError comes with the history", async () => {
    const [net, trainer] = [await createHere(), await create()];
    const options = () =>
      ({ optimizer: sgd({ learningRate: 1e30 }), epochs: 9, batchSize: 4, onNonFinite: "rollback" }) as const;
    const history = await trainer.fit(x, labels, options());
    expect(history.nonFinite).toBeInstanceOf(library.NonFiniteError);
    const { nonFinite, ...expected } = await net.fit(x, labels, options());
    expect({ ...history.nonFinite }).toEqual({ ...nonFinite });
    expect(withoutTimes({ ...history, nonFinite: undefined })).toEqual(
      withoutTimes({ ...expected, nonFinite: undefined }),
    );
  });

  test("of Network.create and Network.restore", async () => {
    const wrong: unknown[] = [
      undefined,
      { ...classifier, inputs: 0 },
      { ...classifier, units: 1 },
      { ...classifier, graph: {} },
      { loss: "meanSquaredError", graph: {} },
      { ...classifier, standardization: {} },
      { ...classifier, standardization: standardize(x, 2) },
    ];
    for (const options of wrong) {
      const expected = await errorOf(Network.create(options as Library.NetworkOptions));
      const error = await errorOf(Trainer.create(options as WorkerLibrary.TrainerOptions));
      expect(error.name).toBe(expected.name);
      expect(error).toBeInstanceOf(expected instanceof library.ShapeError ? library.ShapeError : Error);
    }
    const engine = await library.Engine.create();
    await expect(Trainer.create({ ...classifier, engine: engine as object })).rejects.toThrow(
      '"engine" expected options',
    );
    await expect(Trainer.restore(new Uint8Array(7))).rejects.toThrow(library.FormatError);
    await expect(Trainer.restore([] as unknown as Uint8Array)).rejects.toThrow(TypeError);
    await expect(trainInWorker({} as Network, x, labels, ENDLESS())).rejects.toThrow('"net" expected a Network');
  });

  test("a page takes its own workers, though it has Node's modules, as Electron's may", async () => {
    vi.stubGlobal("document", {});
    vi.stubGlobal("Worker", function refuse(_: URL, { type }: WorkerOptions) {
      throw new Error(`no ${type}`);
    });
    const error = await errorOf(Trainer.create(classifier)).finally(() => vi.unstubAllGlobals());
    expect(error).toEqual(new library.WorkerError("a trainer's worker cannot start: no module"));
  });

  test("OutOfMemoryError of the worker's engine", async () => {
    const trainer = await create({ ...classifier, engine: { maximumMemory: 2 ** 17 } });
    const rows = 2 ** 14;
    const large = trainer.fit(new Float32Array(3 * rows), new Uint8Array(rows), { ...ENDLESS(), batchSize: rows });
    const error = await errorOf(large);
    expect(error).toBeInstanceOf(library.OutOfMemoryError);
    expect((error as Library.OutOfMemoryError).asked).toBeGreaterThan(2 ** 17);
  });
});

describe("rows", () => {
  test("matrices are copied, and their width is checked", async () => {
    const engine = await library.Engine.create();
    const [net, trainer] = [await createHere({ ...(classifier as Library.NetworkOptions), engine }), await create()];
    const matrix = engine.matrix(ROWS, 3, { values: x });
    const options = { optimizer: adam({ learningRate: 0.01 }) };
    await Promise.all([net, trainer].map((one) => one.fit(matrix, labels, options)));
    expect(stateOf(await trainer.checkpoint())).toEqual(stateOf(net.checkpoint()));
    expect(await trainer.predict(matrix)).toEqual(net.predict(matrix));
    await expect(trainer.predict(engine.matrix(3, ROWS, { values: x }))).rejects.toThrow(library.ShapeError);
  });

  test("may be proxies of arrays", async () => {
    const [net, trainer] = [await createHere(), await create()];
    const rows = new Proxy([new Proxy([1, 2, 3], {}), [4, 5, 6]], {});
    const y = new Proxy([0, 2], {});
    expect(await trainer.predict(rows)).toEqual(net.predict(rows));
    expect(await trainer.evaluate(rows, y)).toEqual(net.evaluate(rows, y));
  });

  test("stay here, unless they are to be moved", async () => {
    const [trainer, twin] = [await create(), await create()];
    const options = () => ({ optimizer: adam({ learningRate: 0.01 }), validation });
    const rows = x.slice();
    const y = Buffer.from(labels);
    await twin.fit(rows, y, options());
    expect(rows).toEqual(x);
    await trainer.fit(rows, y, { ...options(), transfer: true });
    expect(rows).toHaveLength(0);
    expect(y).toHaveLength(ROWS);
    expect(validation[0].length).toBe(90);
    expect(await trainer.predict(x)).toEqual(await twin.predict(x));
    const again = trainer.fit(rows, y, { ...options(), transfer: true });
    await expect(again).rejects.toThrow(
      new library.ShapeError('"x" expected one or more rows of 3 numbers, got 0 numbers'),
    );
  });
});

describe("the end", () => {
  test("dispose ends what runs and refuses what comes", async () => {
    const trainer = await create();
    const run = errorOf(trainer.fit(x, labels, ENDLESS()));
    await trainer.predict(x);
    trainer.dispose();
    trainer.dispose();
    expect(await run).toBeInstanceOf(library.DisposedError);
    const calls = [
      trainer.fit(x, labels, ENDLESS()),
      trainer.predict(x),
      trainer.evaluate(x, labels),
      trainer.checkpoint(),
      trainer.network(),
    ];
    for (const call of calls) await expect(call).rejects.toThrow("this trainer was disposed");
  });

  test("a network that is disposed meanwhile ends its run, and says so", async () => {
    const delays = [0, 300];
    for (const delay of delays) {
      const net = await createHere();
      setTimeout(() => net.dispose(), delay);
      await expect(trainInWorker(net, x, labels, ENDLESS())).rejects.toThrow("this network was disposed");
    }
    const net = await createHere();
    await expect(trainInWorker(net, x, labels, { ...ENDLESS(), onEpochEnd: () => net.dispose() })).rejects.toThrow(
      "this network was disposed",
    );
  });

  test("a worker that dies ends its calls, and the network is as it was", async () => {
    const workers: Worker[] = [];
    const onWorker = (worker: Worker) => workers.push(worker);
    process.on("worker", onWorker);
    try {
      const trainer = await create();
      const runs = [errorOf(trainer.fit(x, labels, ENDLESS())), errorOf(trainer.predict(x).then(() => kill()))];
      const kill = async () => {
        await (workers[0] as Worker).terminate();
        return trainer.predict(x);
      };
      for (const run of runs) expect(await run).toBeInstanceOf(library.WorkerError);

      const net = await createHere();
      const before = stateOf(net.checkpoint());
      const onEpochEnd = () => (workers[1] as Worker).terminate();
      await expect(trainInWorker(net, x, labels, { ...ENDLESS(), onEpochEnd })).rejects.toThrow(library.WorkerError);
      expect(stateOf(net.checkpoint())).toEqual(before);
      await net.fit(x, labels, { ...ENDLESS(), epochs: 1 });
    } finally {
      process.off("worker", onWorker);
    }
  });

  test("a process ends by itself beside an idle trainer, a refused run too, and not before its runs", async () => {
    const script = `
      import { adam, dense } from "./dist/index.js";
      import { Trainer } from "./dist/worker.js";
      const trainer = await Trainer.create({ inputs: 1, layers: [dense(1)], loss: "meanSquaredError" });
      const optimizer = adam({ learningRate: 0.1 });
      trainer.fit([1, 2], [2, () => 4], { optimizer }).catch(({ name }) => console.log(name));
      trainer.fit([1, 2], [2, 4], { optimizer, epochs: 50 }).then(({ epochs }) => console.log(epochs.length));
    `;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script], {
      cwd: ROOT,
    });
    expect(stdout).toBe("TypeError\n50\n");
  });
});
