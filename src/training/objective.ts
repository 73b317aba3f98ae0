// The objective of full-batch optimizers: loss and L2 penalty over all rows of a data set, and the gradient.
import type { Model } from "../network/model.js";
import { locateNonFinite } from "../network/nonfinite.js";
import { type Dataset, stageRows, stageTargets } from "./batches.js";
import type { Vectors } from "./vectors.js";

export interface Evaluated {
  /** Over all rows, without the penalty. */
  readonly loss: number;
  /** How many outputs are right; undefined where the loss is none of classification. */
  readonly correct: number | undefined;
  /** Loss and penalty; NaN where anything is not finite. */
  readonly value: number;
}

/** Rows of one pass: enough for full speed. A constant, as gradients are rounded at each border between two passes. */
const ROWS_AT_ONCE = 1024;

/**
 * The objective at the parameters as they are, with the dropout masks of the coming step in each pass.
 *
 * @param gradient address of a mirror for the gradient, penalty included; unusable where the value is NaN
 * @param step the number of the coming update, where numbers that are not finite are an error
 * @throws NonFiniteError
 * @throws OutOfMemoryError in the first call only
 */
export function evaluateObjective(
  model: Model,
  { rows, x, y, kind }: Dataset,
  l2: number,
  vectors: Vectors,
  gradient: number,
  step?: number,
): Evaluated {
  let loss = 0;
  let correct: number | undefined = 0;
  model.reserve(Math.min(rows, ROWS_AT_ONCE));
  for (let first = 0; first < rows; first += ROWS_AT_ONCE) {
    const count = Math.min(ROWS_AT_ONCE, rows - first);
    stageRows(model, x, first, count);
    stageTargets(model, y, kind, first, count);
    model.forward(count, true);
    loss += model.evaluateLoss(count, rows);
    model.backward(count, false);
    if (!Number.isFinite(loss) || !model.hasFiniteGradient()) {
      if (step !== undefined) throw locateNonFinite(model, step, count);
      return { loss, correct, value: Number.NaN };
    }
    if (first === 0) vectors.copy(model.gradients, gradient);
    else vectors.add(1, model.gradients, gradient);
    const right = model.countCorrect(count);
    correct = right === undefined || correct === undefined ? undefined : correct + right;
  }
  vectors.add(l2, model.parameters, gradient);
  return { loss, correct, value: loss + (l2 / 2) * vectors.dot(model.parameters, model.parameters) };
}
