// The micro-kernel: one MR × NR tile of C ← α·A·B + β·C, held in registers while k runs.
import { MR } from "./blocking";
import { at, madd } from "./lanes";
import { methodsOf } from "./methods";

/**
 * C[MR × NR] ← α · A[MR × k] · B[k × NR] + β · C; β = 0 never reads C. Strides are in bytes.
 *
 * A is a packed panel of MR rows, or is read in place: row i at a + i·rsa, k running along it. In place, rows i ≥ `rows`
 * repeat the last one, so that nothing outside A is read; what they give lands in rows of the tile that the caller does not
 * use. B has NR neighbours in each of its k rows, rsb bytes apart. C has NR neighbours in each of its MR rows, rsc bytes apart.
 *
 * One step of k a turn of the loop: unrolled, engines issue all loads first and spill the accumulators.
 */
// biome-ignore format: operands with their strides, one a line
export function microkernel<T>(
  isPacked: bool, rows: i32, k: i32,
  a: usize, rsa: usize,
  b: usize, rsb: usize,
  c: usize, rsc: usize,
  alpha: T, beta: T,
): void {
  if (MR == 5) {
    if (isPacked) tile<T, FiveRows, Panel>(rows, k, a, rsa, b, rsb, c, rsc, alpha, beta);
    else tile<T, FiveRows, InPlace>(rows, k, a, rsa, b, rsb, c, rsc, alpha, beta);
  } else {
    if (isPacked) tile<T, FourRows, Panel>(rows, k, a, rsa, b, rsb, c, rsc, alpha, beta);
    else tile<T, FourRows, InPlace>(rows, k, a, rsa, b, rsb, c, rsc, alpha, beta);
  }
}

/** Heights of a tile as types: each has a kernel of its own, with the height known when it is compiled. */
class FourRows {
  isTall(): bool {
    return false;
  }
}

class FiveRows {
  isTall(): bool {
    return true;
  }
}

/** How A is stored, as types: elements of a panel have constant distances, so that one pointer serves all its rows. */
class Panel {
  isPacked(): bool {
    return true;
  }
}

class InPlace {
  isPacked(): bool {
    return false;
  }
}

// biome-ignore format: operands with their strides, one a line
function tile<T, Rows, LayoutOfA>(
  rows: i32, k: i32,
  a: usize, rsa: usize,
  b: usize, rsb: usize,
  c: usize, rsc: usize,
  alpha: T, beta: T,
): void {
  const isTall = methodsOf<Rows>().isTall();
  const isPacked = methodsOf<LayoutOfA>().isPacked();
  let a1: usize = 0, a2: usize = 0, a3: usize = 0, a4: usize = 0;
  if (!isPacked) {
    a1 = rows > 1 ? a + rsa : a;
    a2 = rows > 2 ? a1 + rsa : a1;
    a3 = rows > 3 ? a2 + rsa : a2;
    if (isTall) a4 = rows > 4 ? a3 + rsa : a3;
  }

  const zero = v128.splat<T>(<T>0);
  let c00 = zero, c01 = zero;
  let c10 = zero, c11 = zero;
  let c20 = zero, c21 = zero;
  let c30 = zero, c31 = zero;
  let c40 = zero, c41 = zero;

  for (; k > 0; k--) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const x0 = v128.load_splat<T>(a);
    c00 = madd<T>(x0, b0, c00);
    c01 = madd<T>(x0, b1, c01);
    const x1 = isPacked ? v128.load_splat<T>(a, sizeof<T>()) : v128.load_splat<T>(a1);
    c10 = madd<T>(x1, b0, c10);
    c11 = madd<T>(x1, b1, c11);
    const x2 = isPacked ? v128.load_splat<T>(a, 2 * sizeof<T>()) : v128.load_splat<T>(a2);
    c20 = madd<T>(x2, b0, c20);
    c21 = madd<T>(x2, b1, c21);
    const x3 = isPacked ? v128.load_splat<T>(a, 3 * sizeof<T>()) : v128.load_splat<T>(a3);
    c30 = madd<T>(x3, b0, c30);
    c31 = madd<T>(x3, b1, c31);
    if (isTall) {
      const x4 = isPacked ? v128.load_splat<T>(a, 4 * sizeof<T>()) : v128.load_splat<T>(a4);
      c40 = madd<T>(x4, b0, c40);
      c41 = madd<T>(x4, b1, c41);
    }
    if (isPacked) {
      a += at<T>(isTall ? 5 : 4);
    } else {
      a += sizeof<T>();
      a1 += sizeof<T>();
      a2 += sizeof<T>();
      a3 += sizeof<T>();
      if (isTall) a4 += sizeof<T>();
    }
    b += rsb;
  }

  storeRow<T>(c, c00, c01, alpha, beta);
  storeRow<T>(c + rsc, c10, c11, alpha, beta);
  storeRow<T>(c + 2 * rsc, c20, c21, alpha, beta);
  storeRow<T>(c + 3 * rsc, c30, c31, alpha, beta);
  if (isTall) storeRow<T>(c + 4 * rsc, c40, c41, alpha, beta);
}

/** c ← α · (x0, x1) + β · c over two vectors. */
function storeRow<T>(c: usize, x0: v128, x1: v128, alpha: T, beta: T): void {
  const scale = v128.splat<T>(alpha);
  x0 = v128.mul<T>(x0, scale);
  x1 = v128.mul<T>(x1, scale);
  if (beta != <T>0) {
    const keep = v128.splat<T>(beta);
    x0 = madd<T>(v128.load(c), keep, x0);
    x1 = madd<T>(v128.load(c, 16), keep, x1);
  }
  v128.store(c, x0);
  v128.store(c, x1, 16);
}
