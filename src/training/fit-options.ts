// The options of fit: what a user gives, checked, with defaults filled in.
import type { Model } from "../network/model.js";
import {
  checkBoolean,
  checkFunction,
  checkInteger,
  checkName,
  checkNotNegative,
  checkOptions,
  checkPositive,
  rangeError,
  typeError,
} from "../validate.js";
import { type Dataset, type Inputs, parseDataset, type Targets } from "./batches.js";
import { type FullBatchOptimizer, isFullBatch } from "./fullbatch.js";
import type { BatchRecord, EpochRecord } from "./history.js";
import type { Optimizer } from "./optimizer.js";
import type { Schedule } from "./schedule.js";
import type { Clipping } from "./trainer.js";

/** When a run that no longer gets better ends. */
export interface EarlyStopping {
  /** Epochs without improvement that are waited for. */
  patience: number;
  /** What counts as improvement: the watched loss falls by more than this; 0 by default. */
  minDelta?: number;
  /** Whether the parameters of the best epoch are put back at the end; true by default. */
  restoreBest?: boolean;
}

/** How `net.fit` trains, what it tells meanwhile, and what ends it. */
export interface FitOptions {
  /**
   * A full-batch optimizer (`lbfgs`, `conjugateGradient`) makes one iteration an epoch, over all rows: `shuffle` means nothing,
   * smaller batches, a schedule and clipping are errors.
   */
  optimizer: Optimizer | FullBatchOptimizer;
  /** How often training goes over all rows; 1 by default. */
  epochs?: number;
  /** Rows of an update; 32 by default. The last batch of an epoch may be shorter. */
  batchSize?: number;
  /** Whether each epoch takes the rows in a new order, by the network's seed; true by default. */
  shuffle?: boolean;
  /** Rows and targets that are evaluated after each epoch. */
  validation?: readonly [Inputs, Targets];
  /** The learning rate of each step, instead of the optimizer's own. */
  schedule?: Schedule;
  /** Scales a batch's gradient down to this Euclidean norm over all parameters, where it is larger; > 0. */
  clipNorm?: number;
  /** Holds each element of a batch's gradient within ± this, after `clipNorm`; > 0. */
  clipValue?: number;
  /** Watches the validation loss, or without validation the training loss. */
  earlyStopping?: EarlyStopping;
  /**
   * What a NaN or an infinity does: "throw" (default) a NonFiniteError, or "rollback" to the parameters and the optimizer state
   * that the epoch began with, which ends the run with `history.stoppedBy` "nonFinite".
   */
  onNonFinite?: "throw" | "rollback";
  /**
   * Goes on with the run that a signal, an error or a checkpoint interrupted, given its data and options again, as if nothing
   * had been: `epochs` counts those before, and the history has them. false by default.
   */
  resume?: boolean;
  /** Called after each update. May return a promise, which is waited for. */
  onBatchEnd?: (record: BatchRecord) => unknown;
  /** Called after each epoch and its validation. May return a promise, which is waited for. */
  onEpochEnd?: (record: EpochRecord) => unknown;
  /** Stops training after the running batch; `history.stoppedBy` is then "signal". */
  signal?: AbortSignal;
  /** Milliseconds of training after which the event loop gets a turn; 16 by default. */
  yieldEvery?: number;
}

export const FIT_OPTIONS: readonly (keyof FitOptions)[] = [
  "optimizer",
  "epochs",
  "batchSize",
  "shuffle",
  "validation",
  "schedule",
  "clipNorm",
  "clipValue",
  "earlyStopping",
  "onNonFinite",
  "resume",
  "onBatchEnd",
  "onEpochEnd",
  "signal",
  "yieldEvery",
];

/** The options of a run, checked, with defaults filled in. */
export interface Run {
  readonly data: Dataset;
  readonly validation: Dataset | undefined;
  readonly optimizer: Optimizer | FullBatchOptimizer;
  readonly epochs: number;
  readonly batchSize: number;
  readonly shuffle: boolean;
  /** Waited for where it has to ask another thread. */
  readonly schedule: (...when: Parameters<Schedule>) => number | Promise<number>;
  readonly clipping: Clipping;
  readonly earlyStopping: Required<EarlyStopping> | undefined;
  readonly onNonFinite: "throw" | "rollback";
  readonly resume: boolean;
  readonly onBatchEnd: FitOptions["onBatchEnd"];
  readonly onEpochEnd: FitOptions["onEpochEnd"];
  readonly signal: AbortSignal | undefined;
  readonly yieldEvery: number;
}

export function parseFit(model: Model, x: Inputs, y: Targets, options: FitOptions): Run {
  checkOptions("options", options, FIT_OPTIONS);
  const { validation, earlyStopping, signal, schedule, yieldEvery = 16 } = options;
  const optimizer = isFullBatch(options.optimizer) ? options.optimizer : checkOptimizer(options.optimizer);
  if (validation !== undefined && !(Array.isArray(validation) && validation.length === 2)) {
    throw typeError("validation", "[rows, targets]", validation);
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw typeError("signal", "an AbortSignal", signal);
  const data = parseDataset(model.engine, "x", "y", x, y, model.topology);
  const takesAll = isFullBatch(optimizer);
  if (takesAll) checkFullBatch(optimizer.name, options, data.rows);
  return {
    data,
    validation:
      validation &&
      parseDataset(model.engine, "validation[0]", "validation[1]", validation[0], validation[1], model.topology),
    optimizer,
    epochs: checkInteger("epochs", options.epochs ?? 1, 1),
    batchSize: checkInteger("batchSize", options.batchSize ?? (takesAll ? data.rows : 32), 1),
    shuffle: checkBoolean("shuffle", options.shuffle ?? true) && !takesAll,
    schedule: checkFunction("schedule", schedule) ?? (() => (takesAll ? 1 : optimizer.learningRate)),
    clipping: parseClipping(options),
    earlyStopping: earlyStopping === undefined ? undefined : parseEarlyStopping(earlyStopping),
    onNonFinite: checkName("onNonFinite", options.onNonFinite ?? "throw", ["throw", "rollback"]),
    resume: checkBoolean("resume", options.resume ?? false),
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

/** Options that a full-batch optimizer has no use for. */
function checkFullBatch(name: string, options: FitOptions, rows: number): void {
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
