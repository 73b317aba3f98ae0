// The gradient check: it passes for every activation and loss, catches errors, and leaves the network as it was.
import { afterEach, describe, expect, test, vi } from "vitest";
import { relativeError } from "../src/differentiation/gradcheck.js";
import { type ActivationName, dense, dropout, gradCheck, type Layer, type Loss, Network } from "../src/index.js";
import { ACTIVATIONS } from "../src/network/activation.js";
import { Model } from "../src/network/model.js";
import { randomNumbers } from "./support/matrices.js";
import { FLOAT64_VARIANTS, VARIANTS, type Variant } from "./support/variants.js";

const INPUTS = 3;
const HIDDEN = 4;
const OUTPUTS = 3;
const ROWS = 5;

const x = randomNumbers(ROWS * INPUTS, 1).map((value) => 2 * value);
const values = randomNumbers(ROWS * OUTPUTS, 2);
const shares = values.map((value) => (value + 1) / 2);
const classes = [0, 2, 1, 1, 0];
const distributions = [0.7, 0.2, 0.1, 0, 1, 0, 0.25, 0.25, 0.5, 0.1, 0.1, 0.8, 0.4, 0.6, 0];

interface LossCase {
  title: string;
  loss: Loss;
  targets: number[];
  /** The last layer's activation where a hidden one is under test: one whose outputs the loss can take. */
  output: ActivationName;
  /** The activations that may stand in the last layer. */
  permitted: readonly ActivationName[];
}

const without = (link: ActivationName) => ACTIVATIONS.filter((name) => name !== link);
const output = "identity";

const LOSSES: readonly LossCase[] = [
  { title: "squared error", loss: "meanSquaredError", targets: values, output, permitted: ACTIVATIONS },
  { title: "half squared error", loss: "halfSquaredError", targets: values, output, permitted: ACTIVATIONS },
  { title: "absolute error", loss: "meanAbsoluteError", targets: values, output, permitted: ACTIVATIONS },
  { title: "Huber", loss: { type: "huber", delta: 0.5 }, targets: values, output, permitted: ACTIVATIONS },
  { title: "logistic", loss: "binaryCrossEntropy", targets: shares, output, permitted: without("sigmoid") },
  {
    title: "logistic of probabilities",
    loss: { type: "binaryCrossEntropy", from: "probabilities" },
    targets: shares,
    output: "sigmoid",
    permitted: ["sigmoid", "softmax"],
  },
  {
    title: "cross-entropy of classes",
    loss: "softmaxCrossEntropy",
    targets: classes,
    output,
    permitted: without("softmax"),
  },
  {
    title: "cross-entropy, smoothed",
    loss: { type: "softmaxCrossEntropy", labelSmoothing: 0.1, reduction: "sum" },
    targets: distributions,
    output,
    permitted: without("softmax"),
  },
];

interface Nets extends Pick<Variant, "engine" | "dtype"> {
  loss: Loss;
  layers: Layer[];
  inputs?: number;
}

/** A network whose biases are not zero: at such a point no unit of these nets lies within a difference's step of a kink. */
async function create({ inputs = INPUTS, ...options }: Nets): Promise<Network> {
  const net = await Network.create({ ...options, inputs, seed: 5 });
  for (const { name, shape } of net.parameters) {
    if (name.endsWith("bias")) net.setParameters({ [name]: randomNumbers(shape[0] as number, 3) });
  }
  return net;
}

function bits(net: Network): number[][] {
  return net.parameters.map((parameter) => [...parameter.values]);
}

describe.each(FLOAT64_VARIANTS)("$build, $dtype", ({ engine, dtype }) => {
  async function check(one: LossCase, layers: Layer[]): Promise<void> {
    const net = await create({ loss: one.loss, layers, engine, dtype });
    const report = gradCheck(net, x, one.targets);
    if (process.env.SHOW) console.log(`SHOW\tgradcheck\t${report.maxRelativeError}\t1e-6`);
    expect(report.maxRelativeError, JSON.stringify(report.worst)).toBeLessThanOrEqual(1e-6);
    expect(report.parameters.map(({ checked }) => checked)).toEqual(net.parameters.map((p) => p.values.length));
    // Zeros would agree with zeros.
    for (const { name, gradient } of net.parameters)
      expect(Math.max(...gradient.map(Math.abs)), name).toBeGreaterThan(1e-3);
    net.dispose();
  }

  describe.each(LOSSES)("$title", (one) => {
    test.each(ACTIVATIONS)("behind a hidden layer of %s", async (activation) => {
      await check(one, [dense(HIDDEN, activation), dense(OUTPUTS, one.output)]);
    });

    test.each(one.permitted)("behind a last layer of %s", async (activation) => {
      await check(one, [dense(HIDDEN, "tanh"), dense(OUTPUTS, activation)]);
    });
  });
});

describe("what is wrong shows", () => {
  const [{ engine }] = FLOAT64_VARIANTS as [Variant];
  const dtype = "float64";

  afterEach(() => {
    vi.restoreAllMocks();
  });

  test("the measure: |a − n| / max(10⁻⁸, |a| + |n|)", () => {
    expect(relativeError(2, 2)).toBe(0);
    expect(relativeError(0, 0)).toBe(0);
    // Twice too large: 2 / (4 + 2).
    expect(relativeError(4, 2)).toBeCloseTo(1 / 3, 15);
    // The wrong sign, and a zero instead of a slope: the most there is.
    expect(relativeError(-2, 2)).toBe(1);
    expect(relativeError(0, 0.3)).toBe(1);
    // Below the floor differences fade: 10⁻¹⁰ / 10⁻⁸.
    expect(relativeError(1e-10, 0)).toBeCloseTo(0.01, 15);
    expect(relativeError(Number.NaN, 1)).toBeNaN();
  });

  const layers = () => [dense(HIDDEN, "tanh"), dense(OUTPUTS)];

  test.each([
    { parameter: "0.weight", index: 7 },
    { parameter: "1.bias", index: 2 },
  ])("one element of $parameter that is 1 % too large", async ({ parameter, index }) => {
    const net = await create({ loss: "meanSquaredError", layers: layers(), engine, dtype });
    const { backward } = Model.prototype;
    vi.spyOn(Model.prototype, "backward").mockImplementation(function (this: Model, rows, wantsInputDelta) {
      backward.call(this, rows, wantsInputDelta);
      const tensor = this.parameterPlan.tensors.find(({ name }) => name === parameter);
      const address = this.gradients + (tensor?.offset as number) + index * 8;
      this.write(
        address,
        this.copy(address, 1).map((slope) => slope * 1.01),
      );
    });
    const report = gradCheck(net, x, values);
    expect(report.worst).toMatchObject({ parameter, index });
    expect(report.maxRelativeError).toBeCloseTo(0.01 / 2.01, 6);
    const wrong = report.parameters.filter(({ maxRelativeError }) => maxRelativeError > 1e-6);
    expect(wrong.map(({ name }) => name)).toEqual([parameter]);
    net.dispose();
  });

  test("a backward pass that gives NaN", async () => {
    const net = await create({ loss: "meanSquaredError", layers: layers(), engine, dtype });
    const { backward } = Model.prototype;
    vi.spyOn(Model.prototype, "backward").mockImplementation(function (this: Model, rows, wantsInputDelta) {
      backward.call(this, rows, wantsInputDelta);
      this.write(this.gradients, [Number.NaN]);
    });
    const report = gradCheck(net, x, values);
    expect(report.maxRelativeError).toBeNaN();
    expect(report.worst).toMatchObject({ parameter: "0.weight", index: 0 });
    net.dispose();
  });

  test("a kink: relu at 0 has slope 0 by convention, and ½ by central differences", async () => {
    // C = |relu(w) + 1| at w = 0. C(±ε) − 1 = ε, 0 and C(±2ε) − 1 = 2ε, 0: (8·ε − 2ε) / 12ε = ½.
    const layers = [dense(1, "relu", { bias: false, weightInit: "zeros" })];
    const net = await Network.create({ inputs: 1, layers, loss: "meanAbsoluteError", engine, dtype });
    const { worst } = gradCheck(net, [1], [-1]);
    expect(worst.analytic).toBe(0);
    expect(worst.numeric).toBeCloseTo(0.5, 10);
    expect(worst.relativeError).toBe(1);
    net.dispose();
  });
});

describe("what it leaves and what it looks at", () => {
  const [{ engine }] = FLOAT64_VARIANTS as [Variant];
  const dtype = "float64";
  const layers = () => [dense(HIDDEN, "gelu"), dropout(0.5), dense(OUTPUTS)];

  test("the parameters stay as they were, to the bit", async () => {
    const net = await create({ loss: "softmaxCrossEntropy", layers: layers(), engine, dtype });
    const before = bits(net);
    gradCheck(net, x, classes, { epsilon: 1e-3 });
    expect(bits(net)).toEqual(before);
    net.dispose();
  });

  test("dropout acts, and its masks are held", async () => {
    const net = await create({ loss: "softmaxCrossEntropy", layers: layers(), engine, dtype });
    const dropped = net.backward(x, classes);
    expect(dropped, "the loss with some units dropped").not.toBeCloseTo(net.evaluate(x, classes).loss, 3);
    const kept = net.layers[1]?.a.filter((value) => value !== 0).length as number;
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThan(ROWS * HIDDEN);
    const { maxRelativeError, parameters } = gradCheck(net, x, classes);
    expect(maxRelativeError).toBeLessThanOrEqual(1e-6);
    expect(parameters).toHaveLength(4);
    expect(net.backward(x, classes), "the masks of the next step are the same as before").toBe(dropped);
    net.dispose();
  });

  test("sampleSize bounds the elements of each parameter, and the seed draws them", async () => {
    const net = await create({
      loss: "meanSquaredError",
      layers: [dense(HIDDEN, "tanh"), dense(OUTPUTS)],
      engine,
      dtype,
    });
    const checked = (sampleSize: number) => gradCheck(net, x, values, { sampleSize }).parameters.map((p) => p.checked);
    expect(checked(1)).toEqual([1, 1, 1, 1]);
    expect(checked(4)).toEqual([4, 4, 4, 3]);
    expect(checked(1000)).toEqual([12, 4, 12, 3]);
    const drawn = (seed: number) =>
      gradCheck(net, x, values, { sampleSize: 1, seed }).parameters[0]?.worst.index as number;
    const indices = Array.from({ length: 60 }, (_, seed) => drawn(seed));
    expect(indices, "the same seed draws the same element").toEqual(
      Array.from({ length: 60 }, (_, seed) => drawn(seed)),
    );
    // 60 draws among 12 elements miss a given one with a chance of (11/12)⁶⁰ = 0.5 %.
    expect(new Set(indices).size).toBeGreaterThanOrEqual(10);
    expect(Math.min(...indices)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...indices)).toBeLessThan(12);
    net.dispose();
  });

  test("epsilon is the step: a smaller one is nearer to the slope of a curved loss", async () => {
    const net = await create({
      loss: "softmaxCrossEntropy",
      layers: [dense(HIDDEN, "tanh"), dense(OUTPUTS)],
      engine,
      dtype,
    });
    const coarse = gradCheck(net, x, classes, { epsilon: 0.1 }).maxRelativeError;
    const fine = gradCheck(net, x, classes, { epsilon: 0.01 }).maxRelativeError;
    // The error falls with ε⁴.
    expect(coarse / fine).toBeGreaterThan(1e3);
    expect(fine).toBeGreaterThan(0);
    net.dispose();
  });
});

describe.each(VARIANTS.filter(({ dtype }) => dtype === "float32"))("$build, $dtype", ({ engine, dtype }) => {
  test("a network in single precision passes at 1e-2", async () => {
    // A loss near 1 is right to some δ = 1e-7 in single precision, and the difference to 1.5·δ/ε = 1.5e-5 with the default
    // ε = 1e-2: 1 % of |a| + |n| for any slope above 1e-3, which is asserted of the worst.
    const net = await create({
      loss: "softmaxCrossEntropy",
      layers: [dense(HIDDEN, "tanh"), dense(OUTPUTS)],
      engine,
      dtype,
    });
    const { maxRelativeError, worst } = gradCheck(net, x, classes);
    if (process.env.SHOW) console.log(`SHOW\tgradcheck f32\t${maxRelativeError}\t1e-2`);
    expect(Math.min(...net.parameters.flatMap(({ gradient }) => [...gradient].map(Math.abs)))).toBeGreaterThan(1e-3);
    expect(maxRelativeError, JSON.stringify(worst)).toBeLessThanOrEqual(1e-2);
    net.dispose();
  });
});
