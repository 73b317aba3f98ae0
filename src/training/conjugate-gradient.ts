// Nonlinear conjugate gradient: the steepest direction, turned away from the last step.
import { checkNotNegative, checkOptions } from "../validate.js";
import { countMirrors, type FullBatchOptimizer, type Mirrors } from "./fullbatch.js";
import { Minimizer } from "./minimizer.js";
import type { Vectors } from "./vectors.js";

/** When `conjugateGradient` is done. */
export interface ConjugateGradientOptions {
  /** Training is over where the gradient's Euclidean norm, L2 penalty included, is at most this; 1e-5 by default. */
  tolerance?: number;
}

/**
 * Conjugate gradient by Polak and Ribière with a line search by the strong Wolfe conditions (c₁ = 1e-4, c₂ = 0.1), for `fit`:
 * an epoch is one iteration over all rows. Takes far less memory than `lbfgs`, and more evaluations.
 *
 * d ← −g + max(β, 0)·d with β = gᵀy / dᵀy, y the change of g along the last d: the β of Polak and Ribière in the form of Hestenes
 * and Stiefel, equal after an exact search, which needs no more than the last pair and keeps successive directions conjugate
 * after an inexact one. β < 0, and a d that does not lead down, start anew from −g. Nocedal and Wright, Numerical
 * Optimization, section 5.2.
 *
 * @throws RangeError, TypeError
 */
export function conjugateGradient(options: ConjugateGradientOptions = {}): FullBatchOptimizer {
  checkOptions("options", options, ["tolerance"]);
  const tolerance = checkNotNegative("tolerance", options.tolerance ?? 1e-5);
  return {
    name: "conjugateGradient",
    states: countMirrors(1),
    hyperparameters: { tolerance },
    history: 1,
    tolerance,
    curvature: 0.1,
    turn,
    minimizer(...run) {
      return new Minimizer(this, ...run);
    },
  };
}

/** The first step length promises the decrease that the last step promised. */
function turn(vectors: Vectors, { gradient, direction, pairs: s, stride }: Mirrors): number | undefined {
  const y = s + stride;
  const product = vectors.dot(s, y);
  if (product === 0) return undefined;
  const beta = vectors.dot(gradient, y) / product;
  if (beta > 0) vectors.add(beta, s, direction);
  return (vectors.dot(gradient, s) - product) / vectors.dot(gradient, direction);
}
