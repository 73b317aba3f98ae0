// What trained networks are worth: accuracy on test rows never seen, beside PyTorch's and scikit-learn's on the same split.
import { expect, test } from "vitest";
import { accuracy, adam, dense, Network, rSquared } from "../src/index.js";
import { engineOf } from "./support/builds.js";
import { columnStatistics, mean, pick, readTable, standardize } from "./support/data.js";
import { loadFixtures } from "./support/fixtures.js";

interface AccuracyCase {
  dataset: string;
  metric: "accuracy" | "R2";
  hidden: [number];
  epochs: number;
  batch_size: number;
  fixed_split_test_index: number[];
  fixed_split_10_seeds: { torch: { mean: number; std: number; min: number; max: number } };
}

const { cases } = loadFixtures<{ cases: AccuracyCase[] }>("accuracy.json");

const engine = await engineOf("simd");

const SEEDS = [1, 2, 3];

/** The fixed split, with inputs (and the target of a regression) standardized by the training rows. */
function split({ dataset, metric, fixed_split_test_index: testRows }: AccuracyCase) {
  const { inputs, targets } = readTable(dataset);
  const isTest = new Set(testRows);
  const trainRows = inputs.map((_, row) => row).filter((row) => !isTest.has(row));
  const scaled = (rows: number[][]) => {
    const { means, deviations } = columnStatistics(pick(rows, trainRows));
    return standardize(rows, means, deviations);
  };
  const x = scaled(inputs);
  const y = metric === "R2" ? scaled(targets.map((target) => [target])).flat() : targets;
  return {
    outputs: metric === "R2" ? 1 : new Set(targets).size,
    train: { x: pick(x, trainRows), y: pick(y, trainRows) },
    test: { x: pick(x, testRows), y: pick(y, testRows) },
  };
}

test.each(cases)("$dataset: $metric", async (one) => {
  const { dataset, metric, epochs, batch_size: batchSize } = one;
  const { outputs, train, test } = split(one);
  const scores: number[] = [];
  for (const seed of SEEDS) {
    const net = await Network.create({
      inputs: train.x[0]?.length as number,
      layers: one.hidden
        .map((units) => dense(units, "relu", { weightInit: "heUniform" }))
        .concat(dense(outputs, "identity", { weightInit: "heUniform" })),
      loss: metric === "R2" ? "meanSquaredError" : "softmaxCrossEntropy",
      seed,
      engine,
    });
    await net.fit(train.x, train.y, { optimizer: adam({ learningRate: 1e-3 }), epochs, batchSize, yieldEvery: 100 });
    const predictions = net.predict(test.x);
    scores.push(metric === "R2" ? rSquared(predictions, test.y) : accuracy(predictions, test.y));
    net.dispose();
  }
  if (process.env.SHOW) console.log(`SHOW\t${dataset}\t${scores}\t${JSON.stringify(one.fixed_split_10_seeds.torch)}`);
  // Not below the worst of torch's ten seeds by more than three standard errors of a mean of three.
  const { min, std } = one.fixed_split_10_seeds.torch;
  const bound = min - 3 * (std / Math.sqrt(SEEDS.length));
  expect(mean(scores), `${dataset}, seeds ${SEEDS}: ${scores}`).toBeGreaterThanOrEqual(bound);
});
