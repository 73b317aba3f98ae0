// Trains a perceptron to read the handwritten digits of MNIST and reports how well it does: npm start
import { adam, dense, Network } from "lanegrad";
import { loadMnist, SIDE } from "./idx.mjs";
import { readOptions } from "./options.mjs";
import { progressBar } from "./progress.mjs";
import { confusionMatrix, drawExamples, readDigits } from "./report.mjs";

const GOAL = 0.975;

const { epochs, seed, hidden, batch } = readOptions({
  epochs: { preset: 10, minimum: 1 },
  seed: { preset: 1, minimum: 0 },
  hidden: { preset: 128, minimum: 1 },
  batch: { preset: 128, minimum: 1 },
});

const { train, test } = loadMnist();
const net = await Network.create({
  inputs: SIDE * SIDE,
  layers: [dense(hidden, "relu"), dense(10)],
  loss: "softmaxCrossEntropy",
  seed,
});

console.log(`MNIST: ${train.labels.length} training and ${test.labels.length} test images of ${SIDE} × ${SIDE} pixels`);
console.log(`${SIDE * SIDE}-${hidden}-10, relu, Adam 1e-3, batches of ${batch}, seed ${seed}; Ctrl-C stops early\n`);
console.log(line(["epoch", "train loss", "accuracy", "test loss", "accuracy", "samples/s"]));

const progress = progressBar(epochs);
const interrupt = new AbortController();
process.once("SIGINT", () => {
  interrupt.abort();
  progress.stop();
});

try {
  await net.fit(train.images, train.labels, {
    optimizer: adam({ learningRate: 1e-3 }),
    epochs,
    batchSize: batch,
    validation: [test.images, test.labels],
    signal: interrupt.signal,
    onBatchEnd: progress.update,
    onEpochEnd: ({ epoch, seconds, validationLoss, validationAccuracy }) => {
      const { loss, accuracy } = net.evaluate(train.images, train.labels);
      const losses = [loss, validationLoss].map((value) => value.toFixed(4));
      const accuracies = [accuracy, validationAccuracy].map(percent);
      const speed = Math.round(train.labels.length / seconds).toLocaleString("en");
      progress.stop();
      console.log(line([epoch, losses[0], accuracies[0], losses[1], accuracies[1], speed]));
    },
  });
} finally {
  progress.stop();
}
if (interrupt.signal.aborted) console.log("\nInterrupted: here is the network as far as it was trained.");

const { accuracy } = net.evaluate(test.images, test.labels);
const readings = readDigits(net.predict(test.images));
console.log("\nTest images by true digit (rows) and digit read (columns):\n");
console.log(confusionMatrix(test.labels, readings));
console.log(`\n${drawExamples(test, readings)}\n`);

const reached = accuracy >= GOAL;
console.log(`Test accuracy ${percent(accuracy)}: the goal of ${percent(GOAL)} is ${reached ? "" : "not "}reached.`);
process.exitCode = reached ? 0 : 1;

function line(cells) {
  return cells.map((cell, i) => `${cell}`.padStart(i === 0 ? 5 : 12)).join("");
}

function percent(share) {
  return `${(100 * share).toFixed(2)}%`;
}
