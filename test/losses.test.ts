// Losses and their derivatives by the prediction against PyTorch's: extreme logits, kinks and every kind of target included.
import { describe, expect, test } from "vitest";
import { dense, type Loss, type LossName, Network, type Targets } from "../src/index.js";
import { expectWithin, tensorError } from "./support/close.js";
import { isKnown, loadFixtures, lossOf, type Named, type TargetFixture } from "./support/fixtures.js";
import { identityMatrix } from "./support/matrices.js";
import { VARIANTS, type Variant } from "./support/variants.js";

interface LossCase {
  name: string;
  loss: Named;
  shape: [number, number];
  prediction: number[];
  target: TargetFixture;
  expected: { loss: number; dprediction: number[] };
  kink?: boolean;
}

const { cases } = loadFixtures<{ cases: LossCase[] }>("losses.json");
const titled = cases.map((one) => ({
  ...one,
  title: "label_smoothing" in one.loss ? `${one.name}, smoothed` : one.name,
}));

const BOUND = { float32: 5e-7, float64: 1e-14 };

/** The loss of predictions and its derivative by them: a network of identity weights, so that its output is its input. */
async function lossAt({ engine, dtype }: Variant, loss: Loss, prediction: number[], target: Targets, outputs: number) {
  const layers = [dense(outputs, "identity", { bias: false })];
  const net = await Network.create({ inputs: outputs, layers, loss, dtype, engine });
  net.setParameters({ "0.weight": identityMatrix(outputs) });
  const value = net.backward(prediction, target, { inputGradient: true });
  const derivative = net.inputGradient as Float32Array;
  const evaluated = net.evaluate(prediction, target).loss;
  net.dispose();
  return { value, derivative, evaluated };
}

test("the library has every loss of the fixtures", () => {
  expect(cases).toHaveLength(30);
  expect(cases.filter(({ loss }) => !isKnown("loss", loss))).toEqual([]);
});

describe.each(VARIANTS)("$build, $dtype", (variant) => {
  const { dtype } = variant;

  test.each(titled)("$title", async ({ title, loss, shape, prediction, target, expected, kink }) => {
    const { value, derivative, evaluated } = await lossAt(variant, lossOf(loss), prediction, target.data, shape[1]);
    // At a kink the side must be right, and the numbers are powers of two.
    const bound = kink ? 0 : BOUND[dtype];
    expectWithin(`${title}, ${dtype}: loss`, tensorError([value], [expected.loss]), bound);
    expectWithin(`${title}, ${dtype}: derivative`, tensorError(derivative, expected.dprediction), bound);
    expect(evaluated, `${title}: evaluate beside backward`).toBe(value);
  });

  test.each<[LossName, string]>([
    ["meanSquaredError", "mse-mean-values"],
    ["meanAbsoluteError", "mae-mean-values"],
    ["huber", "huber-mean-values"],
    ["binaryCrossEntropy", "bce_with_logits-mean-values"],
    ["softmaxCrossEntropy", "softmax_cross_entropy-mean-class_index"],
  ])("%s by its mere name is %s", async (loss, name) => {
    const one = cases.find((candidate) => candidate.name === name) as LossCase;
    const { value, derivative } = await lossAt(variant, loss, one.prediction, one.target.data, one.shape[1]);
    expectWithin(`${loss}, ${dtype}: loss`, tensorError([value], [one.expected.loss]), BOUND[dtype]);
    expectWithin(`${loss}, ${dtype}: derivative`, tensorError(derivative, one.expected.dprediction), BOUND[dtype]);
  });

  test("half the squared error is half the sum of squares, divided by the rows only", async () => {
    const one = cases.find(({ name }) => name === "mse-sum-values") as LossCase;
    const [rows, outputs] = one.shape;
    for (const [reduction, divisor] of [
      ["sum", 2],
      ["mean", 2 * rows],
    ] as const) {
      const loss = { type: "halfSquaredError", reduction } as const;
      const { value, derivative } = await lossAt(variant, loss, one.prediction, one.target.data, outputs);
      const wanted = one.expected.dprediction.map((d) => d / divisor);
      expectWithin(`${reduction}: loss`, tensorError([value], [one.expected.loss / divisor]), BOUND[dtype]);
      expectWithin(`${reduction}: derivative`, tensorError(derivative, wanted), BOUND[dtype]);
    }
  });

  test("a probability of exactly 0 or 1 costs at most 100, as in PyTorch", async () => {
    // torch.nn.BCELoss: logarithms are at least −100, and the derivative (y − t) / max(y(1 − y), 1e-12).
    const loss = { type: "binaryCrossEntropy", from: "probabilities", reduction: "sum" } as const;
    const right = await lossAt(variant, loss, [0, 1], [0, 1], 1);
    expect(right.value).toBe(0);
    expect([...right.derivative]).toEqual([0, 0]);
    const wrong = await lossAt(variant, loss, [0, 1], [1, 0], 1);
    expect(wrong.value).toBe(200);
    expectWithin("derivative", tensorError(wrong.derivative, [-1e12, 1e12]), BOUND[dtype]);
  });
});
