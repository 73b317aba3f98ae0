// Products of rows by rows, X·Yᵀ, as dot products: nothing is packed, each operand is read along its rows.
import { at, firstLanes, lanes, madd, storeFirst } from "./lanes";

/**
 * C[m × n] ← α · A[m × k] · B[n × k]ᵀ + β · C, rows of A and B contiguous, rsa, rsb, rsc elements apart; β = 0 never reads
 * C. A tile has eight accumulators, which hides the latency of an addition: 2 × 4 of them, or 1 × 8 for a last single row, so
 * that a matrix-vector product streams through eight rows of B at once.
 */
// biome-ignore format: operands with their strides, one a line
export function rowsByRows<T>(
  m: i32, n: i32, k: i32,
  a: usize, rsa: i32,
  b: usize, rsb: i32,
  c: usize, rsc: i32,
  alpha: T, beta: T,
): void {
  const pairs = m & ~1;
  for (let j: i32 = 0; pairs > 0 && j < n; j += 4) {
    for (let i: i32 = 0; i < pairs; i += 2) {
      twoByFour<T>(
        n - j, k, a + at<T>(i * rsa), at<T>(rsa), b + at<T>(j * rsb), at<T>(rsb),
        c + at<T>(i * rsc + j), at<T>(rsc), alpha, beta,
      );
    }
  }
  for (let j: i32 = 0; m > pairs && j < n; j += 8) {
    oneByEight<T>(n - j, k, a + at<T>(pairs * rsa), b + at<T>(j * rsb), at<T>(rsb), c + at<T>(pairs * rsc + j), alpha, beta);
  }
}

/** Two rows of A by four of B, strides in bytes. Rows of B beyond `columns` repeat the last one and are not stored. */
// biome-ignore format: operands with their strides, one a line
function twoByFour<T>(
  columns: i32, k: i32,
  a0: usize, rsa: usize,
  b0: usize, rsb: usize,
  c: usize, rsc: usize,
  alpha: T, beta: T,
): void {
  let a1 = a0 + rsa;
  let b1 = columns > 1 ? b0 + rsb : b0;
  let b2 = columns > 2 ? b1 + rsb : b1;
  let b3 = columns > 3 ? b2 + rsb : b2;
  const zero = v128.splat<T>(<T>0);
  let c00 = zero, c01 = zero, c02 = zero, c03 = zero;
  let c10 = zero, c11 = zero, c12 = zero, c13 = zero;

  for (; k >= lanes<T>(); k -= lanes<T>()) {
    const x0 = v128.load(a0);
    const x1 = v128.load(a1);
    const y0 = v128.load(b0);
    c00 = madd<T>(x0, y0, c00);
    c10 = madd<T>(x1, y0, c10);
    const y1 = v128.load(b1);
    c01 = madd<T>(x0, y1, c01);
    c11 = madd<T>(x1, y1, c11);
    const y2 = v128.load(b2);
    c02 = madd<T>(x0, y2, c02);
    c12 = madd<T>(x1, y2, c12);
    const y3 = v128.load(b3);
    c03 = madd<T>(x0, y3, c03);
    c13 = madd<T>(x1, y3, c13);
    a0 += 16;
    a1 += 16;
    b0 += 16;
    b1 += 16;
    b2 += 16;
    b3 += 16;
  }
  if (k > 0) {
    const inside = firstLanes<T>(k);
    const x0 = v128.and(v128.load(a0), inside);
    const x1 = v128.and(v128.load(a1), inside);
    const y0 = v128.and(v128.load(b0), inside);
    const y1 = v128.and(v128.load(b1), inside);
    const y2 = v128.and(v128.load(b2), inside);
    const y3 = v128.and(v128.load(b3), inside);
    c00 = madd<T>(x0, y0, c00);
    c01 = madd<T>(x0, y1, c01);
    c02 = madd<T>(x0, y2, c02);
    c03 = madd<T>(x0, y3, c03);
    c10 = madd<T>(x1, y0, c10);
    c11 = madd<T>(x1, y1, c11);
    c12 = madd<T>(x1, y2, c12);
    c13 = madd<T>(x1, y3, c13);
  }

  storeSums<T>(c, c00, c01, c02, c03, columns, alpha, beta);
  storeSums<T>(c + rsc, c10, c11, c12, c13, columns, alpha, beta);
}

/** One row of A by eight of B; otherwise as twoByFour. */
function oneByEight<T>(columns: i32, k: i32, a: usize, b0: usize, rsb: usize, c: usize, alpha: T, beta: T): void {
  let b1 = columns > 1 ? b0 + rsb : b0;
  let b2 = columns > 2 ? b1 + rsb : b1;
  let b3 = columns > 3 ? b2 + rsb : b2;
  let b4 = columns > 4 ? b3 + rsb : b3;
  let b5 = columns > 5 ? b4 + rsb : b4;
  let b6 = columns > 6 ? b5 + rsb : b5;
  let b7 = columns > 7 ? b6 + rsb : b6;
  const zero = v128.splat<T>(<T>0);
  let c0 = zero,
    c1 = zero,
    c2 = zero,
    c3 = zero;
  let c4 = zero,
    c5 = zero,
    c6 = zero,
    c7 = zero;

  for (; k >= lanes<T>(); k -= lanes<T>()) {
    const x = v128.load(a);
    c0 = madd<T>(x, v128.load(b0), c0);
    c1 = madd<T>(x, v128.load(b1), c1);
    c2 = madd<T>(x, v128.load(b2), c2);
    c3 = madd<T>(x, v128.load(b3), c3);
    c4 = madd<T>(x, v128.load(b4), c4);
    c5 = madd<T>(x, v128.load(b5), c5);
    c6 = madd<T>(x, v128.load(b6), c6);
    c7 = madd<T>(x, v128.load(b7), c7);
    a += 16;
    b0 += 16;
    b1 += 16;
    b2 += 16;
    b3 += 16;
    b4 += 16;
    b5 += 16;
    b6 += 16;
    b7 += 16;
  }
  if (k > 0) {
    const inside = firstLanes<T>(k);
    const x = v128.and(v128.load(a), inside);
    c0 = madd<T>(x, v128.and(v128.load(b0), inside), c0);
    c1 = madd<T>(x, v128.and(v128.load(b1), inside), c1);
    c2 = madd<T>(x, v128.and(v128.load(b2), inside), c2);
    c3 = madd<T>(x, v128.and(v128.load(b3), inside), c3);
    c4 = madd<T>(x, v128.and(v128.load(b4), inside), c4);
    c5 = madd<T>(x, v128.and(v128.load(b5), inside), c5);
    c6 = madd<T>(x, v128.and(v128.load(b6), inside), c6);
    c7 = madd<T>(x, v128.and(v128.load(b7), inside), c7);
  }

  storeSums<T>(c, c0, c1, c2, c3, columns, alpha, beta);
  if (columns > 4) storeSums<T>(c + at<T>(4), c4, c5, c6, c7, columns - 4, alpha, beta);
}

/** The first `columns` of four neighbours c ← α · (Σx0, Σx1, Σx2, Σx3) + β · c. */
function storeSums<T>(c: usize, x0: v128, x1: v128, x2: v128, x3: v128, columns: i32, alpha: T, beta: T): void {
  if (sizeof<T>() == 4) {
    const pairs01 = v128.add<f32>(v128.shuffle<f32>(x0, x1, 0, 4, 1, 5), v128.shuffle<f32>(x0, x1, 2, 6, 3, 7));
    const pairs23 = v128.add<f32>(v128.shuffle<f32>(x2, x3, 0, 4, 1, 5), v128.shuffle<f32>(x2, x3, 2, 6, 3, 7));
    const low = v128.shuffle<f32>(pairs01, pairs23, 0, 1, 4, 5);
    const high = v128.shuffle<f32>(pairs01, pairs23, 2, 3, 6, 7);
    storeScaled<T>(c, v128.add<f32>(low, high), columns, alpha, beta);
  } else {
    storeScaled<T>(
      c,
      v128.add<f64>(v128.shuffle<f64>(x0, x1, 0, 2), v128.shuffle<f64>(x0, x1, 1, 3)),
      columns,
      alpha,
      beta,
    );
    if (columns > 2) {
      const right = v128.add<f64>(v128.shuffle<f64>(x2, x3, 0, 2), v128.shuffle<f64>(x2, x3, 1, 3));
      storeScaled<T>(c + 16, right, columns - 2, alpha, beta);
    }
  }
}

function storeScaled<T>(c: usize, sums: v128, columns: i32, alpha: T, beta: T): void {
  let scaled = v128.mul<T>(sums, v128.splat<T>(alpha));
  if (beta != <T>0) scaled = madd<T>(v128.load(c), v128.splat<T>(beta), scaled);
  storeFirst<T>(c, scaled, columns);
}
