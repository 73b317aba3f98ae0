// Reductions and scalings over a vector of n elements, or over the columns of a matrix.
import { at, firstOr, lanes, madd, storeFirst, sum } from "./lanes";

/** out[columns] ← Σᵢ x[i, ·], rows added in order: the bias gradient. */
export function columnSums<T>(rows: i32, columns: i32, x: usize, out: usize): void {
  for (let j: i32 = 0; j < columns; j += lanes<T>()) {
    let total = v128.splat<T>(<T>0);
    let column = x + at<T>(j);
    for (let i: i32 = 0; i < rows; i++) {
      total = v128.add<T>(total, v128.load(column));
      column += at<T>(columns);
    }
    storeFirst<T>(out + at<T>(j), total, columns - j);
  }
}

/**
 * to ← from, or to + from where `adds`, for blocks whose rows are rsf and rst elements apart. With rsf = 0 all rows of `from` are
 * one, such as a bias.
 */
export function transfer<T>(rows: i32, columns: i32, from: usize, rsf: i32, to: usize, rst: i32, adds: bool): void {
  for (let i: i32 = 0; i < rows; i++) {
    for (let j: i32 = 0; j < columns; j += lanes<T>()) {
      let x = v128.load(from + at<T>(j));
      if (adds) x = v128.add<T>(x, v128.load(to + at<T>(j)));
      storeFirst<T>(to + at<T>(j), x, columns - j);
    }
    from += at<T>(rsf);
    to += at<T>(rst);
  }
}

/**
 * Σ xᵢyᵢ over a multiple of the vector's width, every product and sum in double precision. dot(x, x) is NaN or infinity
 * where an element is not finite.
 */
export function dot<T>(n: i32, x: usize, y: usize): f64 {
  assert(n % lanes<T>() == 0);
  let even = f64x2.splat(0);
  let odd = f64x2.splat(0);
  for (let i: i32 = 0; i < n; i += lanes<T>()) {
    even = f64x2.add(even, f64x2.mul(pair<T>(x + at<T>(i)), pair<T>(y + at<T>(i))));
    if (sizeof<T>() == 4) odd = f64x2.add(odd, f64x2.mul(pair<T>(x + at<T>(i + 2)), pair<T>(y + at<T>(i + 2))));
  }
  return sum<f64>(f64x2.add(even, odd));
}

/** The two elements from `address` on, in double precision. */
function pair<T>(address: usize): v128 {
  if (sizeof<T>() == 8) return v128.load(address);
  return f64x2.promote_low_f32x4(v128.load64_zero(address));
}

/** y ← α·x + y over a multiple of the vector's width. */
export function axpy<T>(n: i32, alpha: T, x: usize, y: usize): void {
  assert(n % lanes<T>() == 0);
  const factor = v128.splat<T>(alpha);
  for (let i: usize = 0; i < at<T>(n); i += 16) {
    v128.store(y + i, madd<T>(factor, v128.load(x + i), v128.load(y + i)));
  }
}

/** The index of the first element that is NaN or infinite, n if there is none: 0·x is 0 for every other number. */
export function firstNonFinite<T>(n: i32, x: usize): i32 {
  const zero = v128.splat<T>(<T>0);
  let even = zero;
  let odd = zero;
  let i: i32 = 0;
  for (; i <= n - 2 * lanes<T>(); i += 2 * lanes<T>()) {
    even = madd<T>(v128.load(x + at<T>(i)), zero, even);
    odd = madd<T>(v128.load(x + at<T>(i), 16), zero, odd);
  }
  for (; i < n; i += lanes<T>()) {
    even = madd<T>(firstOr<T>(v128.load(x + at<T>(i)), n - i, zero), zero, even);
  }
  if (sum<T>(v128.add<T>(even, odd)) == <T>0) return n;
  i = 0;
  while (load<T>(x + at<T>(i)) * <T>0 == <T>0) i++;
  return i;
}

/** x ← factor · x */
export function scale<T>(n: i32, x: usize, factor: T): void {
  const f = v128.splat<T>(factor);
  for (let i: i32 = 0; i < n; i += lanes<T>()) {
    storeFirst<T>(x + at<T>(i), v128.mul<T>(v128.load(x + at<T>(i)), f), n - i);
  }
}

/** x ← min(max(x, −limit), limit) */
export function clamp<T>(n: i32, x: usize, limit: T): void {
  const upper = v128.splat<T>(limit);
  const lower = v128.splat<T>(-limit);
  for (let i: i32 = 0; i < n; i += lanes<T>()) {
    const v = v128.max<T>(v128.min<T>(v128.load(x + at<T>(i)), upper), lower);
    storeFirst<T>(x + at<T>(i), v, n - i);
  }
}

/** How many elements are exactly zero. */
export function countZeros<T>(n: i32, x: usize): i32 {
  let zeros: i32 = 0;
  for (let i: i32 = 0; i < n; i++) zeros += i32(load<T>(x + at<T>(i)) == <T>0);
  return zeros;
}

/** In how many rows the largest output stands where the largest target does; the first of equals counts. */
export function countMatches<T>(rows: i32, columns: i32, y: usize, target: usize): i32 {
  let matches: i32 = 0;
  for (let i: i32 = 0; i < rows; i++) {
    const row = at<T>(i * columns);
    matches += i32(largestIndex<T>(columns, y + row) == largestIndex<T>(columns, target + row));
  }
  return matches;
}

/** In how many of n places the output lies on the target's side: above `cut` where the target is above ½. */
export function countSides<T>(n: i32, y: usize, target: usize, cut: T): i32 {
  let matches: i32 = 0;
  for (let i: i32 = 0; i < n; i++) {
    matches += i32(load<T>(y + at<T>(i)) > cut == load<T>(target + at<T>(i)) > <T>0.5);
  }
  return matches;
}

function largestIndex<T>(columns: i32, row: usize): i32 {
  let index: i32 = 0;
  for (let j: i32 = 1; j < columns; j++) {
    if (load<T>(row + at<T>(j)) > load<T>(row + at<T>(index))) index = j;
  }
  return index;
}
