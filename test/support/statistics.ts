// Moments of samples, and how far they may stray by chance.
import { mean } from "./data.js";

export interface Moments {
  mean: number;
  /** Standard deviation. */
  deviation: number;
  /** E(x − μ)⁴ / σ⁴: 1.8 of a uniform distribution, 3 of a normal one. */
  kurtosis: number;
}

export function momentsOf(sample: ArrayLike<number>): Moments {
  const center = mean(sample);
  const moment = (order: number) => mean(Array.from(sample, (value) => (value - center) ** order));
  const variance = moment(2);
  return { mean: center, deviation: Math.sqrt(variance), kurtosis: moment(4) / variance ** 2 };
}

/** E zᵏ for k = 4, 6, 8 of the standardized distribution. */
const STANDARDIZED = { uniform: [9 / 5, 27 / 7, 9], normal: [3, 15, 105] } as const;

/**
 * Standard errors of the moments of n draws, by the delta method: σ/√n of the mean, σ·√((m₄ − 1)/4n) of the deviation, and of
 * the kurtosis the deviation of z⁴ − 2m₄z² by √n.
 */
export function standardErrors(distribution: "uniform" | "normal", deviation: number, n: number): Moments {
  const [m4, m6, m8] = STANDARDIZED[distribution];
  const kurtosisVariance = m8 - 4 * m4 * m6 + 4 * m4 ** 3 - m4 ** 2;
  return {
    mean: deviation / Math.sqrt(n),
    deviation: deviation * Math.sqrt((m4 - 1) / (4 * n)),
    kurtosis: Math.sqrt(kurtosisVariance / n),
  };
}
