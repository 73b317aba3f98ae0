// What every metric takes: predictions with the targets of the same rows, made flat and checked once.
import { checkList, checkTargets, countRows, flattenRows, type Kind } from "../rows.js";
import { checkInteger, checkOptions, isList, rangeError } from "../validate.js";

/** Row-major `[rows, outputs]`: flat, as `net.predict` returns it, or one array a row. */
export type RowMajor = ArrayLike<number> | readonly ArrayLike<number>[];

/** How flat predictions and targets are to be read. */
export interface MetricOptions {
  /**
   * How many outputs a row has. By default the length of a row, where one array a row is given; else as many predictions as
   * there are targets, which is right for class indices and for a single output. Needed where predictions and targets are
   * flat `[rows, outputs]` with more than one output.
   */
  outputs?: number;
}

/** Predictions `[rows, outputs]` and targets, flat and finite. */
export interface Pairs {
  readonly rows: number;
  readonly outputs: number;
  readonly predictions: ArrayLike<number>;
  readonly targets: ArrayLike<number>;
  readonly kind: Kind;
}

/** The target of an output; a class index stands for a row with a single 1. */
export function targetAt({ outputs, targets, kind }: Pairs, row: number, output: number): number {
  return kind === "classes" ? Number(targets[row] === output) : (targets[row * outputs + output] as number);
}

/** @throws ShapeError, RangeError, TypeError that name the argument */
export function parsePairs(predictions: RowMajor, targets: RowMajor, options: MetricOptions): Pairs {
  checkOptions("options", options, ["outputs"]);
  checkList("predictions", predictions);
  checkList("targets", targets);
  const outputs = checkInteger("outputs", options.outputs ?? inferOutputs(predictions, targets), 1);
  const pairs = {
    outputs,
    predictions: flattenRows("predictions", predictions, outputs),
    targets: flattenRows("targets", targets, outputs),
  };
  checkBetween("predictions", predictions, "a finite number", -Number.MAX_VALUE, Number.MAX_VALUE);
  checkBetween("targets", targets, "a finite number", -Number.MAX_VALUE, Number.MAX_VALUE);
  const rows = countRows("predictions", pairs.predictions, outputs);
  return { ...pairs, rows, kind: checkTargets("targets", pairs.targets, rows, outputs) };
}

/** Sizes that do not fit each other give a number of outputs that they are refused for. */
function inferOutputs(predictions: RowMajor, targets: RowMajor): number {
  for (const [first] of [predictions, targets] as unknown[][]) if (isList(first)) return first.length || 1;
  return Math.floor(predictions.length / (targets.length || 1)) || 1;
}

/** @throws RangeError that names the first number that is not a probability */
export function checkProbabilities(name: string, values: RowMajor): void {
  checkBetween(name, values, "a number from 0 to 1", 0, 1);
}

function checkBetween(name: string, values: RowMajor, expected: string, minimum: number, maximum: number): void {
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number | ArrayLike<number>;
    if (typeof value !== "number") checkBetween(`${name}[${index}]`, value, expected, minimum, maximum);
    else if (!(value >= minimum && value <= maximum)) throw rangeError(`${name}[${index}]`, expected, value);
  }
}
