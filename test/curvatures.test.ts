// Second derivatives of activations and losses against closed forms and against differences of the first derivatives.
import { describe, expect, test } from "vitest";
import { Activation, ElementwiseLoss } from "../assembly/codes.js";
import { Blocks } from "./support/blocks.js";
import { expectWithin, toleranceError } from "./support/close.js";
import { BETWEEN, gather, randomNumbers, spread } from "./support/matrices.js";
import { roundingError } from "./support/rounding.js";
import {
  activations,
  type ElementwiseName,
  type Expected,
  type Numbers,
  softmax,
  softmaxBackward,
  softmaxCurvature,
} from "./support/twins.js";
import { FLOAT64_VARIANTS, VARIANTS, type Variant } from "./support/variants.js";

const names = Object.keys(activations) as ElementwiseName[];
const SLOPE = 0.25;
const widths = [1, 2, 3, 4, 5, 7, 10, 13, 33];
const ROWS = 3;

/** Random numbers in [−size, size), exact in single precision. */
function random(count: number, seed: number, size = 1): Float32Array {
  return Float32Array.from(randomNumbers(count, seed), (value) => size * value);
}

/** Numbers at even distances, both ends included, exact in single precision. */
function evenly(low: number, high: number, count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1));
}

interface Operands {
  z: Numbers;
  zTangent: Numbers;
  error: Numbers;
  errorTangent: Numbers;
}

/** f′(z) ⊙ ė + f″(z) ⊙ ż ⊙ e, rows `columns + gap` elements apart. */
function bend(variant: Variant, name: ElementwiseName, operands: Operands, columns: number, gap: number) {
  const { applyActivation, applyCurvature } = variant.engine.kernels(variant.dtype);
  const rows = operands.z.length / columns;
  const stride = columns + gap;
  const apart = (x: Numbers) => spread(x, rows, columns, stride);
  const blocks = new Blocks(variant);
  const z = blocks.input(apart(operands.z));
  const a = blocks.output(apart(operands.z));
  applyActivation(Activation[name], SLOPE, rows, columns, stride, z, 0, a);
  const zTangent = blocks.input(apart(operands.zTangent));
  const error = blocks.input(apart(operands.error));
  const delta = blocks.output(spread(operands.errorTangent, rows, columns, stride, BETWEEN));
  applyCurvature(Activation[name], SLOPE, rows, columns, stride, z, a, zTangent, error, delta);
  const result = gather(blocks.read(delta), rows, columns, stride);
  blocks.close();
  return result;
}

/** f″(z) alone. */
function curvature(variant: Variant, name: ElementwiseName, z: Numbers): number[] {
  const ones = new Float64Array(z.length).fill(1);
  const errorTangent = new Float64Array(z.length);
  return bend(variant, name, { z, zTangent: ones, error: ones, errorTangent }, z.length, 0);
}

/** f′(z) alone. */
function derivative(variant: Variant, name: ElementwiseName, z: Numbers): Float64Array {
  const { applyActivation, applyDerivative } = variant.engine.kernels(variant.dtype);
  const n = z.length;
  const blocks = new Blocks(variant);
  const input = blocks.input(z);
  const a = blocks.unread(n);
  const delta = blocks.output(new Float64Array(n).fill(1));
  applyActivation(Activation[name], SLOPE, 1, n, n, input, 0, a);
  applyDerivative(Activation[name], SLOPE, 1, n, n, input, a, delta);
  const result = Float64Array.from(blocks.read(delta));
  blocks.close();
  return result;
}

/** The last place of 1 where f″ crosses zero. */
const NEAR = { float32: { relative: 1e-6, absolute: 2.5e-7 }, float64: { relative: 1e-14, absolute: 1e-15 } };

/** Where f″ decays: single precision has digits of it down to the smallest normal number. geluTanh as in activations.test.ts. */
const TAIL = { float32: { relative: 2e-5, absolute: 1e-37 }, float64: { relative: 5e-13, absolute: 1e-300 } };

describe.each(VARIANTS)("activations by $build in $dtype", (variant) => {
  const { dtype } = variant;

  describe.each(names)("%s", (name) => {
    const twin = activations[name];
    const expected = (z: Numbers) => Array.from(z, (value) => twin.curvature(value, SLOPE));

    test("f″ is its closed form", () => {
      const z = evenly(-8, 8, 4001);
      expectWithin(`${name}″`, toleranceError(curvature(variant, name, z), expected(z), NEAR[dtype]), 1);
    });

    test("f″ keeps its digits in the tails", () => {
      for (const side of [-1, 1]) {
        const z = evenly(4, 80, 2001).map((size) => side * size);
        expectWithin(`${name}″`, toleranceError(curvature(variant, name, z), expected(z), TAIL[dtype]), 1);
      }
    });

    test("f″ is finite, and 0 where f is straight", () => {
      for (const size of [1000, 1e6, 1e9]) {
        const result = curvature(variant, name, [-size, 0, size]);
        expect(result.map(Math.abs)).toEqual([0, expect.any(Number), 0]);
        expect(result.every(Number.isFinite)).toBe(true);
      }
    });

    test("f′ ⊙ ė + f″ ⊙ ż ⊙ e in rows of every width, apart or not", () => {
      for (const [index, columns] of widths.entries()) {
        const count = ROWS * columns;
        const operands = {
          z: random(count, 1, 4),
          zTangent: random(count, 2),
          error: random(count, 3),
          errorTangent: random(count, 4),
        };
        const terms = Array.from({ length: count }, (_, i) => {
          const [z, zTangent] = [operands.z[i] as number, operands.zTangent[i] as number];
          const [error, errorTangent] = [operands.error[i] as number, operands.errorTangent[i] as number];
          return [
            { factor: twin.derivative(z, SLOPE), of: errorTangent },
            { factor: twin.curvature(z, SLOPE), of: zTangent * error },
          ];
        });
        const values = terms.map((parts) => parts.reduce((sum, { factor, of }) => sum + factor * of, 0));
        const sizes = terms.map((parts) => {
          return parts.reduce((sum, { factor, of }) => sum + Math.max(1, Math.abs(factor)) * Math.abs(of), 0);
        });
        const wanted = { values: Float64Array.from(values), sizes: Float64Array.from(sizes) };
        const result = bend(variant, name, operands, columns, index % 3);
        expectWithin(`${name}, rows of ${columns}`, roundingError(result, wanted, dtype), 8);
      }
    });
  });
});

/** (g(x + hv) − g(x − hv)) / 2h */
function difference(g: (x: Float64Array) => Numbers, x: Numbers, v: Numbers, h: number): Float64Array {
  const shifted = (by: number) => Float64Array.from(x, (value, i) => value + by * (v[i] as number));
  const [above, below] = [g(shifted(h)), g(shifted(-h))];
  return Float64Array.from(x, (_, i) => ((above[i] as number) - (below[i] as number)) / (2 * h));
}

describe.each(FLOAT64_VARIANTS)("differences by $build", (variant) => {
  test.each(names)("f″ of %s is that of f′", (name) => {
    // No point is within h of 0, where f′ of some jumps.
    const z = evenly(-7.01, 7, 500);
    const ones = new Float64Array(z.length).fill(1);
    const expected = difference((x) => derivative(variant, name, x), z, ones, 1e-4);
    expectWithin(`${name}″`, toleranceError(curvature(variant, name, z), expected, { relative: 0, absolute: 2e-7 }), 1);
  });
});

test("the twin of softmaxCurvature is the difference of that of softmaxBackward", () => {
  const columns = 7;
  const count = ROWS * columns;
  const a = softmax(ROWS, columns, random(count, 1, 3));
  const [aTangent, error, errorTangent] = [random(count, 2), random(count, 3), random(count, 4)];
  const both = [...a, ...error];
  const expected = difference(
    (x) => [...softmaxBackward(ROWS, columns, x.slice(0, count), x.slice(count)).values, ...new Float64Array(count)],
    both,
    [...aTangent, ...errorTangent],
    1e-4,
  ).slice(0, count);
  const { values } = softmaxCurvature(ROWS, columns, a, aTangent, error, errorTangent);
  expectWithin("softmaxCurvature", toleranceError(values, expected, { relative: 0, absolute: 1e-7 }), 1);
});

type LossCode = keyof typeof lossCurvatures;

const THRESHOLD = 0.5;
const SCALE = 0.375;

/** ∂²C/∂y² of every elementwise loss at an output y and a target t. */
const lossCurvatures = {
  squared: () => 2,
  absolute: () => 0,
  huber: (y: number, t: number) => (Math.abs(y - t) <= THRESHOLD ? 1 : 0),
  logistic: (y: number) => 1 / (2 + Math.exp(y) + Math.exp(-y)),
  logisticOfProbability: (y: number, t: number) => t / y ** 2 + (1 - t) / (1 - y) ** 2,
};

const lossNames = Object.keys(lossCurvatures) as LossCode[];

/** Outputs and targets as the loss wants them. */
function lossData(loss: LossCode, n: number): { y: Float32Array; target: Float32Array } {
  const share = (value: number) => 0.5 + 0.45 * value;
  const y = random(n, 1, 3);
  const target = random(n, 2, 3);
  if (loss === "logistic") return { y, target: random(n, 2).map(share) };
  if (loss === "logisticOfProbability") return { y: random(n, 1).map(share), target: random(n, 2).map(share) };
  return { y, target };
}

/** Scale · C″ ⊙ tangent. */
function bendLoss(variant: Variant, loss: LossCode, y: Numbers, target: Numbers, tangent: Numbers): number[] {
  const blocks = new Blocks(variant);
  const address = blocks.output(tangent);
  const kernel = variant.engine.kernels(variant.dtype).elementwiseLossCurvature;
  kernel(ElementwiseLoss[loss], y.length, blocks.input(y), blocks.input(target), SCALE, THRESHOLD, address);
  const result = [...blocks.read(address)];
  blocks.close();
  return result;
}

/** What the kernel of the loss gives for δ. */
function deltaOf(variant: Variant, loss: LossCode, y: Numbers, target: Numbers): Numbers {
  const blocks = new Blocks(variant);
  const delta = blocks.unread(y.length);
  const kernel = variant.engine.kernels(variant.dtype).elementwiseLoss;
  kernel(ElementwiseLoss[loss], y.length, blocks.input(y), blocks.input(target), SCALE, THRESHOLD, delta);
  const result = blocks.read(delta);
  blocks.close();
  return result;
}

describe.each(VARIANTS)("losses by $build in $dtype", (variant) => {
  const { dtype } = variant;

  test.each(lossNames)("C″ of %s is its closed form, at every length", (loss) => {
    for (const n of [1, 2, 3, 4, 5, 7, 8, 9, 65]) {
      const { y, target } = lossData(loss, n);
      const tangent = random(n, 3);
      const values = Float64Array.from(y, (output, i) => {
        return SCALE * lossCurvatures[loss](output, target[i] as number) * (tangent[i] as number);
      });
      const result = bendLoss(variant, loss, y, target, tangent);
      expectWithin(`${loss}″`, roundingError(result, { values, sizes: values.map(Math.abs) }, dtype), 10);
    }
  });

  test("the threshold of the Huber loss is on the curved side", () => {
    const result = bendLoss(variant, "huber", [1, 0, 1.125, -0.125, 0.5], [0.5, 0.5, 0.5, 0.5, 0.5], [8, 8, 8, 8, 8]);
    expect(result).toEqual([3, 3, 0, 0, 3]);
  });

  test("logits far out have no curvature, and none that is not finite", () => {
    expect(bendLoss(variant, "logistic", [-1000, 0, 1000], [0, 1, 1], [1, 1, 1])).toEqual([0, SCALE / 4, 0]);
  });

  test("a probability of 0 or 1 has the slope of the derivative there", () => {
    const result = bendLoss(variant, "logisticOfProbability", [0, 0, 1, 1], [0, 1, 0, 1], [1, 1, 1, 1]);
    const expected = new Float64Array(4).fill(SCALE * 1e12);
    expectWithin("at the ends", roundingError(result, { values: expected, sizes: expected }, dtype), 4);
  });
});

describe.each(FLOAT64_VARIANTS)("differences of δ by $build", (variant) => {
  test.each(lossNames)("C″ of %s", (loss) => {
    const { y, target } = lossData(loss, 65);
    const tangent = random(65, 3);
    const expected = difference((x) => deltaOf(variant, loss, x, target), y, tangent, 1e-5);
    const tolerance = { relative: 1e-6, absolute: 1e-8 };
    expectWithin(loss, toleranceError(bendLoss(variant, loss, y, target, tangent), expected, tolerance), 1);
  });

  test("C″ of logisticOfProbability within 1e-12 of 0", () => {
    // Nearer to 0 than 1e-12 the derivative is y/1e-12 for t = 0; its difference drowns in −1/1e-12 for t = 1.
    const [y, target, tangent] = [
      [5e-13, 2e-12],
      [0, 1],
      [-1, 1],
    ] as const;
    const expected = difference((x) => deltaOf(variant, "logisticOfProbability", x, target), y, tangent, 1e-17);
    const result = bendLoss(variant, "logisticOfProbability", y, target, tangent);
    expectWithin("near 0", toleranceError(result, expected, { relative: 1e-4, absolute: 0 }), 1);
  });
});

interface Classes {
  columns: number;
  y: Numbers;
  /** Shares that need not sum to 1. */
  target: Numbers;
  smoothing: number;
}

/** Scale · Σt · p ⊙ (tangent − Σ p·tangent) for each row, t smoothed. */
function crossEntropyTwin({ columns, y, target, smoothing }: Classes, tangent: Numbers): Expected {
  const p = softmax(ROWS, columns, y);
  const { values, sizes } = softmaxBackward(ROWS, columns, p, tangent);
  const factor = (_: number, index: number) => {
    const row = Array.from(target).slice(index - (index % columns), index - (index % columns) + columns);
    return SCALE * row.reduce((sum, t) => sum + (1 - smoothing) * t + smoothing / columns, 0);
  };
  const scaled = (x: Float64Array) => x.map((value, index) => value * factor(value, index));
  return { values: scaled(values), sizes: scaled(sizes) };
}

function bendCrossEntropy(variant: Variant, { columns, y, target, smoothing }: Classes, tangent: Numbers) {
  const blocks = new Blocks(variant);
  const address = blocks.output(tangent);
  const kernel = variant.engine.kernels(variant.dtype).softmaxCrossEntropyCurvature;
  kernel(y.length / columns, columns, blocks.input(y), blocks.input(target), SCALE, smoothing, address);
  const result = blocks.read(address);
  blocks.close();
  return result;
}

function crossEntropyDelta(variant: Variant, { columns, y, target, smoothing }: Classes): Numbers {
  const blocks = new Blocks(variant);
  const delta = blocks.unread(y.length);
  const kernel = variant.engine.kernels(variant.dtype).softmaxCrossEntropy;
  kernel(y.length / columns, columns, blocks.input(y), blocks.input(target), SCALE, smoothing, delta);
  const result = blocks.read(delta);
  blocks.close();
  return result;
}

function classes(columns: number, smoothing: number): Classes {
  const target = random(ROWS * columns, 2).map((value) => value + 1);
  return { columns, y: random(ROWS * columns, 1, 4), target, smoothing };
}

describe.each(VARIANTS)("softmax cross-entropy by $build in $dtype", (variant) => {
  const { dtype } = variant;

  test.each(widths)("its Hessian times a vector in rows of %i", (columns) => {
    for (const smoothing of [0, 0.125]) {
      const one = classes(columns, smoothing);
      const tangent = random(ROWS * columns, 3);
      const result = bendCrossEntropy(variant, one, tangent);
      // as for softmax in vector.test.ts, with two sums of exponentials
      const bound = 2 * (2 * 8 + 8 + columns) + 8;
      expectWithin("H·v", roundingError(result, crossEntropyTwin(one, tangent), dtype), bound);
    }
  });

  test("logits of ±1000 give numbers, and one class that has all gives 0", () => {
    const y = [1000, -1000, -1000, -1000, -1000, -1000, 1000, 1000, -1000];
    const one = { columns: 3, y, target: [1, 0, 0, 1, 0, 0, 1, 0, 0], smoothing: 0 };
    const result = bendCrossEntropy(variant, one, [1, 2, 3, 3, 0, -3, 4, 0, 4]);
    const values = Float64Array.from([0, 0, 0, 1, 0, -1, 1, -1, 0], (value) => SCALE * value);
    expectWithin("±1000", roundingError(result, { values, sizes: values.map(() => 1) }, dtype), 8);
  });
});

test.each(FLOAT64_VARIANTS)("the Hessian of softmax cross-entropy is a difference of δ by $build", (variant) => {
  for (const smoothing of [0, 0.125]) {
    const one = classes(5, smoothing);
    const tangent = random(ROWS * 5, 3);
    const expected = difference((y) => crossEntropyDelta(variant, { ...one, y }), one.y, tangent, 1e-5);
    const result = bendCrossEntropy(variant, one, tangent);
    expectWithin("H·v", toleranceError(result, expected, { relative: 1e-6, absolute: 1e-8 }), 1);
  }
});
