// A 4 × 4 register tile that rounds every product and every sum to float32, as SIMD lanes do.
// V8 computes in doubles all the same, and after every operation converts to float32 and back (node --print-opt-code).

const single = Math.fround;

/** C[4 × 4] ← A·B from a panel of A (k × 4) and a panel of B (k × 4); rows of C lie `stride` apart. */
export function tileSingle(k, a, from, b, at, c, to, stride) {
  // biome-ignore format: the sums stand as they do in the tile
  let c00 = single(0), c01 = single(0), c02 = single(0), c03 = single(0),
      c10 = single(0), c11 = single(0), c12 = single(0), c13 = single(0),
      c20 = single(0), c21 = single(0), c22 = single(0), c23 = single(0),
      c30 = single(0), c31 = single(0), c32 = single(0), c33 = single(0);
  for (const end = from + 4 * k; from < end; from += 4, at += 4) {
    const b0 = b[at];
    const b1 = b[at + 1];
    const b2 = b[at + 2];
    const b3 = b[at + 3];
    const a0 = a[from];
    c00 = single(c00 + single(a0 * b0));
    c01 = single(c01 + single(a0 * b1));
    c02 = single(c02 + single(a0 * b2));
    c03 = single(c03 + single(a0 * b3));
    const a1 = a[from + 1];
    c10 = single(c10 + single(a1 * b0));
    c11 = single(c11 + single(a1 * b1));
    c12 = single(c12 + single(a1 * b2));
    c13 = single(c13 + single(a1 * b3));
    const a2 = a[from + 2];
    c20 = single(c20 + single(a2 * b0));
    c21 = single(c21 + single(a2 * b1));
    c22 = single(c22 + single(a2 * b2));
    c23 = single(c23 + single(a2 * b3));
    const a3 = a[from + 3];
    c30 = single(c30 + single(a3 * b0));
    c31 = single(c31 + single(a3 * b1));
    c32 = single(c32 + single(a3 * b2));
    c33 = single(c33 + single(a3 * b3));
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
