// The accuracy of assembly/math.ts, measured over the whole range of each function in both precisions and in each
// build.
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { references } from "./reference/math.js";

type Name = keyof typeof references;
type Kernel = (n: number, x: number, y: number) => void;
type Numbers = Float32Array | Float64Array;

interface Case {
  name: Name;
  /** bounds in ulp; that of f64 has room for the error of the reference */
  ulps: { f32: number; f64: number };
  /** where half of the points are taken */
  range: { f32: [number, number]; f64: [number, number] };
  /** where something begins or ends; the numbers around each are tried one by one */
  thresholds: number[];
  /** f(xᵢ) = yᵢ to the bit */
  exact: { x: number[]; y: number[] };
  odd?: true;
}

/** x and f(x), from tools/math_fixtures.py */
const fixtures: Record<Name, [number, number][]> = JSON.parse(
  readFileSync(new URL("fixtures/math.json", import.meta.url), "utf8"),
);

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;

const cases: Case[] = [
  {
    name: "exp",
    ulps: { f32: 2, f64: 2 },
    range: { f32: [-110, 95], f64: [-760, 720] },
    thresholds: [88.72284, -87.33655, -103.97208, 709.782712893384, -708.3964185322641, -745.1332191019411],
    exact: { x: [0, -0, infinity, -infinity, nan], y: [1, 1, infinity, 0, nan] },
  },
  {
    name: "expm1",
    ulps: { f32: 2, f64: 4 },
    range: { f32: [-25, 25], f64: [-45, 45] },
    thresholds: [88.72284, -17.32868, 709.782712893384, -36.7368005696771],
    exact: { x: [0, -0, infinity, -infinity, nan], y: [0, -0, infinity, -1, nan] },
  },
  {
    name: "log",
    ulps: { f32: 1, f64: 2 },
    range: { f32: [0, 4], f64: [0, 4] },
    thresholds: [1, Math.SQRT1_2, Math.SQRT2, 2 ** -126, 2 ** -1022],
    exact: { x: [1, 0, -0, -1, -infinity, infinity, nan], y: [0, -infinity, -infinity, nan, nan, infinity, nan] },
  },
  {
    name: "log1p",
    ulps: { f32: 2, f64: 3 },
    range: { f32: [-1, 4], f64: [-1, 4] },
    thresholds: [-1, Math.SQRT1_2 - 1, Math.SQRT2 - 1, 2 ** 24, 2 ** 53],
    exact: { x: [0, -1, -2, -infinity, infinity, nan], y: [0, -infinity, nan, nan, infinity, nan] },
  },
  {
    name: "tanh",
    ulps: { f32: 3, f64: 4 },
    range: { f32: [-10, 10], f64: [-20, 20] },
    thresholds: [9.010913, 19.061547465398498],
    exact: { x: [0, -0, infinity, -infinity, nan], y: [0, -0, 1, -1, nan] },
    odd: true,
  },
  {
    name: "sigmoid",
    ulps: { f32: 3, f64: 4 },
    range: { f32: [-110, 40], f64: [-760, 40] },
    thresholds: [-87.33655, -103.97208, 16.635532, -708.3964185322641, -745.1332191019411, 36.7368005696771],
    exact: { x: [0, -0, 1000, -1000, infinity, -infinity, nan], y: [0.5, 0.5, 1, 0, 1, 0, nan] },
  },
  {
    name: "logisticPdf",
    ulps: { f32: 4, f64: 5 },
    range: { f32: [-110, 110], f64: [-760, 760] },
    thresholds: [-87.33655, 103.97208, -708.3964185322641, 745.1332191019411],
    exact: { x: [0, -0, 1000, -1000, infinity, -infinity, nan], y: [0.25, 0.25, 0, 0, 0, 0, nan] },
  },
  {
    name: "erf",
    ulps: { f32: 3, f64: 8 },
    range: { f32: [-4.5, 4.5], f64: [-6.5, 6.5] },
    thresholds: [0.5, 3.8325066, 5.863584748755168],
    exact: { x: [0, -0, infinity, -infinity, nan], y: [0, -0, 1, -1, nan] },
    odd: true,
  },
  {
    name: "normalCdf",
    ulps: { f32: 4, f64: 30 },
    range: { f32: [-14.5, 6], f64: [-39, 9] },
    thresholds: [-12.914266, -14.170233, 5.4199832, -37.51937934713893, -38.47247134285775, 8.292361075813595],
    exact: { x: [0, -0, infinity, -infinity, nan], y: [0.5, 0.5, 1, 0, nan] },
  },
  {
    name: "normalPdf",
    ulps: { f32: 2, f64: 5 },
    range: { f32: [-15, 15], f64: [-40, 40] },
    thresholds: [-13.14604, -14.37226, 37.6167, 38.5688],
    exact: { x: [infinity, -infinity, nan], y: [0, 0, nan] },
  },
];

const precisions = [
  { name: "f32", prefix: "s", Numbers: Float32Array, mantissaBits: 23, smallest: -126, largest: 127 },
  { name: "f64", prefix: "d", Numbers: Float64Array, mantissaBits: 52, smallest: -1022, largest: 1023 },
] as const;
type Precision = (typeof precisions)[number];

const CHUNK = 32768;
const POINTS = 1 << 20;
const AROUND = 2048;
const memory = new WebAssembly.Memory({ initial: 16 });

/** The kernels of a build, undefined where the host has no relaxed SIMD. */
function load(build: string): Record<string, Kernel> | undefined {
  const bytes = new Uint8Array(readFileSync(new URL(`../build/math-${build}.wasm`, import.meta.url)));
  if (!WebAssembly.validate(bytes)) return undefined;
  const abort = () => expect.unreachable("abort");
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory, abort } });
  return instance.exports as Record<string, Kernel>;
}

function evaluate(kernel: Kernel, { Numbers }: Precision, x: Numbers): Numbers {
  const y = new Numbers(x.length);
  const input = new Numbers(memory.buffer, 0, CHUNK);
  const output = new Numbers(memory.buffer, input.byteLength, CHUNK);
  for (let start = 0; start < x.length; start += CHUNK) {
    const part = x.subarray(start, start + CHUNK);
    input.set(part);
    kernel(CHUNK, input.byteOffset, output.byteOffset);
    y.set(output.subarray(0, part.length), start);
  }
  return y;
}

/**
 * Bit patterns at even distances through all there are, even steps through the range, all numbers around a threshold.
 */
function pointsOf({ range, thresholds }: Case, { name, Numbers, mantissaBits, smallest }: Precision): Numbers {
  const half = POINTS / 2;
  const marks = [0, ...thresholds];
  const x = new Numbers(POINTS + 2 * AROUND * marks.length);
  const bits = new Uint32Array(x.buffer);
  const words = Numbers.BYTES_PER_ELEMENT / 4;
  for (let i = 0; i < half; i++) {
    bits[words * i] = Math.imul(i, 2654435761);
    bits[words * (i + 1) - 1] = i * 8191;
  }
  const [low, high] = range[name];
  for (let i = half; i < POINTS; i++) x[i] = low + ((high - low) * (i - half)) / half;
  let next = POINTS;
  for (const mark of marks) {
    const unit = Math.max(Math.abs(mark), 2 ** smallest) * 2 ** -mantissaBits;
    for (let step = -AROUND; step < AROUND; step++) x[next++] = mark + step * unit;
  }
  return x;
}

const scratch = new Float64Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

/**
 * |y − expected| in units of the last place of the expected value, ∞ standing for the first power of two out of range.
 */
function ulpsBetween(y: number, expected: number, { mantissaBits, smallest, largest }: Precision): number {
  if (Object.is(y, expected)) return 0;
  const limit = 2 * 2 ** largest;
  if (Math.abs(expected) >= limit) return Math.abs(y) >= limit && y > 0 === expected > 0 ? 0 : infinity;
  scratch[0] = expected;
  const exponent = (((scratchBits[1] as number) >>> 20) & 2047) - 1023;
  const unit = 2 ** (Math.max(exponent, smallest) - mantissaBits);
  const distance = Math.abs(Math.max(Math.min(y, limit), -limit) - expected) / unit;
  return Number.isNaN(distance) ? infinity : distance;
}

function worstOf(x: Numbers, y: Numbers, expected: Float64Array, precision: Precision) {
  let worst = { ulps: 0, x: 0, y: 0, expected: 0 };
  for (let i = 0; i < x.length; i++) {
    const point = { x: x[i] as number, y: y[i] as number, expected: expected[i] as number };
    const ulps = ulpsBetween(point.y, point.expected, precision);
    if (ulps > worst.ulps) worst = { ulps, ...point };
  }
  return worst;
}

/** The builds that the host validates, with their kernels. */
const builds = (["simd", "relaxed"] as const).flatMap((build) => {
  const kernels = load(build);
  return kernels === undefined ? [] : [{ build, kernels }];
});

describe.each(cases)("$name", (one) => {
  const f = references[one.name];

  test("the reference agrees with mpmath", () => {
    for (const [x, y] of fixtures[one.name]) {
      expect(Math.abs(f(x) - y), `x = ${x}`).toBeLessThanOrEqual(2e-15 * Math.abs(y) + Number.MIN_VALUE);
    }
  });

  describe.each(precisions)("$name", (precision) => {
    const { Numbers, prefix } = precision;
    const bound = one.ulps[precision.name];
    const x = pointsOf(one, precision);
    const expected = new Float64Array(x.length);
    beforeAll(() => {
      for (let i = 0; i < x.length; i++) expected[i] = f(x[i] as number);
    });

    describe.each(builds)("$build", ({ kernels }) => {
      const kernel = kernels[prefix + one.name] as Kernel;

      test(`is within ${bound} ulp`, () => {
        const worst = worstOf(x, evaluate(kernel, precision, x), expected, precision);
        expect(worst.ulps, JSON.stringify(worst)).toBeLessThanOrEqual(bound);
      });

      test("is exact where it ends", () => {
        expect([...evaluate(kernel, precision, new Numbers(one.exact.x))]).toEqual(one.exact.y);
      });

      if (!one.odd) return;
      test("is odd to the bit", () => {
        const y = evaluate(kernel, precision, x);
        const mirrored = evaluate(kernel, precision, x.map(Math.abs));
        const differing = x.findIndex((_, i) => Math.abs(y[i] as number) !== mirrored[i] && !Number.isNaN(mirrored[i]));
        expect(differing, `x = ${x[differing]}`).toBe(-1);
      });
    });
  });
});
