// Training in a worker, and the same training in this thread: the same work in Node and in a page.
import { adam, cosineDecay, dense, dropout, Network, NonFiniteError, sgd } from "../../dist/index.js";
import { Trainer, trainInWorker } from "../../dist/worker.js";

const ROWS = 500;
const x = Float32Array.from({ length: 8 * ROWS }, (_, i) => ((i * 7919) % 101) / 50 - 1);
const y = Uint8Array.from({ length: ROWS }, (_, i) => (i * i) % 5);

const NETWORK = {
  inputs: 8,
  layers: [dense(32, "relu"), dropout(0.2), dense(5)],
  loss: "softmaxCrossEntropy",
  seed: 3,
};

/** Options that end no run within a test. */
const ENDLESS = { optimizer: adam({ learningRate: 0.01 }), epochs: 1e6, batchSize: 20 };

function sameBytes(a, b) {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Trains three times: here, with a Trainer and by trainInWorker. Says whether the checkpoints are the same to the bit. */
export async function trainElsewhere() {
  const options = () => ({
    optimizer: adam({ learningRate: 0.01 }),
    schedule: cosineDecay({ base: 0.01, period: 8 }),
    epochs: 8,
    batchSize: 20,
    validation: [x.subarray(0, 80), y.subarray(0, 10)],
  });
  const here = await Network.create(NETWORK);
  await here.fit(x, y, options());

  const seen = [];
  const trainer = await Trainer.create(NETWORK);
  const history = await trainer.fit(x, y, {
    ...options(),
    onBatchEnd: ({ step }) => seen.push(step),
    onEpochEnd: ({ epoch }) => seen.push(`epoch ${epoch}`),
  });
  const trained = await trainer.checkpoint();
  const refused = await trainer.predict([1, 2]).catch((error) => error.name);
  const spoiled = await trainer
    .fit(x, y, { optimizer: sgd({ learningRate: 1e30 }) })
    .catch((error) => error instanceof NonFiniteError && error.tensor);
  trainer.dispose();

  const net = await Network.create(NETWORK);
  await trainInWorker(net, x, y, options());
  const sameAsHere = [trained, net.checkpoint()].map((file) => sameBytes(file, here.checkpoint()));
  return { sameAsHere, stoppedBy: history.stoppedBy, seen, refused, spoiled };
}

/** Counts the timers that go off beside a run that never gives the event loop of its own thread a turn: there, and here. */
export async function trainBesideTimers() {
  const options = { ...ENDLESS, epochs: 150, yieldEvery: Number.POSITIVE_INFINITY };
  const counts = [];
  const trainer = await Trainer.create(NETWORK);
  for (const one of [trainer, await Network.create(NETWORK)]) {
    let count = 0;
    const timer = setInterval(() => count++, 5);
    await one.fit(x, y, options);
    counts.push(count);
    clearInterval(timer);
  }
  trainer.dispose();
  return counts;
}

/** Predicts beside an endless run until the predictions have changed, and ends it by a signal. */
export async function interruptElsewhere() {
  const trainer = await Trainer.create(NETWORK);
  const controller = new AbortController();
  const run = trainer.fit(x, y, { ...ENDLESS, signal: controller.signal });
  const outputs = new Set();
  while (outputs.size < 3) outputs.add(String(await trainer.predict(x.subarray(0, 8))));
  controller.abort();
  const { stoppedBy } = await run;
  trainer.dispose();
  return stoppedBy;
}
