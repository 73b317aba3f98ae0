// Which setting is best? Cross-validation on the training rows says it; the test rows, unseen until then, confirm it.
import { readFileSync } from "node:fs";
import { adam, crossValidate, dense, Network, rootMeanSquaredError, rSquared, split, standardize } from "lanegrad";

/** Rows, and what stands in the last column. */
function read(name) {
  const csv = readFileSync(new URL(`data/${name}.csv`, import.meta.url), "utf8");
  const rows = csv.trim().split("\n").slice(1);
  const numbers = rows.map((row) => row.split(",").map(Number));
  return [numbers.map((row) => row.slice(0, -1)), numbers.map((row) => row.at(-1))];
}

function show({ results, best }) {
  for (const result of results) {
    const { setting, mean, deviation } = result;
    const accuracy = mean.accuracy === undefined ? "" : `, accuracy ${(100 * mean.accuracy).toFixed(1)}%`;
    const loss = `${mean.loss.toFixed(4)} ± ${deviation.loss.toFixed(4)}`;
    console.log(`  ${JSON.stringify(setting).padEnd(24)} loss ${loss}${accuracy}${result === best ? "  ← best" : ""}`);
  }
}

const progress = ({ run, runs }) => {
  if (process.stderr.isTTY) process.stderr.write(run < runs ? `\r  ${run} of ${runs}` : "\r\x1b[K");
};

// Classification: which of three cultivars a wine is from, by 13 chemical measurements.
const wine = split(...read("wine"), { test: 0.3, seed: 1, stratify: true });
const makeClassifier = ({ l2, units }, { standardization }) =>
  Network.create({
    inputs: 13,
    layers: [dense(units, "tanh"), dense(3)],
    loss: "softmaxCrossEntropy",
    l2,
    seed: 1,
    standardization, // of the fold's training rows; the network takes raw rows
  });
const wineFit = { optimizer: adam({ learningRate: 0.01 }), epochs: 40 };

console.log(`wine: ${wine.train[0].length} training rows in 5 folds`);
const wines = await crossValidate(makeClassifier, wine.train, {
  grid: { l2: [0, 0.001, 0.01], units: [4, 16] },
  stratify: true,
  fit: wineFit,
  onProgress: progress,
});
show(wines);

const classifier = await makeClassifier(wines.best.setting, { standardization: standardize(wine.train[0]) });
await classifier.fit(...wine.train, wineFit);
const { accuracy } = classifier.evaluate(...wine.test);
console.log(`  ${wine.test[0].length} test rows: accuracy ${(100 * accuracy).toFixed(1)}%\n`);

// Regression: how far diabetes has progressed after a year. The target is standardized too, and predictions are put back.
const diabetes = split(...read("diabetes"), { test: 0.2, seed: 1 });
const [patients, progressions] = diabetes.train;
const scale = standardize(progressions);
const makeRegressor = ({ l2 }, { standardization }) =>
  Network.create({
    inputs: 10,
    layers: [dense(16, "tanh"), dense(1)],
    loss: "meanSquaredError",
    l2,
    seed: 1,
    standardization,
  });
const diabetesFit = { optimizer: adam({ learningRate: 3e-3 }), epochs: 100 };

console.log(`diabetes: ${patients.length} training rows in 5 folds`);
const data = [patients, scale.apply(progressions)];
const regressions = await crossValidate(makeRegressor, data, {
  grid: { l2: [0, 0.01, 0.03, 0.1, 0.3, 1] },
  fit: diabetesFit,
  onProgress: progress,
});
show(regressions);

const regressor = await makeRegressor(regressions.best.setting, { standardization: standardize(patients) });
await regressor.fit(...data, diabetesFit);
const [testPatients, truths] = diabetes.test;
const predictions = scale.invert(regressor.predict(testPatients));
const r2 = rSquared(predictions, truths);
const error = rootMeanSquaredError(predictions, truths);
console.log(`  ${truths.length} test rows: RMSE ${error.toFixed(1)}, R² ${r2.toFixed(3)}`);
process.exitCode = accuracy >= 0.9 && r2 >= 0.4 ? 0 : 1;
