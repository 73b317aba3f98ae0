// Learning-rate schedules against PyTorch's, and that `fit` asks for a rate at each step and trains with it.
import { describe, expect, test } from "vitest";
import { dense, inverseTimeDecay, Network, oneCycle, type Schedule, sgd, stepDecay } from "../src/index.js";
import { absoluteError, expectWithin, tensorError } from "./support/close.js";
import { isKnown, loadFixtures, type Named, scheduleOf } from "./support/fixtures.js";

interface ScheduleCase {
  schedule: Named;
  /** By epoch; of one cycle by step. */
  lr: number[];
}

const { cases } = loadFixtures<{ cases: ScheduleCase[] }>("schedules.json");
const known = cases.filter(({ schedule }) => isKnown("schedule", schedule));
const titled = known.map((one) => ({ ...one, title: Object.values(one.schedule).join(" ") }));

test("the library leaves out optional schedules only", () => {
  const missing = cases.filter((one) => !known.includes(one)).map(({ schedule }) => schedule.name);
  expect(missing).toEqual(["multi_step", "linear_warmup", "polynomial", "cosine_warm_restarts", "reduce_on_plateau"]);
  expect(known).toHaveLength(8);
});

test.each(titled)("$title", ({ title, schedule, lr }) => {
  const rate = scheduleOf(schedule);
  const steps = schedule.name === "one_cycle";
  // The argument that a schedule does not go by must not matter.
  const rates = lr.map((_, t) => (steps ? rate(3, t) : rate(t, 1000 + t)));
  expectWithin(`${title}: rates`, tensorError(rates, lr), 1e-12);
});

describe("one cycle", () => {
  test("stays at its last rate when the steps are over", () => {
    const rate = oneCycle({ max: 0.1, totalSteps: 20 });
    expect(rate(0, 19)).toBeCloseTo(0.1 / 25 / 1e4, 15);
    expect(rate(0, 20)).toBe(rate(0, 19));
    expect(rate(0, 1000)).toBe(rate(0, 19));
  });

  test.each([0.01, 0.05, 0.1, 0.5, 0.95])("with %f of 20 steps on the way up, every rate is a number", (warmup) => {
    const rate = oneCycle({ max: 0.1, totalSteps: 20, warmup });
    const rates = Array.from({ length: 20 }, (_, step) => rate(0, step));
    expect(rates.filter((value) => !(value > 0 && value <= 0.1))).toEqual([]);
  });
});

describe("fit", () => {
  /**
   * A network of one weight whose gradient is 1 at each step, and so falls by the learning rate: C = Σ|w − t| / rows with an input
   * of 1 and targets far below.
   */
  async function fitOneWeight(schedule: Schedule | undefined, epochs: number, rows: number, batchSize: number) {
    const layers = [dense(1, "identity", { bias: false, weightInit: { type: "constant", value: 0 } })];
    const net = await Network.create({ inputs: 1, layers, loss: "meanAbsoluteError", dtype: "float64" });
    const weights: number[] = [];
    const history = await net.fit(new Array<number>(rows).fill(1), new Array<number>(rows).fill(-1000), {
      optimizer: sgd({ learningRate: 0.25 }),
      epochs,
      batchSize,
      ...(schedule !== undefined && { schedule }),
      onBatchEnd: () => {
        weights.push(net.parameters[0]?.values[0] as number);
      },
    });
    net.dispose();
    const rates = weights.map((weight, step) => (weights[step - 1] ?? 0) - weight);
    return { rates, history };
  }

  test("asks once a step, with the epoch and the step from 0, and trains with the answer", async () => {
    const asked: [number, number][] = [];
    const schedule: Schedule = (epoch, step) => {
      asked.push([epoch, step]);
      return 1 / (1 + step);
    };
    // 5 rows in batches of 2: three steps an epoch.
    const { rates, history } = await fitOneWeight(schedule, 2, 5, 2);
    expect(asked).toEqual([
      [0, 0],
      [0, 1],
      [0, 2],
      [1, 3],
      [1, 4],
      [1, 5],
    ]);
    expectWithin("rates", absoluteError(rates, [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5, 1 / 6]), 1e-14);
    expect(history.epochs.map(({ learningRate }) => learningRate)).toEqual([1 / 3, 1 / 6]);
  });

  test("keeps a rate that goes by epochs through all steps of one", async () => {
    const { rates, history } = await fitOneWeight(stepDecay({ base: 1, stepSize: 2, gamma: 0.5 }), 4, 4, 2);
    expect(rates).toEqual([1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5]);
    expect(history.epochs.map(({ learningRate }) => learningRate)).toEqual([1, 1, 0.5, 0.5]);
  });

  test("takes the schedule instead of the optimizer's rate, and that where there is no schedule", async () => {
    const decay = await fitOneWeight(inverseTimeDecay({ base: 1, decay: 1 }), 4, 1, 1);
    expect(decay.history.epochs.map(({ learningRate }) => learningRate)).toEqual([1, 1 / 2, 1 / 3, 1 / 4]);
    const constant = await fitOneWeight(undefined, 3, 1, 1);
    expect(constant.rates).toEqual([0.25, 0.25, 0.25]);
    expect(constant.history.epochs.map(({ learningRate }) => learningRate)).toEqual([0.25, 0.25, 0.25]);
  });
});
