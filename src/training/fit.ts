// The training loop: epochs of shuffled batches, validation, early stopping, and turns for the event loop.
import type { Model } from "../network/model.js";
import { ORDER_STREAM } from "../network/streams.js";
import {
  checkBoolean,
  checkFunction,
  checkInteger,
  checkNotNegative,
  checkOptions,
  checkPositive,
  rangeError,
  typeError,
} from "../validate.js";
import { type Dataset, type Inputs, parseDataset, stageRows, stageTargets, type Targets } from "./batches.js";
import { evaluate } from "./evaluate.js";
import { type FullBatchOptimizer, isFullBatch } from "./fullbatch.js";
import { type Iteration, Minimizer } from "./minimizer.js";
import { checkScheduled, type Optimizer } from "./optimizer.js";
import type { Schedule } from "./schedule.js";
import type { Clipping, Trainer } from "./trainer.js";

export interface EpochRecord {
  /** Counts from 1. */
  epoch: number;
  /**
   * Mean of the batches' losses before their updates, weighted by their rows (with reduction "sum": their total). Of a full-batch
   * optimizer the loss after its iteration, penalty not included.
   */
  loss: number;
  /** Share of right outputs, where the loss is that before or after the update; absent where it is none of classification. */
  accuracy?: number;
  validationLoss?: number;
  validationAccuracy?: number;
  /** The learning rate of the epoch's last batch; of a full-batch optimizer the step length that the line search found. */
  learningRate: number;
  /** Of a full-batch optimizer: how often this call has computed loss and gradient over all rows so far. */
  evaluations?: number;
  /** Wall time of the epoch's training, validation not included. */
  seconds: number;
}

export interface BatchRecord {
  /** Counts from 1. */
  epoch: number;
  /** Counts from 1 in each epoch. */
  batch: number;
  /** Batches in an epoch. */
  batches: number;
  /** Counts from 1 over all epochs of this call. */
  step: number;
  rows: number;
  loss: number;
}

export interface History {
  epochs: EpochRecord[];
  /**
   * "signal" also where the signal came in mid-epoch; that epoch is then not in `epochs`. "converged" where a full-batch optimizer
   * came to a gradient within its tolerance, or found no step that leads further down.
   */
  stoppedBy: "epochs" | "earlyStopping" | "signal" | "converged";
  /** The epoch whose parameters the network has now; differs from the last one where the best were restored. */
  bestEpoch?: number;
}

export interface EarlyStopping {
  /** Epochs without improvement that are waited for. */
  patience: number;
  /** What counts as improvement: the watched loss falls by more than this; 0 by default. */
  minDelta?: number;
  /** Whether the parameters of the best epoch are put back at the end; true by default. */
  restoreBest?: boolean;
}

export interface FitOptions {
  /** A full-batch optimizer takes all rows at once: without shuffling, smaller batches, schedule or clipping. */
  optimizer: Optimizer | FullBatchOptimizer;
  /** 1 by default. */
  epochs?: number;
  /** 32 by default; the last batch of an epoch may be shorter. */
  batchSize?: number;
  /** Whether each epoch takes the rows in a new order, by the network's seed; true by default. */
  shuffle?: boolean;
  /** Rows and targets that are evaluated after each epoch. */
  validation?: readonly [Inputs, Targets];
  /** The learning rate of each step, instead of the optimizer's own. */
  schedule?: Schedule;
  clipNorm?: number;
  clipValue?: number;
  /** Watches the validation loss, or without validation the training loss. */
  earlyStopping?: EarlyStopping;
  /** May return a promise, which is waited for. */
  onBatchEnd?: (record: BatchRecord) => unknown;
  /** May return a promise, which is waited for. */
  onEpochEnd?: (record: EpochRecord) => unknown;
  /** Stops training after the running batch. */
  signal?: AbortSignal;
  /** Milliseconds of training after which the event loop gets a turn; 16 by default. */
  yieldEvery?: number;
}

const OPTIONS: readonly (keyof FitOptions)[] = [
  "optimizer",
  "epochs",
  "batchSize",
  "shuffle",
  "validation",
  "schedule",
  "clipNorm",
  "clipValue",
  "earlyStopping",
  "onBatchEnd",
  "onEpochEnd",
  "signal",
  "yieldEvery",
];

/** The options of a run, checked, with defaults filled in. */
interface Run {
  readonly data: Dataset;
  readonly validation: Dataset | undefined;
  readonly optimizer: Optimizer | FullBatchOptimizer;
  readonly epochs: number;
  readonly batchSize: number;
  readonly shuffle: boolean;
  readonly schedule: Schedule;
  readonly clipping: Clipping;
  readonly earlyStopping: Required<EarlyStopping> | undefined;
  readonly onBatchEnd: FitOptions["onBatchEnd"];
  readonly onEpochEnd: FitOptions["onEpochEnd"];
  readonly signal: AbortSignal | undefined;
  readonly yieldEvery: number;
}

export function parseFit(model: Model, x: Inputs, y: Targets, options: FitOptions): Run {
  checkOptions("options", options, OPTIONS);
  const { validation, earlyStopping, signal, schedule, yieldEvery = 16 } = options;
  const optimizer = isFullBatch(options.optimizer) ? options.optimizer : checkOptimizer(options.optimizer);
  if (validation !== undefined && !(Array.isArray(validation) && validation.length === 2)) {
    throw typeError("validation", "[rows, targets]", validation);
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw typeError("signal", "an AbortSignal", signal);
  const data = parseDataset(model.engine, "x", "y", x, y, model.topology);
  if (isFullBatch(optimizer)) checkFullBatch(optimizer, options, data.rows);
  return {
    data,
    validation:
      validation &&
      parseDataset(model.engine, "validation[0]", "validation[1]", validation[0], validation[1], model.topology),
    optimizer,
    epochs: checkInteger("epochs", options.epochs ?? 1, 1),
    batchSize: checkInteger("batchSize", options.batchSize ?? (isFullBatch(optimizer) ? data.rows : 32), 1),
    shuffle: checkBoolean("shuffle", options.shuffle ?? true) && !isFullBatch(optimizer),
    schedule: checkFunction("schedule", schedule) ?? (() => (isFullBatch(optimizer) ? 1 : optimizer.learningRate)),
    clipping: parseClipping(options),
    earlyStopping: earlyStopping === undefined ? undefined : parseEarlyStopping(earlyStopping),
    onBatchEnd: checkFunction("onBatchEnd", options.onBatchEnd),
    onEpochEnd: checkFunction("onEpochEnd", options.onEpochEnd),
    signal,
    yieldEvery: yieldEvery === Number.POSITIVE_INFINITY ? yieldEvery : checkNotNegative("yieldEvery", yieldEvery),
  };
}

/** An optimizer of batches. */
export function checkOptimizer(optimizer: unknown): Optimizer {
  if (isFullBatch(optimizer)) throw typeError("optimizer", `fit for ${optimizer.name}`, optimizer);
  const isOptimizer = typeof optimizer === "object" && optimizer !== null && "start" in optimizer;
  if (!isOptimizer) throw typeError("optimizer", "an optimizer such as adam({ learningRate: 1e-3 })", optimizer);
  return optimizer as Optimizer;
}

function checkFullBatch({ name }: FullBatchOptimizer, options: FitOptions, rows: number): void {
  for (const key of ["schedule", "clipNorm", "clipValue"] as const) {
    if (options[key] !== undefined) throw typeError(key, `nothing with ${name}`, options[key]);
  }
  const { batchSize = rows } = options;
  if (batchSize < rows) throw rangeError("batchSize", `all ${rows} rows with ${name}`, batchSize);
}

function parseClipping({ clipNorm, clipValue }: FitOptions): Clipping {
  return {
    norm: clipNorm === undefined ? undefined : checkPositive("clipNorm", clipNorm),
    value: clipValue === undefined ? undefined : checkPositive("clipValue", clipValue),
  };
}

function parseEarlyStopping(options: EarlyStopping): Required<EarlyStopping> {
  checkOptions("earlyStopping", options, ["patience", "minDelta", "restoreBest"]);
  return {
    patience: checkInteger("earlyStopping.patience", options.patience, 0),
    minDelta: checkNotNegative("earlyStopping.minDelta", options.minDelta ?? 0),
    restoreBest: checkBoolean("earlyStopping.restoreBest", options.restoreBest ?? true),
  };
}

/** Where a run stands: what it counts, and when the event loop last had its turn. */
interface Progress {
  step: number;
  turn: number;
}

/**
 * Trains until the epochs are over, a signal comes or the watched loss stops falling.
 *
 * @param nextEpoch counts the epochs over the life of the network, so that no two have the same order
 * @throws NonFiniteError, with the parameters of the last good step
 */
export async function fit(model: Model, trainer: Trainer, run: Run, nextEpoch: () => number): Promise<History> {
  const { data, earlyStopping, optimizer, signal } = run;
  const minimizer = isFullBatch(optimizer) ? new Minimizer(model, trainer, optimizer, data) : undefined;
  if (minimizer === undefined) model.reserve(Math.min(run.batchSize, data.rows));
  trainer.use(optimizer);
  const order = run.shuffle ? new Uint32Array(data.rows) : undefined;
  const history: History = { epochs: [], stoppedBy: "epochs" };
  const progress: Progress = { step: 0, turn: performance.now() };
  let best: { loss: number; epoch: number; parameters: ArrayLike<number> | undefined } | undefined;

  for (let epoch = 1; epoch <= run.epochs; epoch++) {
    if (order !== undefined) shuffle(model, order, nextEpoch());
    const record = await trainEpoch(model, trainer, run, epoch, order, progress, minimizer);
    if (record === undefined) {
      history.stoppedBy = "signal";
      break;
    }
    if (run.validation !== undefined) {
      const { loss, accuracy } = evaluate(model, run.validation);
      record.validationLoss = loss;
      if (accuracy !== undefined) record.validationAccuracy = accuracy;
    }
    history.epochs.push(record);
    await run.onEpochEnd?.(record);
    model.checkAlive();
    if (earlyStopping !== undefined) {
      const watched = record.validationLoss ?? record.loss;
      // Not so where the loss is NaN: no epoch is the best by that.
      if (watched < (best?.loss ?? Number.POSITIVE_INFINITY) - earlyStopping.minDelta) {
        best = { loss: watched, epoch, parameters: earlyStopping.restoreBest ? parametersOf(model) : undefined };
      } else if (epoch - (best?.epoch ?? 0) >= Math.max(1, earlyStopping.patience)) {
        history.stoppedBy = "earlyStopping";
        break;
      }
    }
    if (minimizer?.converged) {
      history.stoppedBy = "converged";
      break;
    }
    if (signal?.aborted && epoch < run.epochs) {
      history.stoppedBy = "signal";
      break;
    }
  }

  if (best !== undefined) {
    history.bestEpoch = best.epoch;
    if (best.parameters !== undefined) model.write(model.parameters, best.parameters);
  }
  return history;
}

/** One epoch; undefined where the signal ended it. */
async function trainEpoch(
  model: Model,
  trainer: Trainer,
  run: Run,
  epoch: number,
  order: Uint32Array | undefined,
  progress: Progress,
  minimizer: Minimizer | undefined,
): Promise<EpochRecord | undefined> {
  const { data, batchSize } = run;
  const batches = Math.ceil(data.rows / batchSize);
  const started = performance.now();
  let away = 0;
  let total = 0;
  let correct: number | undefined = 0;
  let rate = 0;
  for (let batch = 0; batch < batches; batch++) {
    if (run.signal?.aborted) return undefined;
    const first = batch * batchSize;
    const rows = Math.min(batchSize, data.rows - first);
    const scheduled = checkScheduled(run.schedule(epoch - 1, progress.step));
    model.checkAlive();
    const done = minimizer?.iterate() ?? trainOnBatch(model, trainer, run, first, rows, order, scheduled);
    const { loss } = done;
    correct = done.correct === undefined || correct === undefined ? undefined : correct + done.correct;
    rate = done.rate;
    total += model.loss.reduction === "mean" ? (loss * rows) / data.rows : loss;
    progress.step++;
    const waiting = run.onBatchEnd?.({ epoch, batch: batch + 1, batches, step: progress.step, rows, loss });
    if (waiting instanceof Promise) await waiting;
    model.checkAlive();
    const now = performance.now();
    if (now - progress.turn >= run.yieldEvery) {
      await yieldToEventLoop();
      model.checkAlive();
      progress.turn = performance.now();
      away += progress.turn - now;
    }
  }
  const record: EpochRecord = {
    epoch,
    loss: total,
    learningRate: rate,
    seconds: (performance.now() - started - away) / 1000,
  };
  if (correct !== undefined) record.accuracy = correct / data.rows;
  if (minimizer !== undefined) record.evaluations = minimizer.evaluations;
  return record;
}

/** One update, by the `rows` rows from the place `first` of the order on. */
function trainOnBatch(
  model: Model,
  trainer: Trainer,
  { data, optimizer, clipping }: Run,
  first: number,
  rows: number,
  order: Uint32Array | undefined,
  rate: number,
): Iteration {
  stageRows(model, data.x, first, rows, order);
  stageTargets(model, data.y, data.kind, first, rows, order);
  const loss = trainer.step(optimizer as Optimizer, rows, rate, clipping);
  return { loss, correct: model.countCorrect(rows), rate };
}

/** A new order of the rows, by the network's seed and the number of the epoch. */
function shuffle(model: Model, order: Uint32Array, epoch: number): void {
  const { arena } = model.engine;
  const address = arena.allocate(order.byteLength);
  const first = address / 4;
  const memory = arena.integers;
  for (let row = 0; row < order.length; row++) memory[first + row] = row;
  model.engine.shuffle(order.length, address, model.seed, ORDER_STREAM, epoch);
  order.set(memory.subarray(first, first + order.length));
  arena.free(address);
}

function parametersOf(model: Model): ArrayLike<number> {
  return model.copy(model.parameters, model.parameterPlan.length);
}

/** A turn for timers, input and painting: a message task, as timers are held back to 4 ms in pages. */
export function yieldToEventLoop(): Promise<void> {
  if (typeof setImmediate === "function") return new Promise((resolve) => setImmediate(resolve));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
