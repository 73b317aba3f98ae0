// Matrices that tests hand to networks and kernels.
import { expect } from "vitest";
import type { Numbers } from "./twins.js";

/** The n × n identity, row-major. */
export function identityMatrix(n: number): number[] {
  return diagonalMatrix(new Array<number>(n).fill(1));
}

/** A square matrix with these numbers on its diagonal, row-major. */
export function diagonalMatrix(diagonal: readonly number[]): number[] {
  const n = diagonal.length;
  return Array.from({ length: n * n }, (_, index) =>
    index % (n + 1) === 0 ? (diagonal[index / (n + 1)] as number) : 0,
  );
}

/** The same pseudo-random numbers in [−1, 1) for the same seed on every machine: a linear congruential generator. */
export function randomNumbers(count: number, seed: number): number[] {
  let state = seed >>> 0;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** Stands between the rows of results. */
export const BETWEEN = 77;

/** Rows `stride` elements apart, with `between` in the gaps. */
export function spread(x: Numbers, rows: number, columns: number, stride: number, between = Number.NaN): Float64Array {
  const out = new Float64Array((rows - 1) * stride + columns).fill(between);
  for (let i = 0; i < rows * columns; i++) {
    out[Math.floor(i / columns) * stride + (i % columns)] = x[i] as number;
  }
  return out;
}

/** Room for such rows, that is not to be read. */
export function unreadRows(rows: number, columns: number, stride: number): Float64Array {
  return spread(new Float64Array(rows * columns).fill(Number.NaN), rows, columns, stride, BETWEEN);
}

/** The rows without the gaps, in which nothing may have changed. */
export function gather(x: Numbers, rows: number, columns: number, stride: number): number[] {
  const isGap = (_: number, i: number) => i % stride >= columns;
  expect(Array.from(x).filter(isGap)).toEqual(new Array((rows - 1) * (stride - columns)).fill(BETWEEN));
  return Array.from(x).filter((_, i) => !isGap(_, i));
}
