// The classes that rows of outputs stand for.
import { checkProbabilities, type MetricOptions, type Pairs, parsePairs, type RowMajor } from "./pairs.js";

export interface ClassPairs {
  readonly pairs: Pairs;
  /** Class of each row by the predictions. */
  readonly predicted: ArrayLike<number>;
  /** Class of each row by the targets. */
  readonly actual: ArrayLike<number>;
}

/**
 * The class of a row is its largest output, the first of equals; with one output a row, a probability, it is 1 above ½ and
 * else 0. Class indices among the targets are taken as they are.
 *
 * @throws ShapeError, RangeError, TypeError
 */
export function parseClasses(predictions: RowMajor, targets: RowMajor, options: MetricOptions): ClassPairs {
  const pairs = parsePairs(predictions, targets, options);
  if (pairs.outputs === 1) {
    checkProbabilities("predictions", predictions);
    checkProbabilities("targets", targets);
  }
  const actual = pairs.kind === "classes" ? pairs.targets : classesOf(pairs, pairs.targets);
  return { pairs, predicted: classesOf(pairs, pairs.predictions), actual };
}

function classesOf({ rows, outputs }: Pairs, values: ArrayLike<number>): Uint32Array {
  const classes = new Uint32Array(rows);
  for (let row = 0; row < rows; row++) {
    classes[row] = outputs === 1 ? Number((values[row] as number) > 0.5) : largestIndex(values, row * outputs, outputs);
  }
  return classes;
}

function largestIndex(values: ArrayLike<number>, first: number, count: number): number {
  let largest = 0;
  for (let index = 1; index < count; index++) {
    if ((values[first + index] as number) > (values[first + largest] as number)) largest = index;
  }
  return largest;
}
