// Whole training runs on real data, in PyTorch's order of rows: every epoch's losses, and how many outputs are right.
import { describe, expect, test } from "vitest";
import { absoluteError, expectWithin, toleranceError } from "./support/close.js";
import { pick, readTable, standardize } from "./support/data.js";
import {
  type LayerFixture,
  loadFixtures,
  type Named,
  namedParameters,
  networkOf,
  optimizerOf,
} from "./support/fixtures.js";
import { VARIANTS } from "./support/variants.js";

interface Run {
  name: string;
  dataset: string;
  task: "classification" | "binary_classification" | "regression";
  input_mean: number[];
  input_std: number[];
  target_mean?: number;
  target_std?: number;
  train_index: number[];
  test_index: number[];
  layers: LayerFixture[];
  loss: Named;
  optimizer: Named;
  batch_size: number;
  epochs: number;
  order: number[][];
  float64: {
    epoch_loss: number[];
    train_loss: number[];
    test_loss: number[];
    train_correct?: number[];
    test_correct?: number[];
    final_weights?: number[][];
    final_biases?: number[][];
  };
}

const { runs } = loadFixtures<{ runs: Run[] }>("training.json");

/** Of losses: relative, or absolute below 1. */
const LOSS_BOUND = { float32: 1e-4, float64: 1e-9 };
/** Of the parameters at the end, absolute. */
const PARAMETER_BOUND = { float32: 1e-4, float64: 1e-9 };
/** Rows whose class may differ: in single precision two logits may tie to the last place. */
const CLASS_SLACK = { float32: 1, float64: 0 };

/** The data set as the run sees it. */
function dataOf({ dataset, input_mean, input_std, target_mean, target_std }: Run) {
  const { inputs, targets } = readTable(dataset);
  const scaled =
    target_mean === undefined || target_std === undefined
      ? targets
      : standardize(
          targets.map((target) => [target]),
          [target_mean],
          [target_std],
        ).flat();
  const x = standardize(inputs, input_mean, input_std);
  return (rows: number[]) => ({ x: pick(x, rows), y: pick(scaled, rows) });
}

test("every run of the fixtures is here", () => {
  expect(runs).toHaveLength(5);
});

describe.each(VARIANTS)("$build, $dtype", ({ dtype, engine }) => {
  test.each(runs)("$name", async (run) => {
    const { name, task, batch_size, epochs, float64: expected } = run;
    const net = await networkOf(run, { dtype, engine, batchSize: batch_size });
    const optimizer = optimizerOf(run.optimizer);
    const rowsOf = dataOf(run);
    const splits = { train: rowsOf(run.train_index), test: rowsOf(run.test_index) };
    const seen = { epoch_loss: [] as number[], train_loss: [] as number[], test_loss: [] as number[] };
    const correct = { train: [] as number[], test: [] as number[] };

    for (const order of run.order) {
      expect(
        [...order].sort((a, b) => a - b),
        "an epoch takes every training row once",
      ).toEqual([...run.train_index].sort((a, b) => a - b));
      let total = 0;
      for (let first = 0; first < order.length; first += batch_size) {
        const { x, y } = rowsOf(order.slice(first, first + batch_size));
        total += net.trainBatch(x, y, optimizer) * y.length;
      }
      seen.epoch_loss.push(total / order.length);
      for (const split of ["train", "test"] as const) {
        const { x, y } = splits[split];
        const { loss, accuracy } = net.evaluate(x, y);
        seen[`${split}_loss`].push(loss);
        if (task === "regression") expect(accuracy, "accuracy of a regression").toBeUndefined();
        else correct[split].push((accuracy as number) * y.length);
      }
    }

    for (const key of ["epoch_loss", "train_loss", "test_loss"] as const) {
      const scale = expected[key].map((loss) => Math.max(1, Math.abs(loss)));
      const error = toleranceError(
        seen[key].map((loss, epoch) => loss / (scale[epoch] as number)),
        expected[key].map((loss, epoch) => loss / (scale[epoch] as number)),
        { relative: 0, absolute: 1 },
      );
      expect(seen[key]).toHaveLength(epochs);
      expectWithin(`${name}, ${dtype}: ${key}`, error, LOSS_BOUND[dtype]);
    }
    for (const split of ["train", "test"] as const) {
      const wanted = expected[`${split}_correct`];
      if (wanted === undefined) expect(correct[split]).toEqual([]);
      else {
        const error = absoluteError(correct[split], wanted);
        // An accuracy times a number of rows is whole but for rounding.
        expectWithin(`${name}, ${dtype}: ${split}_correct`, error, CLASS_SLACK[dtype] + 1e-9);
      }
    }
    if (expected.final_weights !== undefined && expected.final_biases !== undefined) {
      const wanted = namedParameters(expected.final_weights, expected.final_biases);
      for (const { name: tensor, values } of net.parameters) {
        const error = absoluteError(values, wanted[tensor] as number[]);
        expectWithin(`${name}, ${dtype}: ${tensor} at the end`, error, PARAMETER_BOUND[dtype]);
      }
    }
    net.dispose();
  });
});
