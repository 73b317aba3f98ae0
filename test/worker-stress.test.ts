// Random sequences of calls to a network in a worker, and the same calls to a network of this thread: each settles, and alike.
import fc from "fast-check";
import { expect, test } from "vitest";
import type * as Library from "../src/index.js";
import type * as WorkerLibrary from "../src/worker.js";
import { randomNumbers } from "./support/matrices.js";
import { stateOf, withoutTimes } from "./support/states.js";

const library = (await import(new URL("../dist/index.js", import.meta.url).href)) as typeof Library;
const { Trainer, trainInWorker } = (await import(
  new URL("../dist/worker.js", import.meta.url).href
)) as typeof WorkerLibrary;
const { adam, adamw, dense, dropout, lbfgs, Network, sgd } = library;

type FitOptions = Library.FitOptions;
type Calls = "fit" | "predict" | "evaluate" | "checkpoint" | "dispose";
type Subject = Pick<Library.Network, Calls> | Pick<WorkerLibrary.Trainer, Calls>;

const ROWS = 24;
const x = Float32Array.from(randomNumbers(2 * ROWS, 1));
const y = Uint8Array.from({ length: ROWS }, (_, row) => (row * row) % 3);
const network = {
  inputs: 2,
  layers: [dense(4, "tanh"), dropout(0.2), dense(3)],
  loss: "softmaxCrossEntropy",
  seed: 5,
} as const;

const DATA: readonly (readonly [Library.Inputs, Library.Targets])[] = [
  [x, y],
  [x.subarray(2, 16), y.subarray(1, 8)],
  [Array.from(y, (_, row) => [...x.subarray(2 * row, 2 * row + 2)]), [...y]],
  [x, y.subarray(1)],
  [[], []],
];

const steps = fc.array(
  fc.record({
    call: fc.constantFrom("fit", "fit", "fit", "fit", "fit", "predict", "evaluate", "checkpoint"),
    data: fc.constantFrom(0, 0, 0, 0, 1, 1, 2, 2, 3, 4),
    optimizer: fc.constantFrom(0, 0, 0, 1, 1, 2, 3),
    epochs: fc.constantFrom(0, 1, 2, 2, 3, 3, 4, 4),
    batchSize: fc.constantFrom(1, 5, 24, 1e6),
    schedule: fc.boolean(),
    validation: fc.boolean(),
    resume: fc.constantFrom(false, false, true),
    onNonFinite: fc.constantFrom("throw" as const, "rollback" as const),
    event: fc.constantFrom("nothing", "throw", "rate", "late", "abort", "before", "refit", "batch", "slow", "dispose"),
    at: fc.integer({ min: 1, max: 9 }),
  }),
  { minLength: 1, maxLength: 16, size: "max" },
);
type Step = typeof steps extends fc.Arbitrary<(infer S)[]> ? S : never;

/** Those of one subject: an optimizer's state goes on where it is the same one. */
const optimizers = () => [
  adam({ learningRate: 0.02 }),
  adamw({ learningRate: 0.1 }),
  sgd({ learningRate: 1e30 }),
  lbfgs(),
];

async function settled(call: () => unknown): Promise<unknown> {
  try {
    return await call();
  } catch (error) {
    return error instanceof Error ? [error.constructor.name, error.message] : error;
  }
}

/** The options of a step's run, and what its callbacks see. */
function optionsOf(step: Step, subject: Subject, optimizer: FitOptions["optimizer"]) {
  const { epochs, batchSize, resume, onNonFinite, event, at } = step;
  const seen: unknown[] = [];
  const controller = new AbortController();
  if (event === "before") controller.abort();
  const options: FitOptions = { optimizer, epochs, batchSize, resume, onNonFinite, signal: controller.signal };
  if (step.validation) options.validation = [x, y];
  if (step.schedule || event === "late" || event === "rate") {
    options.schedule = (_, number) => {
      if (event === "late" && number === at) throw new RangeError("late");
      return event === "rate" && number === at ? Number.NaN : 0.1 / (number + 1);
    };
  }
  options.onBatchEnd = async ({ step: number, loss }) => {
    seen.push(number, loss);
    if (event === "slow") await new Promise((resolve) => setTimeout(resolve, 9 * (number % 2)));
    if (event === "batch" && number === at) throw "batch";
  };
  options.onEpochEnd = async ({ epoch, loss, validationLoss }) => {
    seen.push({ epoch, loss, validationLoss });
    if (epoch !== Math.ceil(at / 3)) return;
    if (event === "refit") seen.push(await settled(() => subject.fit(x, y, { optimizer })));
    if (event === "throw") throw new TypeError("no more");
    if (event === "abort") controller.abort();
    if (event === "dispose") subject.dispose();
  };
  return { options, seen };
}

function comparable(outcome: unknown): unknown {
  if (outcome instanceof Uint8Array) return stateOf(outcome);
  if (Array.isArray(outcome)) return outcome.map((part) => String(part).replace(/(this|on this) \w+/, "$1"));
  const { nonFinite, ...history } = outcome as Library.History;
  return "epochs" in history ? { ...withoutTimes(history), nonFinite: nonFinite?.message } : outcome;
}

async function make(step: Step, subject: Subject, made: FitOptions["optimizer"][]) {
  const [rows, targets] = DATA[step.data] as (typeof DATA)[number];
  if (step.call === "checkpoint") return comparable(await settled(() => subject.checkpoint()));
  if (step.call === "predict") return comparable(await settled(() => subject.predict(rows)));
  if (step.call === "evaluate") return comparable(await settled(() => subject.evaluate(rows, targets)));
  const optimizer = made[step.optimizer] as FitOptions["optimizer"];
  const { options, seen } = optionsOf(step, subject, optimizer);
  const run = settled(() => subject.fit(rows, targets, options));
  const others = [() => subject.predict(x), () => subject.evaluate(x, y), () => subject.checkpoint()];
  const meanwhile = others.map(settled);
  const refused = settled(() => subject.fit([], [], options));
  const outcome = comparable(await run);
  await Promise.all(meanwhile);
  expect(await refused).toBeInstanceOf(Array);
  return { outcome, seen };
}

async function expectAlike(sequence: readonly Step[], there: Subject, first: Library.Network): Promise<void> {
  let here = first;
  const made = [optimizers(), optimizers()] as const;
  for (const step of sequence) {
    const outcome = await make(step, there, made[0]);
    expect(outcome).toEqual(await make(step, here, made[1]));
    const file = await settled(() => there.checkpoint());
    // Training is ahead of what onBatchEnd hears of.
    if (step.event === "batch" && file instanceof Uint8Array) here = await Network.restore(file);
    expect(comparable(file)).toEqual(comparable(await settled(() => here.checkpoint())));
  }
  here.dispose();
}

test("a Trainer does what a Network does", async () => {
  const property = fc.asyncProperty(steps, async (sequence) => {
    const trainer = await Trainer.create(network);
    await expectAlike(sequence, trainer, await Network.create(network)).finally(() => trainer.dispose());
  });
  await fc.assert(property, { seed: 1, numRuns: 20 });
});

test("trainInWorker does what fit does", async () => {
  const property = fc.asyncProperty(steps, async (sequence) => {
    const net = await Network.create(network);
    const subject: Pick<Library.Network, Calls> = {
      fit: (rows, targets, options) => trainInWorker(net, rows, targets, options),
      predict: (rows) => net.predict(rows),
      evaluate: (rows, targets) => net.evaluate(rows, targets),
      checkpoint: () => net.checkpoint(),
      dispose: () => net.dispose(),
    };
    await expectAlike(sequence, subject, await Network.create(network)).finally(() => net.dispose());
  });
  await fc.assert(property, { seed: 2, numRuns: 10 });
});
