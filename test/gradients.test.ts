// Whole forward and backward passes against PyTorch's: outputs, loss, and every gradient.
import { describe, expect, test } from "vitest";
import { expectWithin, tensorError } from "./support/close.js";
import {
  isKnown,
  type LayerFixture,
  loadFixtures,
  type Named,
  namedParameters,
  networkOf,
  type TargetFixture,
} from "./support/fixtures.js";
import { VARIANTS } from "./support/variants.js";

interface GradientCase {
  name: string;
  batch: number;
  layers: LayerFixture[];
  x: number[];
  loss: Named;
  target: TargetFixture;
  expected: { output: number[]; loss: number; dW: number[][]; db: (number[] | null)[]; dx: number[] };
}

const { cases } = loadFixtures<{ cases: GradientCase[] }>("gradients.json");
const known = cases.filter(({ loss, layers }) => {
  return isKnown("loss", loss) && layers.every(({ activation }) => isKnown("activation", activation));
});

const BOUND = { float32: 1e-5, float64: 1e-9 };

test("the library leaves out optional cases only", () => {
  expect(cases.filter((one) => !known.includes(one)).map(({ name }) => name)).toEqual([
    "hard-sigmoid-2",
    "linear-hinge",
  ]);
  expect(known).toHaveLength(50);
});

describe.each(VARIANTS)("$build, $dtype", ({ dtype, engine }) => {
  test.each(known)("$name", async (one) => {
    const { name, batch, x, target, expected } = one;
    const net = await networkOf(one, { dtype, engine, batchSize: batch });
    const check = (tensor: string, actual: ArrayLike<number>, wanted: number[]) => {
      expectWithin(`${name}, ${dtype}: ${tensor}`, tensorError(actual, wanted), BOUND[dtype]);
    };
    check("output", net.forward(x), expected.output);
    check("loss", [net.backward(x, target.data, { inputGradient: true })], [expected.loss]);
    check("dx", net.inputGradient as Float32Array, expected.dx);
    const gradients = namedParameters(expected.dW, expected.db);
    expect(net.parameters.map((parameter) => parameter.name).sort()).toEqual(Object.keys(gradients).sort());
    for (const { name: tensor, gradient } of net.parameters) check(tensor, gradient, gradients[tensor] as number[]);
    net.dispose();
  });
});
