// The 128-bit vector in either precision: its width, multiply-add, whole and partial stores, sums over it.

/** Elements of type T in one vector: 4 of f32, 2 of f64. */
export function lanes<T>(): i32 {
  return 16 / <i32>sizeof<T>();
}

/** The byte offset of element `index` in an array of T. */
export function at<T>(index: i32): usize {
  return <usize>index * sizeof<T>();
}

/** a·b + c; rounded once where the build has relaxed SIMD and the host fuses, twice otherwise. */
export function madd<T>(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_madd<T>(a, b, c);
  return v128.add<T>(v128.mul<T>(a, b), c);
}

/** Whether `madd` rounds once here: only then a·b keeps what single precision loses, 2⁻²⁴ of (1 + 2⁻¹²)² = 1 + 2⁻¹¹ + 2⁻²⁴. */
export function fuses(): bool {
  // Powers as quotients: `**` would bring a library's pow, and its tables, into the memory that threads share.
  const x = f32x4.splat(1 + 1.0 / 4096);
  return f32x4.extract_lane(madd<f32>(x, x, f32x4.splat(-(1 + 1.0 / 2048))), 0) != 0;
}

/** Writes the first `count` lanes, all of them where `count` is larger; never a byte more. */
export function storeFirst<T>(address: usize, vector: v128, count: i32): void {
  if (count >= lanes<T>()) {
    v128.store(address, vector);
  } else if (sizeof<T>() == 8) {
    v128.store64_lane(address, vector, 0);
  } else {
    if (count & 2) {
      v128.store64_lane(address, vector, 0);
      if (count & 1) v128.store32_lane(address, vector, 2, 8);
    } else {
      v128.store32_lane(address, vector, 0);
    }
  }
}

/** A mask of the first `count` lanes, of all where `count` is larger. */
export function firstLanes<T>(count: i32): v128 {
  if (sizeof<T>() == 4) return v128.lt<i32>(i32x4(0, 1, 2, 3), i32x4.splat(count));
  return v128.lt<i64>(i64x2(0, 1), i64x2.splat(count));
}

/** The first `count` lanes of `vector`, `fill` in those behind. */
export function firstOr<T>(vector: v128, count: i32, fill: v128): v128 {
  return v128.bitselect(vector, fill, firstLanes<T>(count));
}

/**
 * Denormal numbers become 0. Averages of a gradient that stays 0 decay into them, and arithmetic on them is many times slower.
 */
export function flushed<T>(vector: v128): v128 {
  const smallest = v128.splat<T>(sizeof<T>() == 4 ? <T>f32.MIN_NORMAL_VALUE : <T>f64.MIN_NORMAL_VALUE);
  return v128.andnot(vector, v128.lt<T>(v128.abs<T>(vector), smallest));
}

/** Σ over the lanes, in a fixed order. */
export function sum<T>(v: v128): T {
  if (sizeof<T>() == 4) {
    const pairs = v128.add<f32>(v, v128.shuffle<f32>(v, v, 2, 3, 0, 1));
    return <T>(f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1));
  }
  return <T>(f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1));
}

/** The largest lane; NaN where one is NaN. */
export function maximum<T>(v: v128): T {
  if (sizeof<T>() == 4) {
    const pairs = v128.max<f32>(v, v128.shuffle<f32>(v, v, 2, 3, 0, 1));
    return <T>max<f32>(f32x4.extract_lane(pairs, 0), f32x4.extract_lane(pairs, 1));
  }
  return <T>max<f64>(f64x2.extract_lane(v, 0), f64x2.extract_lane(v, 1));
}
