// Regression on real data: how far diabetes has progressed after a year, from ten standardized measurements.
import { readFileSync } from "node:fs";
import { adamw, dense, Network } from "lanegrad";

const csv = readFileSync(new URL("data/diabetes.csv", import.meta.url), "utf8");
const [, ...lines] = csv.trim().split("\n");
const rows = lines.map((line) => line.split(",").map(Number)); // the target is the last column
const test = rows.filter((_, i) => i % 5 === 0);
const train = rows.filter((_, i) => i % 5 !== 0);

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const meanSquare = (values) => mean(values.map((value) => value ** 2));

// Scaled by the mean and deviation of each column in the training rows: the test rows stay unseen.
const scales = train[0].map((_, column) => {
  const values = train.map((row) => row[column]);
  const center = mean(values);
  return { center, deviation: Math.sqrt(meanSquare(values.map((value) => value - center))) };
});
const standardize = (row) => row.map((value, column) => (value - scales[column].center) / scales[column].deviation);
const inputs = (rows) => rows.map((row) => standardize(row).slice(0, -1));
const targets = (rows) => rows.map((row) => standardize(row).slice(-1));

const net = await Network.create({
  inputs: 10,
  layers: [dense(16, "tanh"), dense(1)],
  loss: "meanSquaredError",
  seed: 1,
});
await net.fit(inputs(train), targets(train), {
  optimizer: adamw({ learningRate: 3e-3, weightDecay: 1 }),
  epochs: 60,
});

const { center, deviation } = scales.at(-1);
const predictions = Array.from(net.predict(inputs(test)), (output) => center + deviation * output);
const truths = test.map((row) => row.at(-1));
const unexplained = meanSquare(truths.map((truth, i) => truth - predictions[i]));
const variance = meanSquare(truths.map((truth) => truth - mean(truths)));
const r2 = 1 - unexplained / variance;

console.log("progression  predicted");
for (let i = 0; i < 8; i++) console.log(`${truths[i]}`.padStart(11) + predictions[i].toFixed(0).padStart(11));
console.log(`\n${test.length} test patients: RMSE ${Math.sqrt(unexplained).toFixed(1)}, R² ${r2.toFixed(3)}`);
console.log(`(their mean for everyone: RMSE ${Math.sqrt(variance).toFixed(1)}, R² 0)`);
process.exitCode = r2 >= 0.4 ? 0 : 1;
