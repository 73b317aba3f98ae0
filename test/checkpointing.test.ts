// Checkpointing: the same bits from less memory, whatever the number of segments.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  adam,
  add,
  dense,
  dropout,
  type FloatArray,
  type GraphDefinition,
  gradCheck,
  graph,
  type Layer,
  Network,
  type NetworkOptions,
  NonFiniteError,
  sgd,
} from "../src/index.js";
import { planActivations } from "../src/network/plan.js";
import { parseChain } from "../src/network/topology.js";
import { sameBits } from "./support/blocks.js";
import { engineOf } from "./support/builds.js";
import { randomNumbers } from "./support/matrices.js";
import { randomGraphs } from "./support/random-graphs.js";
import { VARIANTS } from "./support/variants.js";

const engine = await engineOf("simd");
const ROWS = 12;

/** Random numbers, exact in single precision. */
function random(count: number, seed: number): Float32Array {
  return Float32Array.from(randomNumbers(count, seed));
}

/** T layers of one width. */
function chain(depth: number, width: number): Layer[] {
  return Array.from({ length: depth }, () => dense(width, "tanh"));
}

const residual: GraphDefinition = {
  inputs: { a: 3, b: 2 },
  nodes: {
    h0: [dense(5, "tanh"), "a"],
    thinned: [dropout(0.2), "b"],
    h1: [dense(5, "softmax"), "h0"],
    s1: [add(), "h0", "h1"],
    h2: [dense(5, "gelu"), "s1"],
    d2: [dropout(0.3), "h2"],
    s2: [add(), "s1", "d2", "h0"],
    low: [dense(5, "silu"), "thinned"],
    s3: [add(), "s2", "low", "s2"],
    y: [dense(2), "s3"],
  },
  outputs: ["y", "s1"],
};

const NETS: Record<string, { options: Partial<NetworkOptions>; layers: number }> = {
  "a chain": { options: { inputs: 5, layers: chain(9, 7) }, layers: 9 },
  "a chain without activations": {
    options: { inputs: 5, layers: Array.from({ length: 4 }, () => dense(3)) },
    layers: 4,
  },
  "a chain with softmax and dropout": {
    options: {
      inputs: 5,
      layers: [
        dropout(0.1),
        dense(8, "softmax"),
        dropout(0.3),
        dropout(0.2),
        dense(6, "gelu", { bias: false }),
        dense(6, "softmax"),
        dropout(0.3),
        dense(3),
      ],
    },
    layers: 8,
  },
  "a graph whose sums cross the borders": { options: { graph: graph(residual) }, layers: 11 },
};

function create(options: Partial<NetworkOptions>): Promise<Network> {
  return Network.create({ loss: "meanSquaredError", seed: 5, batchSize: ROWS, engine, ...options });
}

/** What two passes, a training and predictions leave: every number that a user sees. */
async function numbersOf(options: Partial<NetworkOptions>): Promise<FloatArray[]> {
  const net = await create(options);
  const x = random(ROWS * net.inputs, 1);
  const y = random(ROWS * net.outputs, 2);
  const gradients = () => net.parameters.map(({ gradient }) => gradient);
  const before = net.predict(x);
  const losses = [net.backward(x, y)];
  const first = gradients();
  losses.push(net.backward(x, y, { inputGradient: true }));
  const second = [net.inputGradient as FloatArray, ...gradients()];
  const optimizer = adam({ learningRate: 0.02 });
  losses.push(net.trainBatch(x, y, optimizer));
  const { epochs } = await net.fit(x, y, { optimizer, epochs: 4, batchSize: 5, validation: [x, y] });
  losses.push(
    ...epochs.flatMap(({ loss, validationLoss }) => [loss, validationLoss as number]),
    net.evaluate(x, y).loss,
  );
  const values = net.parameters.map((parameter) => parameter.values);
  const results = [before, ...first, ...second, ...values, Float64Array.from(losses), net.predict(x)];
  results.push(...derivativesOf(net, x, y));
  net.dispose();
  return results;
}

/** Of passes that go back several times, or with tangents, behind one forward pass. */
function derivativesOf(net: Network, x: FloatArray, y: FloatArray): FloatArray[] {
  const direction = Object.fromEntries(net.parameters.map(({ name, values }, i) => [name, random(values.length, i)]));
  const rows = [net.jacobian(x, { by: "parameters" }), net.perSampleGradients(x, y)];
  return [
    net.jacobian(x, { mode: "forward" }).values,
    net.jacobian(x, { mode: "reverse" }).values,
    ...rows.flatMap((tensors) => Object.values(tensors).map(({ values }) => values)),
    ...Object.values(net.hvp(x, y, direction)),
    net.jvp(x, { x, parameters: direction }),
    net.vjp(x, y).x,
  ];
}

function expectSame(actual: FloatArray[], expected: FloatArray[], what: string): void {
  const different = expected.findIndex((numbers, index) => !sameBits(actual[index] as FloatArray, numbers));
  expect(different, `${what}: the first array with other bits`).toBe(-1);
  expect(actual).toHaveLength(expected.length);
}

describe.each(VARIANTS)("$build, $dtype", ({ dtype, engine: on }) => {
  test.each(Object.entries(NETS))("%s: every number of segments gives the same bits", async (_, net) => {
    const options = { ...net.options, dtype, engine: on };
    const plain = await numbersOf(options);
    expectSame(await numbersOf({ ...options, checkpoint: true }), plain, "√T segments");
    for (let checkpoint = 1; checkpoint <= net.layers; checkpoint++) {
      expectSame(await numbersOf({ ...options, checkpoint }), plain, `${checkpoint} segments`);
    }
  });
});

test("any graph, any number of segments: the same bits", async () => {
  await fc.assert(
    fc.asyncProperty(randomGraphs, fc.double({ min: 0, max: 1, noNaN: true }), async (definition, share) => {
      const options = { graph: graph(definition) };
      const net = await create(options);
      const checkpoint = 1 + Math.round(share * (net.layers.length - 1));
      net.dispose();
      expectSame(await numbersOf({ ...options, checkpoint }), await numbersOf(options), `${checkpoint} segments`);
    }),
    { seed: 2, numRuns: 150 },
  );
});

test("the gradient check passes", async () => {
  const net = await create({ graph: graph(residual), dtype: "float64", checkpoint: 4 });
  const report = gradCheck(net, random(ROWS * 5, 1), random(ROWS * net.outputs, 2));
  expect(report.maxRelativeError).toBeLessThan(1e-6);
  net.dispose();
});

test("a layer that overflows is named as without", async () => {
  const errors = await Promise.all(
    [false, true].map(async (checkpoint) => {
      const net = await create({ inputs: 2, layers: Array.from({ length: 6 }, () => dense(2, "relu")), checkpoint });
      const grow = net.parameters
        .filter(({ name }) => name.endsWith("weight"))
        .map(({ name }) => [name, Array(4).fill(1e9)]);
      net.setParameters(Object.fromEntries(grow));
      try {
        net.trainBatch([1, 1], [1, 1], sgd({ learningRate: 0.1 }));
      } catch (error) {
        return error as NonFiniteError;
      } finally {
        net.dispose();
      }
      return expect.unreachable("no error");
    }),
  );
  expect(errors[1]).toBeInstanceOf(NonFiniteError);
  expect(errors[1]).toEqual(errors[0]);
});

describe("the memory", () => {
  /** Bytes of so many arrays [batch × width]; whole cache lines, as 4 × 16 × 32 and 4 × 16 × 64 are. */
  const arrays = (count: number, batch: number, width: number) => 4 * count * batch * width;

  test.each([
    // x and y; z, a and δ of each segment's last layer and of the others of one segment
    { depth: 64, checkpoint: false, places: 64 },
    { depth: 64, checkpoint: true, places: 8 + 7 },
    { depth: 64, checkpoint: 8, places: 8 + 7 },
    { depth: 64, checkpoint: 2, places: 2 + 31 },
    { depth: 64, checkpoint: 64, places: 64 },
    { depth: 16, checkpoint: true, places: 4 + 3 },
    { depth: 256, checkpoint: true, places: 16 + 15 },
    // segments of 3, 4 and 3 layers
    { depth: 10, checkpoint: 3, places: 3 + 3 },
  ])("of $depth layers with checkpoint $checkpoint holds $places of them", async ({ depth, checkpoint, places }) => {
    const net = await create({ inputs: 32, layers: chain(depth, 32), batchSize: 16, checkpoint });
    expect(net.memory.activations).toBe(arrays(2 + 3 * places, 16, 32));
    net.dispose();
  });

  test("is what the plan says, and what the arena gives; training takes no more", async () => {
    const own = await engineOf("simd");
    const net = await create({ inputs: 32, layers: chain(64, 32), batchSize: 16, checkpoint: true, engine: own });
    const plan = planActivations(parseChain(32, chain(64, 32)), 16, "float32", 8, false, own.kernels("float32"));
    expect(net.memory.activations).toBe(plan.bytes);
    net.dispose();
    const before = own.memory.used;
    const again = await create({ inputs: 32, layers: chain(64, 32), batchSize: 16, checkpoint: true, engine: own });
    expect(own.memory.used - before).toBe(again.memory.total);
    const optimizer = adam({ learningRate: 0.01 });
    again.trainBatch(random(16 * 32, 1), random(16 * 32, 2), optimizer);
    const { used, reserved } = own.memory;
    expect(used - before).toBe(again.memory.total);
    for (let step = 0; step < 10; step++) again.trainBatch(random(16 * 32, 1), random(16 * 32, 2), optimizer);
    expect(own.memory).toMatchObject({ used, reserved });
    again.dispose();
  });

  test("of residual blocks holds the borders and one segment of blocks", async () => {
    const nodes: Record<string, GraphDefinition["nodes"][string]> = {};
    for (let block = 1; block <= 16; block++) {
      const below = block === 1 ? "x" : `s${block - 1}`;
      nodes[`a${block}`] = [dense(32, "relu"), below];
      nodes[`b${block}`] = [dense(32), `a${block}`];
      nodes[`s${block}`] = [add(), below, `b${block}`];
    }
    const blocks = graph({ inputs: { x: 32 }, nodes, outputs: "s16" });
    const [plain, saved] = await Promise.all(
      [1, 4].map((checkpoint) => create({ graph: blocks, batchSize: 16, checkpoint })),
    );
    // x and y; a and δ of every node, and z of the ones with an activation
    expect(plain?.memory.activations).toBe(arrays(2 + 16 * 7, 16, 32));
    expect(saved?.memory.activations).toBe(arrays(2 + 4 * 2 + (4 * 7 - 2), 16, 32));
    for (const net of [plain, saved]) net?.dispose();
  });
});

describe("layers", () => {
  test("of the segments' ends are there, the others empty", async () => {
    const options = { inputs: 4, layers: chain(9, 5) };
    const [plain, saved] = await Promise.all([create(options), create({ ...options, checkpoint: 3 })]);
    for (const net of [plain, saved]) net.backward(random(ROWS * 4, 1), random(ROWS * 5, 2));
    const all = plain.layers;
    for (const [index, layer] of saved.layers.entries()) {
      const isKept = index % 3 === 2;
      const empty = { z: new Float32Array(0), a: new Float32Array(0), delta: new Float32Array(0) };
      expect(layer).toEqual(isKept ? all[index] : { ...all[index], ...empty });
    }
    for (const net of [plain, saved]) net.dispose();
  });
});

test("what a later segment reads keeps its place, whatever stands between", async () => {
  const net = await create({ graph: graph(residual), checkpoint: 2 });
  net.backward(random(ROWS * 5, 1), random(ROWS * net.outputs, 2));
  const empty = net.layers.filter(({ a }) => a.length === 0).map(({ name }) => name);
  // the border stands between d2 and s2; low reads thinned, and where dropout does not act, s2 reads h2
  expect(net.layers.map(({ name }) => name).indexOf("s2")).toBe(6);
  expect(empty).toEqual(["h1", "s2", "low", "s3", "y"]);
  net.dispose();
});

describe("refusals", () => {
  const refused = (checkpoint: unknown) => {
    return create({ inputs: 2, layers: chain(4, 3), checkpoint: checkpoint as number });
  };
  const expected = '"checkpoint" expected an integer from 1 to 4, got';

  test.each([0, -1, 5, 1.5, Number.NaN, 2 ** 40])("%s segments of four layers", async (checkpoint) => {
    await expect(refused(checkpoint)).rejects.toThrow(RangeError);
    await expect(refused(checkpoint)).rejects.toThrow(`${expected} ${checkpoint}`);
  });

  test.each([
    ["2", '"2"'],
    [null, "null"],
    [[2], "Array of length 1"],
  ])("%o", async (checkpoint, shown) => {
    await expect(refused(checkpoint)).rejects.toThrow(TypeError);
    await expect(refused(checkpoint)).rejects.toThrow(`${expected} ${shown}`);
  });
});
