// A process of test/checkpoint-file.test.ts: goes on with the checkpoint in a file, and writes one after each step until it is killed.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { adam, dense, Network } from "../../dist/index.js";
import { writeFileAtomically } from "../../dist/node.js";

const [, , path] = process.argv;

const net = existsSync(path)
  ? await Network.restore(await readFile(path))
  : await Network.create({ inputs: 64, layers: [dense(128, "tanh"), dense(8)], loss: "meanSquaredError" });
const optimizer = adam({ learningRate: 1e-3 });
const x = new Float32Array(64).fill(0.5);
const y = new Float32Array(8).fill(1);
process.stdout.write("ready");
for (;;) {
  net.trainBatch(x, y, optimizer);
  await writeFileAtomically(path, net.checkpoint());
}
