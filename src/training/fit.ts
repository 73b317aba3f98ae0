// The training loop: epochs with validation, until they are over, a signal comes or the watched loss stops falling.
import type { FloatArray } from "../engine/dtype.js";
import { fillOrder } from "../engine/order.js";
import { NonFiniteError } from "../errors.js";
import type { Model } from "../network/model.js";
import { ORDER_STREAM } from "../network/streams.js";
import { trainEpoch } from "./epoch.js";
import { evaluate } from "./evaluate.js";
import type { Run } from "./fit-options.js";
import { isFullBatch } from "./fullbatch.js";
import type { EpochRecord, History, StopReason } from "./history.js";
import { interruptedBy, type Progress, type RunState, startOf } from "./run-state.js";
import type { Trainer } from "./trainer.js";

/**
 * Trains until something stops the run.
 *
 * @param progress is kept up to date, so that the run can be resumed from wherever it ends before its end
 * @throws NonFiniteError, with the parameters of the last good step
 * @throws RangeError where there is no such run to resume
 */
export async function fit(model: Model, trainer: Trainer, progress: Progress, run: Run): Promise<History> {
  const { optimizer, data } = run;
  const evaluations = run.resume ? progress.run?.evaluations : 0;
  const minimizer = isFullBatch(optimizer) ? optimizer.minimizer(model, trainer, data, evaluations) : undefined;
  const state = begin(model, trainer, progress, run);
  const order = run.shuffle ? new Uint32Array(state.rows) : undefined;
  const turn = { time: performance.now() };
  for (;;) {
    const reason = reasonToStop(run, state);
    if (reason !== undefined) return end(model, progress, state, reason);
    if (order !== undefined) {
      const number = state.firstOrder + state.records.length;
      fillOrder(model.engine, order, model.seed, ORDER_STREAM, number);
      progress.orders = number + 1;
    }
    state.good = run.onNonFinite === "rollback" ? (state.good ?? trainer.snapshot()) : undefined;
    try {
      if (!(await trainEpoch(model, trainer, run, state, order, turn, minimizer))) continue;
    } catch (error) {
      if (state.good === undefined || !(error instanceof NonFiniteError)) throw error;
      trainer.restore(state.good);
      return { ...end(model, progress, state, "nonFinite"), nonFinite: error };
    }
    const record = finishEpoch(model, run, state);
    await run.onEpochEnd?.(record);
    model.checkAlive();
  }
}

/** The state of a new run, or of the one that is resumed; nothing has changed where it throws. */
function begin(model: Model, trainer: Trainer, progress: Progress, run: Run): RunState {
  const state = run.resume ? interruptedBy(run, progress) : startOf(run, progress);
  if (!isFullBatch(run.optimizer)) model.reserve(Math.min(run.batchSize, state.rows));
  if (run.resume) trainer.adopt(run.optimizer);
  else trainer.use(run.optimizer);
  const { last } = state.parameters;
  if (last !== undefined) model.write(model.parameters, last);
  state.parameters.last = undefined;
  progress.run = state;
  return state;
}

function reasonToStop(
  { earlyStopping, epochs, signal }: Run,
  { records, best, converged }: RunState,
): StopReason | undefined {
  const waited = records.length - (best?.epoch ?? 0);
  if (earlyStopping !== undefined && waited >= Math.max(1, earlyStopping.patience)) return "earlyStopping";
  if (converged) return "converged";
  if (records.length >= epochs) return "epochs";
  return signal?.aborted ? "signal" : undefined;
}

/** Evaluates, takes the epoch down, and makes the state that of the next one's start. */
function finishEpoch(model: Model, run: Run, state: RunState): EpochRecord {
  const { loss, correct, learningRate, evaluations, seconds, records, rows } = state;
  const epoch = records.length + 1;
  const record: EpochRecord = { epoch, loss, learningRate, seconds };
  if (correct !== undefined) record.accuracy = correct / rows;
  if (evaluations !== undefined) record.evaluations = evaluations;
  if (run.validation !== undefined) {
    const { loss, accuracy } = evaluate(model, run.validation);
    record.validationLoss = loss;
    if (accuracy !== undefined) record.validationAccuracy = accuracy;
  }
  if (run.earlyStopping !== undefined) {
    const { minDelta, restoreBest } = run.earlyStopping;
    const watched = record.validationLoss ?? loss;
    // Not so where the loss is NaN: no epoch is the best by that.
    if (watched < (state.best?.loss ?? Number.POSITIVE_INFINITY) - minDelta) {
      state.best = { loss: watched, epoch };
      state.parameters.best = restoreBest ? parametersOf(model) : undefined;
    }
  }
  records.push(record);
  state.batch = state.loss = state.correct = state.seconds = 0;
  state.good = undefined;
  return record;
}

/** Puts the best parameters back; a run that a signal ended can be resumed. */
function end(model: Model, progress: Progress, state: RunState, stoppedBy: StopReason): History {
  const { records, best, parameters } = state;
  const history: History = { epochs: [...records], stoppedBy };
  if (stoppedBy !== "signal") progress.run = undefined;
  else if (parameters.best !== undefined) parameters.last = parametersOf(model);
  if (best !== undefined) history.bestEpoch = best.epoch;
  if (parameters.best !== undefined) model.write(model.parameters, parameters.best);
  return history;
}

function parametersOf(model: Model): FloatArray {
  return model.copy(model.parameters, model.parameterPlan.length);
}
