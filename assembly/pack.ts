// Packing: copies a matrix, whatever its strides, into panels that the micro-kernel reads from front to back.
import { at, lanes } from "./lanes";

/**
 * A panel holds `width` rows (of A) or columns (of B) interleaved: panel[p·R + r] = source[r·across + p·along],
 * 0 ≤ p < k, and zero for width ≤ r < R.
 *
 * @param R panel width, from one to three vectors
 * @param across byte stride from one row (of A) or column (of B) to the next
 * @param along byte stride along k
 */
function packPanel<T>(R: i32, width: i32, k: i32, source: usize, across: usize, along: usize, panel: usize): void {
  if (width == R && across == sizeof<T>()) copyPanel<T>(R, k, source, along, panel);
  else if (width == R && along == sizeof<T>()) transposePanel<T>(R, k, source, across, panel);
  else gatherPanel<T>(R, width, 0, k, source, across, along, panel);
}

/** Panels of R for `count` rows or columns, one behind the other. */
export function packPanels<T>(
  R: i32,
  count: i32,
  k: i32,
  source: usize,
  across: usize,
  along: usize,
  panels: usize,
): void {
  // Memory that runs across the panels is read a few rows at a time: a cache line belongs to several panels.
  const step = across == sizeof<T>() ? 16 : k;
  for (let p: i32 = 0; p < k; p += step) {
    for (let r: i32 = 0; r < count; r += R) {
      packPanel<T>(
        R,
        min(R, count - r),
        min(step, k - p),
        source + <usize>r * across + <usize>p * along,
        across,
        along,
        panels + at<T>(r * k + p * R),
      );
    }
  }
}

/** Neighbours across are neighbours in memory: whole vectors, the last one overlapping the one before. */
function copyPanel<T>(R: i32, k: i32, source: usize, along: usize, panel: usize): void {
  const bytes = at<T>(R);
  const last = bytes - 16;
  for (let p: i32 = 0; p < k; p++) {
    v128.store(panel, v128.load(source));
    if (bytes > 32) v128.store(panel + 16, v128.load(source + 16));
    v128.store(panel + last, v128.load(source + last));
    source += along;
    panel += bytes;
  }
}

/** Neighbours along k are neighbours in memory: squares of one vector's width are transposed in registers. */
function transposePanel<T>(R: i32, k: i32, source: usize, across: usize, panel: usize): void {
  const square = lanes<T>();
  const whole = k - (k % square);
  for (let p: i32 = 0; p < whole; p += square) {
    const place = panel + at<T>(p * R);
    for (let r: i32 = 0; r < R; r += square) {
      // Where R is no multiple, the last square overlaps the one before.
      const first = min(r, R - square);
      transposeSquare<T>(source + at<T>(p) + <usize>first * across, across, place + at<T>(first), at<T>(R));
    }
  }
  gatherPanel<T>(R, R, whole, k, source, across, sizeof<T>(), panel);
}

/** A square of one vector's width, from rows `across` bytes apart to rows `along` bytes apart. */
function transposeSquare<T>(source: usize, across: usize, panel: usize, along: usize): void {
  const r0 = v128.load(source);
  const r1 = v128.load(source + across);
  if (sizeof<T>() == 8) {
    v128.store(panel, v128.shuffle<f64>(r0, r1, 0, 2));
    v128.store(panel + along, v128.shuffle<f64>(r0, r1, 1, 3));
    return;
  }
  const r2 = v128.load(source + 2 * across);
  const r3 = v128.load(source + 3 * across);
  const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
  const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(panel, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
  v128.store(panel + along, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7));
  v128.store(panel + 2 * along, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5));
  v128.store(panel + 3 * along, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7));
}

/** Any strides, any width, from depth `first` on: element by element. */
function gatherPanel<T>(
  R: i32,
  width: i32,
  first: i32,
  k: i32,
  source: usize,
  across: usize,
  along: usize,
  panel: usize,
): void {
  for (let p: i32 = first; p < k; p++) {
    const row = panel + at<T>(p * R);
    for (let r: i32 = 0; r < R; r++) {
      store<T>(row + at<T>(r), r < width ? load<T>(source + <usize>p * along + <usize>r * across) : <T>0);
    }
  }
}
