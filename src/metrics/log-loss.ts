// Log loss: what the right classes surprise one who believes the predicted probabilities.
import { checkProbabilities, type MetricOptions, parsePairs, type RowMajor, targetAt } from "./pairs.js";

/**
 * −(1/rows) Σ over rows Σ over outputs t · ln p; with one output a row −(1/rows) Σ (t · ln p + (1 − t) · ln(1 − p)). A
 * probability below 2⁻⁵² counts as 2⁻⁵², as in scikit-learn's log_loss; rows are not made to sum to 1.
 *
 * @param predictions `[rows, outputs]`, probabilities
 * @param targets class indices `[rows]`, or probabilities `[rows, outputs]`
 * @returns nats a row
 * @throws ShapeError, RangeError (NaN too), TypeError
 */
export function logLoss(predictions: RowMajor, targets: RowMajor, options: MetricOptions = {}): number {
  const pairs = parsePairs(predictions, targets, options);
  checkProbabilities("predictions", predictions);
  if (pairs.kind === "values") checkProbabilities("targets", targets);
  const { rows, outputs } = pairs;
  let total = 0;
  for (let row = 0; row < rows; row++) {
    for (let output = 0; output < outputs; output++) {
      const probability = pairs.predictions[row * outputs + output] as number;
      const target = targetAt(pairs, row, output);
      total += target * surprise(probability);
      if (outputs === 1) total += (1 - target) * surprise(1 - probability);
    }
  }
  return total / rows;
}

function surprise(probability: number): number {
  return -Math.log(Math.max(probability, Number.EPSILON));
}
