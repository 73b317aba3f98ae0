/**
 * The training of a network in a worker. Everything public of it, and nothing else.
 *
 * @module lanegrad/worker
 */

export type { TrainerOptions } from "./worker/messages.js";
export { trainInWorker } from "./worker/train.js";
export { type RemoteFitOptions, Trainer } from "./worker/trainer.js";
