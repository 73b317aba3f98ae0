// Trains a small net and prints what steps of trainBatch allocate. Run with --expose-gc on the built package, so that no
// test runner's transform stands between: node --expose-gc allocation.mjs <net> <dtype> <optimizer> <loss>
import { adam, add, concatenate, dense, dropout, Engine, graph, Network, sgd, standardize } from "../../dist/index.js";

const [netName, dtype, optimizerName, loss] = process.argv.slice(2);

const ROWS = 16;
const WARM_UP = 20_000;
const ROUNDS = 25;
const STEPS = 2000;

const engine = await Engine.create({ deterministic: true });
const chain = { inputs: 4, layers: [dense(16, "gelu"), dropout(0.1), dense(3)] };
const twoInputs = graph({
  inputs: { a: 1, b: 3 },
  nodes: {
    thinned: [dropout(0.1), "b"],
    left: [dense(8, "softmax"), "thinned"],
    right: [dense(8, "gelu"), "a"],
    sum: [add(), "left", "right", "left"],
    all: [concatenate(), "sum", "b"],
    y: [dense(3), "all"],
  },
  outputs: "y",
});
const optimizer = optimizerName === "adam" ? adam({ learningRate: 1e-3 }) : sgd({ learningRate: 1e-3, momentum: 0.9 });
const x = (dtype === "float32" ? Float32Array : Float64Array).from({ length: ROWS * 4 }, (_, i) => Math.sin(i));
const nets = {
  chain,
  standardized: { ...chain, standardization: standardize(x, 4) },
  graph: { graph: twoInputs },
  checkpointed: { graph: twoInputs, checkpoint: true },
};
const net = await Network.create({ ...nets[netName], loss, dtype, engine, batchSize: ROWS });
const y = Uint8Array.from({ length: ROWS * (loss === "softmaxCrossEntropy" ? 1 : 3) }, (_, i) => i % 2);

function train(steps) {
  for (let step = 0; step < steps; step++) net.trainBatch(x, y, optimizer);
}

/** Bytes in use now, and those that cannot be collected. */
function measure() {
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return { heapUsed, external, arrayBuffers, used: engine.memory.used, reserved: engine.memory.reserved };
}

train(WARM_UP);
globalThis.gc();
measure();
globalThis.gc();
const before = measure();
const allocated = [];
for (let round = 0; round < ROUNDS; round++) {
  const { heapUsed } = measure();
  train(STEPS);
  allocated.push((measure().heapUsed - heapUsed) / STEPS);
}
globalThis.gc();
const after = measure();

console.log(
  JSON.stringify({
    steps: ROUNDS * STEPS,
    // a round in which garbage was collected shows less than nothing
    allocatedPerStep: Math.min(...allocated.filter((bytes) => bytes > 0)),
    grown: Object.fromEntries(Object.keys(before).map((key) => [key, after[key] - before[key]])),
  }),
);
