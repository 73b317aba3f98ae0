// What goes to a worker, as plain data: rows, options and optimizers, without functions and classes.
import { transfer } from "comlink";
import {
  type BatchRecord,
  Engine,
  type EngineOptions,
  type EpochRecord,
  type FitOptions,
  Graph,
  type GraphDefinition,
  type History,
  Matrix,
  type NetworkOptions,
  type NonFiniteError,
  Standardization,
} from "../index.js";
import { checkObject, isList, typeError } from "../validate.js";
import { packError, type SentError, unpackError } from "./errors.js";

/** The options of a network that a worker makes, on an engine of its own. */
export interface TrainerOptions extends Omit<NetworkOptions, "engine"> {
  /** Of the worker's engine; its defaults if not given. */
  engine?: EngineOptions;
}

/** Those that go as they are, and what the others are made of. */
export interface SentNetwork extends Omit<TrainerOptions, "graph" | "standardization"> {
  readonly graph?: GraphDefinition;
  readonly standardization?: readonly [means: Float64Array, deviations: Float64Array];
}

/** @throws TypeError for what has no plain form; the worker checks the rest */
export function packNetwork(options: TrainerOptions): SentNetwork {
  const { graph, standardization, engine } = checkObject("options", options) as TrainerOptions;
  checkEngineOptions(engine);
  if (graph !== undefined && !(graph instanceof Graph)) {
    throw typeError("graph", "graph({ inputs, nodes, outputs })", graph);
  }
  if (standardization !== undefined && !(standardization instanceof Standardization)) {
    throw typeError("standardization", "a Standardization", standardization);
  }
  return {
    ...options,
    graph: graph?.definition,
    standardization: standardization && [standardization.means, standardization.deviations],
  };
}

/** @throws TypeError for an engine, which cannot leave its thread */
export function checkEngineOptions(engine: unknown): void {
  if (engine instanceof Engine) throw typeError("engine", "options for the worker's own engine", engine);
}

/** What a run trains on. */
export interface SentData {
  readonly x: unknown;
  readonly y: unknown;
  readonly validation?: unknown;
}

/**
 * Rows in forms that the worker's `fit`, `evaluate` and `predict` take.
 *
 * @param moves whether whole arrays are moved instead of copied
 */
export function packData<D extends object>(data: D, moves = false): D {
  const moved = new Set<ArrayBufferLike>();
  const packed = Object.fromEntries(Object.entries(data).map(([name, rows]) => [name, packRows(rows, moves, moved)]));
  return transfer(packed as D, [...moved] as Transferable[]);
}

function packRows(rows: unknown, moves: boolean, moved: Set<ArrayBufferLike>): unknown {
  const pack = (part: unknown) => packRows(part, moves, moved);
  if (rows instanceof Matrix) {
    const { rows: count, cols } = rows;
    // All of them parts of one copy: a buffer of its own for each would take seconds.
    const values = rows.values.slice();
    moved.add(values.buffer);
    return Array.from({ length: count }, (_, row) => values.subarray(row * cols, (row + 1) * cols));
  }
  // An array that was moved before goes as an empty one: Node loses messages that would move it again.
  if (ArrayBuffer.isView(rows)) return rows.byteLength === 0 ? [] : packArray(rows as Uint8Array, moves, moved);
  // As copies: what stands for an array, such as a proxy of Vue's, cannot be sent itself.
  if (Array.isArray(rows)) return typeof rows[0] === "object" ? rows.map(pack) : rows.slice();
  const isPlain = typeof rows === "object" && rows !== null && Object.getPrototypeOf(rows) === Object.prototype;
  return isPlain ? Object.fromEntries(Object.entries(rows).map(([name, part]) => [name, pack(part)])) : rows;
}

/** A part of a buffer is cut out of it, as whole buffers are what is copied. */
function packArray(array: Uint8Array, moves: boolean, moved: Set<ArrayBufferLike>): ArrayBufferView {
  const isPart = isList(array) && array.byteLength < array.buffer.byteLength;
  // By the prototype: Buffer has another `slice`.
  const packed = isPart ? Uint8Array.prototype.slice.call(array) : array;
  if ((isPart || moves) && packed.buffer instanceof ArrayBuffer) moved.add(packed.buffer);
  return packed;
}

/** An optimizer: by its number, as the state of the one before goes on only for the same one. */
export interface SentOptimizer {
  readonly id: number;
  readonly name: string;
  readonly hyperparameters: object;
}

/** The options of a run that are data, and which functions there are beside them. */
export interface SentRun {
  readonly options: Omit<FitOptions, "optimizer" | "schedule" | "onBatchEnd" | "onEpochEnd" | "signal" | "validation">;
  readonly optimizer: SentOptimizer;
  readonly isAborted: boolean;
  readonly isScheduled: boolean;
  readonly wantsBatches: boolean;
  readonly wantsEpochs: boolean;
}

/** What the worker asks of the caller's thread in a run. */
export interface Listener {
  /**
   * Calls the caller's functions, and waits for what they return.
   *
   * @returns whether the run is to stop
   */
  report(batches: BatchRecord[], epoch: EpochRecord | undefined): Promise<boolean>;
  /** What the caller's schedule gives for so many steps from this one on. */
  rates(epoch: number, step: number, count: number): Promise<unknown[]>;
}

export interface SentHistory extends Omit<History, "nonFinite"> {
  readonly nonFinite?: SentError;
}

export function packHistory({ nonFinite, ...history }: History): SentHistory {
  return nonFinite === undefined ? history : { ...history, nonFinite: packError(nonFinite) };
}

export function unpackHistory({ nonFinite, ...history }: SentHistory): History {
  return nonFinite === undefined ? history : { ...history, nonFinite: unpackError(nonFinite) as NonFiniteError };
}
