// One epoch: shuffled batches, and turns for the event loop.
import type { Model } from "../network/model.js";
import { stageRows, stageTargets } from "./batches.js";
import type { Run } from "./fit-options.js";
import type { Minimizer } from "./minimizer.js";
import { checkScheduled, type Optimizer } from "./optimizer.js";
import type { RunState } from "./run-state.js";
import type { Outcome, Trainer } from "./trainer.js";

/** When the event loop last had its turn. */
export interface Turn {
  time: number;
}

/**
 * Trains on the batches of the epoch that are not done yet. The state is that of the run whenever other code has its turn.
 *
 * @param order of the rows; undefined where they are taken as they stand
 * @param minimizer of a full-batch optimizer, whose epoch is one batch
 * @returns whether all batches are done: a signal may have come between
 * @throws NonFiniteError, with the parameters of the last good step, or with the ones that the last step spoiled
 */
export async function trainEpoch(
  model: Model,
  trainer: Trainer,
  run: Run,
  state: RunState,
  order: Uint32Array | undefined,
  turn: Turn,
  minimizer: Minimizer | undefined,
): Promise<boolean> {
  const { data, batchSize } = run;
  const epoch = state.records.length + 1;
  const batches = Math.ceil(data.rows / batchSize);
  for (let started = performance.now(); state.batch < batches; ) {
    if (run.signal?.aborted) return false;
    const first = state.batch * batchSize;
    const rows = Math.min(batchSize, data.rows - first);
    let rate = run.schedule(epoch - 1, state.step);
    if (rate instanceof Promise) rate = await rate;
    checkScheduled(rate);
    model.checkAlive();
    const iteration = minimizer?.iterate();
    const outcome = iteration ?? trainOnBatch(model, trainer, run, first, rows, order, rate);
    const { loss, correct } = outcome;
    state.correct = correct === undefined || state.correct === undefined ? undefined : state.correct + correct;
    state.loss += model.loss.reduction === "mean" ? (loss * rows) / data.rows : loss;
    state.learningRate = outcome.rate;
    state.evaluations = iteration?.evaluations;
    state.converged = iteration?.converged;
    state.step++;
    state.batch++;
    const waiting = run.onBatchEnd?.({ epoch, batch: state.batch, batches, step: state.step, rows, loss });
    if (waiting instanceof Promise) await waiting;
    model.checkAlive();
    const now = performance.now();
    state.seconds += (now - started) / 1000;
    started = now;
    if (now - turn.time >= run.yieldEvery) {
      await yieldToEventLoop();
      model.checkAlive();
      started = turn.time = performance.now();
    }
  }
  const spoiled = trainer.findNonFinite();
  if (spoiled !== undefined) throw spoiled;
  return true;
}

/** One update by `rows` rows, from the place `first` in the order on. */
function trainOnBatch(
  model: Model,
  trainer: Trainer,
  { data, optimizer, clipping }: Run,
  first: number,
  rows: number,
  order: Uint32Array | undefined,
  rate: number,
): Outcome {
  stageRows(model, data.x, first, rows, order);
  stageTargets(model, data.y, data.kind, first, rows, order);
  const loss = trainer.step(optimizer as Optimizer, rows, rate, clipping);
  return { loss, correct: model.countCorrect(rows), rate };
}

/** A turn for timers, input and painting: a message task, as timers are held back to 4 ms in pages. */
export function yieldToEventLoop(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") return setImmediate(resolve);
    // The pages of some test runners, such as Jest's, have neither.
    if (typeof MessageChannel === "undefined") return setTimeout(resolve);
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
