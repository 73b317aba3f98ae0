// How far results lie from references, and an assertion on that which names the worst element.
import { expect } from "vitest";

export interface Discrepancy {
  /** The largest error by the measure at hand; Infinity where a result is NaN. */
  error: number;
  /** Where it is, and what stands there. */
  index: number;
  actual: number;
  expected: number;
}

type Numbers = ArrayLike<number>;

function worst(actual: Numbers, expected: Numbers, measure: (actual: number, expected: number) => number): Discrepancy {
  if (actual.length !== expected.length) throw new Error(`${actual.length} numbers instead of ${expected.length}`);
  if (expected.length === 0) throw new Error("nothing to compare");
  let found: Discrepancy = { error: -1, index: -1, actual: Number.NaN, expected: Number.NaN };
  for (let index = 0; index < expected.length; index++) {
    const a = actual[index] as number;
    const e = expected[index] as number;
    const measured = a === e ? 0 : measure(a, e);
    const error = Number.isNaN(measured) ? Number.POSITIVE_INFINITY : measured;
    if (error > found.error) found = { error, index, actual: a, expected: e };
  }
  return found;
}

/** max |a − e| */
export function absoluteError(actual: Numbers, expected: Numbers): Discrepancy {
  return worst(actual, expected, (a, e) => Math.abs(a - e));
}

/** max |a − e| / max |e|: the error of a tensor, as the fixtures state torch's own. Absolute where the reference is all zeros. */
export function tensorError(actual: Numbers, expected: Numbers): Discrepancy {
  const scale = Array.from(expected).reduce((largest, e) => Math.max(largest, Math.abs(e)), 0) || 1;
  return worst(actual, expected, (a, e) => Math.abs(a - e) / scale);
}

/** max |a − e| / (relative·|e| + absolute): at most 1 where every element keeps the tolerance. */
export function toleranceError(
  actual: Numbers,
  expected: Numbers,
  { relative, absolute }: { relative: number; absolute: number },
): Discrepancy {
  return worst(actual, expected, (a, e) => Math.abs(a - e) / (relative * Math.abs(e) + absolute));
}

/** Asserts that an error is within its bound. With SHOW set it prints what it saw. */
export function expectWithin(what: string, { error, index, actual, expected }: Discrepancy, bound: number): void {
  if (process.env.SHOW) console.log(`SHOW\t${what}\t${error.toExponential(2)}\t${bound}`);
  expect(error, `${what}: element ${index} is ${actual}, expected ${expected}; its error`).toBeLessThanOrEqual(bound);
}
