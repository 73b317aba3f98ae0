// What a test page does by itself once loaded: its address has a task, its argument and who is told the outcome, as a JSON array.
import { adam, dense, Network } from "../../dist/index.js";
import { interruptElsewhere, trainBesideTimers, trainElsewhere } from "./elsewhere.mjs";
import { runScenario } from "./scenario.mjs";
import { killThread, runThreaded, runThreadedInWorker } from "./threaded.mjs";

/** Trains until a timer of the page ends it, and counts the frames that were painted meanwhile. */
async function trainBesideFrames({ milliseconds }) {
  const net = await Network.create({
    inputs: 64,
    layers: [dense(256, "relu"), dense(256, "relu"), dense(10)],
    loss: "softmaxCrossEntropy",
  });
  const x = Float32Array.from({ length: 4096 * 64 }, (_, i) => (i % 97) / 97);
  const y = Uint8Array.from({ length: 4096 }, (_, i) => i % 10);

  const controller = new AbortController();
  const frames = [performance.now()];
  const onFrame = () => {
    frames.push(performance.now());
    if (!controller.signal.aborted) requestAnimationFrame(onFrame);
  };
  requestAnimationFrame(onFrame);
  setTimeout(() => controller.abort(), milliseconds);

  let steps = 0;
  const { stoppedBy } = await net.fit(x, y, {
    optimizer: adam({ learningRate: 1e-3 }),
    epochs: 1000,
    signal: controller.signal,
    onBatchEnd: () => steps++,
  });
  frames.push(performance.now());
  const gaps = frames.slice(1).map((time, i) => time - frames[i]);
  return { stoppedBy, steps, frames: frames.length - 2, longestGap: Math.max(...gaps) };
}

/** Whether the browser knows every instruction of the wasm file. */
async function validates(path) {
  const response = await fetch(path);
  return WebAssembly.validate(await response.arrayBuffer());
}

const tasks = {
  runScenario,
  trainBesideFrames,
  validates,
  runThreaded,
  runThreadedInWorker,
  killThread,
  trainElsewhere,
  trainBesideTimers,
  interruptElsewhere,
};
const [task, argument, relay] = JSON.parse(decodeURIComponent(location.search.slice(1)));

const outcome = await tasks[task](argument).then(
  (value) => ({ value }),
  (error) => ({ error: String(error) }),
);

// By a form, which strict pages may send: they may not fetch.
const form = document.createElement("form");
Object.assign(form, { method: "post", action: relay, hidden: true });
const field = document.createElement("textarea");
Object.assign(field, { name: "outcome", value: JSON.stringify(outcome) });
form.append(field);
document.body.append(form);
form.submit();
