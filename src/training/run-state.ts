// Where training stands: plain numbers and arrays, which a checkpoint carries and an interrupted run goes on from.
import type { FloatArray } from "../engine/dtype.js";
import { rangeError } from "../validate.js";
import type { Run } from "./fit-options.js";
import type { EpochRecord } from "./history.js";
import type { Snapshot } from "./trainer.js";

/** A run between two batches. */
export interface RunState {
  readonly rows: number;
  readonly batchSize: number;
  readonly shuffle: boolean;
  /** The number, over the life of the network, of the order of rows in the first epoch. */
  readonly firstOrder: number;
  /** Of the epochs that are over. */
  readonly records: EpochRecord[];
  /** Batches that are done of the epoch that follows them. */
  batch: number;
  /** Batches that are done of all epochs. */
  step: number;
  /** Of the epoch's batches so far: their loss, right outputs and seconds. */
  loss: number;
  correct?: number;
  seconds: number;
  /** Of the last batch. */
  learningRate: number;
  /** Of a full-batch optimizer: gradients computed so far. */
  evaluations?: number;
  /** Whether a full-batch optimizer is at its end. */
  converged?: boolean;
  best?: { readonly loss: number; readonly epoch: number };
  readonly parameters: {
    /** The best epoch's, where they are to be put back. */
    best?: FloatArray;
    /** Those to go on with, where a signal ended the run and the best ones were put in their place. */
    last?: FloatArray;
  };
  /** The start of the epoch, where a NaN rolls back to it. */
  good?: Snapshot;
}

/** Where training of a network stands. */
export interface Progress {
  /** Orders of rows that were drawn over the life of the network, so that no two epochs have the same. */
  orders: number;
  /** The run that is not at its end. */
  run?: RunState;
}

export function startOf({ data, batchSize, shuffle }: Run, { orders }: Progress): RunState {
  return {
    rows: data.rows,
    batchSize,
    shuffle,
    firstOrder: orders,
    records: [],
    batch: 0,
    step: 0,
    loss: 0,
    correct: 0,
    seconds: 0,
    learningRate: 0,
    parameters: {},
  };
}

/**
 * The interrupted run that `run` goes on with.
 *
 * @throws RangeError where there is none, or another one
 */
export function interruptedBy({ data, batchSize, shuffle }: Run, { run }: Progress): RunState {
  if (run === undefined) throw rangeError("resume", "false, as no run was interrupted", true);
  const given = { rows: data.rows, batchSize, shuffle };
  for (const key of ["rows", "batchSize", "shuffle"] as const) {
    if (given[key] !== run[key]) throw rangeError(key, `${run[key]} as in the interrupted run`, given[key]);
  }
  return run;
}
