// Random orders without an engine: the generator of assembly/random.ts in JavaScript, which gives the same orders.

/** Upper half of the 64-bit product of two 32-bit integers, from parts that doubles hold exactly. */
function multiplyHigh(a: number, b: number): number {
  return Math.floor(((a >>> 16) * b + Math.floor(((a & 0xffff) * b) / 65536)) / 65536);
}

/** First of the four words that Philox4x32-10 makes of the counter (block, 0, 0, stream) under a key made of the seed. */
function random(block: number, stream: number, seed: number): number {
  let [c0, c1, c2, c3] = [block, 0, 0, stream];
  for (let i = 0; i < 10; i++) {
    [c0, c1, c2, c3] = [
      multiplyHigh(c2, 0xcd9e8d57) ^ c1 ^ ((seed >>> 0) + i * 0x9e3779b9),
      Math.imul(c2, 0xcd9e8d57),
      multiplyHigh(c0, 0xd2511f53) ^ c3 ^ (Math.floor(seed / 2 ** 32) + i * 0xbb67ae85),
      Math.imul(c0, 0xd2511f53),
    ];
  }
  return c0 >>> 0;
}

/** The integers below `length` in an order by seed and stream: the one of the engine's `shuffle` at step 0. */
export function permutation(length: number, seed: number, stream: number): Uint32Array {
  const order = Uint32Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = multiplyHigh(random(i, stream, seed), i + 1);
    const kept = order[i] as number;
    order[i] = order[j] as number;
    order[j] = kept;
  }
  return order;
}
