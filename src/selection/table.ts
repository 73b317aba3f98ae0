// Tables: rows and their targets as users give them, checked, and parts of them.
import type { FloatArray } from "../engine/dtype.js";
import { Matrix } from "../engine/matrix.js";
import { ShapeError } from "../errors.js";
import { countRows } from "../rows.js";
import { type Flat, flatten, type Rows, type Targets } from "../training/batches.js";
import { checkInteger, isList } from "../validate.js";

/** Rows with their targets, flat. */
export interface Table {
  readonly rows: number;
  /** Of x. */
  readonly columns: number;
  readonly x: Flat;
  readonly y: Flat;
}

/** Some of the rows, in the form that all of them have; those of a matrix come as a flat array. */
export type Part<T> = T extends Matrix ? FloatArray : T;

/**
 * How many columns rows have: as many as `given`, or else what their form says, and 1 where they are a flat array.
 *
 * @param name of the option that gives it
 * @throws RangeError, TypeError
 */
export function columnsOf(rows: Targets, name: string, given?: number): number {
  return given === undefined ? (shapeOf(rows) ?? 1) : checkInteger(name, given, 1);
}

/** @throws ShapeError, RangeError, TypeError that name the argument */
export function parseTable(x: Rows, y: Targets, inputs?: number): Table {
  const columns = columnsOf(x, "inputs", inputs);
  const flatX = flatten(undefined, "x", x, columns);
  const rows = countRows("x", flatX, columns);
  const shape = shapeOf(y);
  const flatY = flatten(undefined, "y", y, shape ?? 1);
  const outputs = shape ?? Math.floor(flatY.length / rows);
  if (outputs === 0 || flatY.length !== rows * outputs) {
    throw new ShapeError(`"y" expected targets of ${rows} rows, got ${flatY.length} numbers`);
  }
  return { rows, columns, x: flatX, y: flatY };
}

/** The chosen ones among `rows` rows, or targets of as many rows. */
export function pick<T extends Targets>(data: T, rows: number, chosen: Uint32Array): Part<T> {
  const all = data instanceof Matrix ? data.values : (data as Flat | unknown[]);
  const width = all.length / rows;
  // Of a typed array, another of its kind; Buffer's own slice would be a view.
  const part: unknown = Array.isArray(all) ? [] : Uint8Array.prototype.slice.call(all, 0, chosen.length * width);
  chosen.forEach((row, i) => {
    for (let j = 0; j < width; j++) (part as unknown[])[i * width + j] = all[row * width + j];
  });
  return part as Part<T>;
}

/** The columns of an array of rows or of a matrix; a flat array has none. */
function shapeOf(rows: Targets): number | undefined {
  if (rows instanceof Matrix) return rows.cols;
  const first = isList(rows) ? (rows as ArrayLike<unknown>)[0] : undefined;
  return isList(first) ? first.length : undefined;
}
