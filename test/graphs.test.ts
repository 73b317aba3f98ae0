// Graphs: the same passes as chains, against a naive twin; what they refuse, and by which name.
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import {
  adam,
  add,
  concatenate,
  type DType,
  dense,
  dropout,
  Engine,
  type FloatArray,
  type GraphDefinition,
  gradCheck,
  graph,
  type Inputs,
  Network,
  type NetworkOptions,
  ShapeError,
} from "../src/index.js";
import { sameBits } from "./support/blocks.js";
import { engineOf } from "./support/builds.js";
import { expectWithin, tensorError } from "./support/close.js";
import { GraphTwin } from "./support/graph-twin.js";
import { randomNumbers } from "./support/matrices.js";
import { randomGraphs } from "./support/random-graphs.js";
import type { Numbers } from "./support/twins.js";
import { FLOAT64_VARIANTS, VARIANTS, type Variant } from "./support/variants.js";

const engine = await engineOf("simd");
const ROWS = 5;

/** Of a tensor's largest element. */
const BOUND: Record<DType, number> = { float32: 2e-5, float64: 1e-13 };

/** Where terms may happen to cancel. */
const ROUGH_BOUND: Record<DType, number> = { float32: 1e-3, float64: 1e-11 };

const residual: GraphDefinition = {
  inputs: { x: 3 },
  nodes: {
    wide: [dense(6, "tanh"), "x"],
    inner: [dense(6, "gelu"), "wide"],
    sum: [add(), "wide", "inner"],
    y: [dense(2), "sum"],
  },
  outputs: "y",
};

const GRAPHS: Record<string, GraphDefinition> = {
  "a residual net": residual,
  "a sum as the output": {
    inputs: { x: 3 },
    nodes: { inner: [dense(3, "silu"), "x"], y: [add(), "x", "inner"] },
    outputs: "y",
  },
  "two inputs of different widths": {
    inputs: { image: 5, label: 2 },
    nodes: {
      seen: [dense(4, "tanh"), "image"],
      known: [dense(3, "sigmoid"), "label"],
      both: [concatenate(), "seen", "known"],
      y: [dense(2), "both"],
    },
    outputs: "y",
  },
  "two inputs that are read twice": {
    inputs: { a: 2, b: 3 },
    nodes: {
      all: [concatenate(), "b", "a", "b"],
      hidden: [dense(3, "tanh"), "all"],
      more: [add(), "hidden", "b"],
      y: [concatenate(), "more", "a"],
      z: [dense(2), "y"],
    },
    outputs: "z",
  },
  "several outputs": {
    inputs: { x: 4 },
    nodes: { shared: [dense(5, "tanh"), "x"], left: [dense(2), "shared"], right: [dense(3, "sigmoid"), "shared"] },
    outputs: ["right", "left"],
  },
  "an output that feeds others": {
    inputs: { x: 3 },
    nodes: { early: [dense(4, "tanh"), "x"], middle: [dense(4, "relu"), "early"], late: [dense(2), "middle"] },
    outputs: ["early", "late"],
  },
  "one node twice in a sum and in a concatenation": {
    inputs: { x: 3 },
    nodes: {
      a: [dense(3, "tanh"), "x"],
      doubled: [add(), "a", "a"],
      tripled: [add(), "doubled", "a"],
      wide: [concatenate(), "tripled", "doubled", "tripled"],
      y: [dense(2), "wide"],
    },
    outputs: "y",
  },
  "softmax inside, read three times": {
    inputs: { x: 4 },
    nodes: {
      gate: [dense(4, "softmax"), "x"],
      deep: [dense(4, "tanh"), "gate"],
      sum: [add(), "gate", "deep", "x"],
      y: [dense(3), "sum"],
      z: [dense(3, "softmax"), "gate"],
    },
    outputs: ["y", "z"],
  },
  "dropout on one branch, and on what others read": {
    inputs: { x: 4 },
    nodes: {
      a: [dense(5, "tanh"), "x"],
      thinned: [dropout(0.4), "a"],
      twice: [dropout(0.3), "thinned"],
      sum: [add(), "thinned", "a", "twice"],
      y: [dense(2), "sum"],
    },
    outputs: "y",
  },
  "dropout on one of several inputs": {
    inputs: { a: 3, b: 4 },
    nodes: {
      thinned: [dropout(0.3), "b"],
      hidden: [dense(4, "gelu"), "thinned"],
      sum: [add(), "hidden", "b"],
      y: [concatenate(), "sum", "a"],
      z: [dense(2), "y"],
    },
    outputs: "z",
  },
  "nodes in any order, with the names of methods": {
    inputs: { toString: 3 },
    nodes: {
      valueOf: [dense(2), "hasOwnProperty"],
      hasOwnProperty: [add(), "constructor", "toString"],
      constructor: [dense(3, "tanh"), "toString"],
    } as never,
    outputs: "valueOf",
  },
  "a layer without bias": {
    inputs: { x: 3 },
    nodes: { a: [dense(4, "elu", { bias: false }), "x"], y: [dense(2, "leakyRelu"), "a"] },
    outputs: "y",
  },
};

function create(definition: GraphDefinition, changes: Partial<NetworkOptions> = {}): Promise<Network> {
  const loss = { type: "halfSquaredError", reduction: "sum" } as const;
  return Network.create({ graph: graph(definition), loss, engine, batchSize: ROWS, seed: 3, ...changes });
}

/** Random numbers, exact in single precision. */
function random(count: number, seed: number): number[] {
  return randomNumbers(count, seed).map(Math.fround);
}

function rowsFor({ inputs }: GraphDefinition): Record<string, number[]> {
  return Object.fromEntries(Object.entries(inputs).map(([name, width], i) => [name, random(ROWS * width, 11 + i)]));
}

function setRandomBiases(net: Network): void {
  const biases = net.parameters.filter(({ name }) => name.endsWith(".bias"));
  net.setParameters(Object.fromEntries(biases.map(({ name, shape }, i) => [name, random(shape[0] as number, 31 + i)])));
}

function twinOf(
  net: Network,
  definition: GraphDefinition,
  x: Record<string, Numbers>,
  masks?: Map<string, Numbers>,
): GraphTwin {
  const parameters = Object.fromEntries(net.parameters.map(({ name, values }) => [name, values]));
  return new GraphTwin(definition, parameters, ROWS, x, masks);
}

/** The masks of the last pass: where a dropout node of the library holds 0, and its source does not. */
function masksOf(net: Network, { nodes }: GraphDefinition): Map<string, Numbers> {
  const masks = new Map<string, Numbers>();
  for (const { name, kind, a } of net.layers) {
    const layer = nodes[name]?.[0];
    if (kind !== "dropout" || layer?.kind !== "dropout") continue;
    masks.set(
      name,
      Array.from(a, (value) => (value === 0 ? 0 : 1 / (1 - layer.rate))),
    );
  }
  return masks;
}

/** The columns of one input in rows of all of them. */
function columnsOf(rows: Numbers, inputs: Record<string, number>, name: string): number[] {
  const names = Object.keys(inputs);
  const total = Object.values(inputs).reduce((sum, width) => sum + width, 0);
  const first = names.slice(0, names.indexOf(name)).reduce((sum, before) => sum + (inputs[before] as number), 0);
  return Array.from(rows).filter((_, index) => {
    const column = index % total;
    return column >= first && column < first + (inputs[name] as number);
  });
}

/** Outputs, loss, every gradient and every value inside against the twin. */
async function expectTwin(definition: GraphDefinition, variant: Variant, bounds = BOUND): Promise<void> {
  const { dtype, engine: on, build } = variant;
  const net = await create(definition, { dtype, engine: on });
  setRandomBiases(net);
  const x = rowsFor(definition);
  const check = (what: string, actual: Numbers, expected: Numbers) => {
    expectWithin(`${build}, ${dtype}: ${what}`, tensorError(actual, expected), bounds[dtype]);
  };
  const still = twinOf(net, definition, x);
  check("outputs", net.forward(x), still.outputs);
  check("predictions", net.predict(x), still.outputs);

  const targets = random(ROWS * net.outputs, 21);
  const loss = net.backward(x, targets, { inputGradient: true });
  const twin = twinOf(net, definition, x, masksOf(net, definition));
  const { outputs } = twin;
  const errors = outputs.map((output, index) => output - (targets[index] as number));
  twin.outputDelta = errors;
  check("loss", [loss], [errors.reduce((sum, error) => sum + error ** 2 / 2, 0)]);
  for (const { name, gradient } of net.parameters) {
    const [node, kind] = name.split(".") as [string, "weight" | "bias"];
    check(name, gradient, twin.gradientsOf(node)[kind]);
  }
  for (const name of Object.keys(definition.inputs)) {
    const gradient = columnsOf(net.inputGradient as Numbers, definition.inputs, name);
    check(`gradient of ${name}`, gradient, twin.deltaOf(name));
  }
  for (const { name, a } of net.layers) {
    if (Object.hasOwn(definition.nodes, name)) check(`a of ${name}`, a, twin.valuesOf(name));
  }
  net.dispose();
}

describe.each(VARIANTS)("$build, $dtype", (variant) => {
  test.each(Object.entries(GRAPHS))("%s", (_, definition) => expectTwin(definition, variant));

  test("any graph", async () => {
    await fc.assert(
      fc.asyncProperty(randomGraphs, (definition) => expectTwin(definition, variant, ROUGH_BOUND)),
      { seed: 1, numRuns: 100 },
    );
  });
});

describe.each(FLOAT64_VARIANTS)("$build: numerical derivatives", ({ engine: on }) => {
  test.each(Object.entries(GRAPHS))("%s", async (_, definition) => {
    const net = await create(definition, { dtype: "float64", engine: on });
    setRandomBiases(net);
    const report = gradCheck(net, rowsFor(definition), random(ROWS * net.outputs, 21));
    expect(report.maxRelativeError).toBeLessThan(1e-6);
    net.dispose();
  });
});

describe.each(FLOAT64_VARIANTS)("$build: Jacobians", ({ engine: on }) => {
  test.each(Object.entries(GRAPHS))("%s", async (_, definition) => {
    const net = await create(definition, { dtype: "float64", engine: on });
    setRandomBiases(net);
    const x = rowsFor(definition);
    const { values: expected } = net.jacobian(x, { mode: "reverse" });
    const twin = twinOf(net, definition, x);
    for (let output = 0; output < net.outputs; output++) {
      twin.outputDelta = Float64Array.from({ length: ROWS * net.outputs }, (_, k) => +(k % net.outputs === output));
      for (const name of Object.keys(definition.inputs)) {
        const columns = columnsOf(expected, definition.inputs, name);
        const width = definition.inputs[name] as number;
        const line = columns.filter((_, k) => Math.floor(k / width) % net.outputs === output);
        expectWithin(`output ${output} by ${name}`, tensorError(line, twin.deltaOf(name)), 1e-13);
      }
    }
    expectWithin("forward mode", tensorError(net.jacobian(x, { mode: "forward" }).values, expected), 1e-13);
    net.dispose();
  });
});

/** Every number that training leaves. */
async function trained(options: Partial<NetworkOptions>, on: Engine, rows = 24): Promise<FloatArray[]> {
  const net = await Network.create({ loss: "meanSquaredError", seed: 9, engine: on, ...options });
  const x = random(rows * net.inputs, 1);
  const y = random(rows * net.outputs, 2);
  const { epochs } = await net.fit(x, y, { optimizer: adam({ learningRate: 0.01 }), epochs: 3, batchSize: rows / 2 });
  const loss = net.backward(x, y, { inputGradient: true });
  const numbers = [
    Float64Array.from([loss, ...epochs.map((epoch) => epoch.loss)]),
    net.inputGradient as FloatArray,
    ...net.parameters.flatMap(({ values, gradient }) => [values, gradient]),
    net.predict(x),
  ];
  net.dispose();
  return numbers;
}

describe.each(VARIANTS)("a graph that is a chain: $build, $dtype", ({ dtype, engine: on }) => {
  test("has the bits of the chain", async () => {
    const layers = [dense(7, "relu"), dropout(0.2), dense(6, "softmax"), dropout(0.1), dense(2)] as const;
    const chain = await trained({ inputs: 4, layers, dtype }, on);
    const nodes = Object.fromEntries(layers.map((layer, i) => [`n${i}`, [layer, i ? `n${i - 1}` : "x"] as const]));
    const written = Object.fromEntries(Object.entries(nodes).reverse());
    const same = await trained({ graph: graph({ inputs: { x: 4 }, nodes: written, outputs: "n4" }), dtype }, on);
    for (const [index, numbers] of chain.entries()) expect(sameBits(same[index] as FloatArray, numbers)).toBe(true);
  });
});

describe("threads", async () => {
  const [one, two] = [await Engine.create({ threads: 1 }), await Engine.create({ threads: 2 })];
  afterAll(() => {
    one.dispose();
    two.dispose();
  });

  test.each(["float32", "float64"] as const)("give the bits of one, %s", async (dtype) => {
    const definition: GraphDefinition = {
      inputs: { a: 60, b: 90 },
      nodes: {
        left: [dense(96, "gelu"), "a"],
        thinned: [dropout(0.2), "b"],
        right: [dense(96, "tanh"), "thinned"],
        sum: [add(), "left", "right", "left"],
        inner: [dense(96, "softmax"), "sum"],
        all: [concatenate(), "inner", "b", "sum"],
        y: [dense(17), "all"],
      },
      outputs: ["y", "inner"],
    };
    const [alone, shared] = await Promise.all(
      [one, two].map((on) => trained({ graph: graph(definition), dtype }, on, 256)),
    );
    for (const [index, numbers] of (alone as FloatArray[]).entries()) {
      expect(sameBits((shared as FloatArray[])[index] as FloatArray, numbers)).toBe(true);
    }
  });
});

describe("training", () => {
  test("fit lowers the loss of a deep residual net", async () => {
    const nodes: Record<string, GraphDefinition["nodes"][string]> = { h0: [dense(8, "tanh"), "x"] };
    for (let block = 1; block <= 6; block++) {
      nodes[`inner${block}`] = [dense(8, "gelu"), `h${block - 1}`];
      nodes[`h${block}`] = [add(), `h${block - 1}`, `inner${block}`];
    }
    nodes.y = [dense(1), "h6"];
    const net = await create({ inputs: { x: 1 }, nodes, outputs: "y" }, { loss: "meanSquaredError" });
    const x = Float32Array.from({ length: 64 }, (_, i) => i / 32 - 1);
    const y = x.map((value) => Math.sin(3 * value));
    const before = net.evaluate({ x }, y).loss;
    await net.fit({ x }, y, {
      optimizer: adam({ learningRate: 0.01 }),
      epochs: 100,
      validation: [{ x }, y],
    });
    expect(net.evaluate({ x }, y).loss).toBeLessThan(before / 20);
    net.dispose();
  });
});

describe("rows by the inputs' names", () => {
  const definition = GRAPHS["two inputs of different widths"] as GraphDefinition;
  const image = random(ROWS * 5, 1);
  const label = random(ROWS * 2, 2);
  const joined = Array.from({ length: ROWS }, (_, row) => [
    ...image.slice(row * 5, row * 5 + 5),
    ...label.slice(row * 2, row * 2 + 2),
  ]);

  test("are the rows of all inputs, in the order in which the inputs are written", async () => {
    const net = await create(definition);
    const expected = net.forward(joined);
    const asRows = (flat: number[], width: number) => {
      return Array.from({ length: ROWS }, (_, row) => flat.slice(row * width, (row + 1) * width));
    };
    const matrix = engine.matrix(ROWS, 7, { values: joined.flat() });
    for (const x of [
      { image, label },
      { label, image },
      { image: asRows(image, 5), label: Float32Array.from(label) },
      { image, label: engine.matrix(ROWS, 2, { values: label }) },
      matrix,
    ]) {
      expect(net.forward(x)).toEqual(expected);
    }
    const targets = random(ROWS * 2, 3);
    expect(net.backward({ image, label }, targets)).toBe(net.backward(matrix, targets));
    net.dispose();
  });

  test("may be given where there is one input, too", async () => {
    const net = await create(residual);
    const rows = random(ROWS * 3, 1);
    expect(net.forward({ x: rows })).toEqual(net.forward(rows));
    net.dispose();
  });

  test.each<[what: string, x: unknown, type: new (...p: never[]) => Error, message: RegExp]>([
    ["a missing input", { image }, TypeError, /^"x\.label" expected a typed array.*, got undefined$/],
    ["an unknown input", { image, label, size: [1] }, TypeError, /^"x" expected only image, label, got "size"$/],
    [
      "a ragged input",
      { image: image.slice(1), label },
      ShapeError,
      /^"x\.image" expected .*5 numbers, got 24 numbers$/,
    ],
    [
      "other counts",
      { image, label: label.slice(2) },
      ShapeError,
      /^"x" expected as many rows .*image, label, got 5, 4$/,
    ],
    ["no numbers", { image, label: ["a", "b"] }, TypeError, /^"x\.label\[0\]" expected a number, got "a"$/],
    ["no rows", 3, TypeError, /^"x" expected an object, got 3$/],
    ["a narrow matrix", engine.matrix(1, 5), ShapeError, /^"x" expected a matrix with 7 columns, got 5$/],
  ])("refuses %s", async (_, x, type, message) => {
    const net = await create(definition);
    for (const call of [
      () => net.forward(x as Inputs),
      () => net.backward(x as Inputs, [1]),
      () => net.trainBatch(x as Inputs, [1], adam({ learningRate: 1 })),
    ]) {
      expect(call).toThrow(type);
      expect(call).toThrow(message);
    }
    net.dispose();
  });
});

describe("what a graph tells", () => {
  test("parameters and layers have the names of their nodes", async () => {
    const net = await create(residual);
    const names = ["wide.weight", "wide.bias", "inner.weight", "inner.bias", "y.weight", "y.bias"];
    expect(net.parameters.map(({ name }) => name)).toEqual(names);
    expect(net.layers.map(({ name, kind, units }) => [name, kind, units])).toEqual([
      ["wide", "dense", 6],
      ["inner", "dense", 6],
      ["sum", "add", 6],
      ["y", "dense", 2],
    ]);
    expect([net.inputs, net.outputs]).toEqual([3, 2]);
    net.dispose();
  });

  test("one graph makes several networks", async () => {
    const shared = graph(residual);
    const nets = await Promise.all([1, 2].map((seed) => create(residual, { graph: shared, seed })));
    const [first, second] = nets.map((net) => net.forward([1, 2, 3]));
    expect(first).not.toEqual(second);
    for (const net of nets) net.dispose();
  });
});

describe("refusals", () => {
  const one = [dense(2), "x"] as const;
  const define = (changes: object) => () => {
    return graph({ inputs: { x: 3 }, nodes: { y: one }, outputs: "y", ...changes } as GraphDefinition);
  };
  const nodes = (given: object, outputs: unknown = "y") => define({ nodes: given, outputs });

  test.each<[what: string, call: () => unknown, type: new (...p: never[]) => Error, message: string]>([
    ["no definition", () => graph(undefined as never), TypeError, '"graph" expected an object, got undefined'],
    [
      "an unknown part",
      define({ layers: [] }),
      TypeError,
      '"graph" expected only inputs, nodes, outputs, got "layers"',
    ],
    ["no inputs", define({ inputs: undefined }), TypeError, '"inputs" expected an object, got undefined'],
    ["empty inputs", define({ inputs: {} }), RangeError, '"inputs" expected at least one input, got Object'],
    ["an input of width 0", define({ inputs: { x: 0 } }), RangeError, '"inputs.x" expected an integer ≥ 1, got 0'],
    [
      "an input without width",
      define({ inputs: { x: "3" } }),
      TypeError,
      '"inputs.x" expected an integer ≥ 1, got "3"',
    ],
    [
      "an input that nothing reads",
      define({ inputs: { x: 3, z: 1 } }),
      RangeError,
      '"inputs" expected only inputs that lead to an output, got "z"',
    ],
    ["no nodes", define({ nodes: undefined }), TypeError, '"nodes" expected an object, got undefined'],
    ["empty nodes", nodes({}), RangeError, '"nodes" expected at least one dense layer, got Object'],
    [
      "nothing to train",
      nodes({ y: [add(), "x"] }),
      RangeError,
      '"nodes" expected at least one dense layer, got Object',
    ],
    [
      "a bare layer",
      nodes({ y: dense(2) }),
      TypeError,
      '"nodes.y" expected [layer, …names of its sources], got Object',
    ],
    ["no layer", nodes({ y: ["x"] }), TypeError, '"nodes.y" expected an object, got "x"'],
    [
      "a layer of an unknown kind",
      nodes({ y: [{ kind: "conv" }, "h"], h: one }),
      TypeError,
      '"nodes.y" expected dense(…), dropout(…), add() or concatenate(), got Object',
    ],
    ["a bad layer", nodes({ y: [dense(0), "x"] }), RangeError, '"nodes.y.units" expected an integer ≥ 1, got 0'],
    [
      "a dense layer of two sources",
      nodes({ y: [dense(2), "x", "x"] }),
      RangeError,
      '"nodes.y" expected one source, got 2',
    ],
    ["a dense layer of no source", nodes({ y: [dense(2)] }), RangeError, '"nodes.y" expected one source, got 0'],
    [
      "dropout of two sources",
      nodes({ y: [dense(2), "d"], d: [dropout(0.5), "x", "x"] }),
      RangeError,
      '"nodes.d" expected one source, got 2',
    ],
    ["a sum of nothing", nodes({ y: [add()] }), RangeError, '"nodes.y" expected one or more sources, got 0'],
    [
      "a name with a dot",
      nodes({ "a.b": one }),
      RangeError,
      '"nodes" expected names without a dot that no input has, got "a.b"',
    ],
    ["an empty name", nodes({ "": one }), RangeError, '"nodes" expected names without a dot that no input has, got ""'],
    [
      "a node with an input's name",
      nodes({ x: one }),
      RangeError,
      '"nodes" expected names without a dot that no input has, got "x"',
    ],
    [
      "a source that there is not",
      nodes({ hidden: [dense(3), "x"], y: [dense(2), "hiden"] }),
      RangeError,
      '"nodes.y" expected names of inputs or nodes, got "hiden"',
    ],
    [
      "a source that objects have from birth",
      nodes({ y: [dense(2), "constructor"] }),
      RangeError,
      '"nodes.y" expected names of inputs or nodes, got "constructor"',
    ],
    [
      "a source that is no name",
      nodes({ y: [dense(2), 3] }),
      RangeError,
      '"nodes.y" expected names of inputs or nodes, got 3',
    ],
    [
      "a missing source",
      nodes({ y: [add(), "x", undefined], h: one }),
      RangeError,
      '"nodes.y" expected names of inputs or nodes, got undefined',
    ],
    [
      "a node that leads to no output",
      nodes({ y: one, lost: one }),
      RangeError,
      '"nodes" expected only nodes that lead to an output, got "lost"',
    ],
    [
      "a node that feeds itself",
      nodes({ y: [add(), "x", "y"], h: one }, ["y", "h"]),
      RangeError,
      '"nodes" expected no cycle, got "y → y"',
    ],
    [
      "a cycle",
      nodes({ a: [add(), "x", "c"], b: [dense(3), "a"], c: [dense(3), "b"], y: [dense(2), "c"] }),
      RangeError,
      '"nodes" expected no cycle, got "a → b → c → a"',
    ],
    [
      "a sum of two widths",
      nodes({ h: one, y: [add(), "x", "h"] }),
      ShapeError,
      'node "y" adds "x" with 3, "h" with 2: their widths differ',
    ],
    ["no outputs", define({ outputs: undefined }), RangeError, '"outputs" expected names of nodes: y, got undefined'],
    [
      "an empty list of outputs",
      define({ outputs: [] }),
      RangeError,
      '"outputs" expected at least one name, got Array of length 0',
    ],
    [
      "an output that there is not",
      define({ outputs: ["y", "z"] }),
      RangeError,
      '"outputs" expected names of nodes: y, got "z"',
    ],
    ["an input as output", define({ outputs: "x" }), RangeError, '"outputs" expected names of nodes: y, got "x"'],
    [
      "dropout as output",
      nodes({ h: one, y: [dropout(0.5), "h"] }),
      RangeError,
      '"outputs" expected no dropout, got "y"',
    ],
    [
      "a node with the name of the joined outputs",
      nodes({ y: one, outputs: one }, ["y", "outputs"]),
      RangeError,
      '"nodes" expected no node of this name, where there are several outputs, got "outputs"',
    ],
  ])("%s", (_, call, type, message) => {
    expect(call).toThrow(type);
    expect(call).toThrow(new RegExp(`^${message.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`));
  });

  test.each<[what: string, options: object, message: string]>([
    [
      "a definition instead of a graph",
      { graph: residual },
      '"graph" expected graph({ inputs, nodes, outputs }), got Object',
    ],
    ["inputs beside a graph", { graph: graph(residual), inputs: 3 }, '"inputs" expected nothing beside a graph, got 3'],
    [
      "layers beside a graph",
      { graph: graph(residual), layers: [] },
      '"layers" expected nothing beside a graph, got Array of length 0',
    ],
    [
      "a junction in a chain",
      { inputs: 2, layers: [add()] },
      '"layers[0]" expected dense(…) or dropout(…), got Object',
    ],
  ])("Network.create: %s", async (_, options, message) => {
    const refused = Network.create({ loss: "meanSquaredError", engine, ...options } as never);
    await expect(refused).rejects.toThrow(TypeError);
    await expect(refused).rejects.toThrow(message);
  });
});
