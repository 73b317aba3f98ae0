// A process of test/resume.test.ts: trains a network, or goes on with one from a file, for some batches, and writes it to a file.
import { readFile } from "node:fs/promises";
import { adam, cosineDecay, dense, dropout, Engine, Network } from "../../dist/index.js";
import { writeFileAtomically } from "../../dist/node.js";

const [, , from, to, batches, threads] = process.argv;

const ROWS = 150;
const x = Float32Array.from({ length: ROWS * 64 }, (_, i) => ((i * 7919) % 101) / 50 - 1);
const y = Int32Array.from({ length: ROWS }, (_, i) => (i * i) % 10);

const engine = await Engine.create({ deterministic: true, threads: Number(threads) });
const net =
  from === ""
    ? await Network.create({
        inputs: 64,
        layers: [dense(96, "relu"), dropout(0.2), dense(10)],
        loss: "softmaxCrossEntropy",
        seed: 3,
        engine,
      })
    : await Network.restore(await readFile(from), { engine });
const controller = new AbortController();
let done = 0;
const { epochs, ...others } = await net.fit(x, y, {
  optimizer: adam({ learningRate: 0.01 }),
  schedule: cosineDecay({ base: 0.01, period: 4 }),
  epochs: 4,
  batchSize: 40,
  validation: [x.subarray(0, 640), y.subarray(0, 10)],
  earlyStopping: { patience: 3 },
  resume: from !== "",
  onBatchEnd: () => {
    done++;
    if (done === Number(batches)) controller.abort();
  },
  signal: controller.signal,
});
await writeFileAtomically(to, net.checkpoint());
console.log(JSON.stringify({ ...others, epochs: epochs.map(({ seconds, ...record }) => record) }));
