// Splits of a data set by chance: training and test rows, once or in folds. The same seed gives the same split everywhere.
import { ShapeError } from "../errors.js";
import { FOLD_STREAM } from "../network/streams.js";
import { flatten, type Rows, type Targets } from "../training/batches.js";
import { checkBoolean, checkInteger, checkOptions, checkProperShare } from "../validate.js";
import { permutation } from "./random.js";
import { type Part, parseTable, pick } from "./table.js";

/** How many rows `split` puts aside, and which. */
export interface SplitOptions {
  /** Share of the rows that are put aside, > 0 and < 1; 0.25 by default. */
  test?: number;
  /** An integer ≥ 0; 0 by default. */
  seed?: number;
  /** Whether both parts have the classes in y, one number a row, in the same shares; false by default. */
  stratify?: boolean;
  /** Columns of x where it is flat; 1 by default. */
  inputs?: number;
}

/** The two parts of a data set, each with its rows and targets. */
export interface Split<X, Y> {
  /** The rows to train on. */
  train: [x: Part<X>, y: Part<Y>];
  /** The rows put aside, as `validation` of `fit` takes them. */
  test: [x: Part<X>, y: Part<Y>];
}

/** How `kFold` cuts rows. */
export interface FoldOptions {
  /** An integer from 2 to the number of rows; 5 by default. */
  folds?: number;
  /** An integer ≥ 0; 0 by default. */
  seed?: number;
  /** The class of each row, where every fold is to have the classes in the same shares. */
  stratify?: Targets;
}

/** Indices of rows, ascending. */
export interface Fold {
  /** Of the rows to train on. */
  train: Uint32Array;
  /** Of the rows to test on. */
  test: Uint32Array;
}

/**
 * Puts some rows aside, drawn by the seed; the others keep their order. Arrays of rows share their rows with the parts.
 *
 * @param x `[rows, inputs]`
 * @param y `[rows, outputs]`, or one number a row
 * @throws ShapeError, RangeError, TypeError
 */
export function split<X extends Rows, Y extends Targets>(x: X, y: Y, options: SplitOptions = {}): Split<X, Y> {
  checkOptions("options", options, ["test", "seed", "stratify", "inputs"]);
  const { test = 0.25, seed = 0, stratify = false, inputs } = options;
  checkProperShare("test", test);
  const table = parseTable(x, y, inputs);
  const { rows } = table;
  const order = orderOf(rows, seed, checkBoolean("stratify", stratify) ? table.y : undefined);
  const count = Math.min(Math.round(test * rows) || 1, rows - 1);
  // `count` places, evenly spread over the order: each stretch of it has its share to within one row.
  const fold = foldOf(order, (place) => (place * count) % rows < count);
  const part = (chosen: Uint32Array): [Part<X>, Part<Y>] => [pick(x, rows, chosen), pick(y, rows, chosen)];
  return { train: part(fold.train), test: part(fold.test) };
}

/**
 * Cuts rows into folds whose sizes differ by one at most. Each row is in the test part of one fold, and in the training part of
 * all others.
 *
 * @param rows how many there are
 * @throws ShapeError, RangeError, TypeError
 */
export function kFold(rows: number, options: FoldOptions = {}): Fold[] {
  checkOptions("options", options, ["folds", "seed", "stratify"]);
  const { folds = 5, seed = 0, stratify } = options;
  const order = orderOf(rows, seed, stratify);
  checkInteger("folds", folds, 2, rows);
  return Array.from({ length: folds }, (_, fold) => foldOf(order, (place) => place % folds === fold));
}

function foldOf(order: Uint32Array, isTest: (place: number) => boolean): Fold {
  return {
    train: order.filter((_, place) => !isTest(place)).sort(),
    test: order.filter((_, place) => isTest(place)).sort(),
  };
}

/** A random order of the rows; class after class where there are classes, so that what is dealt out in turn has them all. */
function orderOf(rows: number, seed: number, classes: Targets | undefined): Uint32Array {
  checkInteger("rows", rows, 2);
  checkInteger("seed", seed, 0, Number.MAX_SAFE_INTEGER);
  const order = permutation(rows, seed, FOLD_STREAM);
  if (classes === undefined) return order;
  const flat = flatten(undefined, "stratify", classes, 1);
  if (flat.length !== rows) throw new ShapeError(`"stratify" expected ${rows} numbers, got ${flat.length}`);
  return order.sort((a, b) => (flat[a] as number) - (flat[b] as number));
}
