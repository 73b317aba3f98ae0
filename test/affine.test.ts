// The products of a fully connected layer with what is fused to them, against their naive twins.
import { describe, expect, test } from "vitest";
import { Activation } from "../assembly/codes.js";
import { Blocks } from "./support/blocks.js";
import { expectWithin } from "./support/close.js";
import { BETWEEN, gather, randomNumbers, spread, unreadRows } from "./support/matrices.js";
import { roundingError } from "./support/rounding.js";
import {
  type ActivationTwin,
  activations,
  columnSums,
  type ElementwiseName,
  type Expected,
  gemm,
  type Numbers,
  rowMajor,
  transposed,
} from "./support/twins.js";
import { VARIANTS, type Variant } from "./support/variants.js";

interface Shape {
  batch: number;
  inputs: number;
  outputs: number;
}

const odd = [1, 3, 5, 10, 13, 65];
const shapes: Shape[] = odd.flatMap((batch) => {
  return odd.flatMap((inputs) => odd.map((outputs) => ({ batch, inputs, outputs })));
});

/** One turn more of each of the loops: over columns, over depth, over rows. */
const blocked: Shape[] = [
  { batch: 5, inputs: 3, outputs: 1029 },
  { batch: 3, inputs: 517, outputs: 13 },
  { batch: 101, inputs: 259, outputs: 10 },
];

const names = Object.keys(activations) as ElementwiseName[];
const SLOPE = 0.25;

/** Errors of f and f′ themselves, in units: their stated bounds of 4 ulp are 8 units, and some formulas add a few products. */
const ACTIVATION_UNITS = 16;

/** The largest |f′| and |f″| of all activations: by so much an error of z grows. */
const STEEPEST = 1.76;

/** Random numbers, exact in single precision. */
function random(count: number, seed: number): Float32Array {
  return Float32Array.from(randomNumbers(count, seed));
}

/** x[batch × inputs] · Wᵀ + b, the terms' sizes with it. */
function preactivation({ batch, inputs, outputs }: Shape, x: Numbers, weight: Numbers, bias: Numbers | null): Expected {
  const b = { values: bias ?? [], offset: 0, rs: 0, cs: 1 };
  return gemm(batch, outputs, inputs, rowMajor(x, inputs), transposed(rowMajor(weight, inputs)), b, 1, bias ? 1 : 0);
}

/** f of each element; its error is that of z, grown by f′, and that of f. */
function activated(z: Expected, { f }: ActivationTwin): Expected {
  const values = z.values.map((value) => f(value, SLOPE));
  return { values, sizes: z.sizes.map((size, i) => STEEPEST * size + Math.abs(values[i] as number)) };
}

function checkAffine(variant: Variant, shape: Shape, name: ElementwiseName, hasBias: boolean, gap: number): void {
  const { batch, inputs, outputs } = shape;
  const { engine, dtype } = variant;
  const x = random(batch * inputs, 1);
  const weight = random(outputs * inputs, 2);
  const bias = hasBias ? random(outputs, 3) : null;
  const z = preactivation(shape, x, weight, bias);
  const rsx = inputs + gap;
  const rsz = outputs + gap;

  const blocks = new Blocks(variant);
  const addressX = blocks.input(spread(x, batch, inputs, rsx));
  const addressW = blocks.input(weight);
  const addressB = bias === null ? 0 : blocks.input(bias);
  const addressZ = blocks.output(unreadRows(batch, outputs, rsz));
  const addressA = name === "identity" ? addressZ : blocks.output(unreadRows(batch, outputs, rsz));
  const workspace = blocks.workspace(batch, outputs, inputs);
  const code = Activation[name];
  // biome-ignore format: operands with their strides, one a line
  engine.kernels(dtype).affine(
    batch, outputs, inputs,
    addressX, rsx,
    addressW, addressB,
    addressZ, addressA, rsz,
    code, SLOPE,
    workspace,
  );
  const resultZ = gather(blocks.read(addressZ), batch, outputs, rsz);
  const resultA = gather(blocks.read(addressA), batch, outputs, rsz);
  blocks.close();
  const title = `${name}, ${batch} × ${inputs} → ${outputs} in ${dtype}`;
  expectWithin(`z of ${title}`, roundingError(resultZ, z, dtype), 2 * (inputs + 3));
  const a = activated(z, activations[name]);
  expectWithin(`a of ${title}`, roundingError(resultA, a, dtype), 2 * (inputs + 3) + ACTIVATION_UNITS);
}

/** @param beta whether δ of the layer below holds a part already */
function checkDelta(variant: Variant, shape: Shape, name: ElementwiseName, gap: number, beta: 0 | 1): void {
  const { engine, dtype } = variant;
  const { batch, inputs, outputs } = shape;
  const { f, derivative }: ActivationTwin = activations[name];
  const delta = random(batch * outputs, 4);
  const weight = random(outputs * inputs, 5);
  const z = random(batch * inputs, 6).map((value) => 4 * value);
  const a = Float64Array.from(z, (value) => f(value, SLOPE));
  const part = random(batch * inputs, 9);
  const before = rowMajor(part, inputs);
  const through = gemm(batch, inputs, outputs, rowMajor(delta, outputs), rowMajor(weight, inputs), before, 1, beta);
  const slopes = Float64Array.from(z, (value) => derivative(value, SLOPE));
  const expected: Expected = {
    values: through.values.map((value, i) => value * (slopes[i] as number)),
    // |f′| of gelu and silu is a difference of terms up to 1, and that of tanh comes from a rounded a
    sizes: through.sizes.map((size, i) => size * (slopes[i] === 0 ? 0 : Math.max(1, Math.abs(slopes[i] as number)))),
  };
  const rsw = inputs + 2 * gap;
  const rsz = inputs + gap;

  const blocks = new Blocks(variant);
  const addressDelta = blocks.input(delta);
  const addressW = blocks.input(spread(weight, outputs, inputs, rsw));
  const addressZ = blocks.input(spread(z, batch, inputs, rsz));
  const addressA = blocks.input(spread(a, batch, inputs, rsz));
  const below = blocks.output(beta === 0 ? unreadRows(batch, inputs, rsz) : spread(part, batch, inputs, rsz, BETWEEN));
  const workspace = blocks.workspace(batch, inputs, outputs);
  // biome-ignore format: operands with their strides, one a line
  engine.kernels(dtype).delta(
    batch, inputs, outputs,
    addressDelta,
    addressW, rsw,
    addressZ, addressA, below, rsz,
    Activation[name], SLOPE, beta,
    workspace,
  );
  const result = gather(blocks.read(below), batch, inputs, rsz);
  blocks.close();
  const title = `δ through ${name}, β = ${beta}, ${batch} × ${inputs} ← ${outputs} in ${dtype}`;
  expectWithin(title, roundingError(result, expected, dtype), 2 * (outputs + 2) + ACTIVATION_UNITS);
}

function checkGradient(variant: Variant, { batch, inputs, outputs }: Shape, hasBias: boolean, gap: number): void {
  const { engine, dtype } = variant;
  const delta = random(batch * outputs, 7);
  const x = random(batch * inputs, 8);
  const deltaT = transposed(rowMajor(delta, outputs));
  const expected = gemm(outputs, inputs, batch, deltaT, rowMajor(x, inputs), rowMajor([], 1), 1, 0);
  const rsx = inputs + gap;
  const rsw = inputs + 2 * gap;

  const blocks = new Blocks(variant);
  const addressDelta = blocks.input(delta);
  const addressX = blocks.input(spread(x, batch, inputs, rsx));
  const weightGradient = blocks.output(unreadRows(outputs, inputs, rsw));
  const biasGradient = hasBias ? blocks.unread(outputs) : 0;
  const workspace = blocks.workspace(outputs, inputs, batch);
  // biome-ignore format: operands with their strides, one a line
  engine.kernels(dtype).gradient(
    batch, outputs, inputs,
    addressDelta,
    addressX, rsx,
    weightGradient, rsw,
    biasGradient,
    workspace,
  );
  const weightResult = gather(blocks.read(weightGradient), outputs, inputs, rsw);
  const biasResult = hasBias ? blocks.read(biasGradient) : undefined;
  blocks.close();
  const title = `${outputs} × ${inputs} over ${batch} rows in ${dtype}`;
  expectWithin(`weight gradient ${title}`, roundingError(weightResult, expected, dtype), 2 * (batch + 1));
  if (biasResult === undefined) return;
  const sums = columnSums(batch, outputs, delta);
  expectWithin(`bias gradient ${title}`, roundingError(biasResult, sums, dtype), 2 * batch);
}

describe.each(VARIANTS)("a dense layer's products by $build in $dtype", (variant) => {
  test("Z = X·Wᵀ + b, A = f(Z) of odd sizes", () => {
    for (const [index, shape] of shapes.entries()) {
      checkAffine(variant, shape, names[index % names.length] as ElementwiseName, index % 3 > 0, index % 4);
    }
  });

  test("δˡ = f′(zˡ) ⊙ (δˡ⁺¹·W) of odd sizes", () => {
    for (const [index, shape] of shapes.entries()) {
      const name = names[index % names.length] as ElementwiseName;
      for (const beta of [0, 1] as const) checkDelta(variant, shape, name, index % 4, beta);
    }
  });

  test("∂C/∂W = δᵀ·X, ∂C/∂b = Σ δ of odd sizes", () => {
    for (const [index, shape] of shapes.entries()) checkGradient(variant, shape, index % 3 > 0, index % 4);
  });

  test.each(names)("every product larger than the blocks, with %s", (name) => {
    for (const { batch, inputs, outputs } of blocked) {
      checkAffine(variant, { batch, inputs, outputs }, name, true, 0);
      for (const beta of [0, 1] as const)
        checkDelta(variant, { batch, inputs: outputs, outputs: inputs }, name, 0, beta);
      checkGradient(variant, { batch, inputs, outputs }, true, 0);
    }
  });

  test("a bias only: rows of zeros give f(b) exactly as a row of b gives it", () => {
    const { engine, dtype } = variant;
    const outputs = 13;
    const blocks = new Blocks(variant);
    const x = blocks.input(new Float64Array(2));
    const weight = blocks.input(random(outputs, 1));
    const bias = blocks.input(random(outputs, 2));
    const z = blocks.unread(2 * outputs);
    const workspace = blocks.workspace(2, outputs, 1);
    const kernel = engine.kernels(dtype).affine;
    kernel(2, outputs, 1, x, 1, weight, bias, z, z, outputs, Activation.identity, 0, workspace);
    const rows = blocks.read(z);
    const expected = blocks.read(bias);
    blocks.close();
    expect(rows.slice(0, outputs)).toEqual(expected);
    expect(rows.slice(outputs)).toEqual(expected);
  });
});
