// What a run reports: a record after each batch and epoch, and its history at the end.
import type { NonFiniteError } from "../errors.js";

/** What `onEpochEnd` is told after each epoch, and the history keeps. */
export interface EpochRecord {
  /** Counts from 1. */
  epoch: number;
  /**
   * Mean of the batches' losses before their updates, weighted by their rows (with reduction "sum": their total). Of a full-batch
   * optimizer the loss after its iteration.
   */
  loss: number;
  /** Share of right outputs, as they were for the loss; absent where the loss is none of classification. */
  accuracy?: number;
  /** The loss over the validation rows after the epoch; absent without them. */
  validationLoss?: number;
  /** Share of right outputs among the validation rows, where the loss is one of classification. */
  validationAccuracy?: number;
  /** The learning rate of the epoch's last batch; of a full-batch optimizer the step length, 0 where no step was made. */
  learningRate: number;
  /** Of a full-batch optimizer: how often the run has computed the gradient over all rows so far. */
  evaluations?: number;
  /** Wall time of the epoch's training, validation not included. */
  seconds: number;
}

/** What `onBatchEnd` is told after each update. */
export interface BatchRecord {
  /** Counts from 1. */
  epoch: number;
  /** Counts from 1 in each epoch. */
  batch: number;
  /** Batches in an epoch. */
  batches: number;
  /** Counts from 1 over all epochs of this call. */
  step: number;
  /** Rows of the batch. */
  rows: number;
  /** The batch's loss before its update; of a full-batch optimizer the loss after its iteration. */
  loss: number;
}

/** "converged": a full-batch optimizer's gradient is within the tolerance, or no step leads measurably further down. */
export type StopReason = "epochs" | "earlyStopping" | "signal" | "nonFinite" | "converged";

/** What a run of `fit` was: its epochs, and why it ended. */
export interface History {
  /** One record an epoch, those before a resumption among them. */
  epochs: EpochRecord[];
  /** "signal" also where the signal came in mid-epoch; that epoch is then not in `epochs`. */
  stoppedBy: StopReason;
  /** The epoch whose parameters the network has now; differs from the last one where the best were restored. */
  bestEpoch?: number;
  /** What training was stopped by, where `stoppedBy` is "nonFinite". */
  nonFinite?: NonFiniteError;
}
