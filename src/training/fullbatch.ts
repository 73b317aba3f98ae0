// Full-batch optimizers: what makes one, and the mirrors of the parameter block that each keeps.
import type { Model } from "../network/model.js";
import type { Dataset } from "./batches.js";
import type { Minimizer } from "./minimizer.js";
import type { OptimizerRecord } from "./optimizer.js";
import type { Trainer } from "./trainer.js";
import type { Vectors } from "./vectors.js";

/** Addresses of the mirrors; others follow `stride` bytes apart. */
export interface Mirrors {
  /** Where the last iteration ended. */
  readonly point: number;
  /** g, at the point. */
  readonly gradient: number;
  /** The gradient at the step that is tried. */
  readonly trial: number;
  readonly direction: number;
  /** The last step s, the change y of the gradient along it, then the pair before that. Zeros where there is no pair. */
  readonly pairs: number;
  readonly stride: number;
}

/** Made by `lbfgs` or `conjugateGradient`, for `fit` alone. A network keeps its own state for it. */
export interface FullBatchOptimizer extends OptimizerRecord {
  /** How many pairs of step and change it keeps. */
  readonly history: number;
  /** Training is over where the gradient's Euclidean norm is at most this. */
  readonly tolerance: number;
  /** c₂ of the line search: the share of the slope that a step may leave. */
  readonly curvature: number;
  /**
   * Turns the direction, which is −g, to a better one.
   *
   * @internal
   * @returns the step length to try first; undefined where there is no pair, and −g stays
   */
  turn(vectors: Vectors, mirrors: Mirrors): number | undefined;
  /**
   * What makes the iterations of one run. Made by the optimizer, so that bundles without one hold nothing of it.
   *
   * @internal
   * @param evaluations those of the interrupted run that is gone on with
   * @throws RangeError where there is an L1 penalty
   */
  minimizer(model: Model, trainer: Trainer, data: Dataset, evaluations: number | undefined): Minimizer;
}

/** The mirrors of a full-batch optimizer with so many pairs. */
export function countMirrors(history: number): number {
  return 4 + 2 * history;
}

export function mirrorsFrom(point: number, stride: number): Mirrors {
  const gradient = point + stride;
  const trial = gradient + stride;
  const direction = trial + stride;
  return { point, gradient, trial, direction, pairs: direction + stride, stride };
}

export function isFullBatch(optimizer: unknown): optimizer is FullBatchOptimizer {
  return typeof optimizer === "object" && optimizer !== null && "turn" in optimizer;
}
