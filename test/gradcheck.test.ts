// The gradient check: it passes for every activation and loss, catches errors, and leaves the network as it was.
import { afterEach, describe, expect, test, vi } from "vitest";
import { relativeError } from "../src/differentiation/gradcheck.js";
import {
  type Activation,
  type ActivationName,
  add,
  concatenate,
  dense,
  dropout,
  gradCheck,
  graph,
  type Layer,
  type Loss,
  Network,
  type NetworkOptions,
  type Standardization,
  standardize,
} from "../src/index.js";
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
  standardization?: Standardization;
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

  function breakBackward(parameter: string, index: number): void {
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
  }

  test.each([
    { parameter: "0.weight", index: 7 },
    { parameter: "1.bias", index: 2 },
  ])("one element of $parameter that is 1 % too large", async ({ parameter, index }) => {
    const net = await create({ loss: "meanSquaredError", layers: layers(), engine, dtype });
    breakBackward(parameter, index);
    const report = gradCheck(net, x, values);
    expect(report.worst).toMatchObject({ parameter, index });
    expect(report.maxRelativeError).toBeCloseTo(0.01 / 2.01, 6);
    const wrong = report.parameters.filter(({ maxRelativeError }) => maxRelativeError > 1e-6);
    expect(wrong.map(({ name }) => name)).toEqual([parameter]);
    net.dispose();
  });

  test("the same behind relu and absolute error, with every entry of a graph that crosses a kink at the first step", async () => {
    const nodes = { hidden: [dense(HIDDEN, "relu"), "x"], y: [dense(OUTPUTS), "hidden"] } as const;
    const net = await Network.create({
      graph: graph({ inputs: { x: INPUTS }, nodes: { ...nodes }, outputs: "y" }),
      loss: "meanAbsoluteError",
      engine,
      dtype,
      seed: 5,
    });
    net.setParameters({ "hidden.bias": randomNumbers(HIDDEN, 3) });
    // Unit 1 of the hidden layer stands 1e-5 above its kink in row 0, whichever of its weights or its bias moves.
    const bias = [...(net.parameters[1]?.values ?? [])];
    net.backward(x, values);
    bias[1] = (bias[1] as number) - (net.layers[0]?.z[1] as number) + 1e-5;
    net.setParameters({ "hidden.bias": bias });
    const honest = gradCheck(net, x, values);
    expect(honest.kinks).toBe(0);
    expect(honest.maxRelativeError).toBeLessThanOrEqual(1e-6);
    const isSmaller = ({ epsilon }: { epsilon: number }) => epsilon < honest.epsilon;
    expect(honest.parameters[1]?.entries.filter(isSmaller).map(({ index }) => index)).toEqual([1]);
    for (const parameter of ["hidden.weight", "hidden.bias", "y.weight", "y.bias"]) {
      breakBackward(parameter, 1);
      expect(gradCheck(net, x, values).worst, parameter).toMatchObject({ parameter, index: 1 });
      vi.restoreAllMocks();
    }
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
      gradCheck(net, x, values, { sampleSize: 1, seed }).parameters[0]?.worst?.index as number;
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

describe("kinks", () => {
  const [{ engine }] = FLOAT64_VARIANTS as [Variant];
  const dtype = "float64";

  /** y = f(w·x) with one weight. */
  async function unit(activation: Activation, loss: Loss, weight: number): Promise<Network> {
    const net = await Network.create({
      inputs: 1,
      layers: [dense(1, activation, { bias: false })],
      loss,
      engine,
      dtype,
    });
    net.setParameters({ "0.weight": [weight] });
    return net;
  }

  const ELU = { type: "elu", alpha: 2 } as const;

  test.each<{ title: string; activation: Activation; loss: Loss; target: number; layer: string | null }>([
    { title: "relu", activation: "relu", loss: "meanSquaredError", target: 3, layer: "0" },
    { title: "leakyRelu", activation: "leakyRelu", loss: "meanSquaredError", target: 3, layer: "0" },
    { title: "elu", activation: ELU, loss: "meanSquaredError", target: 3, layer: "0" },
    {
      title: "elu of α = 1, of which the second derivative jumps",
      activation: "elu",
      loss: "meanSquaredError",
      target: 3,
      layer: "0",
    },
    { title: "selu", activation: "selu", loss: "meanSquaredError", target: 3, layer: "0" },
    { title: "the absolute error", activation: "identity", loss: "meanAbsoluteError", target: 0, layer: null },
    {
      title: "Huber's threshold from above",
      activation: "identity",
      loss: { type: "huber", delta: 0.5 },
      target: -0.5,
      layer: null,
    },
    {
      title: "Huber's threshold from below",
      activation: "identity",
      loss: { type: "huber", delta: 0.5 },
      target: 0.5,
      layer: null,
    },
  ])("of $title", async ({ activation, loss, target, layer }) => {
    // The kink is at w = 0 and x is 1, so that a step ε is free of it where |w| > 2ε.
    const stepsAt = async (weight: number) => {
      const net = await unit(activation, loss, weight);
      const { worst, checked, kinks, maxRelativeError, parameters } = gradCheck(net, [1], [target]);
      expect(checked + kinks).toBe(1);
      if (kinks === 1) {
        expect(parameters[0]).toMatchObject({ checked: 0, kinks: 1, skipped: [{ index: 0, layer, row: 0, unit: 0 }] });
        expect(maxRelativeError, "nothing was compared").toBeNaN();
        expect(worst).toBeUndefined();
      } else expect(maxRelativeError).toBeLessThanOrEqual(1e-6);
      net.dispose();
      return worst?.epsilon;
    };
    for (const side of [1, -1]) {
      expect(await stepsAt(side * 2.01e-4)).toBe(1e-4);
      expect(await stepsAt(side * 1.99e-4)).toBe(1e-4 / 8);
      expect(await stepsAt(side * 2.6e-5)).toBe(1e-4 / 8);
      expect(await stepsAt(side * 2.4e-5)).toBe(1e-4 / 64);
      expect(await stepsAt(side * 3.2e-6)).toBe(1e-4 / 64);
      expect(await stepsAt(side * 3e-6)).toBeUndefined();
    }
    expect(await stepsAt(0)).toBeUndefined();
  });

  test("a step of one's own is tried first, and no smaller one below the floor", async () => {
    const net = await unit("relu", "meanSquaredError", 1e-3);
    expect(gradCheck(net, [1], [3], { epsilon: 0.1 }).worst?.epsilon).toBe(0.1 / 8 / 8 / 8);
    expect(gradCheck(net, [1], [3], { epsilon: 1e-9 }).worst?.epsilon).toBe(1e-9);
    net.setParameters({ "0.weight": [1e-10] });
    expect(gradCheck(net, [1], [3], { epsilon: 1e-9 }).kinks).toBe(1);
    net.dispose();
  });

  test("in single precision the smallest step is 1e-3", async () => {
    const layers = [dense(1, "relu", { bias: false })];
    const net = await Network.create({ inputs: 1, layers, loss: "meanSquaredError", engine, dtype: "float32" });
    const stepAt = (weight: number) => {
      net.setParameters({ "0.weight": [weight] });
      const { dtype, epsilon, worst, maxRelativeError } = gradCheck(net, [1], [3]);
      expect({ dtype, epsilon }).toEqual({ dtype: "float32", epsilon: 1e-2 });
      if (worst !== undefined) expect(maxRelativeError).toBeLessThanOrEqual(1e-3);
      return worst?.epsilon;
    };
    expect(stepAt(0.021)).toBe(1e-2);
    expect(stepAt(0.019)).toBe(1e-2 / 8);
    expect(stepAt(-0.0026)).toBe(1e-2 / 8);
    expect(stepAt(-0.0024)).toBeUndefined();
    net.dispose();
  });

  test("a unit at 0 that no step moves is none: f′(0) meets nothing", async () => {
    const net = await unit("relu", "meanSquaredError", 0.7);
    const { kinks, worst } = gradCheck(net, [0], [3]);
    expect(kinks).toBe(0);
    expect(worst).toMatchObject({ analytic: 0, numeric: 0 });
    net.dispose();
  });

  test("row and unit, and only the entries that move the unit", async () => {
    // z = W·x with units 0, 1, 2 and rows (1, 2), (2, 1): unit 2 is at 0 in row 1.
    const layers = [dense(3, "relu", { bias: false }), dense(1, "identity", { bias: false })];
    const net = await Network.create({ inputs: 2, layers, loss: "meanSquaredError", engine, dtype });
    net.setParameters({ "0.weight": [1, 1, -1, 2.5, 1, -2], "1.weight": [1, 1, 1] });
    const x = [1, 2, 2, 1];
    const report = gradCheck(net, x, [0, 0], { inputs: true });
    const at = { layer: "0", row: 1, unit: 2 };
    expect(report.parameters.map(({ name, skipped }) => ({ name, skipped }))).toEqual([
      { name: "0.weight", skipped: [4, 5].map((index) => ({ index, ...at })) },
      { name: "1.weight", skipped: [] },
      { name: "inputs", skipped: [2, 3].map((index) => ({ index, ...at })) },
    ]);
    expect(report).toMatchObject({ kinks: 4, checked: 9 });
    expect(report.maxRelativeError).toBeLessThanOrEqual(1e-6);
    net.dispose();
  });
});

describe("any network", () => {
  const [{ engine }] = FLOAT64_VARIANTS as [Variant];
  const common = { engine, dtype: "float64", seed: 5 } as const;
  const residual = graph({
    inputs: { left: 2, right: 1 },
    nodes: {
      both: [concatenate(), "left", "right"],
      first: [dense(HIDDEN, "relu"), "both"],
      kept: [dropout(0.3), "first"],
      second: [dense(HIDDEN, "gelu"), "kept"],
      sum: [add(), "first", "second"],
      third: [dense(HIDDEN, "elu"), "sum"],
      y: [dense(OUTPUTS), "third"],
    },
    outputs: "y",
  });
  const deep = [1, 2, 3, 4, 5].flatMap(() => [dense(HIDDEN, "leakyRelu"), dropout(0.2)]);
  const chain = { inputs: INPUTS, layers: [...deep, dense(OUTPUTS)] };

  test.each<{ title: string; options: Pick<NetworkOptions, "graph" | "inputs" | "layers" | "checkpoint"> }>([
    { title: "a graph with a residual connection", options: { graph: residual } },
    { title: "the same with checkpointing", options: { graph: residual, checkpoint: 3 } },
    { title: "a deep chain", options: chain },
    { title: "the same with checkpointing", options: { ...chain, checkpoint: true } },
  ])("$title: every parameter and the inputs", async ({ options }) => {
    const net = await Network.create({ ...common, ...options, loss: "softmaxCrossEntropy" });
    for (const { name, shape } of net.parameters) {
      if (name.endsWith("bias")) net.setParameters({ [name]: randomNumbers(shape[0] as number, 3) });
    }
    const report = gradCheck(net, x, classes, { inputs: true });
    expect(report.maxRelativeError, String(report)).toBeLessThanOrEqual(1e-6);
    expect(report.kinks).toBe(0);
    const sizes = [...net.parameters.map(({ values }) => values.length), ROWS * INPUTS];
    expect(report.parameters.map(({ checked }) => checked)).toEqual(sizes);
    expect(report.parameters.at(-1)).toMatchObject({ name: "inputs", shape: [ROWS, INPUTS] });
    expect(report.parameters.every(({ entries }) => entries.some(({ analytic }) => Math.abs(analytic) > 1e-4))).toBe(
      true,
    );
    net.dispose();
  });

  test("checkpointing changes neither numbers nor kinks", async () => {
    const [plain, checkpointed] = await Promise.all(
      [false, true].map(async (checkpoint) => {
        // Zeros as biases: a row of zeros puts every unit on its kink.
        const net = await Network.create({ ...common, ...chain, checkpoint, loss: "meanSquaredError" });
        return gradCheck(net, [...x.slice(0, 12), 0, 0, 0], values);
      }),
    );
    expect(plain?.kinks).toBeGreaterThan(0);
    expect(checkpointed).toEqual(plain);
  });

  test("a network that standardizes: the inputs are the scaled ones", async () => {
    const raw = x.map((value) => 1000 + 50 * value);
    const rows = Array.from({ length: ROWS }, (_, row) => raw.slice(row * INPUTS, (row + 1) * INPUTS));
    const standardization = standardize(rows);
    const layers = [dense(HIDDEN, "tanh"), dense(OUTPUTS)];
    const net = await create({ ...common, loss: "meanSquaredError", layers, standardization });
    const { maxRelativeError, parameters } = gradCheck(net, rows, values, { inputs: true });
    expect(maxRelativeError).toBeLessThanOrEqual(1e-6);
    net.backward(rows, values, { inputGradient: true });
    const deviation = standardization.deviations[0] as number;
    const scaled = parameters.at(-1)?.entries.find(({ index }) => index === 0)?.analytic as number;
    expect(scaled / deviation).toBeCloseTo(net.inputGradient?.[0] as number, 14);
    net.dispose();
  });

  test("a wrong ∂loss/∂x shows", async () => {
    const net = await create({ ...common, loss: "meanSquaredError", layers: [dense(OUTPUTS, "tanh")] });
    const { backward } = Model.prototype;
    const spy = vi.spyOn(Model.prototype, "backward").mockImplementation(function (this: Model, rows, wantsInputDelta) {
      backward.call(this, rows, wantsInputDelta);
      this.write(this.inputDelta + 4 * 8, [7]);
    });
    const { worst } = gradCheck(net, x, values, { inputs: true });
    expect(worst).toMatchObject({ parameter: "inputs", index: 4, analytic: 7 });
    spy.mockRestore();
    net.dispose();
  });

  test("gradients and layers are left as backward leaves them, the inputs' gradient as it was", async () => {
    const [checked, passed] = await Promise.all(
      [1, 2].map(() =>
        create({ ...common, loss: "meanAbsoluteError", layers: [dense(HIDDEN, "selu"), dense(OUTPUTS)] }),
      ),
    );
    passed?.backward(x, values);
    gradCheck(checked as Network, x, values, { inputs: true });
    const stateOf = (net?: Network) => [net?.layers, net?.parameters.map(({ gradient }) => gradient)];
    expect(stateOf(checked)).toEqual(stateOf(passed));
    expect(checked?.inputGradient).toBeNull();
  });

  test("an error in the middle leaves the parameters and a matrix of inputs as they were", async () => {
    const net = await create({ ...common, loss: "meanSquaredError", layers: [dense(OUTPUTS, "tanh")] });
    const matrix = engine.matrix(ROWS, INPUTS, { dtype: "float64" });
    matrix.values.set(x);
    const before = bits(net);
    const { evaluateLoss } = Model.prototype;
    for (let passes = 2; passes < 4 * (9 + 3 + 15); passes += 11) {
      let left = passes;
      const spy = vi.spyOn(Model.prototype, "evaluateLoss").mockImplementation(function (this: Model, rows) {
        if (left-- === 0) throw new Error("enough");
        return evaluateLoss.call(this, rows);
      });
      expect(() => gradCheck(net, matrix, values, { inputs: true })).toThrow("enough");
      spy.mockRestore();
      expect(bits(net)).toEqual(before);
      expect([...matrix.values]).toEqual(x);
    }
    matrix.free();
    net.dispose();
  });

  test("the same seed gives the same report, and another one another", async () => {
    const net = await Network.create({ ...common, graph: residual, loss: "meanSquaredError" });
    const report = (seed: number) => gradCheck(net, x, values, { sampleSize: 2, seed, inputs: true });
    expect(report(8)).toEqual(report(8));
    expect(report(8)).not.toEqual(report(9));
    expect(report(8).checked + report(8).kinks).toBe(2 * 9);
    net.dispose();
  });
});

describe("the report as a text", () => {
  const [{ engine }] = FLOAT64_VARIANTS as [Variant];
  const options = { inputs: 2, loss: "meanSquaredError", engine, dtype: "float64" } as const;

  test("by hand: numbers in columns, and kinks with their places", async () => {
    // z = 2·0.5 − 0.25·4 = 0 in row 0 and 0.5 in row 1; C = ½((a₀ − 1)² + (a₁ − 1)²), so that ∂C/∂w of row 1 is −0.5·(1, 0).
    const net = await Network.create({ ...options, layers: [dense(1, "relu", { bias: false })] });
    net.setParameters({ "0.weight": [0.5, -0.25] });
    const report = gradCheck(net, [2, 4, 1, 0], [1, 1], { epsilon: 0.125, inputs: true });
    const lines = String(report).split("\n");
    expect(lines[0]).toMatch(/^gradient check: max relative error \d\.\de[+-]\d+, 2 checked, 4 at kinks$/);
    expect(lines[1]).toBe("float64, rows: 2, step: 1.3e-1");
    expect(lines[2]).toBe("");
    const columns = lines.slice(3).map((line) => line.trim().split(/ {2,}/));
    expect(columns.map((cells) => cells.map((cell) => cell.replace(/^\d\.\de-1\d$|^0\.0e\+0$/, "tiny")))).toEqual([
      ["parameter", "shape", "checked", "kinks", "max error"],
      ["worst entries", "analytic", "numeric", "error", "step"],
      ["0.weight", "[1, 2]", "0", "2", "NaN"],
      ["[0, 0]", "kink:", "layer 0", "row 0", "unit 0"],
      ["[0, 1]", "kink:", "layer 0", "row 0", "unit 0"],
      ["inputs", "[2, 2]", "2", "2", "tiny"],
      expect.arrayContaining(["[1, 0]", "-2.500000e-1", "-2.500000e-1", "tiny", "1.3e-1"]),
      expect.arrayContaining(["[1, 1]", "1.250000e-1", "1.250000e-1", "tiny", "1.3e-1"]),
      ["[0, 0]", "kink:", "layer 0", "row 0", "unit 0"],
      ["[0, 1]", "kink:", "layer 0", "row 0", "unit 0"],
    ]);
    for (const line of lines.slice(3)) expect(line).toHaveLength(80);
    net.dispose();
  });

  test("three entries of each parameter, the worst first; a kink of the loss; NaN", async () => {
    const net = await Network.create({
      ...options,
      loss: "meanAbsoluteError",
      layers: [dense(4, "tanh"), dense(1, "identity", { weightInit: "zeros" })],
    });
    const report = gradCheck(net, [2, 4, 1, 0], [0, 1]);
    const text = String(report);
    expect(text.match(/^ {2}\[\d, \d\] .* 1\.0e-4$/gm)).toHaveLength(3);
    expect(text).toMatch(/^0\.weight +\[4, 2\] +8 +0 +0\.0e\+0$/m);
    expect(text).toMatch(/^ {2}\[0\] +kink: +loss +row 0 +unit 0$/m);
    for (const { entries, worst, maxRelativeError } of report.parameters) {
      const errors = entries.map(({ relativeError }) => relativeError);
      expect(errors).toEqual(errors.toSorted((p, q) => q - p));
      expect(entries[0]).toBe(worst);
      expect(maxRelativeError).toBe(errors[0] ?? Number.NaN);
    }
    expect(gradCheck(net, [Number.NaN, 4, 1, 0], [0, 1]).maxRelativeError).toBeNaN();
    net.dispose();
  });

  test("is not enumerable: a report can be sent to a worker", async () => {
    const net = await Network.create({ ...options, layers: [dense(1, "tanh")] });
    const report = gradCheck(net, [2, 4, 1, 0], [0, 1]);
    expect(structuredClone(report)).toEqual(report);
    expect(Object.keys(report).sort()).toEqual(
      ["checked", "dtype", "epsilon", "kinks", "maxRelativeError", "parameters", "rows", "worst"].sort(),
    );
    net.dispose();
  });
});
