// Numerical gradients worked out by hand: the backward pass, differences of the loss and the gradient check agree with them.
import { expect, test } from "vitest";
import { dense, gradCheck, Network } from "../src/index.js";
import { engineOf } from "./support/builds.js";

const engine = await engineOf("simd");
const dtype = "float64";
const absolute = { type: "meanAbsoluteError", reduction: "sum" } as const;

/** Central difference of the loss by one number of a parameter, by the public interface alone. */
function difference(net: Network, name: string, index: number, step: number, at: number[], target: number[]): number {
  const values = [...(net.parameters.find((parameter) => parameter.name === name)?.values ?? [])];
  const lossAt = (value: number) => {
    net.setParameters({ [name]: values.with(index, value) });
    return net.evaluate(at, target).loss;
  };
  const value = values[index] as number;
  const slope = (lossAt(value + step) - lossAt(value - step)) / (2 * step);
  net.setParameters({ [name]: values });
  return slope;
}

test("C = ½(w·x − t)² with w = 3, x = 2, t = 5", async () => {
  // w·x − t = 1, so that C = ½ and dC/dw = (w·x − t)·x = 2. The central difference with ε = 0.1 is that of
  // ½(3.1·2 − 5)² = ½·1.2² = 0.72 and ½(2.9·2 − 5)² = ½·0.8² = 0.32: (0.72 − 0.32) / 0.2 = 2, exact, as C is quadratic.
  const layers = [dense(1, "identity", { bias: false })];
  const net = await Network.create({ inputs: 1, layers, loss: "halfSquaredError", dtype, engine });
  net.setParameters({ "0.weight": [3] });
  expect(net.backward([2], [5])).toBe(0.5);
  expect(net.parameters[0]?.gradient[0]).toBe(2);
  net.setParameters({ "0.weight": [3.1] });
  expect(net.evaluate([2], [5]).loss).toBeCloseTo(0.72, 14);
  net.setParameters({ "0.weight": [2.9] });
  expect(net.evaluate([2], [5]).loss).toBeCloseTo(0.32, 14);
  net.setParameters({ "0.weight": [3] });
  expect(difference(net, "0.weight", 0, 0.1, [2], [5])).toBeCloseTo(2, 13);
  const { worst } = gradCheck(net, [2], [5]);
  expect(worst).toMatchObject({ parameter: "0.weight", index: 0, analytic: 2 });
  expect(worst?.numeric).toBeCloseTo(2, 10);
  net.dispose();
});

test("a sigmoid neuron: f = σ(w₀x₀ + w₁x₁ + b) with w = (2, −3), b = −3, x = (−1, −2)", async () => {
  // The example of Stanford's CS231n. z = −2 + 6 − 3 = 1, f = σ(1) = 0.7311, f′ = f(1 − f) = 0.1966, and by the chain rule
  // ∂f/∂w = f′·x = (−0.1966, −0.3932), ∂f/∂b = f′ = 0.1966, ∂f/∂x = f′·w = (0.3932, −0.5898).
  const net = await Network.create({ inputs: 2, layers: [dense(1, "sigmoid")], loss: absolute, dtype, engine });
  net.setParameters({ "0.weight": [2, -3], "0.bias": [-3] });
  const at = [-1, -2];
  // Σ|f − 0| = f
  expect(net.backward(at, [0], { inputGradient: true })).toBeCloseTo(0.7311, 4);
  const [weight, bias] = net.parameters.map(({ gradient }) => [...gradient]) as [number[], number[]];
  const analytic = { "0.weight 0": weight[0], "0.weight 1": weight[1], "0.bias 0": bias[0] } as Record<string, number>;
  const byHand = { "0.weight 0": -0.1966, "0.weight 1": -0.3932, "0.bias 0": 0.1966 } as Record<string, number>;
  for (const key of Object.keys(byHand)) {
    const [name, index] = key.split(" ") as [string, string];
    expect(analytic[key], key).toBeCloseTo(byHand[key] as number, 4);
    expect(difference(net, name, Number(index), 1e-4, at, [0]), key).toBeCloseTo(analytic[key] as number, 8);
  }
  const [slope0, slope1] = net.inputGradient as Float64Array;
  expect(slope0).toBeCloseTo(0.3932, 4);
  expect(slope1).toBeCloseTo(-0.5898, 4);
  expect(gradCheck(net, at, [0]).maxRelativeError).toBeLessThan(1e-9);
  net.dispose();
});

test("one-sided differences by hand: W = (0.34, −1.11, 0.78), loss 1.25347, h = 0.0001", async () => {
  // The lecture's table (CS231n): the loss is 1.25322 at W + h·e₀ and 1.25353 at W + h·e₁, and stays at W + h·e₂, so that
  // dW = (−2.5, 0.6, 0). A loss with those slopes there is |W·x − t| with x = dW and t = W·x − 1.25347.
  const weights = [0.34, -1.11, 0.78];
  const slopes = [-2.5, 0.6, 0];
  const target = [-0.85 - 0.666 - 1.25347];
  const net = await Network.create({
    inputs: 3,
    layers: [dense(1, "identity", { bias: false })],
    loss: absolute,
    dtype,
    engine,
  });
  const lossAt = (values: number[]) => {
    net.setParameters({ "0.weight": values });
    return net.evaluate(slopes, target).loss;
  };
  expect(lossAt(weights)).toBeCloseTo(1.25347, 12);
  const shifted = weights.map((weight, index) => lossAt(weights.with(index, weight + 1e-4)));
  for (const [index, loss] of [1.25322, 1.25353, 1.25347].entries()) expect(shifted[index]).toBeCloseTo(loss, 12);
  for (const [index, slope] of slopes.entries()) {
    expect(((shifted[index] as number) - lossAt(weights)) / 1e-4).toBeCloseTo(slope, 9);
  }
  net.backward(slopes, target);
  expect([...(net.parameters[0]?.gradient ?? [])]).toEqual(slopes);
  expect(gradCheck(net, slopes, target).maxRelativeError).toBeLessThan(1e-9);
  net.dispose();
});
