// Regression on real data: how far diabetes has progressed after a year, from ten standardized measurements.
import { readFileSync } from "node:fs";
import { adamw, dense, Network, standardize } from "lanegrad";

const csv = readFileSync(new URL("data/diabetes.csv", import.meta.url), "utf8");
const [, ...lines] = csv.trim().split("\n");
const rows = lines.map((line) => line.split(",").map(Number)); // the target is the last column
const part = (rows) => [rows.map((row) => row.slice(0, -1)), rows.map((row) => row.at(-1))];
const [inputs, targets] = part(rows.filter((_, i) => i % 5 !== 0));
const [testInputs, truths] = part(rows.filter((_, i) => i % 5 === 0));

// By the mean and deviation of each column in the training rows: the test rows stay unseen. The network scales its inputs itself.
const scale = standardize(targets);
const net = await Network.create({
  inputs: 10,
  layers: [dense(16, "tanh"), dense(1)],
  loss: "meanSquaredError",
  seed: 1,
  standardization: standardize(inputs),
});
await net.fit(inputs, scale.apply(targets), {
  optimizer: adamw({ learningRate: 3e-3, weightDecay: 1 }),
  epochs: 60,
});

const predictions = scale.invert(net.predict(testInputs));
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const meanSquare = (values) => mean(values.map((value) => value ** 2));
const unexplained = meanSquare(truths.map((truth, i) => truth - predictions[i]));
const variance = meanSquare(truths.map((truth) => truth - mean(truths)));
const r2 = 1 - unexplained / variance;

console.log("progression  predicted");
for (let i = 0; i < 8; i++) console.log(`${truths[i]}`.padStart(11) + predictions[i].toFixed(0).padStart(11));
console.log(`\n${truths.length} test patients: RMSE ${Math.sqrt(unexplained).toFixed(1)}, R² ${r2.toFixed(3)}`);
console.log(`(their mean for everyone: RMSE ${Math.sqrt(variance).toFixed(1)}, R² 0)`);
process.exitCode = r2 >= 0.4 ? 0 : 1;
