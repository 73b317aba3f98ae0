// Errors in the unit of floating-point analysis: u·Σ|terms|, where u is the unit roundoff of the precision.
import type { DType } from "../../src/index.js";
import type { Discrepancy } from "./close.js";
import type { Expected, Numbers } from "./twins.js";

/** Half the distance from 1 to the next larger number. */
export const UNIT_ROUNDOFF: Record<DType, number> = { float32: 2 ** -24, float64: 2 ** -53 };

/**
 * The largest error in units of u·Σ|terms|. A sum of k products is right within k + 1 units in any order (Higham,
 * "Accuracy and stability of numerical algorithms", 2002, section 3.1).
 */
export function roundingError(actual: Numbers, { values, sizes }: Expected, dtype: DType): Discrepancy {
  if (actual.length !== values.length) throw new Error(`${actual.length} numbers instead of ${values.length}`);
  let worst: Discrepancy = { error: 0, index: 0, actual: actual[0] as number, expected: values[0] as number };
  for (let index = 0; index < values.length; index++) {
    const a = actual[index] as number;
    const e = values[index] as number;
    const units = a === e ? 0 : Math.abs(a - e) / (UNIT_ROUNDOFF[dtype] * (sizes[index] as number));
    const error = Number.isNaN(units) ? Number.POSITIVE_INFINITY : units;
    if (error > worst.error) worst = { error, index, actual: a, expected: e };
  }
  return worst;
}
