// Accuracy: how many rows are put in the right class, at once or among the first k.
import { checkInteger } from "../validate.js";
import { parseClasses } from "./classes.js";
import type { MetricOptions, RowMajor } from "./pairs.js";

/**
 * Share of the rows whose class is right: that of the largest output, the first of equals. With one output a row, a
 * probability, the class is 1 above ½ and else 0; flat arrays of equal lengths are taken so, number by number.
 *
 * @param predictions `[rows, outputs]`, probabilities or, with several outputs, any scores
 * @param targets class indices `[rows]`, or `[rows, outputs]` such as one-hot rows
 * @throws ShapeError, RangeError (NaN and infinities too), TypeError
 */
export function accuracy(predictions: RowMajor, targets: RowMajor, options: MetricOptions = {}): number {
  const { pairs, predicted, actual } = parseClasses(predictions, targets, options);
  let right = 0;
  for (let row = 0; row < pairs.rows; row++) right += Number(predicted[row] === actual[row]);
  return right / pairs.rows;
}

/**
 * Share of the rows whose right class is among the k largest outputs. Of equal outputs the first counts as the larger, so that
 * k = 1 is `accuracy`; scikit-learn's top_k_accuracy_score prefers the last.
 *
 * @param predictions `[rows, outputs]`
 * @param targets class indices `[rows]`, or `[rows, outputs]` such as one-hot rows
 * @param k from 1 to the number of outputs
 * @throws ShapeError, RangeError (NaN and infinities too), TypeError
 */
export function topKAccuracy(predictions: RowMajor, targets: RowMajor, k: number, options: MetricOptions = {}): number {
  const { pairs, actual } = parseClasses(predictions, targets, options);
  const { rows, outputs } = pairs;
  checkInteger("k", k, 1, outputs);
  if (outputs === 1) return accuracy(predictions, targets, options);
  let right = 0;
  for (let row = 0; row < rows; row++) {
    right += Number(rankOf(actual[row] as number, pairs.predictions, row * outputs, outputs) < k);
  }
  return right / rows;
}

/** How many of the row's outputs come before that of the class. */
function rankOf(label: number, values: ArrayLike<number>, first: number, outputs: number): number {
  const own = values[first + label] as number;
  let rank = 0;
  for (let output = 0; output < outputs; output++) {
    const other = values[first + output] as number;
    rank += Number(output < label ? other >= own : other > own);
  }
  return rank;
}
