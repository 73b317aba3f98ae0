// Evaluation: outputs, loss and accuracy over any number of rows, a chunk at a time.
import type { FloatArray } from "../engine/dtype.js";
import { newArray } from "../engine/dtype.js";
import type { Model } from "../network/model.js";
import { type Dataset, type Flat, stageRows, stageTargets } from "./batches.js";

/** How well a network does on some rows. */
export interface Evaluation {
  /** The network's loss over the rows, without dropout and penalties. */
  loss: number;
  /** Share of right outputs; absent where the loss is none of classification. */
  accuracy?: number;
}

/** Rows that a pass takes at once when no batch is larger: enough for full speed. */
const CHUNK = 256;

/** Calls `visit(first, count)` for each chunk of the rows, after room was made for it. */
function forEachChunk(model: Model, rows: number, visit: (first: number, count: number) => void): void {
  model.reserve(Math.min(rows, CHUNK));
  const chunk = model.plan.batch;
  for (let first = 0; first < rows; first += chunk) visit(first, Math.min(chunk, rows - first));
}

/** Outputs [rows × outputs], after the link (sigmoid, softmax) where `linked`. */
export function outputsOf(model: Model, x: Flat, rows: number, linked: boolean): FloatArray {
  const { outputs } = model.topology;
  const result = newArray(model.dtype, rows * outputs);
  forEachChunk(model, rows, (first, count) => {
    stageRows(model, x, first, count);
    model.forward(count, false);
    if (linked) model.applyLink(count);
    result.set(model.copy(model.output, count * outputs), first * outputs);
  });
  return result;
}

/** Loss and accuracy over the data set. */
export function evaluate(model: Model, data: Dataset): Evaluation {
  let total = 0;
  let correct: number | undefined = 0;
  forEachChunk(model, data.rows, (first, count) => {
    stageRows(model, data.x, first, count);
    stageTargets(model, data.y, data.kind, first, count);
    model.forward(count, false);
    total += model.evaluateLoss(count) * (model.loss.reduction === "mean" ? count / data.rows : 1);
    const right = model.countCorrect(count);
    correct = right === undefined || correct === undefined ? undefined : correct + right;
  });
  return correct === undefined ? { loss: total } : { loss: total, accuracy: correct / data.rows };
}
