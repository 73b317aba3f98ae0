// Checkpoints: all that training needs to go on with the same bits, as tensors with metadata in the safetensors format.
import { bytesOf, type FloatArray, newArray } from "../engine/dtype.js";
import { readSafetensors, type StoredTensor, type TensorFile, writeSafetensors } from "../format/safetensors.js";
import type { Model } from "../network/model.js";
import type { Tensor } from "../network/plan.js";
import { decode, encode, metadataOf, networkIn, storedTensors, valuesOf } from "../network/stored.js";
import { checkInteger, checkObject } from "../validate.js";
import type { EpochRecord } from "./history.js";
import type { OptimizerRecord } from "./optimizer.js";
import type { Progress, RunState } from "./run-state.js";
import type { Snapshot, Trainer } from "./trainer.js";

/** The blocks of parameters that a run may hold, by their names in its state and before the dot in names of tensors. */
const BLOCKS = ["best", "last"] as const;

/** Before the names of the tensors that a run rolls back to. */
const GOOD = "good.";

/** The tensor of a run's records, an epoch a row: they may be millions, which no header of JSON should hold. */
const RECORDS = "records";

/** Its columns. */
const COLUMNS = [
  "epoch",
  "loss",
  "accuracy",
  "validationLoss",
  "validationAccuracy",
  "learningRate",
  "evaluations",
  "seconds",
] as const satisfies readonly (keyof EpochRecord)[];

/** @param network the network's options, as `encode` writes them */
export function writeCheckpoint(model: Model, trainer: Trainer, progress: Progress, network: string): Uint8Array {
  const tensors = new Map<string, StoredTensor>();
  const addBlock = (prefix: string, block: FloatArray | undefined) => {
    if (block === undefined) return;
    for (const [name, tensor] of storedTensors(model, block, ({ name }) => prefix + name)) tensors.set(name, tensor);
  };
  const addSnapshot = (prefix: string, { optimizer, updates, parameters, states }: Snapshot) => {
    addBlock(prefix, parameters);
    for (const [index, state] of states.entries()) addBlock(`${prefix}optimizer.${index}.`, state);
    return optimizer && { ...recordOf(optimizer), updates };
  };
  const { run, orders } = progress;
  const optimizer = addSnapshot("", trainer.snapshot());
  for (const name of BLOCKS) addBlock(`${name}.`, run?.parameters[name]);
  const good = run?.good && addSnapshot(GOOD, run.good);
  if (run !== undefined) tensors.set(RECORDS, storedRecords(run.records));
  const training = {
    steps: trainer.steps,
    maskStep: model.maskStep,
    orders,
    // The memory is planned alike, so that evaluation goes by the same chunks and rounds its sums alike.
    batchSize: model.plan.batch,
    optimizer,
    run: run && { ...run, records: run.records.length, parameters: undefined, good },
  };
  return writeSafetensors({ tensors, metadata: metadataOf(network).set("training", encode(training)) });
}

/** Stands where a record has no such number: a loss that is not finite is ∞ or NaN. */
const ABSENT = -Infinity;

function storedRecords(records: readonly EpochRecord[]): StoredTensor {
  const shape = [records.length, COLUMNS.length];
  const values = new Float64Array(records.length * COLUMNS.length);
  for (const [row, record] of records.entries()) {
    values.set(
      COLUMNS.map((key) => record[key] ?? ABSENT),
      row * COLUMNS.length,
    );
  }
  return { dtype: "F64", shape, bytes: new Uint8Array(values.buffer) };
}

function parseRecords(tensors: TensorFile["tensors"], count: number): EpochRecord[] {
  const values = valuesOf(tensors, RECORDS, [count, COLUMNS.length], ["float64"]);
  return Array.from({ length: count }, (_, row) => {
    const entries = COLUMNS.map((key, column) => [key, values[row * COLUMNS.length + column]] as const);
    return Object.fromEntries(entries.filter(([, value]) => value !== ABSENT)) as unknown as EpochRecord;
  });
}

function recordOf({ name, states, hyperparameters }: OptimizerRecord): OptimizerRecord {
  return { name, states, hyperparameters };
}

/** A checkpoint that was read: what a network is made of, and what is put into it. */
export interface Checkpoint {
  /** Options of the network, not checked yet. */
  readonly network: Record<string, unknown>;
  /** @throws RangeError, TypeError, FormatError, OutOfMemoryError, with nothing changed */
  load(model: Model, trainer: Trainer, progress: Progress): void;
}

/** @throws FormatError, SyntaxError, TypeError */
export function readCheckpoint(file: Uint8Array): Checkpoint {
  const { tensors, metadata } = readSafetensors(file);
  const options = networkIn(metadata);
  const training = decode("training", metadata);
  const network = { ...options, batchSize: training.batchSize };
  return { network, load: (...into) => load(tensors, training, ...into) };
}

function load(
  tensors: TensorFile["tensors"],
  training: Record<string, unknown>,
  model: Model,
  trainer: Trainer,
  progress: Progress,
): void {
  const steps = checkCount("steps", training.steps);
  const maskStep = checkCount("maskStep", training.maskStep);
  const orders = checkCount("orders", training.orders);
  const run = training.run === undefined ? undefined : parseRun(tensors, model, training.run);
  trainer.restore(parseSnapshot(tensors, model, "", training.optimizer));
  trainer.steps = steps;
  model.maskStep = maskStep;
  progress.orders = orders;
  progress.run = run;
}

/** Checks what would lead astray; a wrong loss is but a wrong loss. */
function parseRun(tensors: TensorFile["tensors"], model: Model, given: unknown): RunState {
  const run = checkObject("run", given) as Omit<RunState, "records"> & { records: unknown };
  for (const key of ["rows", "batchSize", "firstOrder", "batch", "step"] as const) checkCount(key, run[key]);
  const records = parseRecords(tensors, checkCount("records", run.records));
  const [first] = model.parameterPlan.tensors as [Tensor];
  const held = BLOCKS.filter((name) => tensors.has(`${name}.${first.name}`));
  return {
    ...run,
    records,
    parameters: Object.fromEntries(held.map((name) => [name, parseBlock(tensors, model, `${name}.`)])),
    good: run.good && parseSnapshot(tensors, model, GOOD, run.good),
  };
}

function parseSnapshot(tensors: TensorFile["tensors"], model: Model, prefix: string, given: unknown): Snapshot {
  const parameters = parseBlock(tensors, model, prefix);
  if (given === undefined) return { optimizer: undefined, updates: 0, parameters, states: [] };
  const optimizer = checkObject("optimizer", given) as OptimizerRecord & { updates: number };
  const states: FloatArray[] = [];
  while (states.length < checkCount("optimizer.states", optimizer.states)) {
    states.push(parseBlock(tensors, model, `${prefix}optimizer.${states.length}.`));
  }
  return { optimizer: recordOf(optimizer), updates: checkCount("updates", optimizer.updates), parameters, states };
}

/** A block like that of the parameters, of tensors with their names and shapes. */
function parseBlock(tensors: TensorFile["tensors"], { parameterPlan, dtype }: Model, prefix: string): FloatArray {
  const values = parameterPlan.tensors.map(({ name, shape }) => valuesOf(tensors, prefix + name, shape, [dtype]));
  // Not before it is known that the file is as large.
  const block = newArray(dtype, parameterPlan.length);
  for (const [index, { offset }] of parameterPlan.tensors.entries()) {
    block.set(values[index] as FloatArray, offset / bytesOf(dtype));
  }
  return block;
}

function checkCount(name: string, value: unknown): number {
  return checkInteger(name, value, 0, Number.MAX_SAFE_INTEGER);
}
