// L-BFGS: Newton's direction, with the inverse Hessian approximated from the last steps and changes of the gradient.
import { checkInteger, checkNotNegative, checkOptions } from "../validate.js";
import { type FullBatchOptimizer, mirrorsFor, type Vectors } from "./fullbatch.js";

export interface LbfgsOptions {
  /** Pairs of step and change of the gradient that are kept, each as large as two copies of the parameters; 10 by default. */
  history?: number;
  /** Training is over where the gradient's Euclidean norm, L2 penalty included, is at most this; 1e-5 by default. */
  tolerance?: number;
}

/**
 * Limited-memory BFGS with a line search by the strong Wolfe conditions (c₁ = 1e-4, c₂ = 0.9), for `fit`: an epoch is one
 * iteration over all rows. Nocedal and Wright, Numerical Optimization, algorithms 7.4 and 7.5; Liu and Nocedal 1989.
 *
 * @throws RangeError, TypeError
 */
export function lbfgs(options: LbfgsOptions = {}): FullBatchOptimizer {
  checkOptions("options", options, ["history", "tolerance"]);
  const history = checkInteger("history", options.history ?? 10, 1);
  const tolerance = checkNotNegative("tolerance", options.tolerance ?? 1e-5);
  return {
    name: "lbfgs",
    states: mirrorsFor(history),
    hyperparameters: { history, tolerance },
    history,
    tolerance,
    curvature: 0.9,
    turn: (vectors) => turn(vectors, history),
  };
}

/** Two loops over the pairs: direction ← H·direction, H₀ = sᵀy / yᵀy of the last pair. */
function turn({ kernels, length, direction, pairs, stride }: Vectors, history: number): number | undefined {
  const used: { s: number; y: number; product: number; alpha: number }[] = [];
  for (let index = 0; index < history; index++) {
    const s = pairs + 2 * index * stride;
    const y = s + stride;
    const product = kernels.dot(length, s, y);
    if (product === 0) break;
    const alpha = kernels.dot(length, s, direction) / product;
    kernels.axpy(length, -alpha, y, direction);
    used.push({ s, y, product, alpha });
  }
  const newest = used[0];
  if (newest === undefined) return undefined;
  kernels.scale(length, direction, newest.product / kernels.dot(length, newest.y, newest.y));
  for (const { s, y, product, alpha } of used.reverse()) {
    kernels.axpy(length, alpha - kernels.dot(length, y, direction) / product, s, direction);
  }
  return 1;
}
