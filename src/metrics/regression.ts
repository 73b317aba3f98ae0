// How far predicted values lie from the true ones.
import { type MetricOptions, type Pairs, parsePairs, type RowMajor, targetAt } from "./pairs.js";

/**
 * (1/n) Σ |y − t| over rows and outputs.
 *
 * @param predictions y, `[rows, outputs]`
 * @param targets t, `[rows, outputs]`; class indices `[rows]` stand for one-hot rows
 * @throws ShapeError, RangeError (NaN and infinities too), TypeError
 */
export function meanAbsoluteError(predictions: RowMajor, targets: RowMajor, options: MetricOptions = {}): number {
  const pairs = parsePairs(predictions, targets, options);
  return meanOf(pairs.outputs, (output) => meanOf(pairs.rows, (row) => Math.abs(residual(pairs, row, output))));
}

/**
 * (1/n) Σ (y − t)² over rows and outputs. Arguments and errors as in `meanAbsoluteError`.
 *
 * @throws ShapeError, RangeError, TypeError
 */
export function meanSquaredError(predictions: RowMajor, targets: RowMajor, options: MetricOptions = {}): number {
  const pairs = parsePairs(predictions, targets, options);
  return meanOf(pairs.outputs, (output) => squaredError(pairs, output));
}

/**
 * √((1/rows) Σ (y − t)²) of each output, and the mean of that over the outputs, as scikit-learn has it. Arguments and errors as
 * in `meanAbsoluteError`.
 *
 * @throws ShapeError, RangeError, TypeError
 */
export function rootMeanSquaredError(predictions: RowMajor, targets: RowMajor, options: MetricOptions = {}): number {
  const pairs = parsePairs(predictions, targets, options);
  return meanOf(pairs.outputs, (output) => Math.sqrt(squaredError(pairs, output)));
}

/**
 * R² = 1 − Σ(y − t)² / Σ(t − mean t)² of each output, and the mean of that over the outputs, as scikit-learn's r2_score: where
 * all targets of an output are equal it is 1 if the predictions are right and else 0; NaN for a single row. Arguments and
 * errors as in `meanAbsoluteError`.
 *
 * @throws ShapeError, RangeError, TypeError
 */
export function rSquared(predictions: RowMajor, targets: RowMajor, options: MetricOptions = {}): number {
  const pairs = parsePairs(predictions, targets, options);
  if (pairs.rows < 2) return Number.NaN;
  return meanOf(pairs.outputs, (output) => {
    const error = squaredError(pairs, output);
    const spread = variance(pairs, output);
    if (spread === 0) return error === 0 ? 1 : 0;
    return 1 - error / spread;
  });
}

/** y − t */
function residual(pairs: Pairs, row: number, output: number): number {
  return (pairs.predictions[row * pairs.outputs + output] as number) - targetAt(pairs, row, output);
}

function squaredError(pairs: Pairs, output: number): number {
  return meanOf(pairs.rows, (row) => residual(pairs, row, output) ** 2);
}

/** Of the targets; exactly 0 where they are equal, because their mean is taken from the first of them. */
function variance(pairs: Pairs, output: number): number {
  const first = targetAt(pairs, 0, output);
  const mean = first + meanOf(pairs.rows, (row) => targetAt(pairs, row, output) - first);
  return meanOf(pairs.rows, (row) => (targetAt(pairs, row, output) - mean) ** 2);
}

/** The mean of value(0) … value(count − 1), summed in that order. */
function meanOf(count: number, value: (index: number) => number): number {
  let total = 0;
  for (let index = 0; index < count; index++) total += value(index);
  return total / count;
}
