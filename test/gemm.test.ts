// C ← α·A·B + β·C: the kernel on any strides against its naive twin, and engine.gemm on matrices.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DisposedError, type FloatArray, type Matrix, ShapeError } from "../src/index.js";
import { Blocks, sameBits } from "./support/blocks.js";
import { engineOf } from "./support/builds.js";
import { expectWithin } from "./support/close.js";
import { randomNumbers } from "./support/matrices.js";
import { roundingError, UNIT_ROUNDOFF } from "./support/rounding.js";
import { element, gemm, type Numbers, rowMajor, type Strided, transposed } from "./support/twins.js";
import { VARIANTS, type Variant } from "./support/variants.js";

/** How a matrix lies in memory. */
interface Layout {
  /** Which neighbours are nearer to each other: those in a row or those in a column. */
  order: "rows" | "columns";
  /** The smaller stride; 1 where neighbours touch. */
  inner: number;
  /** Elements between one row (or column) and the next. */
  gap: number;
  /** Elements before the first. */
  offset: number;
}

interface Product {
  m: number;
  n: number;
  k: number;
  a: Layout;
  b: Layout;
  c: Layout;
  alpha: number;
  beta: number;
  seed: number;
}

const dense: Layout = { order: "rows", inner: 1, gap: 0, offset: 0 };
const turned: Layout = { order: "columns", inner: 1, gap: 0, offset: 0 };
const padded: Layout = { order: "rows", inner: 1, gap: 3, offset: 1 };
const apart: Layout = { order: "columns", inner: 2, gap: 1, offset: 0 };

const order = fc.constantFrom("rows", "columns");
const gap = fc.constantFrom(0, 0, 1, 5);
const offset = fc.integer({ min: 0, max: 3 });
/** Rows or columns whose elements touch. */
const contiguous = fc.record<Layout>({ order, inner: fc.constant(1), gap, offset });
const anywhere = fc.record<Layout>({ order, inner: fc.constantFrom(1, 2, 3), gap, offset });

/** Often so small that only a part of a register tile is used. */
const sizes = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 70 }));
const factors = fc.oneof(
  fc.constantFrom(0, 1, -1),
  fc.integer({ min: -4000, max: 4000 }).map((i) => i / 1000),
);
const productsOf = (a: fc.Arbitrary<Layout>, b: fc.Arbitrary<Layout>, c: fc.Arbitrary<Layout>) => {
  return fc.record<Product>({ m: sizes, n: sizes, k: sizes, a, b, c, alpha: factors, beta: factors, seed: fc.nat() });
};

/** Sizes beyond those of the blocks: 100 rows, 512 columns, 384 of depth. */
const blocked = [
  { m: 5, n: 11, k: 600, a: dense, b: dense, c: dense, alpha: 1, beta: 0 },
  { m: 200, n: 19, k: 257, a: turned, b: dense, c: dense, alpha: 1, beta: 1 },
  { m: 101, n: 33, k: 513, a: dense, b: turned, c: padded, alpha: -0.5, beta: 2 },
  { m: 7, n: 1100, k: 40, a: padded, b: padded, c: dense, alpha: 1, beta: 0 },
  { m: 3, n: 1027, k: 300, a: apart, b: apart, c: apart, alpha: 3, beta: -1 },
  { m: 193, n: 1030, k: 3, a: turned, b: turned, c: turned, alpha: 1, beta: 0.25 },
  { m: 9, n: 1031, k: 261, a: dense, b: turned, c: padded, alpha: 2, beta: 1 },
  { m: 1, n: 517, k: 611, a: dense, b: turned, c: dense, alpha: 1, beta: 0 },
] satisfies Omit<Product, "seed">[];

const NAN = Number.NaN;

/** Where the elements of a rows × columns matrix stand, in an array that ends with the last of them. */
function place({ order, inner, gap, offset }: Layout, rows: number, columns: number) {
  const [rs, cs] = order === "rows" ? [columns * inner + gap, inner] : [inner, rows * inner + gap];
  return { rs, cs, offset, length: offset + (rows - 1) * rs + (columns - 1) * cs + 1 };
}

/** A matrix of random elements, exact in single precision, with `between` in the places that are none of its elements. */
function matrixOf(layout: Layout, rows: number, columns: number, seed: number, between: number) {
  const { rs, cs, offset, length } = place(layout, rows, columns);
  const values = new Float32Array(length).fill(between);
  const random = randomNumbers(rows * columns, seed);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) values[offset + i * rs + j * cs] = random[i * columns + j] as number;
  }
  return { values, offset, rs, cs };
}

/** The elements of a matrix row-major, and what stands between them with zeros in their places. */
function split(matrix: Strided, rows: number, columns: number) {
  const between = Float64Array.from(matrix.values);
  const elements: number[] = [];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      elements.push(element(matrix, i, j));
      between[matrix.offset + i * matrix.rs + j * matrix.cs] = 0;
    }
  }
  return { elements, between };
}

/** The error of a product of depth k, in units: k + 1 for the sum, 3 for α, β and their sum, as much again for the twin. */
function bound(k: number): number {
  return 2 * (k + 4);
}

function check(variant: Variant, { m, n, k, seed, ...product }: Product): void {
  const { engine, dtype } = variant;
  const bytes = dtype === "float32" ? 4 : 8;
  const alpha = Math.fround(product.alpha);
  const beta = Math.fround(product.beta);
  const a = matrixOf(product.a, m, k, seed, NAN);
  const b = matrixOf(product.b, k, n, seed + 1, NAN);
  const c = matrixOf(product.c, m, n, seed + 2, 77);
  const expected = gemm(m, n, k, a, b, c, alpha, beta);
  if (beta === 0) {
    for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) c.values[c.offset + i * c.rs + j * c.cs] = NAN;
  }

  const blocks = new Blocks(variant);
  const addressA = blocks.input(a.values) + a.offset * bytes;
  const addressB = blocks.input(b.values) + b.offset * bytes;
  const storedC = blocks.output(c.values);
  const addressC = storedC + c.offset * bytes;
  const workspace = blocks.workspace(m, n, k);
  const { gemm: kernel } = engine.kernels(dtype);
  // biome-ignore format: operands with their strides, one a line
  kernel(
    m, n, k,
    addressA, a.rs, a.cs,
    addressB, b.rs, b.cs,
    addressC, c.rs, c.cs,
    alpha, beta,
    workspace,
  );
  const result = split({ ...c, values: blocks.read(storedC) }, m, n);
  blocks.close();
  expect(sameBits(result.between, split(c, m, n).between), "whether C's padding is as it was").toBe(true);
  expectWithin(`${m} × ${n} × ${k} in ${dtype}`, roundingError(result.elements, expected, dtype), bound(k));
}

describe.each(VARIANTS)("gemm of $build in $dtype", (variant) => {
  test.each([
    ["contiguous rows or columns", contiguous],
    ["any strides", anywhere],
  ])("small products in %s, any α and β", (_, layout) => {
    fc.assert(
      fc.property(productsOf(layout, layout, layout), (product) => check(variant, product)),
      { seed: 1, numRuns: 250 },
    );
  });

  test.each(blocked)("$m × $n × $k, larger than the blocks", (product) => {
    check(variant, { ...product, seed: product.m });
  });

  test("β = 0 gives the same bits whatever C holds", () => {
    fc.assert(
      fc.property(sizes, sizes, sizes, fc.nat(), (m, n, k, seed) => {
        const [first, second] = [0, NAN].map((filling) => {
          const blocks = new Blocks(variant);
          const a = blocks.input(randomNumbers(m * k, seed));
          const b = blocks.input(randomNumbers(k * n, seed + 1));
          const c = blocks.output(new Float64Array(m * n).fill(filling));
          const workspace = blocks.workspace(m, n, k);
          variant.engine.kernels(variant.dtype).gemm(m, n, k, a, k, 1, b, n, 1, c, n, 1, 1, 0, workspace);
          const result = blocks.read(c);
          blocks.close();
          return result;
        });
        expect(sameBits(first as FloatArray, second as FloatArray)).toBe(true);
      }),
      { seed: 2, numRuns: 50 },
    );
  });

  test("columns have the same bits, however many of them are computed at once", () => {
    const { engine, dtype } = variant;
    const { gemm: kernel } = engine.kernels(dtype);
    const depths = fc.oneof(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 250, max: 300 }));
    const parts = fc.record({
      m: fc.integer({ min: 1, max: 9 }),
      k: depths,
      n: sizes,
      part: sizes,
      a: order,
      b: order,
    });
    fc.assert(
      fc.property(parts, ({ m, k, n, part, a: orderA, b: orderB }) => {
        const a = matrixOf({ ...dense, order: orderA }, m, k, 1, NAN);
        const b = matrixOf({ ...dense, order: orderB }, k, n, 2, NAN);
        const blocks = new Blocks(variant);
        const addressA = blocks.input(a.values);
        const addressB = blocks.input(b.values);
        const [whole, first] = [n, Math.min(n, part)].map((columns) => {
          const c = blocks.output(new Float64Array(m * n));
          const workspace = blocks.workspace(m, columns, k);
          kernel(m, columns, k, addressA, a.rs, a.cs, addressB, b.rs, b.cs, c, n, 1, 1, 0, workspace);
          return blocks.read(c).map((value, i) => (i % n < part ? value : 0));
        });
        blocks.close();
        expect(sameBits(first as FloatArray, whole as FloatArray)).toBe(true);
      }),
      { seed: 6, numRuns: 200 },
    );
  });

  test.each(["a", "b", "c"] as const)("%s may be the last in memory: nothing far behind it is read", async (last) => {
    const { build, dtype } = variant;
    const engine = await engineOf(build, { maximumMemory: 65536 });
    const { arena } = engine;
    const { gemm: kernel, workspaceBytes } = engine.kernels(dtype);
    const bytes = dtype === "float32" ? 4 : 8;
    const k = 40;
    const lasts = fc.record({
      m: fc.integer({ min: 1, max: 9 }),
      n: fc.integer({ min: 1, max: 17 }),
      a: order,
      b: order,
    });
    fc.assert(
      fc.property(lasts, ({ m, n, a: orderA, b: orderB }) => {
        const a = matrixOf({ ...dense, order: orderA }, m, k, 1, NAN);
        const b = matrixOf({ ...dense, order: orderB }, k, n, 2, NAN);
        const c = rowMajor(new Float32Array(m * n), n);
        const blocks = [arena.allocate(workspaceBytes(m, n, k))];
        const put = (values: Numbers): number => {
          const address = arena.allocate(values.length * bytes);
          blocks.push(address);
          // at the end of the block
          const end = address + Math.ceil((values.length * bytes) / 64) * 64;
          arena.view(dtype, end - values.length * bytes, values.length).set(values);
          return end - values.length * bytes;
        };
        const addresses = { a: 0, b: 0, c: 0 };
        for (const name of (["a", "b", "c"] as const).filter((one) => one !== last)) {
          addresses[name] = put({ a, b, c }[name].values);
        }
        const { values } = { a, b, c }[last];
        const filler = 65536 - 128 - arena.used - Math.ceil((values.length * bytes) / 64) * 64;
        blocks.push(arena.allocate(filler));
        addresses[last] = put(values);
        expect(arena.used).toBe(65536 - 128);
        const workspace = blocks[0] as number;
        kernel(m, n, k, addresses.a, a.rs, a.cs, addresses.b, b.rs, b.cs, addresses.c, n, 1, 1, 0, workspace);
        const result = arena.view(dtype, addresses.c, m * n).slice();
        for (const block of blocks) arena.free(block);
        expectWithin(`${m} × ${n}`, roundingError(result, gemm(m, n, k, a, b, c, 1, 0), dtype), bound(k));
      }),
      { seed: 5, numRuns: 100 },
    );
  });

  test("a large product: C·v = A·(B·v)", () => {
    const { engine, dtype } = variant;
    const [m, n, k] = [203, 1105, 523];
    const a = engine.matrix(m, k, { dtype, values: randomNumbers(m * k, 1) });
    const b = engine.matrix(k, n, { dtype, values: randomNumbers(k * n, 2) });
    const c = engine.matrix(m, n, { dtype });
    engine.gemm({ a, b, c });
    const v = randomNumbers(n, 3);
    const absolute = (x: Numbers) => Float64Array.from(x, Math.abs);
    const times = (rows: number, columns: number, x: Numbers, y: Numbers) => {
      return gemm(rows, 1, columns, rowMajor(x, columns), rowMajor(y, 1), rowMajor([], 1), 1, 0).values;
    };
    const values = times(m, k, a.values, times(k, n, b.values, v));
    const terms = times(m, k, absolute(a.values), times(k, n, absolute(b.values), absolute(v)));
    const actual = times(m, n, c.values, v);
    expectWithin(`residual in ${dtype}`, roundingError(actual, { values, sizes: terms }, dtype), bound(k + n));
    for (const matrix of [a, b, c]) matrix.free();
  });

  test("engine.gemm with every transpose", () => {
    const { engine, dtype } = variant;
    const [m, n, k] = [9, 14, 23];
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        const [rowsA, colsA] = transposeA ? [k, m] : [m, k];
        const [rowsB, colsB] = transposeB ? [n, k] : [k, n];
        const a = engine.matrix(rowsA, colsA, { dtype, values: randomNumbers(m * k, 4) });
        const b = engine.matrix(rowsB, colsB, { dtype, values: randomNumbers(k * n, 5) });
        const c = engine.matrix(m, n, { dtype, values: randomNumbers(m * n, 6) });
        const viewA = rowMajor(a.values.slice(), colsA);
        const viewB = rowMajor(b.values.slice(), colsB);
        const viewC = rowMajor(c.values.slice(), n);
        const opA = transposeA ? transposed(viewA) : viewA;
        const opB = transposeB ? transposed(viewB) : viewB;

        engine.gemm({ a, b, c, alpha: 0.5, beta: -2, transposeA, transposeB });
        const scaled = gemm(m, n, k, opA, opB, viewC, 0.5, -2);
        expectWithin(`${transposeA}, ${transposeB}`, roundingError(c.values, scaled, dtype), bound(k));

        c.values.fill(NAN);
        engine.gemm({ a, b, c, transposeA, transposeB });
        const plain = gemm(m, n, k, opA, opB, viewC, 1, 0);
        expectWithin(`${transposeA}, ${transposeB}`, roundingError(c.values, plain, dtype), bound(k));

        expect(a.values).toEqual(viewA.values);
        expect(b.values).toEqual(viewB.values);
        for (const matrix of [a, b, c]) matrix.free();
      }
    }
  });
});

type ErrorType = abstract new (...parameters: never[]) => Error;

describe("engine.gemm", async () => {
  const engine = await engineOf("simd");
  const a = engine.matrix(2, 3, { values: [1, 2, 3, 4, 5, 6] });
  const b = engine.matrix(3, 4);
  const c = engine.matrix(2, 4, { values: [1, 2, 3, 4, 5, 6, 7, 8] });
  const freed = engine.matrix(2, 3);
  freed.free();
  const stranger = (await engineOf("simd")).matrix(2, 3);
  const square = engine.matrix(3, 3);

  test.each<[string, object, ErrorType, RegExp]>([
    ["inner sizes", { a, b: a, c }, ShapeError, /2 × 3.*2 × 3/],
    ["inner sizes by a transpose", { a, b, c, transposeA: true }, ShapeError, /3 × 2.*3 × 4/],
    ["rows of c", { a, b, c: b }, ShapeError, /"c" expected 2 × 4, got 3 × 4/],
    ["columns of c", { a, b, c: a }, ShapeError, /"c" expected 2 × 4, got 2 × 3/],
    ["mixed precision", { a, b, c: engine.matrix(2, 4, { dtype: "float64" }) }, ShapeError, /float32.*float64/],
    [
      "c = a",
      { a: square, b: engine.matrix(3, 3), c: square },
      RangeError,
      /^"c" expected .* neither a nor b, got "a"/,
    ],
    [
      "c = b",
      { a: engine.matrix(3, 3), b: square, c: square },
      RangeError,
      /^"c" expected .* neither a nor b, got "b"/,
    ],
    ["a freed matrix", { a: freed, b, c }, DisposedError, /this matrix was disposed/],
    ["a matrix of another engine", { a: stranger, b, c }, RangeError, /^"a" expected a matrix of this engine/],
    ["no matrix", { a, b, c: [0] }, TypeError, /^"c" expected a Matrix, got Array of length 1/],
    ["a name instead of α", { a, b, c, alpha: "1" }, TypeError, /^"alpha" expected a finite number, got "1"/],
    ["β = NaN", { a, b, c, beta: NAN }, RangeError, /^"beta" expected a finite number, got NaN/],
    ["a number for a flag", { a, b, c, transposeB: 1 }, TypeError, /^"transposeB" expected true or false, got 1/],
    ["an unknown option", { a, b, c, transA: true }, TypeError, /transposeA.*got "transA"/],
  ])("refuses %s and leaves c", (_, options, type, message) => {
    const before = c.values.slice();
    const call = () => engine.gemm(options as { a: Matrix; b: Matrix; c: Matrix });
    expect(call).toThrow(type);
    expect(call).toThrow(message);
    expect(c.values).toEqual(before);
  });

  test("A may be B", () => {
    const result = engine.matrix(2, 2);
    engine.gemm({ a, b: a, c: result, transposeB: true });
    expect([...result.values]).toEqual([14, 32, 32, 77]);
  });
});

test("the unit of errors is that of the precision", () => {
  expect(Math.fround(1 + UNIT_ROUNDOFF.float32)).toBe(1);
  expect(Math.fround(1 + 1.01 * UNIT_ROUNDOFF.float32)).toBeGreaterThan(1);
  expect(1 + UNIT_ROUNDOFF.float64).toBe(1);
});
