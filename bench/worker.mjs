// A thread of its own for contenders that are to be timed apart from the library: see `timeInWorker`.
import { parentPort, workerData } from "node:worker_threads";
import { timeHere } from "./measure.mjs";

const { module, options, time } = workerData;
const { contenders } = await import(module);
const run = timeHere(await contenders(...options), time);
parentPort.on("message", ({ index, backwards }) => parentPort.postMessage(run(index, backwards)));
