// Two intertwined spirals: a classifier with a curved border, drawn as a map of its decisions.
import { adam, dense, Network } from "lanegrad";

const SEED = 1;
const POINTS = 500; // on each spiral
const TURNS = 1.75;

/** Numbers from 0 to 1 that a seed determines (linear congruential generator). */
function randomNumbers(seed) {
  let state = seed;
  return () => {
    state = (1664525 * state + 1013904223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

/** Noisy points `[x, y]` of both spirals in [-1, 1]² and the spiral, 0 or 1, that each lies on. */
function twoSpirals(seed) {
  const random = randomNumbers(seed);
  const labels = Array.from({ length: 2 * POINTS }, (_, i) => i % 2);
  const points = labels.map((spiral) => {
    const radius = 0.05 + 0.9 * random();
    const angle = 2 * Math.PI * TURNS * radius + Math.PI * spiral;
    const noise = () => 0.03 * (random() - 0.5);
    return [radius * Math.cos(angle) + noise(), radius * Math.sin(angle) + noise()];
  });
  return { points, labels };
}

const train = twoSpirals(SEED);
const net = await Network.create({
  inputs: 2,
  layers: [dense(32, "relu"), dense(32, "relu"), dense(2)],
  loss: "softmaxCrossEntropy",
  seed: SEED,
});
await net.fit(train.points, train.labels, { optimizer: adam({ learningRate: 1e-2 }), epochs: 200 });

// The plane, shaded where the network sees spiral 1, with the test points on top.
const [rows, columns] = [30, 60];
const grid = Array.from({ length: rows * columns }, (_, i) => [
  (2 * ((i % columns) + 0.5)) / columns - 1,
  1 - (2 * (Math.floor(i / columns) + 0.5)) / rows,
]);
const probabilities = net.predict(grid);
const map = grid.map((_, i) => (probabilities[2 * i + 1] > 0.5 ? "░" : " "));

const test = twoSpirals(SEED + 1);
test.points.forEach(([x, y], i) => {
  const row = Math.floor((rows * (1 - y)) / 2);
  const column = Math.floor((columns * (1 + x)) / 2);
  map[row * columns + column] = "o●"[test.labels[i]];
});
for (let row = 0; row < rows; row++) console.log(map.slice(row * columns, (row + 1) * columns).join(""));

const { accuracy } = net.evaluate(test.points, test.labels);
console.log(`\n${2 * POINTS} new points (o, ●) on the map of decisions: accuracy ${(100 * accuracy).toFixed(1)}%`);
process.exitCode = accuracy >= 0.99 ? 0 : 1;
