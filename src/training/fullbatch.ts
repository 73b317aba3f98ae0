// Full-batch optimizers: what makes one, and the mirrors of the parameter block that each keeps.
import type { Kernels } from "../engine/kernels.js";
import type { OptimizerRecord } from "./optimizer.js";

/** What a direction is made from. */
export interface Vectors {
  readonly kernels: Kernels;
  /** Elements of a mirror, a multiple of the vector's width. */
  readonly length: number;
  /** Address of g. */
  readonly gradient: number;
  /** Address of the direction; −g when the optimizer gets it. */
  readonly direction: number;
  /**
   * Address of the last step s; behind it the change y of the gradient along it, then the pair before that one, each mirror
   * `stride` bytes behind the other. Zeros where there is no pair; sᵀy > 0 in every other.
   */
  readonly pairs: number;
  readonly stride: number;
}

/** Made by `lbfgs` or `conjugateGradient`, for `fit` alone. A network keeps its own state for it. */
export interface FullBatchOptimizer extends OptimizerRecord {
  /** How many pairs of step and change are among them. */
  readonly history: number;
  /** Training is over where the gradient's Euclidean norm is at most this. */
  readonly tolerance: number;
  /** c₂ of the line search: the share of the slope that a step may leave. */
  readonly curvature: number;
  /**
   * Makes a better direction of −g.
   *
   * @internal
   * @returns the step length to try first; undefined where there is no pair, and −g stays
   */
  turn(vectors: Vectors): number | undefined;
}

/** Beside the pairs there are the point, its gradient, and the direction. */
export const MIRRORS_BEFORE_PAIRS = 3;

export function mirrorsFor(history: number): number {
  return MIRRORS_BEFORE_PAIRS + 2 * history;
}

export function isFullBatch(optimizer: unknown): optimizer is FullBatchOptimizer {
  return typeof optimizer === "object" && optimizer !== null && "turn" in optimizer;
}
