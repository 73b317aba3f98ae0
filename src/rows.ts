// Rows and targets as users give them, made flat and checked for their sizes.
import { ShapeError } from "./errors.js";
import { checkNumbers, isList, rangeError, typeError } from "./validate.js";

/** What targets are: values `[rows, outputs]`, or class indices `[rows]`. */
export type Kind = "values" | "classes";

export function checkList(name: string, values: unknown): ArrayLike<unknown> {
  if (!isList(values)) throw typeError(name, "a typed array or an array of numbers", values);
  return values;
}

/**
 * The rows as one flat array, checked: the same array where it is flat already.
 *
 * @throws TypeError for anything but numbers
 * @throws ShapeError for rows of another width
 */
export function flattenRows(name: string, rows: unknown, width: number): ArrayLike<number> {
  const list = checkList(name, rows);
  if (!Array.isArray(list) || !isList(list[0])) {
    checkNumbers(name, list);
    return list as ArrayLike<number>;
  }
  const flat = new Float64Array(list.length * width);
  for (const [index, row] of (list as unknown[]).entries()) {
    if (!isList(row)) throw typeError(`${name}[${index}]`, "an array of numbers", row);
    if (row.length !== width) throw new ShapeError(`"${name}[${index}]" expected ${width} numbers, got ${row.length}`);
    checkNumbers(`${name}[${index}]`, row);
    flat.set(row as ArrayLike<number>, index * width);
  }
  return flat;
}

/**
 * How many rows of `width` a flat array holds.
 *
 * @throws ShapeError if they are not whole, or none
 */
export function countRows(name: string, flat: ArrayLike<number>, width: number): number {
  const rows = flat.length / width;
  if (rows === 0 || !Number.isInteger(rows)) {
    throw new ShapeError(`"${name}" expected one or more rows of ${width} numbers, got ${flat.length} numbers`);
  }
  return rows;
}

/**
 * Whether targets are values `[rows, outputs]` or class indices `[rows]`.
 *
 * @throws ShapeError if they are neither
 * @throws RangeError for a class that there is not
 */
export function checkTargets(name: string, flat: ArrayLike<number>, rows: number, outputs: number): Kind {
  if (flat.length === rows * outputs) return "values";
  if (flat.length !== rows) {
    const classes = outputs > 1 ? `, or ${rows} class indices` : "";
    throw new ShapeError(`"${name}" expected ${rows} × ${outputs} numbers${classes}, got ${flat.length} numbers`);
  }
  for (let row = 0; row < rows; row++) {
    const label = flat[row] as number;
    if (!Number.isInteger(label) || label < 0 || label >= outputs) {
      throw rangeError(`${name}[${row}]`, `a class index from 0 to ${outputs - 1}`, label);
    }
  }
  return "classes";
}
