// L-BFGS: Newton's direction, with the inverse Hessian approximated from the last steps and changes of the gradient.
import { checkInteger, checkNotNegative, checkOptions } from "../validate.js";
import { countMirrors, type FullBatchOptimizer, type Mirrors } from "./fullbatch.js";
import { Minimizer } from "./minimizer.js";
import type { Vectors } from "./vectors.js";

/** How many steps `lbfgs` remembers, and when it is done. */
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
    states: countMirrors(history),
    hyperparameters: { history, tolerance },
    history,
    tolerance,
    curvature: 0.9,
    turn: (vectors, mirrors) => turn(vectors, mirrors, history),
    minimizer(...run) {
      return new Minimizer(this, ...run);
    },
  };
}

/** Two loops over the pairs: direction ← H·direction, with H₀ = sᵀy / yᵀy of the last pair. */
function turn(vectors: Vectors, { direction, pairs, stride }: Mirrors, history: number): number | undefined {
  const used: { s: number; y: number; product: number; alpha: number }[] = [];
  for (let s = pairs; s < pairs + 2 * history * stride; s += 2 * stride) {
    const y = s + stride;
    const product = vectors.dot(s, y);
    if (product === 0) break;
    const alpha = vectors.dot(s, direction) / product;
    vectors.add(-alpha, y, direction);
    used.push({ s, y, product, alpha });
  }
  const [last] = used;
  if (last === undefined) return undefined;
  vectors.scale(direction, last.product / vectors.dot(last.y, last.y));
  for (const { s, y, product, alpha } of used.reverse()) {
    vectors.add(alpha - vectors.dot(y, direction) / product, s, direction);
  }
  return 1;
}
