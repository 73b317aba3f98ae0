// A 4 × 4 register tile that adds up in doubles: the arithmetic JavaScript engines like best.

/** C[4 × 4] ← A·B from a panel of A (k × 4) and a panel of B (k × 4); rows of C lie `stride` apart. */
export function tileDouble(k, a, from, b, at, c, to, stride) {
  // biome-ignore format: the sums stand as they do in the tile
  let c00 = 0, c01 = 0, c02 = 0, c03 = 0,
      c10 = 0, c11 = 0, c12 = 0, c13 = 0,
      c20 = 0, c21 = 0, c22 = 0, c23 = 0,
      c30 = 0, c31 = 0, c32 = 0, c33 = 0;
  for (const end = from + 4 * k; from < end; from += 4, at += 4) {
    const b0 = b[at];
    const b1 = b[at + 1];
    const b2 = b[at + 2];
    const b3 = b[at + 3];
    const a0 = a[from];
    c00 += a0 * b0;
    c01 += a0 * b1;
    c02 += a0 * b2;
    c03 += a0 * b3;
    const a1 = a[from + 1];
    c10 += a1 * b0;
    c11 += a1 * b1;
    c12 += a1 * b2;
    c13 += a1 * b3;
    const a2 = a[from + 2];
    c20 += a2 * b0;
    c21 += a2 * b1;
    c22 += a2 * b2;
    c23 += a2 * b3;
    const a3 = a[from + 3];
    c30 += a3 * b0;
    c31 += a3 * b1;
    c32 += a3 * b2;
    c33 += a3 * b3;
  }
  storeRow(c, to, c00, c01, c02, c03);
  storeRow(c, to + stride, c10, c11, c12, c13);
  storeRow(c, to + 2 * stride, c20, c21, c22, c23);
  storeRow(c, to + 3 * stride, c30, c31, c32, c33);
}

function storeRow(c, to, x0, x1, x2, x3) {
  c[to] = x0;
  c[to + 1] = x1;
  c[to + 2] = x2;
  c[to + 3] = x3;
}
