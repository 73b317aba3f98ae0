// Matrices that tests hand to networks.

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
