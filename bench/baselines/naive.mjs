// Baseline: matrix products as three plain loops over Float32Arrays, inner loop along rows in memory.

/** C ← op(A)·op(B) with C m × n, op(A) m × k, op(B) k × n, all row-major. */
export function naiveGemm(shape, a, b, c) {
  if (shape.transposeB) rowTimesRow(shape, a, b, c);
  else rowCombination(shape, a, b, c);
}

/** C[i, j] = Σ_p op(A)[i, p] · B[j, p]: B is stored n × k. */
function rowTimesRow({ m, n, k, transposeA }, a, b, c) {
  const rowStride = transposeA ? 1 : k;
  const columnStride = transposeA ? m : 1;
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let p = 0; p < k; p++) sum += a[i * rowStride + p * columnStride] * b[j * k + p];
      c[i * n + j] = sum;
    }
  }
}

/** C[i, :] = Σ_p op(A)[i, p] · B[p, :]: B is stored k × n. */
function rowCombination({ m, n, k, transposeA }, a, b, c) {
  const rowStride = transposeA ? 1 : k;
  const columnStride = transposeA ? m : 1;
  c.fill(0, 0, m * n);
  for (let i = 0; i < m; i++) {
    for (let p = 0; p < k; p++) {
      const factor = a[i * rowStride + p * columnStride];
      for (let j = 0; j < n; j++) c[i * n + j] += factor * b[p * n + j];
    }
  }
}
