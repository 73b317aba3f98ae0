// The scaling of input rows: what a network may do to each column before its first layer sees it.
import type { FloatArray } from "../engine/dtype.js";

/** An input is (x − mean) / deviation, column by column. */
export interface Scaling {
  /** `[columns]` */
  readonly means: Float64Array;
  /** `[columns]`, > 0 */
  readonly deviations: Float64Array;
}

/**
 * Divides by the deviations, in place: derivatives by scaled inputs, `[…, columns]`, become those by the raw ones, and tangents
 * of raw inputs those of scaled ones.
 */
export function divideByDeviations(numbers: FloatArray, scaling: Scaling | undefined): FloatArray {
  if (scaling === undefined) return numbers;
  const { deviations } = scaling;
  for (let i = 0; i < numbers.length; i++) {
    numbers[i] = (numbers[i] as number) / (deviations[i % deviations.length] as number);
  }
  return numbers;
}
