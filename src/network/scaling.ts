// The scaling of input rows: what a network may do to each column before its first layer sees it.
import type { FloatArray } from "../engine/dtype.js";

/** An input is (x − mean) / deviation, column by column. */
export interface Scaling {
  readonly means: Float64Array;
  readonly deviations: Float64Array;
}

/** Turns derivatives by scaled inputs, `[rows, columns]`, into those by the raw ones, in place. */
export function unscaleDerivatives(derivatives: FloatArray, { deviations }: Scaling): void {
  derivatives.forEach((value, i) => {
    derivatives[i] = value / (deviations[i % deviations.length] as number);
  });
}
