// Derivatives beyond the gradient: products with the Jacobian from both sides, the Jacobian, products with the Hessian, the
// gradients of single rows. Against PyTorch's, against differences, and against each other.
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import {
  add,
  concatenate,
  DisposedError,
  dense,
  dropout,
  Engine,
  type FloatArray,
  graph,
  type Loss,
  type Matrix,
  Network,
  type NetworkOptions,
  OutOfMemoryError,
  standardize,
} from "../src/index.js";
import { ACTIVATIONS } from "../src/network/activation.js";
import { engineOf } from "./support/builds.js";
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
import { randomNumbers } from "./support/matrices.js";
import type { Numbers } from "./support/twins.js";
import { FLOAT64_VARIANTS, VARIANTS } from "./support/variants.js";

/** Weights and biases by layer, as the fixtures write them. */
interface ByLayer {
  weights: number[][];
  biases: (number[] | null)[];
}

interface DerivativeCase {
  name: string;
  batch: number;
  layers: LayerFixture[];
  loss: Named;
  x: number[];
  target: TargetFixture;
  output: number[];
  jacobian_output_wrt_x: { shape: number[]; data: number[] };
  jvp_x: { tangent_x: number[]; tangent_output: number[] };
  jvp_params: { tangent_params: ByLayer; tangent_output: number[] };
  vjp: { cotangent_output: number[]; cotangent_x: number[]; cotangent_params: ByLayer };
  loss_value: number;
  loss_gradient: ByLayer;
  hvp_params: { direction: ByLayer; result: ByLayer };
  /** In the order of `Network.parameters`. */
  hessian_params?: { n: number; data: number[] };
}

type Tensors = Record<string, Numbers>;

const { cases } = loadFixtures<{ cases: DerivativeCase[] }>("derivatives.json");

const BOUND = { float32: 2e-5, float64: 1e-9 };

function named({ weights, biases }: ByLayer): Tensors {
  return namedParameters(weights, biases);
}

/** All tensors in the order of the network's parameters, one behind the other. */
function joined(net: Network, tensors: Tensors): number[] {
  return net.parameters.flatMap(({ name, values }) => Array.from(tensors[name] ?? new Float64Array(values.length)));
}

/** The parameters' `values` or `gradient` by name. */
function tensorsOf(net: Network, key: "values" | "gradient"): Record<string, FloatArray> {
  return Object.fromEntries(net.parameters.map((parameter) => [parameter.name, parameter[key]]));
}

test("the library knows every case", () => {
  expect(cases.length).toBeGreaterThanOrEqual(3);
  expect(cases.every(({ loss }) => isKnown("loss", loss))).toBe(true);
});

describe.each(VARIANTS)("PyTorch's by $build, $dtype", ({ dtype, engine }) => {
  describe.each([false, 2])("checkpoint %s", (checkpoint) => {
    test.each(cases)("$name", async (one) => {
      const net = await networkOf(one, { dtype, engine, checkpoint });
      const check = (what: string, actual: Numbers, expected: Numbers) => {
        expectWithin(`${one.name}, ${dtype}: ${what}`, tensorError(actual, expected), BOUND[dtype]);
      };
      const checkTensors = (what: string, actual: Tensors, expected: ByLayer) => {
        expect(Object.keys(actual)).toEqual(net.parameters.map(({ name }) => name));
        for (const [name, values] of Object.entries(named(expected))) {
          check(`${what} ${name}`, actual[name] as Numbers, values);
        }
      };
      const { x, jacobian_output_wrt_x: jacobian, jvp_x: byX, jvp_params: byParameters, vjp, hvp_params: hvp } = one;
      for (const mode of ["forward", "reverse", "auto"] as const) {
        const { values, shape } = net.jacobian(x, { mode });
        expect(shape).toEqual(jacobian.shape);
        check(`Jacobian, ${mode}`, values, jacobian.data);
      }
      check("J·v by x", net.jvp(x, { x: byX.tangent_x }), byX.tangent_output);
      const tangent = net.jvp(x, { parameters: named(byParameters.tangent_params) });
      check("J·v by parameters", tangent, byParameters.tangent_output);
      const product = net.vjp(x, vjp.cotangent_output);
      check("uᵀ·J by x", product.x, vjp.cotangent_x);
      checkTensors("uᵀ·J by", product.parameters, vjp.cotangent_params);
      checkTensors("H·v by", net.hvp(x, one.target.data, named(hvp.direction)), hvp.result);
      net.dispose();
    });
  });

  test("every column of a whole Hessian", async () => {
    const one = cases.find(({ hessian_params }) => hessian_params !== undefined) as DerivativeCase;
    const { n, data } = one.hessian_params as { n: number; data: number[] };
    const net = await networkOf(one, { dtype, engine });
    const hessian = net.parameters.flatMap(({ name, values }) => {
      return Array.from(values, (_, index) => {
        return joined(
          net,
          net.hvp(one.x, one.target.data, { [name]: new Float64Array(values.length).fill(1, index, index + 1) }),
        );
      });
    });
    expect(hessian).toHaveLength(n);
    // Symmetric: rows are columns.
    expectWithin(`Hessian, ${dtype}`, tensorError(hessian.flat(), data), BOUND[dtype]);
    net.dispose();
  });
});

/** A network and data for it, drawn at random. */
interface Subject {
  name: string;
  options: Partial<NetworkOptions>;
  /** Whether `backward` draws masks. */
  hasDropout?: boolean;
}

const ROWS = 4;
const INPUTS = 3;
const OUTPUTS = 3;

const chain = [dense(5, "tanh"), dense(4, "softplus"), dense(OUTPUTS)];
const dropping = [dropout(0.25), dense(6, "silu"), dropout(0.5), dense(OUTPUTS)];
const residual = graph({
  inputs: { x: INPUTS },
  nodes: {
    hidden: [dense(4, "tanh"), "x"],
    inner: [dense(4, "gelu"), "hidden"],
    sum: [add(), "hidden", "inner"],
    y: [dense(OUTPUTS), "sum"],
  },
  outputs: "y",
});
const tangled = graph({
  inputs: { left: 2, right: 1 },
  nodes: {
    thinned: [dropout(0.25), "left"],
    a: [dense(4, "softmax"), "thinned"],
    b: [dense(4, "sigmoid"), "right"],
    sum: [add(), "a", "b"],
    dropped: [dropout(0.5), "sum"],
    both: [concatenate(), "dropped", "a", "left"],
    c: [dense(2, "elu"), "both"],
    d: [dense(1, "softplus"), "b"],
  },
  outputs: ["c", "d"],
});
const rawRows = Array.from({ length: 8 }, (_, row) =>
  randomNumbers(INPUTS, row).map((value, j) => (j + 1) * value + j),
);

const SUBJECTS: Subject[] = [
  { name: "a chain", options: { layers: chain } },
  { name: "a chain with checkpoints", options: { layers: chain, checkpoint: 2 } },
  { name: "a chain of segments of one layer", options: { layers: chain, checkpoint: 3 } },
  { name: "one layer without bias", options: { layers: [dense(OUTPUTS, "sigmoid", { bias: false })] } },
  { name: "a softmax at the end", options: { layers: [dense(4, "tanh"), dense(OUTPUTS, "softmax")] } },
  { name: "a chain with dropout", options: { layers: dropping }, hasDropout: true },
  { name: "dropout and checkpoints", options: { layers: dropping, checkpoint: 2 }, hasDropout: true },
  { name: "a residual graph", options: { graph: residual } },
  { name: "a residual graph with checkpoints", options: { graph: residual, checkpoint: 2 } },
  { name: "a graph of everything", options: { graph: tangled }, hasDropout: true },
  { name: "a graph of everything with checkpoints", options: { graph: tangled, checkpoint: 3 }, hasDropout: true },
  { name: "standardized rows", options: { layers: chain, standardization: standardize(rawRows) } },
  { name: "a sum", options: { layers: chain, loss: { type: "huber", reduction: "sum" } } },
];

function random(length: number, seed: number): Float64Array {
  return Float64Array.from(randomNumbers(length, seed));
}

const x = random(ROWS * INPUTS, 1);
const y = random(ROWS * OUTPUTS, 2);
const u = random(ROWS * OUTPUTS, 3);

async function create(engine: Engine, options: Partial<NetworkOptions>): Promise<Network> {
  const inputs = options.graph === undefined ? { inputs: INPUTS } : {};
  const net = await Network.create({
    ...inputs,
    loss: "halfSquaredError",
    dtype: "float64",
    engine,
    seed: 5,
    ...options,
  });
  net.setParameters(randomTensors(net, 6));
  return net;
}

/** A number for each element of each parameter. */
function randomTensors(net: Network, seed: number): Record<string, Float64Array> {
  return Object.fromEntries(
    net.parameters.map(({ name, values }, index) => [name, random(values.length, seed + 99 * index)]),
  );
}

function dot(a: Numbers, b: Numbers): number {
  return Array.from(a).reduce((sum, value, index) => sum + value * (b[index] as number), 0);
}

/** a + scale · b */
function moved(a: Numbers, b: Numbers, scale: number): Float64Array {
  return Float64Array.from(a, (value, index) => value + scale * (b[index] as number));
}

const STEP = 1e-5;

/** (f(+ε) − f(−ε)) / 2ε */
function difference(f: (step: number) => Numbers): Float64Array {
  return moved(f(STEP), f(-STEP), -1).map((value) => value / (2 * STEP));
}

/** What `f` gives with the parameters moved along a direction, by a step. */
function along(net: Network, direction: Tensors, f: () => Numbers): (step: number) => Numbers {
  const start = tensorsOf(net, "values");
  return (step) => {
    for (const [name, values] of Object.entries(direction)) {
      net.setParameters({ [name]: moved(start[name] as Numbers, values, step) });
    }
    const result = f();
    net.setParameters(start);
    return result;
  };
}

/** H·v as a difference of what `backward` gives. */
function differenceOfGradients(net: Network, direction: Tensors, targets: Numbers): Float64Array {
  const gradient = () => {
    net.backward(x, targets as Float64Array);
    return joined(net, tensorsOf(net, "gradient"));
  };
  return difference(along(net, direction, gradient));
}

const DIFFERENCES = 1e-6;
const ROUNDING = 1e-12;

describe.each(FLOAT64_VARIANTS)("by $build", ({ engine }) => {
  describe.each(SUBJECTS)("$name", ({ options, hasDropout }) => {
    async function using(use: (net: Network) => void): Promise<void> {
      const net = await create(engine, options);
      use(net);
      net.dispose();
    }

    test("J·v is the slope of forward", () =>
      using((net) => {
        const v = random(x.length, 4);
        const byX = difference((step) => net.forward(moved(x, v, step)));
        expectWithin("by x", tensorError(net.jvp(x, { x: v }), byX), DIFFERENCES);
        const direction = randomTensors(net, 7);
        const byParameters = difference(along(net, direction, () => net.forward(x)));
        expectWithin("by parameters", tensorError(net.jvp(x, { parameters: direction }), byParameters), DIFFERENCES);
        const both = net.jvp(x, { x: v, parameters: direction });
        expectWithin("by both", tensorError(both, moved(byX, byParameters, 1)), DIFFERENCES);
        expect(Array.from(net.jvp(x, {}))).toEqual(new Array(ROWS * OUTPUTS).fill(0));
      }));

    test("uᵀ·(J·v) = (uᵀ·J)·v", () =>
      using((net) => {
        const v = random(x.length, 4);
        const direction = randomTensors(net, 7);
        const product = net.vjp(x, u);
        const right = dot(product.x, v) + dot(joined(net, product.parameters), joined(net, direction));
        expect(dot(u, net.jvp(x, { x: v, parameters: direction }))).toBeCloseTo(right, 11);
      }));

    test("the Jacobian is the same in both modes, and its rows are products with unit vectors", () =>
      using((net) => {
        const forward = net.jacobian(x, { mode: "forward" });
        const reverse = net.jacobian(x, { mode: "reverse" });
        expect(forward.shape).toEqual([ROWS, OUTPUTS, INPUTS]);
        expect(reverse.shape).toEqual(forward.shape);
        expectWithin("modes", tensorError(forward.values, reverse.values), ROUNDING);
        const byParameters = net.jacobian(x, { by: "parameters" });
        for (let row = 0; row < ROWS; row++) {
          for (let output = 0; output < OUTPUTS; output++) {
            const index = row * OUTPUTS + output;
            const product = net.vjp(x, new Float64Array(u.length).fill(1, index, index + 1));
            const line = new Float64Array(x.length);
            line.set(forward.values.subarray(index * INPUTS, (index + 1) * INPUTS), row * INPUTS);
            expectWithin("by x", tensorError(product.x, line), ROUNDING);
            for (const { name, shape, values } of net.parameters) {
              const { values: all, shape: whole } = byParameters[name] ?? expect.unreachable(name);
              expect(whole).toEqual([ROWS, OUTPUTS, ...shape]);
              const part = all.subarray(index * values.length, (index + 1) * values.length);
              expectWithin(name, tensorError(part, product.parameters[name] as Numbers), ROUNDING);
            }
          }
        }
      }));

    test("gradients of single rows make the batch's, and are those of the rows alone", () =>
      using((net) => {
        const sampled = net.perSampleGradients(x, y);
        net.backward(x, y);
        const isSum = typeof options.loss === "object";
        for (const { name, shape, gradient } of net.parameters) {
          const { values, shape: whole } = sampled[name] ?? expect.unreachable(name);
          expect(whole).toEqual([ROWS, ...shape]);
          const total = gradient.map((_, index) => {
            const ofRows = Array.from({ length: ROWS }, (__, row) => values[row * gradient.length + index] as number);
            return ofRows.reduce((sum, value) => sum + value, 0) / (isSum ? 1 : ROWS);
          });
          expectWithin(name, tensorError(total, gradient), ROUNDING);
        }
        if (hasDropout) return;
        for (let row = 0; row < ROWS; row++) {
          net.backward(x.subarray(row * INPUTS, (row + 1) * INPUTS), y.subarray(row * OUTPUTS, (row + 1) * OUTPUTS));
          for (const { name, gradient } of net.parameters) {
            const part = sampled[name]?.values.subarray(
              row * gradient.length,
              (row + 1) * gradient.length,
            ) as FloatArray;
            expectWithin(`${name} of row ${row}`, tensorError(part, gradient), ROUNDING);
          }
        }
      }));

    test("H·v is the slope of the gradient, with the masks of the coming step; H is symmetric; H·v is linear in v", () =>
      using((net) => {
        const [v, w] = [randomTensors(net, 7), randomTensors(net, 8)];
        const [hv, hw] = [v, w].map((direction) => joined(net, net.hvp(x, y, direction))) as [number[], number[]];
        expectWithin("difference", tensorError(hv, differenceOfGradients(net, v, y)), DIFFERENCES);
        expect(dot(joined(net, w), hv)).toBeCloseTo(dot(joined(net, v), hw), 11);
        const sum = Object.fromEntries(
          Object.entries(v).map(([name, values]) => [name, moved(values, w[name] as Numbers, -3)]),
        );
        expectWithin("v − 3w", tensorError(joined(net, net.hvp(x, y, sum)), moved(hv, hw, -3)), ROUNDING);
        const [first] = Object.keys(v) as [string];
        const alone = joined(net, net.hvp(x, y, { [first]: v[first] as Numbers as number[] }));
        const rest = joined(net, net.hvp(x, y, { ...v, [first]: new Float64Array((v[first] as Numbers).length) }));
        expectWithin("one and the others", tensorError(moved(alone, rest, 1), hv), ROUNDING);
      }));

    test("nothing else changes: gradients, input gradient, parameters, the coming step, the memory in use", () =>
      using((net) => {
        net.backward(x, y, { inputGradient: true });
        const direction = randomTensors(net, 7);
        const state = () => ({
          values: tensorsOf(net, "values"),
          gradient: tensorsOf(net, "gradient"),
          inputGradient: net.inputGradient,
          memory: { ...net.memory, used: engine.memory.used },
        });
        const before = state();
        for (const call of [
          () => net.vjp(x, u),
          () => net.jvp(x, { x, parameters: direction }),
          () => net.jacobian(x, { mode: "forward" }),
          () => net.jacobian(x, { mode: "reverse" }),
          () => net.jacobian(x, { by: "parameters" }),
          () => net.hvp(x, y, direction),
          () => net.perSampleGradients(x, y),
        ]) {
          const first = call();
          expect(state(), call.toString()).toEqual(before);
          expect(call(), call.toString()).toEqual(first);
        }
        const after = net.backward(x, y);
        expect(tensorsOf(net, "gradient")).toEqual(before.gradient);
        expect(net.backward(x, y)).toBe(after);
      }));
  });
});

const LOSSES: Loss[] = [
  "meanSquaredError",
  "halfSquaredError",
  "meanAbsoluteError",
  { type: "huber", delta: 0.5 },
  "binaryCrossEntropy",
  { type: "binaryCrossEntropy", from: "probabilities" },
  "softmaxCrossEntropy",
  { type: "softmaxCrossEntropy", labelSmoothing: 0.125, reduction: "sum" },
];

/** Numbers of (0, 1), rows of sum 1 for softmax cross-entropy: right for every loss. */
const shares = y.map((_, index) => [0.25, 0.125, 0.625][(index + Math.floor(index / OUTPUTS)) % OUTPUTS] as number);

describe.each(FLOAT64_VARIANTS)("H·v by $build", ({ engine }) => {
  describe.each(ACTIVATIONS)("%s", (activation) => {
    test.each(LOSSES)("under %o", async (loss) => {
      const isOfProbabilities = typeof loss === "object" && "from" in loss;
      const last = isOfProbabilities ? "sigmoid" : "identity";
      const net = await create(engine, {
        layers: [dense(5, activation), dense(4, activation), dense(OUTPUTS, last)],
        loss,
      });
      const v = randomTensors(net, 7);
      const hv = joined(net, net.hvp(x, shares, v));
      expectWithin(`${activation}`, tensorError(hv, differenceOfGradients(net, v, shares)), DIFFERENCES);
      net.dispose();
    });

    test.each(["meanSquaredError", "huber"] as const)("in the last layer under %s", async (loss) => {
      const net = await create(engine, { layers: [dense(5, "tanh"), dense(OUTPUTS, activation)], loss });
      const v = randomTensors(net, 7);
      const hv = joined(net, net.hvp(x, shares, v));
      expectWithin(`${activation}`, tensorError(hv, differenceOfGradients(net, v, shares)), DIFFERENCES);
      net.dispose();
    });
  });
});

const chains = fc.record({
  widths: fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 2, maxLength: 4 }),
  activation: fc.constantFrom(...ACTIVATIONS),
  rows: fc.integer({ min: 1, max: 40 }),
  seed: fc.nat(1000),
  checkpoint: fc.boolean(),
});

test.each(FLOAT64_VARIANTS)("chains of any size by $build: both modes and the Hessian agree", async ({ engine }) => {
  await fc.assert(
    fc.asyncProperty(chains, async ({ widths, activation, rows, seed, checkpoint }) => {
      const [inputs, ...units] = widths as [number, ...number[]];
      const outputs = units.at(-1) as number;
      const layers = units.map((count) => dense(count, activation));
      const net = await create(engine, { inputs, layers, seed, checkpoint });
      const [data, v] = [random(rows * inputs, seed), random(rows * inputs, seed + 1)];
      const [seeds, targets] = [random(rows * outputs, seed + 2), random(rows * outputs, seed + 3)];
      const [p, q] = [randomTensors(net, seed + 4), randomTensors(net, seed + 5)];
      const close = (what: string, a: number, b: number, scale: number) => {
        expect(Math.abs(a - b), `${what}: ${a}, ${b}`).toBeLessThanOrEqual(1e-12 * scale);
      };
      const size = (a: Numbers, b: Numbers) => Math.sqrt(dot(a, a) * dot(b, b)) + 1;

      const tangent = net.jvp(data, { x: v, parameters: p });
      const product = net.vjp(data, seeds);
      const along = dot(product.x, v) + dot(joined(net, product.parameters), joined(net, p));
      const scale = size(product.x, v) + size(joined(net, product.parameters), joined(net, p));
      close("uᵀ·J·v", dot(seeds, tangent), along, size(seeds, tangent) + scale);

      const [hp, hq] = [p, q].map((direction) => joined(net, net.hvp(data, targets, direction))) as [
        number[],
        number[],
      ];
      const [left, right] = [dot(joined(net, q), hp), dot(joined(net, p), hq)];
      close("qᵀ·H·p", left, right, size(joined(net, q), hp) + size(joined(net, p), hq));
      net.dispose();
    }),
    { numRuns: 40 },
  );
});

describe("checkpoints", () => {
  test.each([{ layers: dropping }, { layers: Array.from({ length: 7 }, () => dense(OUTPUTS, "gelu")) }])(
    "give the same bits",
    async ({ layers }) => {
      const engine = await engineOf("simd");
      const results = [];
      for (const checkpoint of [1, 2, 3, 4]) {
        const net = await create(engine, { layers, checkpoint });
        const direction = randomTensors(net, 7);
        results.push({
          vjp: net.vjp(x, u),
          jvp: net.jvp(x, { x: u, parameters: direction }),
          forward: net.jacobian(x, { mode: "forward" }),
          reverse: net.jacobian(x, { mode: "reverse" }),
          parameters: net.jacobian(x, { by: "parameters" }),
          hvp: net.hvp(x, y, direction),
          samples: net.perSampleGradients(x, y),
        });
        net.dispose();
      }
      for (const result of results) expect(result).toEqual(results[0]);
    },
  );
});

describe("rows", () => {
  test("as a matrix, as an object by the inputs' names, as class indices", async () => {
    const engine = await engineOf("simd");
    const net = await create(engine, { layers: chain, loss: "softmaxCrossEntropy" });
    const direction = randomTensors(net, 7);
    const matrix = engine.matrix(ROWS, INPUTS, { dtype: "float64", values: x });
    const seeds = engine.matrix(ROWS, OUTPUTS, { dtype: "float64", values: u });
    const classes = [2, 0, 1, 1];
    const oneHot = classes.flatMap((label) => [0, 1, 2].map((output) => (output === label ? 1 : 0)));
    expect(net.vjp(matrix, seeds)).toEqual(net.vjp(x, u));
    expect(net.jvp(matrix, { x: matrix, parameters: direction })).toEqual(net.jvp(x, { x, parameters: direction }));
    expect(net.jacobian(matrix)).toEqual(net.jacobian(x));
    expect(net.hvp(matrix, classes, direction)).toEqual(net.hvp(x, oneHot, direction));
    expect(net.perSampleGradients(matrix, classes)).toEqual(net.perSampleGradients(x, oneHot));
    expect(matrix.values).toEqual(x);

    const two = await create(engine, { graph: tangled });
    const pick = (columns: number[]) =>
      Array.from({ length: ROWS }, (_, row) => columns.map((j) => x[row * INPUTS + j] as number));
    const byName = { left: pick([0, 1]), right: pick([2]) };
    expect(two.vjp(byName, u)).toEqual(two.vjp(x, u));
    expect(two.jvp(byName, { x: byName })).toEqual(two.jvp(x, { x }));
    expect(two.jacobian(byName)).toEqual(two.jacobian(x));
  });

  test("more than the plan was made for", async () => {
    const engine = await engineOf("simd");
    for (const call of [
      (net: Network) => net.vjp(x, u),
      (net: Network) => net.jvp(x, { x, parameters: randomTensors(net, 7) }),
      (net: Network) => net.jacobian(x, { mode: "forward" }),
      (net: Network) => net.jacobian(x, { mode: "reverse" }),
      (net: Network) => net.jacobian(x, { by: "parameters" }),
      (net: Network) => net.hvp(x, y, randomTensors(net, 7)),
      (net: Network) => net.perSampleGradients(x, y),
    ]) {
      const [small, large] = await Promise.all(
        [1, ROWS].map((batchSize) => create(engine, { layers: chain, batchSize })),
      );
      expect(call(small as Network)).toEqual(call(large as Network));
    }
  });

  test("of standardized networks are raw ones", async () => {
    const engine = await engineOf("simd");
    const standardization = standardize(rawRows);
    const [raw, scaled] = await Promise.all([
      create(engine, { layers: chain, standardization }),
      create(engine, { layers: chain }),
    ]);
    const z = standardization.apply(x);
    const divided = (values: FloatArray) => {
      return values.map((value, index) => value / (standardization.deviations[index % INPUTS] as number));
    };
    expectWithin("Jacobian", tensorError(raw.jacobian(x).values, divided(scaled.jacobian(z).values)), ROUNDING);
    expectWithin("uᵀ·J", tensorError(raw.vjp(x, u).x, divided(scaled.vjp(z, u).x)), ROUNDING);
    expectWithin("J·v", tensorError(raw.jvp(x, { x: u }), scaled.jvp(z, { x: divided(u) })), ROUNDING);
  });
});

test("one output: a Jacobian by parameters still has a place for it", async () => {
  const net = await create(await engineOf("simd"), { layers: [dense(1)] });
  const { "0.weight": weight, "0.bias": bias } = net.jacobian(x, { by: "parameters" });
  expect(weight).toEqual({ values: x, shape: [ROWS, 1, 1, INPUTS] });
  expect(bias).toEqual({ values: new Float64Array(ROWS).fill(1), shape: [ROWS, 1, 1] });
});

test("auto is the cheaper mode", async () => {
  const engine = await engineOf("simd");
  for (const [inputs, outputs, mode] of [
    [3, 5, "forward"],
    [5, 3, "reverse"],
  ] as const) {
    const net = await create(engine, { inputs, layers: [dense(4, "tanh"), dense(outputs)], dtype: "float32" });
    const rows = random(2 * inputs, 9);
    expect(net.jacobian(rows)).toEqual(net.jacobian(rows, { mode }));
  }
});

describe("by hand", () => {
  // y = w₂·tanh(w₁·x), C = ½y² with target 0, at w₁ = ½, w₂ = 3, x = 1.
  const t = Math.tanh(0.5);
  const slope = 1 - t * t;

  async function small(): Promise<Network> {
    const layers = [dense(1, "tanh", { bias: false }), dense(1, "identity", { bias: false })];
    const net = await create(await engineOf("simd"), { inputs: 1, layers });
    net.setParameters({ "0.weight": [0.5], "1.weight": [3] });
    return net;
  }

  test("the products with J = (w₂·t′·w₁ | w₂·t′·x, t)", async () => {
    const net = await small();
    expect(net.jacobian([1]).values[0]).toBeCloseTo(1.5 * slope, 14);
    expect(net.jvp([1], { parameters: { "0.weight": [2], "1.weight": [5] } })[0]).toBeCloseTo(6 * slope + 5 * t, 14);
    const { x: byX, parameters } = net.vjp([1], [2]);
    expect(byX[0]).toBeCloseTo(3 * slope, 14);
    expect(parameters["0.weight"]?.[0]).toBeCloseTo(6 * slope, 14);
    expect(parameters["1.weight"]?.[0]).toBeCloseTo(2 * t, 14);
  });

  test("H = (w₂²(t′² + t·t″), 2·w₂·t·t′; 2·w₂·t·t′, t²)", async () => {
    const net = await small();
    const curvature = -2 * t * slope;
    const { "0.weight": first, "1.weight": second } = net.hvp([1], [0], { "0.weight": [1] });
    expect(first?.[0]).toBeCloseTo(9 * (slope * slope + t * curvature), 13);
    expect(second?.[0]).toBeCloseTo(6 * t * slope, 14);
    const other = net.hvp([1], [0], { "1.weight": [1] });
    expect(other["0.weight"]?.[0]).toBeCloseTo(6 * t * slope, 14);
    expect(other["1.weight"]?.[0]).toBeCloseTo(t * t, 14);
  });
});

describe("threads", () => {
  let threaded: Engine | undefined;
  afterAll(() => threaded?.dispose());

  test("give the same bits", async () => {
    threaded = await Engine.create({ build: "simd", threads: 2 });
    expect(threaded.threads).toBe(2);
    const layers = [dense(160, "gelu"), dropout(0.5), dense(96, "softmax"), dense(20)];
    const [rows, inputs] = [40, 130];
    const data = Float32Array.from(random(rows * inputs, 1));
    const labels = Uint8Array.from({ length: rows }, (_, row) => row % 20);
    const results = [];
    for (const engine of [await engineOf("simd"), threaded]) {
      const net = await create(engine, { inputs, layers, loss: "softmaxCrossEntropy", dtype: "float32" });
      const direction = randomTensors(net, 7);
      results.push({
        vjp: net.vjp(data, random(rows * 20, 3)),
        jvp: net.jvp(data, { x: data, parameters: direction }),
        forward: net.jacobian(data.subarray(0, 10 * inputs), { mode: "forward" }),
        reverse: net.jacobian(data, { mode: "reverse" }),
        hvp: net.hvp(data, labels, direction),
        samples: net.perSampleGradients(data.subarray(0, 5 * inputs), labels.subarray(0, 5)),
      });
    }
    expect(results[1]).toEqual(results[0]);
  });
});

test("too little memory: what was taken is given back, and the network goes on", async () => {
  const engine = await engineOf("simd", { maximumMemory: 2 ** 17 });
  const net = await Network.create({
    inputs: 60,
    layers: [dense(60, "tanh"), dense(2)],
    loss: "huber",
    engine,
    batchSize: 4,
  });
  const data = random(4 * 60, 1);
  const targets = random(4 * 2, 2);
  const direction = randomTensors(net, 7);
  const loss = net.backward(data, targets, { inputGradient: true });
  const fillers: Matrix[] = [];
  expect(() => {
    for (;;) fillers.push(engine.matrix(1, 1000));
  }).toThrow(OutOfMemoryError);
  const { used } = engine.memory;
  for (const call of [
    () => net.vjp(data, targets),
    () => net.jvp(data, { parameters: direction }),
    () => net.jacobian(data, { by: "parameters" }),
    () => net.hvp(data, targets, direction),
    () => net.perSampleGradients(data, targets),
  ]) {
    expect(call, call.toString()).toThrow(OutOfMemoryError);
    expect(engine.memory.used, call.toString()).toBe(used);
  }
  expect(net.backward(data, targets)).toBe(loss);
  for (const filler of fillers) filler.free();
  expect(net.hvp(data, targets, direction)["1.bias"]).toHaveLength(2);
});

test("a disposed network differentiates nothing", async () => {
  const net = await create(await engineOf("simd"), { layers: chain });
  net.dispose();
  for (const call of [
    () => net.vjp(x, u),
    () => net.jvp(x, { x }),
    () => net.jacobian(x),
    () => net.hvp(x, y, {}),
    () => net.perSampleGradients(x, y),
  ]) {
    expect(call).toThrow(DisposedError);
  }
});
