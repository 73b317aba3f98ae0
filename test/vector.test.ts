// Kernels over vectors and rows against their naive twins, at every length around the vector's width.
import { describe, expect, test } from "vitest";
import { Blocks } from "./support/blocks.js";
import { expectWithin } from "./support/close.js";
import { randomNumbers } from "./support/matrices.js";
import { roundingError } from "./support/rounding.js";
import { dot, largestIndex, type Numbers, softmax, softmaxBackward, softmaxCurvature } from "./support/twins.js";
import { VARIANTS } from "./support/variants.js";

const lengths = [1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 16, 17, 31, 65, 257];
/** Those that are multiples of the vector's width in both precisions. */
const wholeLengths = [4, 8, 12, 16, 64, 260];
const widths = [1, 2, 3, 4, 5, 7, 10, 13, 33];
const ROWS = 5;

/** Random numbers in [−size, size), exact in single precision. */
function random(count: number, seed: number, size = 1): Float32Array {
  return Float32Array.from(randomNumbers(count, seed), (value) => size * value);
}

function rowsOf(x: Numbers, columns: number): number[][] {
  const flat = Array.from(x);
  return Array.from({ length: flat.length / columns }, (_, i) => flat.slice(i * columns, (i + 1) * columns));
}

describe.each(VARIANTS)("vector kernels of $build in $dtype", (variant) => {
  const { dtype } = variant;
  const kernels = variant.engine.kernels(dtype);

  /** What a kernel without output returns for x, which it must leave as it is. */
  function reduce(x: Numbers, kernel: (n: number, x: number) => number): number {
    const blocks = new Blocks(variant);
    const result = kernel(x.length, blocks.input(x));
    blocks.close();
    return result;
  }

  /** x after a kernel that works in place. */
  function change(x: Numbers, kernel: (n: number, x: number) => void) {
    const blocks = new Blocks(variant);
    const address = blocks.output(x);
    kernel(x.length, address);
    const result = blocks.read(address);
    blocks.close();
    return result;
  }

  test.each(widths)("transfer of rows of %i", (columns) => {
    const [from, to] = [columns + 3, columns + 2];
    const x = random(ROWS * from, columns);
    const y = random(ROWS * to, 50);
    for (const adds of [false, true]) {
      const blocks = new Blocks(variant);
      const target = blocks.output(y);
      kernels.transfer(ROWS, columns, blocks.input(x), from, target, to, adds);
      const expected = y.map((value, index) => {
        const [i, j] = [Math.floor(index / to), index % to];
        return j < columns ? (x[i * from + j] as number) + (adds ? value : 0) : value;
      });
      const actual = blocks.read(target);
      // one sum of numbers that are exact in single precision
      expect(Array.from(actual, Math.fround)).toEqual(Array.from(expected));
      blocks.close();
    }
  });

  function dotOf(x: Numbers, y: Numbers): number {
    const blocks = new Blocks(variant);
    const result = kernels.dot(x.length, blocks.input(x), blocks.input(y));
    blocks.close();
    return result;
  }

  const normSquared = (x: Numbers) => reduce(x, (n, address) => kernels.dot(n, address, address));

  test.each(wholeLengths)("dot of %i", (n) => {
    const x = random(n, n, 1000);
    const y = random(n, n + 1, 1000);
    const { value, size } = dot(x, y);
    // in double precision whatever the elements have
    expect(Math.abs(dotOf(x, y) - value)).toBeLessThanOrEqual(n * 2 ** -52 * size);
    expect(dotOf(x, x)).toBe(normSquared(x));
  });

  test("dot neither overflows nor underflows in single precision", () => {
    expect(normSquared([2 ** 100, 2 ** 100, 0, 0])).toBe(2 ** 201);
    expect(normSquared([2 ** -100, 0, 0, 0, 2 ** -100, 0, 0, 0])).toBe(2 ** -199);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])("dot shows %f", (bad) => {
    for (let i = 0; i < 12; i++) expect(normSquared(random(12, 1).fill(bad, i, i + 1))).not.toBeLessThan(Infinity);
  });

  test.each(wholeLengths)("axpy of %i", (n) => {
    const x = random(n, n);
    const y = random(n, n + 1);
    const blocks = new Blocks(variant);
    const address = blocks.output(y);
    kernels.axpy(n, -0.75, blocks.input(x), address);
    const result = blocks.read(address);
    blocks.close();
    const terms = Array.from(x, (value, i) => [-0.75 * value, y[i] as number] as const);
    const values = Float64Array.from(terms, ([product, start]) => product + start);
    const sizes = Float64Array.from(terms, ([product, start]) => Math.abs(product) + Math.abs(start));
    expectWithin("axpy", roundingError(result, { values, sizes }, dtype), 2);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])("firstNonFinite finds %f", (bad) => {
    for (const n of lengths) {
      for (let i = 0; i < n; i++) {
        const x = random(n, n, 1e30);
        x[i] = bad;
        if (i + 2 < n) x[i + 2] = -bad;
        expect(reduce(x, kernels.firstNonFinite), `element ${i} of ${n}`).toBe(i);
      }
    }
  });

  test("firstNonFinite finds nothing among finite numbers, the largest included", () => {
    const largest = dtype === "float32" ? 3.4028234663852886e38 : Number.MAX_VALUE;
    for (const n of lengths) {
      expect(reduce(new Float64Array(n).fill(largest), kernels.firstNonFinite)).toBe(n);
      expect(reduce(new Float64Array(n).fill(-largest), kernels.firstNonFinite)).toBe(n);
      expect(reduce(new Float64Array(n).fill(-0), kernels.firstNonFinite)).toBe(n);
    }
  });

  test.each(lengths)("scale of %i", (n) => {
    const x = random(n, n);
    const result = change(x, (count, address) => kernels.scale(count, address, -0.75));
    const values = Float64Array.from(x, (value) => -0.75 * value);
    expectWithin("scale", roundingError(result, { values, sizes: values.map(Math.abs) }, dtype), 1);
  });

  test.each(lengths)("clamp of %i", (n) => {
    const x = random(n, n);
    x[n >> 1] = Number.NEGATIVE_INFINITY;
    const result = change(x, (count, address) => kernels.clamp(count, address, 0.5));
    expect([...result]).toEqual(Array.from(x, (value) => Math.min(Math.max(value, -0.5), 0.5)));
  });

  test.each(lengths)("countZeros of %i", (n) => {
    expect(reduce(random(n, n), kernels.countZeros)).toBe(0);
    expect(reduce(new Float64Array(n), kernels.countZeros)).toBe(n);
    const x = Array.from({ length: n }, (_, i) => [0, -0, 1e-38, Number.NaN, 2][(i * i) % 5] as number);
    expect(reduce(x, kernels.countZeros)).toBe(x.filter((value) => value === 0).length);
  });

  test.each(widths)("countMatches in rows of %i", (columns) => {
    // few different values, so that there are equals
    const y = random(97 * columns, columns, 3).map(Math.round);
    const target = random(97 * columns, columns + 1, 3).map(Math.round);
    const targets = rowsOf(target, columns);
    const expected = rowsOf(y, columns).filter((row, i) => largestIndex(row) === largestIndex(targets[i] as number[]));
    const blocks = new Blocks(variant);
    const matches = kernels.countMatches(97, columns, blocks.input(y), blocks.input(target));
    blocks.close();
    expect(matches).toBe(expected.length);
  });

  test.each(lengths)("countSides of %i", (n) => {
    const y = random(n, n, 2);
    const target = Float32Array.from(
      random(n, n + 1),
      (value) => [0, 0.25, 0.5, 0.75, 1][Math.floor(2.5 * (value + 1))] as number,
    );
    y[0] = 0.25;
    const blocks = new Blocks(variant);
    const matches = kernels.countSides(n, blocks.input(y), blocks.input(target), 0.25);
    blocks.close();
    expect(matches).toBe(y.filter((value, i) => value > 0.25 === (target[i] as number) > 0.5).length);
  });

  /** Softmax of rows, written to an array of its own or over its input. */
  function softmaxOf(z: Numbers, columns: number, inPlace = false) {
    const blocks = new Blocks(variant);
    const rows = z.length / columns;
    const address = inPlace ? blocks.output(z) : blocks.input(z);
    const out = inPlace ? address : blocks.unread(z.length);
    kernels.softmax(rows, columns, address, out);
    const result = blocks.read(out);
    blocks.close();
    return result;
  }

  test.each(widths)("softmax in rows of %i", (columns) => {
    const z = random(ROWS * columns, columns, 8);
    const values = softmax(ROWS, columns, z);
    const result = softmaxOf(z, columns);
    // z − max z is off by |z| ≤ 16 units, an exponential by 4 in each of two places, the sum by its terms
    expectWithin("softmax", roundingError(result, { values, sizes: values }, dtype), 2 * 16 + 8 + columns + 2);
    const sums = rowsOf(result, columns).map((row) => row.reduce((total, share) => total + share, 0));
    const ones = new Float64Array(ROWS).fill(1);
    expectWithin("sum of shares", roundingError(sums, { values: ones, sizes: ones }, dtype), columns + 2);
    expect(softmaxOf(z, columns, true)).toEqual(result);
  });

  test.each(widths)("softmax in rows of %i does not change with a constant added", (columns) => {
    const z = random(ROWS * columns, columns, 8).map((value) => Math.round(value * 8) / 8);
    for (const shift of [-1000, -16, 512, 100000]) {
      expect(
        softmaxOf(
          z.map((value) => value + shift),
          columns,
        ),
      ).toEqual(softmaxOf(z, columns));
    }
  });

  test.each(widths)("softmax in rows of %i with logits of ±1000", (columns) => {
    for (let largest = 0; largest < columns; largest++) {
      const z = new Float32Array(columns).fill(-1000).fill(1000, largest, largest + 1);
      expect([...softmaxOf(z, columns)]).toEqual(Array.from(z, (value) => (value > 0 ? 1 : 0)));
      const even = softmaxOf(new Float32Array(columns).fill(largest % 2 ? 1000 : -1000), columns);
      expectWithin(
        "equal logits",
        roundingError(
          even,
          { values: new Float64Array(columns).fill(1 / columns), sizes: new Float64Array(columns).fill(1 / columns) },
          dtype,
        ),
        2,
      );
    }
  });

  test.each(widths)("softmaxBackward in rows of %i", (columns) => {
    const a = Float32Array.from(softmax(ROWS, columns, random(ROWS * columns, columns, 3)));
    const delta = random(ROWS * columns, columns + 1, 10);
    const blocks = new Blocks(variant);
    const address = blocks.output(delta);
    kernels.softmaxBackward(ROWS, columns, blocks.input(a), address);
    const result = blocks.read(address);
    blocks.close();
    const expected = softmaxBackward(ROWS, columns, a, delta);
    expectWithin("softmaxBackward", roundingError(result, expected, dtype), 2 * (columns + 3));
  });

  test.each(widths)("softmaxCurvature in rows of %i", (columns) => {
    const count = ROWS * columns;
    const a = Float32Array.from(softmax(ROWS, columns, random(count, columns, 3)));
    const [aTangent, error, errorTangent] = [random(count, 1, 2), random(count, 2, 10), random(count, 3, 10)];
    const blocks = new Blocks(variant);
    const address = blocks.output(errorTangent);
    kernels.softmaxCurvature(ROWS, columns, blocks.input(a), blocks.input(aTangent), blocks.input(error), address);
    const result = blocks.read(address);
    blocks.close();
    const expected = softmaxCurvature(ROWS, columns, a, aTangent, error, errorTangent);
    expectWithin("softmaxCurvature", roundingError(result, expected, dtype), 2 * (columns + 4));
  });
});
