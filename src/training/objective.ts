// The objective of full-batch optimizers: loss and L2 penalty over all rows of a data set, and the gradient.
import { storeGradient } from "../network/backward.js";
import type { Model } from "../network/model.js";
import { locateNonFinite } from "../network/nonfinite.js";
import { type Dataset, stageRows, stageTargets } from "./batches.js";

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

export class Objective {
  /** Of loss and gradient over all rows. */
  evaluations = 0;
  readonly #model: Model;
  readonly #data: Dataset;
  readonly #l2: number;
  /** Address of a mirror of the parameter block, for the gradients of each pass but the first. */
  #scratch = 0;

  constructor(model: Model, data: Dataset, l2: number) {
    this.#model = model;
    this.#data = data;
    this.#l2 = l2;
  }

  /**
   * Calls `use`, which evaluates, once all memory for that is there.
   *
   * @throws OutOfMemoryError before the call
   */
  prepare<R>(use: () => R): R {
    const { rows } = this.#data;
    this.#model.reserve(Math.min(rows, ROWS_AT_ONCE));
    return this.#model.withBlocks(rows > ROWS_AT_ONCE ? [this.#model.parameterPlan.bytes] : [], (scratch = 0) => {
      this.#scratch = scratch;
      return use();
    });
  }

  /**
   * At the parameters as they are, with the dropout masks of the coming step in each pass. Fills the gradients, which are
   * unusable where the value is NaN.
   *
   * @param step the number of the coming update, where numbers that are not finite are an error
   * @throws NonFiniteError
   */
  evaluate(step?: number): Evaluated {
    const model = this.#model;
    const { rows, x, y, kind } = this.#data;
    let loss = 0;
    let correct: number | undefined = 0;
    this.evaluations++;
    for (let first = 0; first < rows; first += ROWS_AT_ONCE) {
      const count = Math.min(ROWS_AT_ONCE, rows - first);
      stageRows(model, x, first, count);
      stageTargets(model, y, kind, first, count);
      model.forward(count, true);
      loss += model.evaluateLoss(count, rows);
      if (first === 0) model.backward(count, false);
      else this.#addGradient(count);
      if (!Number.isFinite(loss) || !model.hasFiniteGradient()) {
        if (step !== undefined) throw locateNonFinite(model, step, count);
        return { loss, correct, value: Number.NaN };
      }
      const right = model.countCorrect(count);
      correct = right === undefined || correct === undefined ? undefined : correct + right;
    }
    const { kernels, parameters, parameterPlan } = model;
    const penalty = (this.#l2 / 2) * kernels.dot(parameterPlan.length, parameters, parameters);
    return { loss, correct, value: loss + penalty };
  }

  /** to ← the gradient, penalty included. */
  writeGradient(to: number): void {
    const { engine, kernels, gradients, parameters, parameterPlan } = this.#model;
    engine.arena.move(gradients, to, parameterPlan.bytes);
    kernels.axpy(parameterPlan.length, this.#l2, parameters, to);
  }

  /** The derivative along a direction. */
  slopeAlong(direction: number): number {
    const { kernels, gradients, parameters, parameterPlan } = this.#model;
    const { length } = parameterPlan;
    return kernels.dot(length, gradients, direction) + this.#l2 * kernels.dot(length, parameters, direction);
  }

  /** Adds the gradient of the staged rows. */
  #addGradient(rows: number): void {
    const model = this.#model;
    const scratch = this.#scratch;
    model.backward(rows, false, true, (index, layer, rows, training) => {
      storeGradient(model, index, layer, 0, rows, training, scratch - model.parameters);
    });
    model.kernels.axpy(model.parameterPlan.length, 1, scratch, model.gradients);
  }
}
