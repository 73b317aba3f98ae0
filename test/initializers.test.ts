// First weights: their distributions against the fixtures' bounds and moments, the defaults, and what the seed decides.
import { describe, expect, test } from "vitest";
import { type Activation, type DType, dense, type Initializer, Network } from "../src/index.js";
import { engineOf } from "./support/builds.js";
import { absoluteError, expectWithin, toleranceError } from "./support/close.js";
import { loadFixtures } from "./support/fixtures.js";
import { momentsOf, standardErrors } from "./support/statistics.js";
import { VARIANTS } from "./support/variants.js";

interface InitializerCase {
  init: string;
  fan_in: number;
  fan_out: number;
  distribution: "uniform" | "normal";
  /** Of uniform distributions. */
  bound: number | null;
  std: number;
  mean: number;
  kurtosis: number;
}

const { cases } = loadFixtures<{ cases: InitializerCase[] }>("init.json");

/** The library's name of an initializer. PyTorch's own default has none, and is told by its bound 1/√(fan in). */
function initializerOf({ init, fan_in }: InitializerCase): Initializer {
  const bound = 1 / Math.sqrt(fan_in);
  const named: Record<string, Initializer> = {
    glorot_uniform: "glorotUniform",
    glorot_normal: "glorotNormal",
    he_uniform: "heUniform",
    he_normal: "heNormal",
    lecun_uniform: "lecunUniform",
    lecun_normal: "lecunNormal",
    torch_linear_default: { type: "uniform", low: -bound, high: bound },
  };
  const initializer = named[init];
  if (initializer === undefined) throw new Error(`the library has no ${init}`);
  return initializer;
}

const engine = await engineOf("simd");

/** The first values of "0.weight" and "0.bias". */
async function firstValues(
  initializer: Initializer | undefined,
  {
    fanIn = 8,
    fanOut = 6,
    seed = 0,
    dtype = "float64" as DType,
    activation = "identity" as Activation,
    on = engine,
  } = {},
) {
  const layers = [dense(fanOut, activation, initializer === undefined ? {} : { weightInit: initializer })];
  const net = await Network.create({ inputs: fanIn, layers, loss: "meanSquaredError", seed, dtype, engine: on });
  const [weight, bias] = net.parameters.map(({ values }) => values) as [Float64Array, Float64Array];
  net.dispose();
  return { weight, bias };
}

/** Enough for moments to a percent or so. Small matrices make it up by many seeds. */
const SAMPLE = 10_000;

async function sampleOf(one: InitializerCase): Promise<number[]> {
  const sample: number[] = [];
  for (let seed = 0; sample.length < SAMPLE; seed++) {
    const { weight } = await firstValues(initializerOf(one), { fanIn: one.fan_in, fanOut: one.fan_out, seed });
    for (const value of weight) sample.push(value);
  }
  return sample;
}

describe("distribution", () => {
  test("of every kind in the fixtures", () => {
    expect(cases).toHaveLength(42);
  });

  test.each(cases)("$init, $fan_in → $fan_out", async (one) => {
    const sample = await sampleOf(one);
    const moments = momentsOf(sample);
    const errors = standardErrors(one.distribution, one.std, sample.length);
    const what = `${one.init} ${one.fan_in} → ${one.fan_out}`;
    // The draws are the same each time; that any of 126 moments lies 4.5 standard errors off has a chance of 0.1 %.
    expectWithin(
      `${what}: mean / SE`,
      toleranceError([moments.mean], [one.mean], { relative: 0, absolute: errors.mean }),
      4.5,
    );
    expectWithin(
      `${what}: deviation / SE`,
      toleranceError([moments.deviation], [one.std], { relative: 0, absolute: errors.deviation }),
      4.5,
    );
    expectWithin(
      `${what}: kurtosis / SE`,
      toleranceError([moments.kurtosis], [one.kurtosis], { relative: 0, absolute: errors.kurtosis }),
      4.5,
    );
    if (one.bound === null) return;
    const largest = sample.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(largest, `${what}: no weight beyond the bound`).toBeLessThanOrEqual(one.bound);
    // All of n uniform draws stay below (1 − 12/n) of the bound with a chance of e⁻¹².
    expect(largest, `${what}: weights up to the bound`).toBeGreaterThan(one.bound * (1 - 12 / sample.length));
  });
});

describe("defaults", () => {
  const relus: Activation[] = ["relu", "leakyRelu", "elu", "gelu", "geluTanh", "silu"];
  const others: Activation[] = ["identity", "selu", "sigmoid", "tanh", "softplus", "softmax"];

  test.each([
    ...relus.map((activation) => ({ activation, initializer: "heUniform" as const })),
    ...others.map((activation) => ({ activation, initializer: "glorotUniform" as const })),
  ])("$initializer before $activation, and a bias of zeros", async ({ activation, initializer }) => {
    const { weight, bias } = await firstValues(undefined, { activation });
    const { weight: wanted } = await firstValues(initializer);
    expect(weight).toEqual(wanted);
    expect(weight.some((value) => value !== 0)).toBe(true);
    expect([...bias]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test("the seed is 0 and the precision single", async () => {
    const net = await Network.create({ inputs: 8, layers: [dense(6)], loss: "meanSquaredError", engine });
    const { weight } = await firstValues("glorotUniform", { seed: 0, dtype: "float32" });
    expect(net.parameters[0]?.values).toEqual(weight);
    expect(weight).toBeInstanceOf(Float32Array);
    net.dispose();
  });
});

describe("given values", () => {
  test("zeros and constant", async () => {
    const zeros = await firstValues("zeros");
    expect(zeros.weight.every((value) => value === 0)).toBe(true);
    const constant = await firstValues({ type: "constant", value: 0.1 });
    expect(constant.weight.every((value) => value === 0.1)).toBe(true);
    const rounded = await firstValues({ type: "constant", value: 0.1 }, { dtype: "float32" });
    expect(rounded.weight.every((value) => value === Math.fround(0.1))).toBe(true);
  });

  test("uniform between two bounds, and normal of a deviation", async () => {
    const n = 200 * 200;
    const shape = { fanIn: 200, fanOut: 200 };
    const { weight: uniform } = await firstValues({ type: "uniform", low: 2, high: 5 }, shape);
    expect(uniform.every((value) => value >= 2 && value < 5)).toBe(true);
    const uniformErrors = standardErrors("uniform", 3 / Math.sqrt(12), n);
    expectWithin("mean", absoluteError([momentsOf(uniform).mean], [3.5]), 4.5 * uniformErrors.mean);
    const { weight: normal } = await firstValues({ type: "normal", deviation: 0.25 }, shape);
    const normalErrors = standardErrors("normal", 0.25, n);
    expectWithin("deviation", absoluteError([momentsOf(normal).deviation], [0.25]), 4.5 * normalErrors.deviation);
  });

  test("a bias has an initializer of its own", async () => {
    const layers = [
      dense(4, "identity", { biasInit: { type: "constant", value: -2 } }),
      dense(50, "identity", { biasInit: { type: "uniform", low: 1, high: 2 } }),
    ];
    const net = await Network.create({ inputs: 3, layers, loss: "meanSquaredError", dtype: "float64", engine });
    const values = Object.fromEntries(net.parameters.map((parameter) => [parameter.name, parameter.values]));
    expect([...(values["0.bias"] as Float64Array)]).toEqual([-2, -2, -2, -2]);
    expect((values["1.bias"] as Float64Array).every((value) => value >= 1 && value < 2)).toBe(true);
    expect(new Set(values["1.bias"]).size).toBe(50);
    net.dispose();
  });
});

describe("seed", () => {
  const kinds: Initializer[] = ["glorotUniform", "heNormal"];

  test.each(kinds)("%s: the same one gives the same weights, another one others", async (kind) => {
    const shape = { fanIn: 64, fanOut: 64 };
    const { weight: first } = await firstValues(kind, { ...shape, seed: 42 });
    const { weight: again } = await firstValues(kind, { ...shape, seed: 42 });
    expect(again).toEqual(first);
    // Seeds are distinguished in all of their 53 bits, and their weights are uncorrelated: |r| < 4.5/√n.
    for (const seed of [41, 43, 42 + 2 ** 32, 42 + 2 ** 52]) {
      const { weight: other } = await firstValues(kind, { ...shape, seed });
      const product = momentsOf(first.map((value, index) => value * (other[index] as number))).mean;
      const correlation = product / (momentsOf(first).deviation * momentsOf(other).deviation);
      expect(Math.abs(correlation), `42 and ${seed}`).toBeLessThan(4.5 / Math.sqrt(first.length));
    }
  });

  test("layers of the same shape draw different weights", async () => {
    const layers = [dense(8), dense(8)];
    const net = await Network.create({ inputs: 8, layers, loss: "meanSquaredError", dtype: "float64", engine });
    const [first, second] = net.parameters
      .filter(({ name }) => name.endsWith("weight"))
      .map(({ values }) => [...values]);
    expect(second?.filter((value) => first?.includes(value))).toEqual([]);
    net.dispose();
  });
});

describe.each(VARIANTS)("$build, $dtype", ({ build, dtype, engine: on }) => {
  const inPrecision = (value: number) => (dtype === "float32" ? Math.fround(value) : value);

  test.each<Initializer>(["heUniform", "heNormal"])("%s gives the same weights, rounded once", async (kind) => {
    const shape = { fanIn: 33, fanOut: 17, seed: 7 };
    const { weight: wanted } = await firstValues(kind, shape);
    const { weight } = await firstValues(kind, { ...shape, dtype, on });
    // The relaxed build may fuse in the logarithm that normal numbers take: a last place of double precision.
    const relative = build === "relaxed" && kind === "heNormal" ? (dtype === "float32" ? 6e-8 : 1e-15) : 0;
    const error = toleranceError(weight, wanted.map(inPrecision), { relative, absolute: Number.MIN_VALUE });
    expectWithin(`${build}, ${dtype}, ${kind}`, error, relative === 0 ? 0 : 1);
  });
});
