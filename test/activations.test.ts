// Activations and their derivatives against PyTorch's, as the last layer's and fused into a hidden layer's passes.
import { describe, expect, test } from "vitest";
import { type Activation, dense, Network } from "../src/index.js";
import { expectWithin, tensorError, toleranceError } from "./support/close.js";
import { activationOf, isKnown, loadFixtures, type Named } from "./support/fixtures.js";
import { diagonalMatrix, identityMatrix } from "./support/matrices.js";
import { VARIANTS, type Variant } from "./support/variants.js";

interface ActivationCase {
  activation: Named;
  x: number[];
  y: number[];
  /** Elementwise activations have these. */
  dydx: number[];
  dydx_at_0: number;
  /** Softmax has these. */
  shape: [number, number];
  upstream: number[];
  vjp: number[];
}

const { cases } = loadFixtures<{ cases: ActivationCase[] }>("activations.json");
const known = cases.filter(({ activation }) => isKnown("activation", activation));
const titled = (one: ActivationCase) => ({ ...one, title: Object.values(one.activation).join(" ") });
const elementwise = known.filter(({ dydx }) => dydx !== undefined).map(titled);
const softmax = known.filter(({ vjp }) => vjp !== undefined).map(titled);

/**
 * Of values. Single precision: where gelu_tanh decays like e^−2|u|, a rounding of u in the last place counts 2|u| ≤ 25 times.
 * The absolute floor is for the tail of gelu, where torch's ½z(1 + erf(z/√2)) has cancelled to 1e-16·|z|.
 */
const VALUE = {
  float32: { relative: 2e-6, absolute: 1e-15 },
  float64: { relative: 1e-14, absolute: 1e-15 },
};

/**
 * Of derivatives: those of gelu and silu cross zero, and torch's 1 − tanh² cancels (at −5.25 its gelu_tanh′ is right to nine
 * digits, the library's to fifteen), so that the last place of 1 counts and not that of the result.
 */
const DERIVATIVE = {
  float32: { relative: 1e-6, absolute: 2.5e-7 },
  float64: { relative: 1e-14, absolute: 2e-15 },
};

/** Lower than any output: behind Σ|a − t| with such targets, ∂C/∂a is 1 exactly. */
const FAR_BELOW = -1e6;

/** f(x) and f′(x), by a network of identity weights, in rows of `width`, with f in the last layer or in a hidden one. */
async function passThrough({ engine, dtype }: Variant, f: Activation, x: number[], width: number, place: string) {
  const layer = dense(width, f, { bias: false });
  const layers = place === "last" ? [layer] : [layer, dense(width, "identity", { bias: false })];
  const loss = { type: "meanAbsoluteError", reduction: "sum" } as const;
  const net = await Network.create({ inputs: width, layers, loss, dtype, engine });
  for (const { name } of net.parameters) net.setParameters({ [name]: identityMatrix(width) });
  const y = net.forward(x);
  net.backward(x, new Array<number>(x.length).fill(FAR_BELOW), { inputGradient: true });
  const dydx = net.inputGradient as typeof y;
  net.dispose();
  return { y, dydx };
}

/** u·∂softmax/∂x: a hidden softmax, behind which the weights diag(u) and a loss of slope 1 make ∂C/∂a = u exactly. */
async function softmaxVjp({ engine, dtype }: Variant, x: number[], upstream: number[]) {
  const width = x.length;
  const net = await Network.create({
    inputs: width,
    layers: [dense(width, "softmax", { bias: false }), dense(width, "identity", { bias: false })],
    loss: { type: "meanAbsoluteError", reduction: "sum" },
    dtype,
    engine,
  });
  net.setParameters({ "0.weight": identityMatrix(width), "1.weight": diagonalMatrix(upstream) });
  net.backward(x, new Array<number>(width).fill(FAR_BELOW), { inputGradient: true });
  const vjp = net.inputGradient as Float32Array;
  net.dispose();
  return vjp;
}

test("the library leaves out optional activations only", () => {
  const missing = cases.filter((one) => !known.includes(one)).map(({ activation }) => activation.name);
  expect(missing.sort()).toEqual(["hard_sigmoid", "hard_swish", "mish", "relu6", "softsign"]);
  expect(elementwise).toHaveLength(13);
  expect(softmax).toHaveLength(4);
});

describe.each(VARIANTS)("$build, $dtype", (variant) => {
  const { dtype } = variant;

  describe.each(["last", "hidden"])("%s layer", (place) => {
    test.each(elementwise)("$title", async ({ title, activation, x, y, dydx, dydx_at_0 }) => {
      for (const width of [1, x.length]) {
        const result = await passThrough(variant, activationOf(activation), x, width, place);
        const what = `${title}, ${dtype}, rows of ${width}`;
        expectWithin(`${what}: value`, toleranceError(result.y, y, VALUE[dtype]), 1);
        expectWithin(`${what}: derivative`, toleranceError(result.dydx, dydx, DERIVATIVE[dtype]), 1);
      }
      const atZero = await passThrough(variant, activationOf(activation), [0], 1, place);
      expectWithin(`${title}: derivative at 0`, toleranceError(atZero.dydx, [dydx_at_0], DERIVATIVE[dtype]), 1);
    });
  });

  test.each([
    { name: "leakyRelu", slope: 0.01 },
    { name: "elu", slope: Math.exp(-1) },
  ] as const)("$name by its mere name has PyTorch's alpha", async ({ name, slope }) => {
    const { dydx } = await passThrough(variant, name, [-1], 1, "last");
    expectWithin(`${name}, ${dtype}: slope at −1`, tensorError(dydx, [slope]), dtype === "float32" ? 2e-7 : 1e-15);
  });

  test.each(softmax)("softmax, rows of $shape.1", async ({ shape: [, width], x, y, upstream, vjp }) => {
    const layers = [dense(width, "softmax", { bias: false })];
    // ½Σ(a − t)² with t = a − u passes u back, but for the rounding of t.
    const loss = { type: "halfSquaredError", reduction: "sum" } as const;
    const net = await Network.create({ inputs: width, layers, loss, dtype, engine: variant.engine });
    net.setParameters({ "0.weight": identityMatrix(width) });
    const a = net.forward(x);
    expectWithin(`softmax, ${dtype}: value`, toleranceError(a, y, VALUE[dtype]), 1);
    const target = Array.from(a, (value, index) => value - (upstream[index] as number));
    net.backward(x, target, { inputGradient: true });
    const bound = dtype === "float32" ? 5e-7 : 1e-15;
    expectWithin(`softmax, ${dtype}: vjp, last layer`, tensorError(net.inputGradient as typeof a, vjp), bound);
    net.dispose();
    for (let first = 0; first < x.length; first += width) {
      const row = <T>(values: T[]) => values.slice(first, first + width);
      const hidden = await softmaxVjp(variant, row(x), row(upstream));
      expectWithin(`softmax, ${dtype}: vjp, hidden layer`, tensorError(hidden, row(vjp)), bound);
    }
  });
});
