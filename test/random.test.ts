// Random numbers: the generator against the published vectors, what is drawn from it against its distribution.
import { describe, expect, test } from "vitest";
import type { FloatArray } from "../src/index.js";
import { Blocks } from "./support/blocks.js";
import { normalCdf, philox } from "./support/twins.js";
import { VARIANTS } from "./support/variants.js";

/** The largest 32-bit word. */
const ALL_ONES = 0xffffffff;

/** Counter, key and result of philox4x32-10, from the file kat_vectors of Random123. */
const known: [[number, number, number, number], [number, number], number[]][] = [
  [
    [0, 0, 0, 0],
    [0, 0],
    [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  ],
  [
    [ALL_ONES, ALL_ONES, ALL_ONES, ALL_ONES],
    [ALL_ONES, ALL_ONES],
    [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  ],
  [
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
];

interface Draw {
  seed: number;
  stream: number;
  step: number;
}

const draws: Draw[] = [
  { seed: 0, stream: 0, step: 0 },
  { seed: 1, stream: 0, step: 0 },
  { seed: 0, stream: 1, step: 0 },
  { seed: 0, stream: 0, step: 1 },
  { seed: Number.MAX_SAFE_INTEGER, stream: 0x80000001, step: ALL_ONES },
  { seed: 2 ** 32, stream: 0x40000003, step: 70000 },
];

/** The four words of one block. */
function words(block: number, round: number, { seed, stream, step }: Draw): [number, number, number, number] {
  const key: [number, number] = [seed % 2 ** 32, Math.floor(seed / 2 ** 32)];
  return philox([block, round, step, stream], key) as [number, number, number, number];
}

/** The number in [0, 1) that two words, the lower one first, are read as: their upper 53 bits. */
function unit(low: number, high: number): number {
  return (high * 2 ** 21 + Math.floor(low / 2 ** 11)) / 2 ** 53;
}

/** The uniform numbers of a draw. */
function units(n: number, draw: Draw): number[] {
  return Array.from({ length: n }, (_, i) => {
    const [w0, w1, w2, w3] = words(i >> 1, 0, draw);
    return i % 2 === 0 ? unit(w0, w1) : unit(w2, w3);
  });
}

/** Pairs of normal numbers by Marsaglia's polar method. */
function normals(n: number, deviation: number, draw: Draw): number[] {
  const numbers: number[] = [];
  for (let block = 0; numbers.length < n; block++) {
    let x = 0;
    let y = 0;
    let square = 0;
    for (let round = 0; square === 0 || square >= 1; round++) {
      const [w0, w1, w2, w3] = words(block, round, draw);
      x = 2 * unit(w0, w1) - 1;
      y = 2 * unit(w2, w3) - 1;
      square = x * x + y * y;
    }
    const factor = deviation * Math.sqrt((-2 * Math.log(square)) / square);
    numbers.push(factor * x, factor * y);
  }
  return numbers.slice(0, n);
}

/** The upper limit of a χ² value that one in about 10⁶ exceeds: Wilson and Hilferty 1931. */
function largestChiSquare(degrees: number): number {
  return degrees * (1 - 2 / (9 * degrees) + 4.75 * Math.sqrt(2 / (9 * degrees))) ** 3;
}

function chiSquare(counts: ArrayLike<number>, expected: number): number {
  return Array.from(counts).reduce((total, count) => total + (count - expected) ** 2 / expected, 0);
}

/** The largest distance of the sample's distribution from `cdf`, times √n: 2.6 is exceeded once in about 10⁶ (Kolmogorov). */
function kolmogorov(sample: ArrayLike<number>, cdf: (x: number) => number): number {
  const sorted = Float64Array.from(sample).sort();
  const n = sorted.length;
  const distances = sorted.map((x, i) => Math.max(Math.abs(cdf(x) - i / n), Math.abs(cdf(x) - (i + 1) / n)));
  return Math.sqrt(n) * distances.reduce((a, b) => Math.max(a, b));
}

function mean(values: ArrayLike<number>, of = (value: number) => value): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += of(values[i] as number);
  return total / values.length;
}

/** Pearson's coefficient. */
function correlation(x: ArrayLike<number>, y: ArrayLike<number>): number {
  const [meanX, meanY] = [mean(x), mean(y)];
  const deviation = (values: ArrayLike<number>, center: number) => Math.sqrt(mean(values, (v) => (v - center) ** 2));
  const products = Array.from(x, (value, i) => (value - meanX) * ((y[i] as number) - meanY));
  return mean(products) / (deviation(x, meanX) * deviation(y, meanY));
}

test("the twin of the generator gives the published numbers", () => {
  for (const [counter, key, result] of known) expect(philox(counter, key)).toEqual(result);
});

describe.each(VARIANTS)("random numbers of $build in $dtype", (variant) => {
  const { engine, dtype } = variant;
  const kernels = engine.kernels(dtype);
  const rounded = (values: number[]) => (dtype === "float32" ? values.map(Math.fround) : values);

  function fill(n: number, kernel: (address: number) => void): FloatArray {
    const blocks = new Blocks(variant);
    const address = blocks.unread(n);
    kernel(address);
    const result = blocks.read(address);
    blocks.close();
    return result;
  }
  const uniform = (n: number, { seed, stream, step }: Draw, low = 0, high = 1) => {
    return fill(n, (out) => kernels.uniform(n, out, low, high, seed, stream, step));
  };
  const normal = (n: number, { seed, stream, step }: Draw, deviation = 1) => {
    return fill(n, (out) => kernels.normal(n, out, deviation, seed, stream, step));
  };
  const shuffled = (n: number, { seed, stream, step }: Draw) => {
    const address = engine.arena.allocate(4 * n);
    const place = engine.arena.integers.subarray(address / 4, address / 4 + n);
    for (let i = 0; i < n; i++) place[i] = i;
    engine.shuffle(n, address, seed, stream, step);
    const order = place.slice();
    engine.arena.free(address);
    return order;
  };
  const dropout = (x: ArrayLike<number>, rate: number, { seed, stream, step }: Draw) => {
    const blocks = new Blocks(variant);
    const address = blocks.input(x);
    const out = blocks.unread(x.length);
    kernels.dropout(x.length, address, out, rate, seed, stream, step);
    const result = blocks.read(out);
    blocks.close();
    return result;
  };

  test("uniform numbers are the generator's, 53 bits of two words each", () => {
    for (const draw of draws) {
      expect([...uniform(7, draw)]).toEqual(rounded(units(7, draw)));
      expect([...uniform(5, draw, -3, 5)]).toEqual(rounded(units(5, draw).map((u) => -3 + 8 * u)));
    }
    const published = [unit(0x6627e8d5, 0xe169c58d), unit(0xbc57ac4c, 0x9b00dbd8)];
    expect([...uniform(2, { seed: 0, stream: 0, step: 0 })]).toEqual(rounded(published));
  });

  test("normal numbers are the polar method's of the generator's, rejected pairs drawn anew", () => {
    for (const draw of draws) {
      const expected = normals(201, 0.5, draw);
      const tolerance = dtype === "float32" ? 2 ** -24 : 4 * 2 ** -52;
      for (const [i, value] of normal(201, draw, 0.5).entries()) {
        const reference = expected[i] as number;
        expect(Math.abs(value - reference)).toBeLessThanOrEqual(tolerance * Math.abs(reference));
      }
    }
  });

  test("shuffle is Durstenfeld's, by the generator's first words", () => {
    for (const draw of draws) {
      for (const n of [1, 2, 3, 50]) {
        const expected = Array.from({ length: n }, (_, i) => i);
        for (let i = n - 1; i > 0; i--) {
          const j = Number((BigInt(words(i, 0, draw)[0]) * BigInt(i + 1)) >> 32n);
          [expected[i], expected[j]] = [expected[j] as number, expected[i] as number];
        }
        expect([...shuffled(n, draw)]).toEqual(expected);
      }
    }
  });

  test("dropout keeps where a word of the generator is at least rate · 2³²", () => {
    for (const draw of draws) {
      for (const n of [1, 3, 4, 6, 21]) {
        const kept = Math.fround(1 / 0.7);
        const expected = Array.from({ length: n }, (_, i) => {
          const word = words(i >> 2, 0, draw)[i % 4] as number;
          return word >= 0.3 * 2 ** 32 ? (dtype === "float32" ? Math.fround(kept * (i + 1)) : (1 / 0.7) * (i + 1)) : 0;
        });
        const x = Float64Array.from({ length: n }, (_, i) => i + 1);
        expect([...dropout(x, 0.3, draw)]).toEqual(expected);
      }
    }
  });

  const N = 40000;

  test("uniform numbers are uniform", () => {
    const u = uniform(N, { seed: 5, stream: 2, step: 0 });
    expect(Math.min(...u)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...u)).toBeLessThan(1);
    expect(Math.abs(mean(u) - 1 / 2)).toBeLessThan(5 / Math.sqrt(12 * N));
    expect(Math.abs(mean(u, (x) => (x - 0.5) ** 2) - 1 / 12)).toBeLessThan(5 / Math.sqrt(180 * N));
    expect(kolmogorov(u, (x) => x)).toBeLessThan(2.6);
    expect(Math.abs(correlation(u.slice(1), u.slice(0, -1)))).toBeLessThan(5 / Math.sqrt(N));
  });

  test("normal numbers are normal, with the deviation asked for", () => {
    const deviation = 0.25;
    const z = normal(N, { seed: 6, stream: 2, step: 0 }, deviation).map((x) => x / deviation);
    expect(Math.abs(mean(z))).toBeLessThan(5 / Math.sqrt(N));
    expect(Math.abs(mean(z, (x) => x * x) - 1)).toBeLessThan(5 * Math.sqrt(2 / N));
    expect(Math.abs(mean(z, (x) => x ** 3))).toBeLessThan(5 * Math.sqrt(15 / N));
    expect(Math.abs(mean(z, (x) => x ** 4) - 3)).toBeLessThan(5 * Math.sqrt(96 / N));
    expect(kolmogorov(z, normalCdf)).toBeLessThan(2.6);
    expect(Math.abs(correlation(z.slice(1), z.slice(0, -1)))).toBeLessThan(5 / Math.sqrt(N));
  });

  test("seeds, streams and steps give independent numbers, and the same again", () => {
    const base = { seed: 9, stream: 3, step: 4 };
    const others = [
      { ...base, seed: 10 },
      { ...base, stream: 4 },
      { ...base, step: 5 },
      { ...base, seed: 9 + 2 ** 32 },
    ];
    const first = uniform(N, base);
    expect(uniform(N, base)).toEqual(first);
    expect(uniform(100, base)).toEqual(first.slice(0, 100));
    for (const other of others) {
      expect(Math.abs(correlation(uniform(N, other), first))).toBeLessThan(5 / Math.sqrt(N));
    }
  });

  test("dropout drops at its rate, scales what it keeps, and the same elements both ways", () => {
    const draw = { seed: 11, stream: 0x40000000, step: 2 };
    const ones = new Float64Array(N).fill(1);
    for (const rate of [0, 0.1, 0.5, 0.9, 0.999]) {
      const forward = dropout(ones, rate, draw);
      const dropped = forward.filter((value) => value === 0).length;
      expect(Math.abs(dropped / N - rate)).toBeLessThanOrEqual(5 * Math.sqrt((rate * (1 - rate)) / N));
      const kept = dtype === "float32" ? Math.fround(1 / (1 - rate)) : 1 / (1 - rate);
      expect(forward.filter((value) => value !== 0 && value !== kept)).toHaveLength(0);
      const backward = dropout(
        ones.map(() => -3),
        rate,
        draw,
      );
      expect(backward.findIndex((value, i) => (value === 0) !== (forward[i] === 0))).toBe(-1);
      if (rate > 0 && rate < 1) expect(dropout(ones, rate, { ...draw, step: 3 })).not.toEqual(forward);
    }
  });

  test("dropout passes nothing of what it drops, infinity and NaN included, and works in place", () => {
    const draw = { seed: 12, stream: 0, step: 0 };
    const mask = dropout(new Float64Array(64).fill(1), 0.5, draw);
    const poisoned = Float64Array.from(mask, (kept, i) =>
      kept === 0 ? ([Number.NaN, Number.POSITIVE_INFINITY][i % 2] as number) : 1,
    );
    expect(dropout(poisoned, 0.5, draw)).toEqual(mask);
    const blocks = new Blocks(variant);
    const address = blocks.output(poisoned);
    kernels.dropout(64, address, address, 0.5, draw.seed, draw.stream, draw.step);
    expect(blocks.read(address)).toEqual(mask);
    blocks.close();
  });

  test("shuffle gives each order, and puts each row at each place, equally often", () => {
    const n = 4;
    const turns = 12000;
    const places = new Float64Array(n * n);
    const orders = new Map<string, number>();
    for (let step = 0; step < turns; step++) {
      const order = shuffled(n, { seed: 13, stream: 0x80000000, step });
      for (const [place, row] of order.entries()) places[row * n + place] = (places[row * n + place] as number) + 1;
      orders.set(order.join(), (orders.get(order.join()) ?? 0) + 1);
    }
    expect(orders.size).toBe(24);
    expect(chiSquare([...orders.values()], turns / 24)).toBeLessThan(largestChiSquare(23));
    expect(chiSquare(places, turns / n)).toBeLessThan(largestChiSquare((n - 1) ** 2));
  });

  test("shuffle of many rows is a permutation that leaves few of them in place", () => {
    const order = shuffled(10007, { seed: 14, stream: 0, step: 0 });
    expect(order.slice().sort()).toEqual(Uint32Array.from({ length: 10007 }, (_, i) => i));
    expect(order.filter((row, i) => row === i).length).toBeLessThan(10);
    expect(Math.abs(correlation(order, [...order.keys()]))).toBeLessThan(5 / Math.sqrt(10007));
  });
});
