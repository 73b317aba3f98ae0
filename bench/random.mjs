// Seeded uniform numbers, so that every contender and every run computes on the same data.

/** `length` numbers of [low, high) from xorshift32 (Marsaglia, 2003). */
export function uniform(length, seed, low = -1, high = 1) {
  let state = (seed * 0x9e3779b1) | 1;
  return Float32Array.from({ length }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return low + ((high - low) * (state >>> 0)) / 2 ** 32;
  });
}

/** `length` integers of 0 … limit − 1. */
export function labels(length, seed, limit) {
  return Uint8Array.from(uniform(length, seed, 0, limit));
}
