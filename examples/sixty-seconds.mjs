// The first example: learns which points of the plane lie inside a circle.
import { adam, dense, Network } from "lanegrad";

const points = [];
for (let x = -1; x <= 1; x += 0.125) for (let y = -1; y <= 1; y += 0.125) points.push([x, y]);
const labels = points.map(([x, y]) => (Math.hypot(x, y) < 0.6 ? 1 : 0)); // 0: outside, 1: inside

const net = await Network.create({
  inputs: 2,
  layers: [dense(16, "relu"), dense(2)],
  loss: "softmaxCrossEntropy",
  seed: 1,
});
await net.fit(points, labels, { optimizer: adam({ learningRate: 0.03 }), epochs: 100 });

console.log("accuracy", net.evaluate(points, labels).accuracy);
for (const x of [0, 0.2, 0.4, 0.6, 0.8, 1]) {
  const [, inside] = net.predict([x, 0]);
  console.log(`(${x}, 0) is inside with probability ${inside.toFixed(3)}`);
}
