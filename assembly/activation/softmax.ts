// Softmax over each row: a = exp(z − max z) / Σ exp(z − max z), and its backward pass.
import { at, firstOr, lanes, maximum, storeFirst, sum } from "../lanes";
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

/** δ ← a ⊙ (δ − Σⱼ δⱼaⱼ) for each row: from ∂C/∂a to ∂C/∂z. */
export function softmaxBackward<T>(rows: i32, columns: i32, a: usize, delta: usize): void {
  const zero = v128.splat<T>(<T>0);
  for (let i: i32 = 0; i < rows; i++) {
    const row = at<T>(i * columns);
    let product = zero;
    for (let j: i32 = 0; j < columns; j += lanes<T>()) {
      const term = v128.mul<T>(v128.load(a + row + at<T>(j)), v128.load(delta + row + at<T>(j)));
      product = v128.add<T>(product, firstOr<T>(term, columns - j, zero));
    }
    const inner = v128.splat<T>(sum<T>(product));
    for (let j: i32 = 0; j < columns; j += lanes<T>()) {
      const address = delta + row + at<T>(j);
      const centred = v128.sub<T>(v128.load(address), inner);
      storeFirst<T>(address, v128.mul<T>(v128.load(a + row + at<T>(j)), centred), columns - j);
    }
  }
}
