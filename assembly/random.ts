// Counter-based random numbers: the n-th number is a function of (seed, stream, step, n), with no state to keep. A stream is
// a use of the seed (a tensor's first values, the order of the rows, a layer's masks), a step is a turn of that use.
//
// Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011.
import { at, storeFirst } from "./lanes";
import { log } from "./math";

/** Four 32-bit numbers for the 128-bit counter (block, round, step, stream) under a key made of the seed. */
function philox(block: u32, round: u32, step: u32, stream: u32, seed: f64): v128 {
  let c0 = block,
    c1 = round,
    c2 = step,
    c3 = stream;
  let k0 = <u32>(<u64>seed),
    k1 = <u32>(<u64>seed >> 32);
  for (let i: i32 = 0; i < 10; i++) {
    const left = <u64>c0 * 0xd2511f53;
    const right = <u64>c2 * 0xcd9e8d57;
    c0 = <u32>(right >> 32) ^ c1 ^ k0;
    c1 = <u32>right;
    c2 = <u32>(left >> 32) ^ c3 ^ k1;
    c3 = <u32>left;
    k0 += 0x9e3779b9;
    k1 += 0xbb67ae85;
  }
  const low = i32x4.replace_lane(i32x4.splat(c0), 1, c1);
  return i32x4.replace_lane(i32x4.replace_lane(low, 2, c2), 3, c3);
}

/** The `half` (0 or 1) of a block as a number in [0, 1) with 53 random bits. */
function unit(block: v128, half: i32): f64 {
  const bits = <u64>(half ? i64x2.extract_lane(block, 1) : i64x2.extract_lane(block, 0));
  return <f64>(bits >> 11) * (1.0 / 9007199254740992.0);
}

/** out[i] ← low + (high − low)·u, u uniform in [0, 1). */
export function uniform<T>(n: i32, out: usize, low: f64, high: f64, seed: f64, stream: u32, step: u32): void {
  const width = high - low;
  for (let i: i32 = 0; i < n; i += 2) {
    const block = philox(i >> 1, 0, step, stream, seed);
    store<T>(out + at<T>(i), <T>(low + width * unit(block, 0)));
    if (i + 1 < n) store<T>(out + at<T>(i + 1), <T>(low + width * unit(block, 1)));
  }
}

/** out[i] ← standard deviation · a standard normal number, by Marsaglia's polar method. */
export function normal<T>(n: i32, out: usize, deviation: f64, seed: f64, stream: u32, step: u32): void {
  for (let i: i32 = 0; i < n; i += 2) {
    let x: f64 = 0;
    let y: f64 = 0;
    let square: f64 = 0;
    for (let round: u32 = 0; square >= 1 || square == 0; round++) {
      const block = philox(i >> 1, round, step, stream, seed);
      x = 2 * unit(block, 0) - 1;
      y = 2 * unit(block, 1) - 1;
      square = x * x + y * y;
    }
    const logarithm = f64x2.extract_lane(log<f64>(f64x2.splat(square)), 0);
    const factor = deviation * sqrt<f64>((-2 * logarithm) / square);
    store<T>(out + at<T>(i), <T>(factor * x));
    if (i + 1 < n) store<T>(out + at<T>(i + 1), <T>(factor * y));
  }
}

/** A permutation of the n 32-bit integers at `indices` (Fisher and Yates, Durstenfeld). */
export function shuffle(n: i32, indices: usize, seed: f64, stream: u32, step: u32): void {
  for (let i = n - 1; i > 0; i--) {
    const random = <u64>(<u32>i32x4.extract_lane(philox(i, 0, step, stream, seed), 0));
    const j = <i32>((random * <u64>(i + 1)) >> 32);
    const kept = load<i32>(indices + at<i32>(i));
    store<i32>(indices + at<i32>(i), load<i32>(indices + at<i32>(j)));
    store<i32>(indices + at<i32>(j), kept);
  }
}

/**
 * y ← x ⊙ mask / (1 − rate): each element is zero with probability `rate` (inverted dropout). The mask is that of
 * (seed, stream, step), so that the backward pass, called with the same three, drops the same elements. y may be x.
 */
export function dropout<T>(n: i32, x: usize, y: usize, rate: f64, seed: f64, stream: u32, step: u32): void {
  const factor = v128.splat<T>(<T>(1 / (1 - rate)));
  const threshold = i32x4.splat(<i32>(<u32>(rate * 4294967296.0)));
  for (let i: i32 = 0; i < n; i += 4) {
    const mask = v128.ge<u32>(philox(i >> 2, 0, step, stream, seed), threshold);
    if (sizeof<T>() == 4) {
      maskFirst<T>(n - i, x + at<T>(i), y + at<T>(i), mask, factor);
    } else {
      maskFirst<T>(n - i, x + at<T>(i), y + at<T>(i), v128.shuffle<i32>(mask, mask, 0, 0, 1, 1), factor);
      if (n - i > 2) {
        maskFirst<T>(n - i - 2, x + at<T>(i + 2), y + at<T>(i + 2), v128.shuffle<i32>(mask, mask, 2, 2, 3, 3), factor);
      }
    }
  }
}

/** The first `count` lanes of y ← factor · x, 0 where the mask is. */
function maskFirst<T>(count: i32, x: usize, y: usize, mask: v128, factor: v128): void {
  storeFirst<T>(y, v128.and(v128.mul<T>(v128.load(x), factor), mask), count);
}
