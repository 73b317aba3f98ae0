// Batches: user arrays, checked, into the arena's input and target regions.
import { bytesOf, type FloatArray } from "../engine/dtype.js";
import type { Engine } from "../engine/engine.js";
import { Matrix } from "../engine/matrix.js";
import { ShapeError } from "../errors.js";
import type { Model } from "../network/model.js";
import type { Scaling } from "../network/scaling.js";
import type { Topology } from "../network/topology.js";
import { checkTargets, countRows, flattenRows, type Kind } from "../rows.js";
import { checkObject, checkOptions, isList } from "../validate.js";

/** Row-major `[rows, width]`: a flat array, one array a row, or a matrix of the network's engine. */
export type Rows =
  | Float32Array
  | Float64Array
  | Uint8Array
  | number[]
  | number[][]
  | Float32Array[]
  | Float64Array[]
  | Matrix;

/** Rows of a network's inputs, or for a graph an object of rows by the inputs' names. */
export type Inputs = Rows | Readonly<Record<string, Rows>>;

/** Row-major `[rows, outputs]`, or the index of the right class for each row. */
export type Targets = Rows | Int32Array | Uint32Array | Uint16Array | Int8Array | Int16Array;

/** Rows as kernels' callers take them: flat numbers. */
export type Flat = Exclude<Targets, number[][] | Float32Array[] | Float64Array[] | Matrix>;

/**
 * The rows as one flat array, checked: the same array where it is flat already. Numbers that stand in the arena are copied,
 * since a view on them ends when the arena grows.
 *
 * @param engine whose arena may grow; none where the numbers are used at once
 * @throws TypeError for anything but numbers
 * @throws ShapeError for ragged rows, or numbers that do not fill rows of `width`
 */
export function flatten(engine: Engine | undefined, name: string, rows: Targets, width: number): Flat {
  if (rows instanceof Matrix) {
    if (rows.cols !== width)
      throw new ShapeError(`"${name}" expected a matrix with ${width} columns, got ${rows.cols}`);
    return flatten(engine, name, rows.values, width);
  }
  const flat = flattenRows(name, rows, width) as Flat;
  return !Array.isArray(flat) && engine?.arena.owns(flat) ? flat.slice() : flat;
}

/**
 * The rows of all inputs as one flat array.
 *
 * @throws TypeError, ShapeError
 */
export function flattenInputs(engine: Engine, name: string, x: Inputs, { inputs, inputSpecs }: Topology): Flat {
  if (x instanceof Matrix || isList(x)) return flatten(engine, name, x, inputs);
  const names = inputSpecs.map((spec) => spec.name);
  const isNamed = names.length > 1 || Object.hasOwn(Object(x), names[0] as string);
  if (!isNamed) return flatten(engine, name, x as unknown as Rows, inputs);
  const given = checkObject(name, x) as Record<string, Rows>;
  checkOptions(name, given, names);
  const parts = inputSpecs.map((spec) => flatten(engine, `${name}.${spec.name}`, given[spec.name] as Rows, spec.width));
  const counts = inputSpecs.map((spec, index) => countRows(`${name}.${spec.name}`, parts[index] as Flat, spec.width));
  const rows = counts[0] as number;
  if (counts.some((count) => count !== rows)) {
    throw new ShapeError(`"${name}" expected as many rows for each of ${names.join(", ")}, got ${counts.join(", ")}`);
  }
  const flat = new Float64Array(rows * inputs);
  for (const [index, { width, column }] of inputSpecs.entries()) {
    const part = parts[index] as Flat;
    for (let i = 0; i < rows * width; i++) {
      flat[Math.floor(i / width) * inputs + column + (i % width)] = part[i] as number;
    }
  }
  return flat;
}

/** Rows and targets of one data set, checked once. */
export interface Dataset {
  readonly rows: number;
  readonly x: Flat;
  readonly y: Flat;
  readonly kind: Kind;
}

/** @throws ShapeError, RangeError, TypeError that name the argument */
export function parseDataset(
  engine: Engine,
  xName: string,
  yName: string,
  x: Inputs,
  y: Targets,
  topology: Topology,
): Dataset {
  const { inputs, outputs } = topology;
  const flatX = flattenInputs(engine, xName, x, topology);
  const flatY = flatten(engine, yName, y, outputs);
  const rows = countRows(xName, flatX, inputs);
  return { rows, x: flatX, y: flatY, kind: checkTargets(yName, flatY, rows, outputs) };
}

/** From this many numbers on, copying a part of a typed array by a view on it is faster than number by number. */
const WORTH_A_VIEW = 64;

/** memory[to …] ← flat[from … from + count − 1] */
function copyPart(memory: FloatArray, to: number, flat: Flat, from: number, count: number): void {
  if (from === 0 && count === flat.length) memory.set(flat, to);
  else if (count >= WORTH_A_VIEW && !Array.isArray(flat)) memory.set(flat.subarray(from, from + count), to);
  else for (let i = 0; i < count; i++) memory[to + i] = flat[from + i] as number;
}

/** One row as copyPart copies it, scaled in double precision and rounded once. */
function scalePart(memory: FloatArray, to: number, flat: Flat, from: number, { means, deviations }: Scaling): void {
  for (let j = 0; j < means.length; j++) {
    memory[to + j] = ((flat[from + j] as number) - (means[j] as number)) / (deviations[j] as number);
  }
}

/**
 * Copies `count` rows of x into the input region, scaled where the model says so: rows `first` and following, or those that
 * `order` lists from `first` on.
 */
export function stageRows(model: Model, x: Flat, first: number, count: number, order?: Uint32Array): void {
  copyRows(model, model.openInput(), x, model.topology.inputs, first, count, order, model.scaling);
}

/** Writes the targets of `count` rows, as in stageRows: values as they are, classes as rows with a single 1. */
export function stageTargets(
  model: Model,
  y: Flat,
  kind: Kind,
  first: number,
  count: number,
  order?: Uint32Array,
): void {
  const { outputs } = model.topology;
  if (kind === "values") {
    copyRows(model, model.target, y, outputs, first, count, order);
    return;
  }
  const memory = model.engine.arena.floats(model.dtype);
  const base = model.target / bytesOf(model.dtype);
  memory.fill(0, base, base + count * outputs);
  for (let i = 0; i < count; i++) {
    const row = order === undefined ? first + i : (order[first + i] as number);
    memory[base + i * outputs + (y[row] as number)] = 1;
  }
}

function copyRows(
  model: Model,
  address: number,
  flat: Flat,
  width: number,
  first: number,
  count: number,
  order: Uint32Array | undefined,
  scaling?: Scaling,
): void {
  const memory = model.engine.arena.floats(model.dtype);
  const base = address / bytesOf(model.dtype);
  if (order === undefined && scaling === undefined) {
    copyPart(memory, base, flat, first * width, count * width);
    return;
  }
  for (let i = 0; i < count; i++) {
    const from = (order === undefined ? first + i : (order[first + i] as number)) * width;
    if (scaling === undefined) copyPart(memory, base + i * width, flat, from, width);
    else scalePart(memory, base + i * width, flat, from, scaling);
  }
}
