// Softmax over each row: a = exp(z − max z) / Σ exp(z − max z), its backward pass and the tangent of that.
import { at, firstOr, lanes, madd, maximum, storeFirst, sum } from "../lanes";
import { exp } from "../math";

/** The largest element of a row; NaN where one is NaN. */
export function rowMaximum<T>(columns: i32, row: usize): T {
  const lowest = v128.splat<T>(<T>-Infinity);
  let largest = lowest;
  for (let j: i32 = 0; j < columns; j += lanes<T>()) {
    largest = v128.max<T>(largest, firstOr<T>(v128.load(row + at<T>(j)), columns - j, lowest));
  }
  return maximum<T>(largest);
}

/** out ← exp(row − shift), and their sum. */
export function rowExp<T>(columns: i32, row: usize, shift: T, out: usize): T {
  const down = v128.splat<T>(shift);
  const zero = v128.splat<T>(<T>0);
  let total = zero;
  for (let j: i32 = 0; j < columns; j += lanes<T>()) {
    const e = exp<T>(v128.sub<T>(v128.load(row + at<T>(j)), down));
    total = v128.add<T>(total, firstOr<T>(e, columns - j, zero));
    storeFirst<T>(out + at<T>(j), e, columns - j);
  }
  return sum<T>(total);
}

/** a[rows × columns] ← softmax of each row of z; a may be z. */
export function softmax<T>(rows: i32, columns: i32, z: usize, a: usize): void {
  for (let i: i32 = 0; i < rows; i++) {
    const row = at<T>(i * columns);
    const total = v128.splat<T>(rowExp<T>(columns, z + row, rowMaximum<T>(columns, z + row), a + row));
    for (let j: i32 = 0; j < columns; j += lanes<T>()) {
      const address = a + row + at<T>(j);
      storeFirst<T>(address, v128.div<T>(v128.load(address), total), columns - j);
    }
  }
}

/** Σⱼ xⱼyⱼ of a row. */
function rowDot<T>(columns: i32, x: usize, y: usize): T {
  const zero = v128.splat<T>(<T>0);
  let total = zero;
  for (let j: i32 = 0; j < columns; j += lanes<T>()) {
    const term = v128.mul<T>(v128.load(x + at<T>(j)), v128.load(y + at<T>(j)));
    total = v128.add<T>(total, firstOr<T>(term, columns - j, zero));
  }
  return sum<T>(total);
}

/** δ ← a ⊙ (δ − Σⱼ δⱼaⱼ) for each row: from ∂C/∂a to ∂C/∂z. */
export function softmaxBackward<T>(rows: i32, columns: i32, a: usize, delta: usize): void {
  for (let i: i32 = 0; i < rows; i++) {
    const row = at<T>(i * columns);
    const inner = v128.splat<T>(rowDot<T>(columns, a + row, delta + row));
    for (let j: i32 = 0; j < columns; j += lanes<T>()) {
      const address = delta + row + at<T>(j);
      const centred = v128.sub<T>(v128.load(address), inner);
      storeFirst<T>(address, v128.mul<T>(v128.load(a + row + at<T>(j)), centred), columns - j);
    }
  }
}

/**
 * δ̇ ← ȧ ⊙ (e − Σⱼ eⱼaⱼ) + a ⊙ (δ̇ − Σⱼ (δ̇ⱼaⱼ + eⱼȧⱼ)) for each row: the tangent of δ = a ⊙ (e − Σⱼ eⱼaⱼ) for the tangents ȧ
 * of a and δ̇, as it comes in, of e.
 *
 * @param error e = ∂C/∂a
 */
export function softmaxCurvature<T>(
  rows: i32,
  columns: i32,
  a: usize,
  aTangent: usize,
  error: usize,
  deltaTangent: usize,
): void {
  for (let i: i32 = 0; i < rows; i++) {
    const inner = v128.splat<T>(rowDot<T>(columns, error, a));
    const innerTangent = v128.splat<T>(rowDot<T>(columns, deltaTangent, a) + rowDot<T>(columns, error, aTangent));
    for (let j: i32 = 0; j < columns; j += lanes<T>()) {
      const address = deltaTangent + at<T>(j);
      const centred = v128.sub<T>(v128.load(error + at<T>(j)), inner);
      const centredTangent = v128.sub<T>(v128.load(address), innerTangent);
      const grown = v128.mul<T>(v128.load(aTangent + at<T>(j)), centred);
      storeFirst<T>(address, madd<T>(v128.load(a + at<T>(j)), centredTangent, grown), columns - j);
    }
    a += at<T>(columns);
    aTangent += at<T>(columns);
    error += at<T>(columns);
    deltaTangent += at<T>(columns);
  }
}
