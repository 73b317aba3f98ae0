// Products too small for register tiles: row by row, every operand read where it stands.
import { NR } from "./blocking";
import { at, lanes, madd, storeFirst } from "./lanes";

/**
 * C[m × n] ← A[m × k] · B[k × n], rows of B and C contiguous, A with any strides. A row of NR columns is held in registers
 * while k runs; each element is summed as in the micro-kernel, to the same bits.
 */
// biome-ignore format: operands with their strides, one a line
export function rowByRow<T>(
  m: i32, n: i32, k: i32,
  a: usize, rsa: i32, csa: i32,
  b: usize, rsb: i32,
  c: usize, rsc: i32,
): void {
  const stepA = at<T>(csa);
  const stepB = at<T>(rsb);
  for (let i: i32 = 0; i < m; i++) {
    for (let j: i32 = 0; j < n; j += NR<T>()) {
      const columns = n - j;
      const target = c + at<T>(j);
      let x = a;
      let y = b + at<T>(j);
      let left = v128.splat<T>(<T>0);
      let right = left;
      for (let p: i32 = k; p > 0; p--) {
        const factor = v128.load_splat<T>(x);
        left = madd<T>(factor, v128.load(y), left);
        right = madd<T>(factor, v128.load(y, 16), right);
        x += stepA;
        y += stepB;
      }
      storeFirst<T>(target, left, columns);
      if (columns > lanes<T>()) storeFirst<T>(target + 16, right, columns - lanes<T>());
    }
    a += at<T>(rsa);
    c += at<T>(rsc);
  }
}
