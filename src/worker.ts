// lanegrad/worker: the training of a network in a worker. Everything public of it, and nothing else.

export type { TrainerOptions } from "./worker/messages.js";
export { trainInWorker } from "./worker/train.js";
export { type RemoteFitOptions, Trainer } from "./worker/trainer.js";
