// XOR, the smallest problem that a network without a hidden layer cannot learn.
import { adam, dense, Network } from "lanegrad";

const inputs = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
];
const targets = [[0], [1], [1], [0]];

const net = await Network.create({
  inputs: 2,
  layers: [dense(8, "tanh"), dense(1)],
  loss: "binaryCrossEntropy",
  seed: 1,
});
const { epochs } = await net.fit(inputs, targets, { optimizer: adam({ learningRate: 0.05 }), epochs: 300 });
console.log(`loss ${epochs[0].loss.toFixed(4)} → ${epochs.at(-1).loss.toFixed(4)} in ${epochs.length} epochs`);

const outputs = net.predict(inputs);
for (const [i, [a, b]] of inputs.entries()) console.log(`${a} xor ${b}: ${outputs[i].toFixed(3)}`);

const learned = targets.every(([target], i) => Math.round(outputs[i]) === target);
console.log(learned ? "All four are right." : "It has not learned XOR.");
process.exitCode = learned ? 0 : 1;
