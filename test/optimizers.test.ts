// Fifty updates of each optimizer against PyTorch's: parameters after 1, 10 and 50 of them, and the loss all along.
import { describe, expect, test } from "vitest";
import { adagrad, adam, adamw, type FitOptions, type Network, type Optimizer, rmsprop, sgd } from "../src/index.js";
import { absoluteError, expectWithin } from "./support/close.js";
import {
  isKnown,
  type LayerFixture,
  loadFixtures,
  type Named,
  namedParameters,
  networkOf,
  optimizerOf,
  type TargetFixture,
} from "./support/fixtures.js";
import { VARIANTS, type Variant } from "./support/variants.js";

interface Parameters {
  weights: number[][];
  biases: number[][];
}

interface Trajectory {
  name: string;
  optimizer: Named & { clip_norm?: number; clip_value?: number };
  float64: { loss: number[]; params_after_step: Record<string, Parameters> };
}

interface Problem {
  batch: number;
  steps: number;
  layers: LayerFixture[];
  loss: Named;
  x: number[];
  target: TargetFixture;
}

const { problem, trajectories } = loadFixtures<{ problem: Problem; trajectories: Trajectory[] }>("optimizers.json");
const known = trajectories.filter(({ optimizer }) => isKnown("optimizer", optimizer));
const titled = known.map((one) => ({ ...one, title: `${one.name} ${JSON.stringify(one.optimizer)}` }));

/** Of parameters, absolute, by the number of updates: single precision drifts with them, as torch's own does. */
const PARAMETER_BOUND: Record<string, Record<string, number>> = {
  float32: { 1: 1e-6, 10: 1e-5, 50: 2e-4 },
  float64: { 1: 1e-9, 10: 1e-9, 50: 1e-9 },
};

/** Of the loss, absolute; it is flat where the parameters drift. */
const LOSS_BOUND = { float32: 1e-5, float64: 1e-9 };

/** Trains and reports after each update. */
type Training = (net: Network, afterUpdate: (updates: number, lossBefore: number) => void) => void | Promise<void>;

/** The plain way: update by update. */
function byBatches(optimizer: Optimizer): Training {
  return (net, afterUpdate) => {
    for (let k = 1; k <= problem.steps; k++) afterUpdate(k, net.trainBatch(problem.x, problem.target.data, optimizer));
  };
}

/** By `fit`, which alone clips gradients: an epoch of one batch is an update. */
function byFit(optimizer: Optimizer, clipping: Pick<FitOptions, "clipNorm" | "clipValue">): Training {
  return async (net, afterUpdate) => {
    await net.fit(problem.x, problem.target.data, {
      optimizer,
      epochs: problem.steps,
      batchSize: problem.batch,
      shuffle: false,
      onEpochEnd: ({ epoch, loss }) => afterUpdate(epoch, loss),
      ...clipping,
    });
  };
}

function trainingOf({ optimizer }: Trajectory): Training {
  const { clip_norm: clipNorm, clip_value: clipValue } = optimizer;
  const made = optimizerOf(optimizer);
  return clipNorm === undefined && clipValue === undefined ? byBatches(made) : byFit(made, { clipNorm, clipValue });
}

/** Trains a network from the fixture's start, and compares it with the trajectory all along. */
async function replay({ name, float64: expected }: Trajectory, train: Training, { dtype, engine }: Variant, l2 = 0) {
  const net = await networkOf(problem, { dtype, engine, batchSize: problem.batch, l2 });
  const losses: number[] = [];
  let compared = 0;
  await train(net, (updates, loss) => {
    losses.push(loss);
    const reference = expected.params_after_step[updates];
    if (reference === undefined) return;
    const wanted = namedParameters(reference.weights, reference.biases);
    const bound = PARAMETER_BOUND[dtype]?.[updates] as number;
    for (const { name: tensor, values } of net.parameters) {
      const error = absoluteError(values, wanted[tensor] as number[]);
      expectWithin(`${name}, ${dtype}: ${tensor} after ${updates}`, error, bound);
      compared++;
    }
  });
  expect(compared, "four tensors after 1, 10 and 50 updates").toBe(12);
  losses.push(net.evaluate(problem.x, problem.target.data).loss);
  expectWithin(`${name}, ${dtype}: losses`, absoluteError(losses, expected.loss), LOSS_BOUND[dtype]);
  net.dispose();
}

function trajectoryOf(name: string): Trajectory {
  const found = known.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no trajectory ${name}`);
  return found;
}

test("the library leaves out optional optimizers only", () => {
  const missing = trajectories.filter((one) => !known.includes(one)).map(({ optimizer }) => optimizer.name);
  expect(missing).toEqual(["adadelta", "nadam", "radam", "adamax"]);
  expect(known).toHaveLength(17);
});

describe.each(VARIANTS)("$build, $dtype", (variant) => {
  test.each(titled)("$title", async (trajectory) => {
    await replay(trajectory, trainingOf(trajectory), variant);
  });

  test.each([
    { name: "00-sgd", make: sgd, learningRate: 0.1 },
    { name: "06-adagrad", make: adagrad, learningRate: 0.1 },
    { name: "07-rmsprop", make: rmsprop, learningRate: 0.01 },
    { name: "10-adam", make: adam, learningRate: 0.01 },
    { name: "12-adamw", make: adamw, learningRate: 0.01 },
  ])("$name has PyTorch's hyperparameters by default", async ({ name, make, learningRate }) => {
    const trajectory = trajectoryOf(name);
    expect(trajectory.optimizer.lr, "the rate is the fixture's").toBe(learningRate);
    await replay(trajectory, byBatches(make({ learningRate })), variant);
  });

  test("a network's l2 is a weight decay, and adds to the optimizer's", async () => {
    const trajectory = trajectoryOf("03-sgd");
    expect(trajectory.optimizer).toEqual({ name: "sgd", lr: 0.1, weight_decay: 0.01 });
    await replay(trajectory, byBatches(sgd({ learningRate: 0.1 })), variant, 0.01);
    await replay(trajectory, byBatches(sgd({ learningRate: 0.1, weightDecay: 0.004 })), variant, 0.006);
  });

  test("fit without clipping takes the same steps as trainBatch", async () => {
    const trajectory = trajectoryOf("10-adam");
    await replay(trajectory, byFit(optimizerOf(trajectory.optimizer), {}), variant);
  });
});
