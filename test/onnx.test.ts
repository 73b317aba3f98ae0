// ONNX files: round trips, files of PyTorch's exporter and in the manner of scikit-learn's converter, and what is refused.
import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dense, FormatError, type Loss, Network, Standardization } from "../src/index.js";
import { readPerceptron } from "../src/onnx/import.js";
import {
  type AttributeProto,
  decodeModel,
  encodeModel,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from "../src/onnx/messages.js";
import { fromOnnx, toOnnx } from "../src/onnx.js";
import { ACTIVATIONS, chain, DTYPES, GRAPHS } from "./support/onnx-nets.js";

const FIXTURES = new URL("fixtures/onnx/", import.meta.url);

function tensor(name: string, dims: number[], values: readonly number[], more: Partial<TensorProto> = {}): TensorProto {
  return { name, dims, dataType: 1, rawData: new Uint8Array(Float32Array.from(values).buffer), ...more };
}

function node(opType: string, input: string[], output: string, attributes: Record<string, number> = {}): NodeProto {
  const attribute = Object.entries(attributes).map(([name, value]): AttributeProto => {
    const isFloat = ["alpha", "beta", "gamma", "ratio"].includes(name);
    return isFloat ? { name, f: value, type: 1 } : { name, i: value, type: 2 };
  });
  return { input, output: [output], name: `${output}_node`, opType, attribute };
}

function port(name: string, sizes: (number | undefined)[], elementType = 1): ValueInfoProto {
  const dimensions = sizes.map((value) => (value === undefined ? { parameter: "N" } : { value }));
  return { name, type: { tensor: { elementType, shape: { dimensions } } } };
}

/** y = W·x + b with two inputs and two outputs, and whatever else is asked for. */
function fileOf(graph: GraphProto, more: ModelProto = {}): Uint8Array {
  const whole = {
    node: [node("Gemm", ["x", "W", "b"], "y", { transB: 1 })],
    initializer: [tensor("W", [2, 2], [1, 2, 3, 4]), tensor("b", [2], [5, 6])],
    input: [port("x", [undefined, 2])],
    output: [port("y", [undefined, 2])],
    ...graph,
  };
  return encodeModel({ irVersion: 7, graph: whole, opsets: [{ domain: "", version: 13 }], ...more });
}

/** The constant of a Reshape. */
function sizes(name: string, ...values: number[]): TensorProto {
  return { name, dims: [values.length], dataType: 7, int64Data: values };
}

/** A file with these nodes in front of "y", of which the last gives it, and these initializers beside W and b. */
function nodesOf(nodes: NodeProto[], ...initializer: TensorProto[]): Uint8Array {
  const known = [tensor("W", [2, 2], [1, 2, 3, 4]), tensor("b", [2], [5, 6]), tensor("one", [], [1])];
  return fileOf({ node: nodes, initializer: [...known, ...initializer] });
}

function bitsOf(net: Network): object {
  return {
    dtype: net.dtype,
    parameters: net.parameters.map(({ name, shape, values }) => [name, shape, [...values]]),
    standardization: net.standardization && [[...net.standardization.means], [...net.standardization.deviations]],
    layers: net.model.topology.layers.map((layer) => ({ ...layer, weightInit: 0, biasInit: 0 })),
    inputs: net.model.topology.inputSpecs,
    loss: net.model.loss,
    seed: net.model.seed,
  };
}

describe("what toOnnx writes, fromOnnx reads, bit for bit", () => {
  describe.each(DTYPES)("in %s", (dtype) => {
    test.each(ACTIVATIONS)("a chain with the activation %j", async (activation) => {
      const net = await chain(activation, dtype, activation === "softmax" ? "softmax" : "identity");
      expect(bitsOf(await fromOnnx(toOnnx(net)))).toEqual(bitsOf(net));
    });

    test.each(Object.keys(GRAPHS))("a graph: %s", async (name) => {
      const options = GRAPHS[name] as (typeof GRAPHS)[string];
      const net = await Network.create({ ...options, loss: "softmaxCrossEntropy", dtype, seed: 3 });
      expect(bitsOf(await fromOnnx(toOnnx(net)))).toEqual(bitsOf(net));
    });

    test.each<Loss>([
      "meanSquaredError",
      { type: "halfSquaredError", reduction: "sum" },
      "meanAbsoluteError",
      { type: "huber", delta: 0.3 },
      "binaryCrossEntropy",
      { type: "binaryCrossEntropy", from: "probabilities" },
      { type: "softmaxCrossEntropy", labelSmoothing: 0.1 },
    ])("the loss %j behind a sigmoid", async (loss) => {
      const standardization = new Standardization([0.1, 1 / 3, -0], [0.3, 1 / 7, 1]);
      const layers = [dense(2, "sigmoid")];
      const net = await Network.create({ inputs: 3, layers, loss, dtype, standardization, seed: 2 ** 53 - 1 });
      for (const output of ["predictions", "logits"] as const) {
        expect(bitsOf(await fromOnnx(toOnnx(net, { output })))).toEqual(bitsOf(net));
      }
    });
  });

  test("with texts that go with the file", async () => {
    const net = await chain("tanh", "float32");
    const file = toOnnx(net, { metadata: { classes: "no,yes" } });
    expect(decodeModel(file).metadata).toContainEqual({ key: "classes", value: "no,yes" });
    expect(bitsOf(await fromOnnx(file))).toEqual(bitsOf(net));
  });

  test("and options go before what the file says", async () => {
    const net = await chain("tanh", "float32");
    const other = await fromOnnx(toOnnx(net), { dtype: "float64", seed: 3, loss: "huber", l2: 0.1, batchSize: 5 });
    expect(other.dtype).toBe("float64");
    expect(other.model.seed).toBe(3);
    expect(other.model.loss.name).toBe("huber");
    expect(other.parameters.map(({ values }) => [...values])).toEqual(net.parameters.map(({ values }) => [...values]));
  });
});

describe("files of PyTorch's exporter", () => {
  const outputs = JSON.parse(readFileSync(new URL("outputs.json", FIXTURES), "utf8"));
  const losses: Record<string, Loss> = { classifier: "softmaxCrossEntropy", scaled: "binaryCrossEntropy" };

  test("are all compared", () => {
    const names = readdirSync(FIXTURES).filter((name) => name.endsWith(".onnx"));
    expect(names.map((name) => name.replace(".onnx", ""))).toEqual(Object.keys(outputs).sort());
  });

  test.each(Object.keys(outputs))("compute what PyTorch does: %s", async (name) => {
    const { x, y } = outputs[name] as { x: number[]; y: number[] };
    const net = await fromOnnx(readFileSync(new URL(`${name}.onnx`, FIXTURES)), { loss: losses[name] ?? "huber" });
    const predictions = [...net.predict(x)];
    expect(predictions).toHaveLength(y.length);
    for (const [i, value] of predictions.entries()) expect(Math.abs(value - (y[i] as number))).toBeLessThan(1e-6);
  });

  test("name the parameters of a chain like its dense layers, those of a graph like PyTorch's modules", async () => {
    const namesOf = async (name: string) => {
      const net = await fromOnnx(readFileSync(new URL(`${name}.onnx`, FIXTURES)), { loss: "huber" });
      return net.parameters.map((parameter) => parameter.name);
    };
    expect(await namesOf("relu")).toEqual(["0.weight", "0.bias", "1.weight"]);
    const modules = ["hidden", "inner", "last"];
    expect(await namesOf("residual")).toEqual(modules.flatMap((name) => [`${name}.weight`, `${name}.bias`]));
  });

  test("take their softmax and sigmoid from the end, where the loss brings them, and their scaling from the front", async () => {
    const file = readFileSync(new URL("scaled.onnx", FIXTURES));
    const logits = await fromOnnx(file, { loss: "binaryCrossEntropy" });
    expect(logits.model.topology.layers).toMatchObject([{ activation: { name: "identity" } }]);
    expect([...(logits.standardization as Standardization).means]).toEqual([1, -2, 0.5]);
    expect([...(logits.standardization as Standardization).deviations]).toEqual([2, 0.25, 3]);
    const squared = await fromOnnx(file, { loss: "meanSquaredError" });
    expect(squared.model.topology.layers).toMatchObject([{ activation: { name: "sigmoid" } }]);
  });
});

describe("a file made by hand", () => {
  async function predict(file: Uint8Array, x: number[], loss: Loss = "meanSquaredError"): Promise<number[]> {
    return [...(await fromOnnx(file, { loss })).predict(x)];
  }

  test("of one Gemm is computed by hand", async () => {
    expect(await predict(fileOf({}), [1, -1])).toEqual([4, 5]);
  });

  test("in the manner of scikit-learn's converter: MatMul, Add and activations, a Cast in front", async () => {
    const nodes = [
      node("Cast", ["x"], "cast_input", { to: 1 }),
      node("MatMul", ["cast_input", "coefficient"], "mul_result"),
      node("Add", ["mul_result", "intercepts"], "add_result"),
      node("Relu", ["add_result"], "next_activations"),
      node("MatMul", ["next_activations", "coefficient1"], "mul_result1"),
      node("Add", ["intercepts1", "mul_result1"], "y"),
    ];
    // [inputs, outputs], as scikit-learn keeps them
    const coefficient = tensor("coefficient", [2, 3], [1, 2, 3, 4, 5, 6]);
    const intercepts = tensor("intercepts", [1, 3], [-5, 0, 1]);
    const coefficient1 = tensor("coefficient1", [3, 1], [1, 10, 100]);
    const file = nodesOf(nodes, coefficient, intercepts, coefficient1, tensor("intercepts1", [1, 1], [0.5]));
    // x = (1, 1): z = (0, 7, 10)
    expect(await predict(file, [1, 1])).toEqual([1070.5]);
    expect((await fromOnnx(file, { loss: "huber" })).parameters.map(({ name, shape }) => [name, ...shape])).toEqual([
      ["0.weight", 3, 2],
      ["0.bias", 3],
      ["1.weight", 1, 3],
      ["1.bias", 1],
    ]);
  });

  test("may hold its numbers as packed floats or doubles, its weights as the nodes Constant or Identity", async () => {
    const { floatData } = { floatData: new Uint8Array(Float32Array.from([1, 2, 3, 4]).buffer) };
    const W = { ...tensor("W", [2, 2], []), rawData: undefined, floatData };
    expect(await predict(fileOf({ initializer: [W, tensor("b", [2], [5, 6])] }), [1, -1])).toEqual([4, 5]);
    const doubles = (name: string, dims: number[], values: number[]) => {
      const doubleData = new Uint8Array(Float64Array.from(values).buffer);
      return { name, dims, dataType: 11, doubleData };
    };
    const graph = {
      initializer: [doubles("W", [2, 2], [1, 2, 3, 0.1]), doubles("b", [2], [5, 6])],
      input: [port("x", [undefined, 2], 11)],
    };
    const net = await fromOnnx(fileOf(graph), { loss: "huber" });
    expect(net.dtype).toBe("float64");
    expect([...net.predict([0, 1])]).toEqual([7, 6.1]);
    const constant = {
      ...node("Constant", [], "c"),
      attribute: [{ name: "value", t: tensor("", [2, 2], [1, 2, 3, 4]) }],
    };
    const nodes = [constant, node("Identity", ["c"], "d"), node("Gemm", ["x", "d", "b"], "y", { transB: 1 })];
    expect(await predict(nodesOf(nodes), [1, -1])).toEqual([4, 5]);
  });

  test.each<[string, NodeProto[], TensorProto[], means: number[], deviations: number[]]>([
    ["Sub and Div", [node("Sub", ["x", "m"], "c"), node("Div", ["c", "d"], "s")], [], [1, 2], [4, 5]],
    ["Add and Mul", [node("Add", ["m", "x"], "c"), node("Mul", ["d", "c"], "s")], [], [-1, -2], [0.25, 0.2]],
    ["Div by one number", [node("Div", ["x", "k"], "s")], [tensor("k", [], [255])], [0, 0], [255, 255]],
    ["Sub alone", [node("Sub", ["x", "m"], "s")], [], [1, 2], [1, 1]],
    // (x / 8 − m) / d − 1
    [
      "several steps",
      [
        node("Div", ["x", "k"], "s1"),
        node("Sub", ["s1", "m"], "s2"),
        node("Div", ["s2", "d"], "s3"),
        node("Sub", ["s3", "one"], "s"),
      ],
      [tensor("k", [], [8])],
      [8 * (1 + 4), 8 * (2 + 5)],
      [32, 40],
    ],
  ])("may scale its inputs by %s", async (_, front, more, means, deviations) => {
    const file = nodesOf(
      [...front, node("Gemm", ["s", "W"], "y")],
      tensor("m", [2], [1, 2]),
      tensor("d", [1, 2], [4, 5]),
      ...more,
    );
    const { standardization } = await fromOnnx(file, { loss: "huber" });
    expect([...(standardization as Standardization).means]).toEqual(means);
    expect([...(standardization as Standardization).deviations]).toEqual(deviations);
  });

  test("may flatten inputs of several dimensions, of any order of their names", async () => {
    const graph = {
      node: [
        node("Flatten", ["2"], "f"),
        node("Sub", ["f", "m"], "s"),
        node("Concat", ["s", "1"], "c", { axis: -1 }),
        node("MatMul", ["c", "W"], "y"),
      ],
      initializer: [tensor("W", [5, 1], [1, 10, 100, 1000, 10_000]), tensor("m", [4], [1, 2, 3, 4])],
      input: [port("2", [undefined, 2, 2]), port("1", [undefined, 1])],
    };
    const net = await fromOnnx(fileOf(graph), { loss: "huber" });
    expect([...net.predict({ 1: [7], 2: [1, 3, 3, 4] })]).toEqual([70_010]);
  });

  test.each<[string, TensorProto, batch?: number]>([
    ["any rows", sizes("r", -1, 4)],
    ["any rows, in bytes", { ...sizes("r"), dims: [2], rawData: new Uint8Array(BigInt64Array.of(-1n, 4n).buffer) }],
    ["the rows there are", sizes("r", 0, -1)],
    ["the rows of a fixed batch", sizes("r", 6, 4), 6],
    ["the rows of a fixed batch, and the rest", sizes("r", 6, -1), 6],
  ])("may flatten inputs by a Reshape to %s, and the last layer too", async (_, shape, batch) => {
    const graph = {
      node: [
        node("Reshape", ["x", "r"], "f", { allowzero: 1 }),
        node("MatMul", ["f", "W"], "h"),
        node("Reshape", ["h", "column"], "y"),
      ],
      initializer: [tensor("W", [4, 1], [1, 10, 100, 1000]), sizes("column", -1, 1), shape],
      input: [port("x", [batch, 1, 2, 2])],
    };
    expect(await predict(fileOf(graph), [1, 2, 3, 4, 5, 6, 7, 8])).toEqual([4321, 8765]);
  });

  test.each<[string, NodeProto[]]>([
    ["the first of all sizes", [node("Shape", ["x"], "n"), node("Gather", ["n", "first"], "rows", { axis: 0 })]],
    ["the first size alone", [node("Shape", ["x"], "rows", { start: 0, end: 1 })]],
  ])("may flatten inputs by the number of rows that %s says", async (_, nodes) => {
    const graph = {
      node: [
        ...nodes,
        node("Unsqueeze", ["rows", "axes"], "u"),
        node("Concat", ["u", "columns"], "r", { axis: 0 }),
        node("Reshape", ["x", "r"], "f"),
        node("MatMul", ["f", "W"], "y"),
      ],
      initializer: [
        tensor("W", [4, 1], [1, 10, 100, 1000]),
        { ...sizes("first", 0), dims: [] },
        sizes("axes", 0),
        sizes("columns", -1),
      ],
      input: [port("x", [undefined, 2, 2])],
    };
    expect(await predict(fileOf(graph), [1, 2, 3, 4, 5, 6, 7, 8])).toEqual([4321, 8765]);
  });

  test("may transpose its weights, as often as it likes", async () => {
    const turn = (from: string, to: string, more: Partial<NodeProto> = {}) => ({
      ...node("Transpose", [from], to),
      ...more,
    });
    const attribute = [{ name: "perm", ints: [1, 0], type: 7 }];
    const byInput = [turn("W", "T"), node("MatMul", ["x", "T"], "h"), node("Add", ["h", "b"], "y")];
    const byOutput = [turn("W", "T", { attribute }), turn("T", "U"), node("Gemm", ["x", "U", "b"], "y", { transB: 1 })];
    for (const nodes of [byInput, byOutput]) expect(await predict(nodesOf(nodes), [1, -1])).toEqual([4, 5]);
    const column = [turn("V", "T"), node("Gemm", ["x", "T"], "y")];
    expect(await predict(nodesOf(column, tensor("V", [1, 2], [1, 10])), [2, 3])).toEqual([32]);
  });

  test("may leave out attributes that are zero", async () => {
    const zero = (name: string) => [{ name, type: 1 }];
    const sloped = [node("Gemm", ["x", "W", "b"], "h"), { ...node("LeakyRelu", ["h"], "y"), attribute: zero("alpha") }];
    const net = await fromOnnx(nodesOf(sloped), { loss: "huber" });
    expect(net.model.topology.layers).toMatchObject([{ activation: { name: "leakyRelu", slope: 0 } }]);
    const factor = { ...node("Gemm", ["x", "W", "b"], "y"), attribute: zero("beta") };
    await expect(fromOnnx(nodesOf([factor]), { loss: "huber" })).rejects.toThrow('node "y_node": beta 0, not 1');
  });

  test("may say softplus as PyTorch computes it, which is x from 20 on", async () => {
    const nodes = [
      node("Gemm", ["x", "W", "b"], "h"),
      node("Softplus", ["h"], "s"),
      node("Greater", ["h", "threshold"], "g"),
      node("Where", ["g", "h", "s"], "y"),
    ];
    const net = await fromOnnx(nodesOf(nodes, tensor("threshold", [], [20])), { loss: "huber" });
    expect(net.model.topology.layers).toMatchObject([{ activation: { name: "softplus" } }]);
  });

  test("has a dropout layer for Dropout, with its ratio, whether it acts there or not", async () => {
    const rates: [NodeProto, number][] = [
      [node("Dropout", ["h", "r", "acts"], "d"), 0.25],
      [node("Dropout", ["h"], "d"), 0.5],
      [node("Dropout", ["h"], "d", { ratio: 0.2 }), 0.2],
      [node("Dropout", ["h", "r"], "d"), 0.25],
    ];
    for (const [dropout, rate] of rates) {
      const nodes = [node("MatMul", ["x", "W"], "h"), dropout, node("MatMul", ["d", "V"], "y")];
      const acts = { name: "acts", dims: [], dataType: 9, rawData: Uint8Array.of(1) };
      const file = nodesOf(nodes, acts, tensor("r", [], [0.25]), tensor("V", [2, 1], [1, 1]));
      const net = await fromOnnx(file, { loss: "huber" });
      expect(net.model.topology.layers[1]).toMatchObject({ kind: "dropout", rate });
    }
  });

  test("knows activations that are one operator since version 20, and those with other presets", async () => {
    const gelu = (approximate?: string): NodeProto => {
      const attribute = approximate === undefined ? [] : [{ name: "approximate", s: approximate }];
      return { ...node("Gelu", ["h"], "y"), attribute };
    };
    const activations: [NodeProto, object][] = [
      [gelu(), { name: "gelu" }],
      [gelu("none"), { name: "gelu" }],
      [gelu("tanh"), { name: "geluTanh" }],
      [node("LeakyRelu", ["h"], "y"), { name: "leakyRelu", slope: 0.01 }],
      [node("Elu", ["h"], "y"), { name: "elu", slope: 1 }],
      [node("Selu", ["h"], "y", { alpha: 1.6732632, gamma: 1.050701 }), { name: "selu" }],
    ];
    for (const [last, activation] of activations) {
      const net = await fromOnnx(nodesOf([node("Gemm", ["x", "W", "b"], "h"), last]), { loss: "huber" });
      expect(net.model.topology.layers).toMatchObject([{ activation }]);
    }
  });
});

test("many layers of one name get one each", () => {
  const sums = Array.from({ length: 5000 }, (_, i) => ({
    ...node("Add", ["x", i === 0 ? "x" : `${i - 1}`], `${i}`),
    name: "sum",
  }));
  const { graph } = readPerceptron(nodesOf([...sums, node("Gemm", ["4999", "W", "b"], "y")]), "meanSquaredError");
  expect(Object.keys(graph?.definition.nodes ?? {})).toHaveLength(5001);
});

describe("refused is", () => {
  const gemm = node("Gemm", ["x", "W", "b"], "h");
  const last = node("Gemm", ["h", "V"], "y");
  const V = tensor("V", [2, 2], [1, 2, 3, 4]);
  const after = (...nodes: NodeProto[]) => nodesOf([gemm, ...nodes], V);
  const turned = { ...node("Transpose", ["W"], "T"), attribute: [{ name: "perm", ints: [0, 1], type: 7 }] };
  const own = (value: string) => fileOf({}, { metadata: [{ key: "lanegrad", value }] });

  test.each<[string, Uint8Array, place: string, problem: RegExp]>([
    ["an empty file", new Uint8Array(0), "model", /no graph/],
    ["a text", new TextEncoder().encode("not a model"), "byte 0", /./],
    ["a file without a version", fileOf({}, { opsets: [] }), "opset_import", /undefined/],
    ["operators of version 6", fileOf({}, { opsets: [{ version: 6 }] }), "opset_import", /version 6/],
    ["an operator of convolution", nodesOf([node("Conv", ["x", "W"], "y")]), 'node "y_node"', /operator "Conv"/],
    [
      "a Transpose of rows",
      after(node("Transpose", ["h"], "y")),
      'node "y_node"',
      /input 0 of Transpose is no constant/,
    ],
    [
      "a Reshape to a vector",
      nodesOf([gemm, node("Reshape", ["h", "r"], "y")], sizes("r", -1)),
      'node "y_node"',
      /shape of 1 sizes/,
    ],
    [
      "a Reshape to other columns",
      nodesOf([gemm, node("Reshape", ["h", "r"], "y")], sizes("r", -1, 1)),
      'node "y_node"',
      /shape \[-1,1\] of rows of 2 numbers/,
    ],
    [
      "a Reshape to so many rows",
      nodesOf([gemm, node("Reshape", ["h", "r"], "y")], sizes("r", 3, -1)),
      'node "y_node"',
      /shape \[3,-1\]/,
    ],
    ["a Reshape by floats", after(node("Reshape", ["h", "b"], "y")), 'initializer "b"', /data type 1, not INT64/],
    [
      "a choice between two layers",
      nodesOf([gemm, node("MatMul", ["x", "V"], "k"), node("Where", ["h", "h", "k"], "y")], V),
      'node "y_node"',
      /values of two layers/,
    ],
    [
      "another threshold than PyTorch's",
      after(node("Greater", ["h", "one"], "g"), node("Softplus", ["h"], "s"), node("Where", ["g", "h", "s"], "y")),
      'output "y"',
      /Where\(Greater\("h_node",1\),"h_node",Softplus\("h_node"\)\) is no activation/,
    ],
    ["a LogSoftmax", after(node("LogSoftmax", ["h"], "y")), 'node "y_node"', /operator "LogSoftmax"/],
    [
      "scikit-learn's Scaler",
      nodesOf([{ ...node("Scaler", ["x"], "y"), domain: "ai.onnx.ml" }]),
      'node "y_node"',
      /"ai.onnx.ml.Scaler"/,
    ],
    [
      "the name of a method as an operator",
      nodesOf([node("constructor", ["x"], "y")]),
      'node "y_node"',
      /"constructor"/,
    ],
    ["a node without an operator", nodesOf([{ output: ["y"] }]), "node 0", /operator ""/],
    [
      "an unknown attribute",
      nodesOf([node("MatMul", ["x", "W"], "y", { axis: 1 })]),
      'node "y_node"',
      /"axis" of MatMul/,
    ],
    ["a transposed input", nodesOf([node("Gemm", ["x", "W"], "y", { transA: 1 })]), 'node "y_node"', /transposed/],
    ["a factor of Gemm", nodesOf([node("Gemm", ["x", "W"], "y", { alpha: 2 })]), 'node "y_node"', /alpha 2/],
    ["a factor of the bias", nodesOf([node("Gemm", ["x", "W", "b"], "y", { beta: 0.5 })]), 'node "y_node"', /beta 0.5/],
    ["too many inputs", nodesOf([node("MatMul", ["x", "W", "b"], "y")]), 'node "y_node"', /3 inputs/],
    ["too few inputs", nodesOf([node("MatMul", ["x"], "y")]), 'node "y_node"', /no input 1/],
    ["an input that is nowhere", nodesOf([node("MatMul", ["x", "U"], "y")]), 'node "y_node"', /"U"/],
    ["an input of a later node", nodesOf([last, gemm], V), 'node "y_node"', /"h"/],
    ["a product of constants", nodesOf([node("MatMul", ["W", "b"], "y")]), 'node "y_node"', /constant/],
    ["a sum of constants", nodesOf([node("Add", ["W", "b"], "y")]), 'node "y_node"', /two constants/],
    [
      "a product with the input's weights in front",
      nodesOf([node("MatMul", ["W", "x"], "y")]),
      'node "y_node"',
      /constant/,
    ],
    [
      "weights of another width",
      fileOf({ input: [port("x", [undefined, 3])] }),
      'node "y_node"',
      /\[2,2\] for 3 inputs/,
    ],
    ["a vector of weights", nodesOf([node("MatMul", ["x", "b"], "y")]), 'node "y_node"', /\[2\] for 2 inputs/],
    [
      "a bias of another width",
      nodesOf([node("Gemm", ["x", "W", "one"], "y")]),
      'node "y_node"',
      /"one" \[\] where a row of 2/,
    ],
    [
      "a column as a bias",
      nodesOf([node("Gemm", ["x", "W", "c"], "y")], tensor("c", [2, 1], [1, 2])),
      'node "y_node"',
      /2,1/,
    ],
    ["a bias of two layers", nodesOf([gemm, node("Gemm", ["h", "V", "b"], "y")], V), 'node "y_node"', /another layer/],
    ["weights of two layers", nodesOf([gemm, node("MatMul", ["h", "W"], "y")]), 'node "y_node"', /another layer/],
    [
      "a layer with and without its bias",
      nodesOf([
        node("MatMul", ["x", "W"], "h"),
        node("Add", ["h", "b"], "k"),
        node("Concat", ["h", "k"], "y", { axis: 1 }),
      ]),
      'node "y_node"',
      /another layer/,
    ],
    [
      "a layer with two activations",
      after(node("Relu", ["h"], "k"), node("Concat", ["h", "k"], "y", { axis: 1 })),
      'node "y_node"',
      /two activations/,
    ],
    [
      "an activation of an activation",
      after(node("Relu", ["h"], "k"), node("Tanh", ["k"], "y")),
      'output "y"',
      /no activation/,
    ],
    [
      "an activation of the input",
      nodesOf([node("Relu", ["x"], "k"), node("MatMul", ["k", "W"], "y")]),
      'node "y_node"',
      /Relu\("x"\) of what is no Gemm/,
    ],
    ["a function that is no activation", after(node("Mul", ["h", "h"], "y")), 'output "y"', /"h_node"\*"h_node" is no/],
    ["a softmax of the rows", after(node("Softmax", ["h"], "y", { axis: 0 })), 'node "y_node"', /axis 0/],
    ["another SELU", after(node("Selu", ["h"], "y", { alpha: 1 })), 'node "y_node"', /alpha 1/],
    [
      "an infinite slope",
      after(node("LeakyRelu", ["h"], "y", { alpha: Number.POSITIVE_INFINITY })),
      'node "y_node"',
      /alpha/,
    ],
    ["a row as a factor", after(node("Mul", ["h", "b"], "y")), 'node "y_node"', /\[2\] where one number/],
    ["a difference of layers", after(node("Sub", ["h", "one"], "y")), 'node "y_node"', /behind the first layer/],
    [
      "a product of layers",
      nodesOf([gemm, node("MatMul", ["x", "V"], "k"), node("Mul", ["h", "k"], "y")], V),
      'node "y_node"',
      /product of two layers/,
    ],
    [
      "a training mode that is computed",
      after(node("Dropout", ["h", "one", "h"], "y")),
      'node "y_node"',
      /no constant/,
    ],
    ["a ratio of 1", after(node("Dropout", ["h", "one"], "y")), 'node "y_node"', /ratio 1/],
    ["a concatenation of rows", after(node("Concat", ["h", "x"], "y", { axis: 0 })), 'node "y_node"', /axis 0/],
    ["a concatenation of nothing", nodesOf([node("Concat", [], "y", { axis: 1 })]), 'node "y_node"', /widths/],
    ["another flattening", nodesOf([node("Flatten", ["x"], "f", { axis: 0 }), last]), 'node "f_node"', /axis 0/],
    ["rows of matrices", fileOf({ input: [port("x", [undefined, 1, 2])] }), 'node "y_node"', /Flatten/],
    ["a Cast to integers", after(node("Cast", ["h"], "y", { to: 7 })), 'node "y_node"', /data type 7/],
    ["a Constant without a value", nodesOf([node("Constant", [], "y")]), 'node "y_node"', /no value/],
    ["a scaling by zero", nodesOf([node("Div", ["x", "z"], "s"), last], tensor("z", [], [0])), 'node "s_node"', /> 0/],
    [
      "a scaling in five steps",
      nodesOf([..."12345"].map((step) => node("Div", [step === "1" ? "x" : `${Number(step) - 1}`, "one"], step))),
      'node "5_node"',
      /scaled more than 4 times/,
    ],
    [
      "a scaling to infinity",
      nodesOf(
        [
          node("Div", ["x", "k"], "s"),
          node("Div", ["s", "k"], "t"),
          node("Gemm", ["t", "W", "b"], "h"),
          node("Identity", ["h"], "y"),
        ],
        { name: "k", dataType: 11, doubleData: new Uint8Array(Float64Array.of(1e300).buffer) },
      ),
      "graph",
      /"deviations\[0\]" expected a finite number > 0/,
    ],
    [
      "a scaling that takes more than the file",
      fileOf({
        node: [node("Div", ["x", "b"], "s"), node("MatMul", ["s", "W"], "y")],
        initializer: [tensor("W", [40_000, 1], new Array(40_000).fill(1)), tensor("b", [], [2])],
        input: [port("x", [undefined, 40_000])],
      }),
      "graph",
      /a scaling of 40000 numbers a row, in a file of so few bytes/,
    ],
    ["a root", nodesOf([gemm, node("Pow", ["h", "k"], "y")], tensor("k", [], [0.5])), 'node "y_node"', /the power 0.5/],
    ["a Transpose to itself", nodesOf([turned]), 'node "T_node"', /\[2,2\] to its axes 0,1/],
    ["a Transpose of a row", nodesOf([node("Transpose", ["b"], "T")]), 'node "T_node"', /\[2\] to its axes 1,0/],
    [
      "weights of two layers, the one transposed",
      nodesOf([gemm, node("Transpose", ["W"], "T"), node("MatMul", ["h", "T"], "y")]),
      'node "y_node"',
      /another layer/,
    ],
    [
      "an integer as an α",
      after({ ...node("LeakyRelu", ["h"], "y"), attribute: [{ name: "alpha", i: 1, type: 2 }] }),
      'node "y_node"',
      /"alpha" of the type 2, not float/,
    ],
    [
      "a shape from the columns on",
      nodesOf([node("Shape", ["x"], "n", { start: 1 })]),
      'node "n_node"',
      /from the rows on/,
    ],
    ["the shape of weights", nodesOf([node("Shape", ["W"], "n")]), 'node "n_node"', /constant as input 0 of Shape/],
    [
      "another size than the rows'",
      nodesOf([node("Shape", ["x"], "n"), node("Gather", ["n", "i"], "y")], sizes("i", 1)),
      'node "y_node"',
      /the size 1 of a shape/,
    ],
    [
      "a shape that doubles its length",
      nodesOf(
        [..."1234"].map((step) => node("Concat", [`${Number(step) - 1}`, `${Number(step) - 1}`], step, { axis: 0 })),
        sizes("0", 0),
      ),
      'node "4_node"',
      /a shape of 16 sizes/,
    ],
    [
      "a shape of more numbers than it says",
      nodesOf([gemm, node("Reshape", ["h", "r"], "y")], { ...sizes("r", -1, 2, 3), dims: [2] }),
      'initializer "r"',
      /3 numbers for the shape \[2\]/,
    ],
    [
      "an input that is scaled in two ways",
      nodesOf([node("Sub", ["x", "b"], "s"), node("Concat", ["s", "x"], "y", { axis: 1 })]),
      'node "y_node"',
      /two ways/,
    ],
    [
      "sums of different widths",
      nodesOf([node("MatMul", ["x", "U"], "h"), node("Sum", ["h", "x"], "y")], tensor("U", [2, 1], [1, 2])),
      'node "y_node"',
      /widths 1,2/,
    ],
    ["a value twice", after(node("Relu", ["x"], "h")), 'node "h_node"', /a value with the name "h"/],
    ["a value without a name", after(node("Relu", ["h"], "")), 'node "_node"', /name ""/],
    ["an initializer twice", nodesOf([gemm], tensor("W", [], [1])), 'initializer "W"', /name "W"/],
    ["no layer", nodesOf([node("Identity", ["x"], "y")]), "graph", /no Gemm/],
    ["only a sum", nodesOf([node("Sum", ["x", "x"], "y")]), "graph", /no Gemm/],
    [
      "a layer that leads nowhere",
      after(node("Dropout", ["h"], "d"), node("Identity", ["h"], "y")),
      "graph",
      /lead to an output/,
    ],
    ["no input", fileOf({ input: [] }), "graph", /no input/],
    ["no output", fileOf({ output: [] }), "graph", /0 outputs/],
    ["two outputs", fileOf({ output: [port("y", []), port("x", [])] }), "graph", /2 outputs/],
    ["an output that is nowhere", fileOf({ output: [port("z", [])] }), 'output "z"', /nowhere/],
    ["an output that is constant", fileOf({ output: [port("W", [])] }), 'output "W"', /a constant/],
    ["an input of integers", fileOf({ input: [port("x", [undefined, 2], 7)] }), 'input "x"', /data type 7/],
    ["an input without a type", fileOf({ input: [{ name: "x" }] }), 'input "x"', /data type undefined/],
    ["inputs of two types", fileOf({ input: [port("x", [1, 2]), port("z", [1, 2], 11)] }), 'input "z"', /float64/],
    ["an input without a width", fileOf({ input: [port("x", [2])] }), 'input "x"', /fixed width/],
    ["an input of any width", fileOf({ input: [port("x", [undefined, undefined])] }), 'input "x"', /fixed width/],
    ["an input of negative width", fileOf({ input: [port("x", [1, -2])] }), 'input "x"', /fixed width/],
    ["an input as wide as the earth", fileOf({ input: [port("x", [1, 2 ** 40])] }), 'input "x"', /so few bytes/],
    ["an input as wide as space", fileOf({ input: [port("x", [1, 2 ** 52, 2 ** 52])] }), 'input "x"', /fixed width/],
    ["an input with the name __proto__", fileOf({ input: [port("__proto__", [1, 2])] }), 'input "__proto__"', /name/],
    ["an input without a name", fileOf({ input: [port("", [1, 2])] }), 'input ""', /name/],
    ["two inputs of one name", fileOf({ input: [port("x", [1, 2]), port("x", [1, 2])] }), 'input "x"', /name/],
    [
      "weights in another file",
      fileOf({ initializer: [tensor("W", [2, 2], [], { dataLocation: 1 }), tensor("b", [2], [5, 6])] }),
      'initializer "W"',
      /another file/,
    ],
    [
      "weights of half precision",
      fileOf({ initializer: [tensor("W", [2, 2], [1, 2], { dataType: 10 }), tensor("b", [2], [5, 6])] }),
      'initializer "W"',
      /data type 10/,
    ],
    [
      "weights with too few bytes",
      fileOf({ initializer: [tensor("W", [2, 2], [1, 2, 3]), tensor("b", [2], [5, 6])] }),
      'initializer "W"',
      /12 bytes for the shape \[2,2\], which takes 16/,
    ],
    [
      "weights of a petabyte",
      fileOf({ initializer: [tensor("W", [2, 2 ** 48], [1]), tensor("b", [2], [5, 6])] }),
      'node "y_node"',
      /for 2 inputs/,
    ],
    ["metadata that are no JSON", own("{"), 'metadata "lanegrad"', /./],
    ["metadata that are a number", own("3"), 'metadata "lanegrad"', /an object/],
    ["metadata without a loss", own("{}"), 'metadata "lanegrad"', /"loss"/],
    ["metadata with a key __proto__", own('{"__proto__":{"polluted":1}}'), 'metadata "lanegrad"', /__proto__/],
    ["metadata with a wrong seed", own('{"loss":"huber","seed":-1}'), 'metadata "lanegrad"', /"seed"/],
    ["long metadata", own(" ".repeat(1001)), 'metadata "lanegrad"', /1001 characters/],
  ])("%s", (_, file, place, problem) => {
    let error: unknown;
    try {
      readPerceptron(file, "meanSquaredError");
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(FormatError);
    expect((error as FormatError).message).toMatch(problem);
    expect((error as FormatError).place).toBe(place);
    expect(Object.prototype).not.toHaveProperty("polluted");
  });

  test("a wrong argument", async () => {
    const file = fileOf({});
    await expect(fromOnnx(file)).rejects.toThrow(
      new TypeError('"loss" expected a loss, as the file says none, got undefined'),
    );
    await expect(fromOnnx("x" as never)).rejects.toThrow(TypeError);
    await expect(fromOnnx(file, { losses: 1 } as never)).rejects.toThrow(/losses/);
    await expect(fromOnnx(file, { loss: "huber", dtype: "float16" as never })).rejects.toThrow(/"dtype"/);
    const net = await chain("relu", "float32");
    expect(() => toOnnx({} as never)).toThrow(TypeError);
    expect(() => toOnnx(net, { output: "probabilities" as never })).toThrow(RangeError);
    expect(() => toOnnx(net, { metadata: "a text" as never })).toThrow('"metadata" expected an object');
    expect(() => toOnnx(net, { metadata: { author: 3 as never } })).toThrow(
      '"metadata.author" expected a string, got 3',
    );
    expect(() => toOnnx(net, { metadata: { lanegrad: "" } })).toThrow(RangeError);
    net.dispose();
    expect(() => toOnnx(net)).toThrow(/disposed/);
  });
});

/** Bytes of a field with the number and wire type, in the smallest of files. */
function bytesOf(...bytes: number[]): Uint8Array {
  return Uint8Array.from(bytes);
}

describe("refused with the byte at fault is", () => {
  test.each<[string, Uint8Array, number, RegExp]>([
    ["a field behind the end", bytesOf(8, 1, 0x3a, 5, 1), 2, /5 bytes where 1 are left/],
    ["a length of 2⁶³", bytesOf(0x3a, 255, 255, 255, 255, 255, 255, 255, 255, 127), 0, /bytes where 0/],
    ["a number that does not end", bytesOf(8, 255, 255), 0, /./],
    ["a number of eleven bytes", bytesOf(8, ...new Array(11).fill(255)), 0, /./],
    ["a group", bytesOf(8, 1, 11), 2, /./],
    ["the field 0", bytesOf(8, 1, 2, 0), 2, /number 0/],
    ["a graph that is a number", bytesOf(0x38, 1), 0, /wire type 0, not 2/],
    ["a graph twice", bytesOf(0x3a, 0, 0x3a, 0), 2, /"graph" is there twice/],
    ["an unknown field behind the end", bytesOf(8, 1, 0x7a, 9, 1), 2, /behind/],
    ["a text that is no UTF-8", bytesOf(0x12, 2, 0xc3, 0x28), 0, /./],
    ["a graph that ends in the middle of a field", bytesOf(0x3a, 2, 0x12, 3, 65, 66, 67), 2, /3 bytes where 0/],
    ["an endless list", bytesOf(0x3a, 0x80, 0x80, 4, ...new Array(2 ** 15).fill([0x0a, 0]).flat()), 65_538, /values/],
  ])("%s", (_, file, byte, problem) => {
    let error: unknown;
    try {
      decodeModel(file);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(FormatError);
    expect((error as FormatError).message).toMatch(problem);
    expect((error as FormatError).place).toBe(`byte ${byte}`);
  });
});

test("messages are read as they were written, unknown fields skipped, sizes packed or not", () => {
  const text = fc.string({ unit: "grapheme" });
  const list = <T>(of: fc.Arbitrary<T>) => fc.array(of, { minLength: 1, maxLength: 4 });
  const float = fc.float({ noNaN: true });
  const graph = fc.record(
    {
      name: text,
      initializer: list(fc.record({ name: text, dims: list(fc.maxSafeInteger()), rawData: fc.uint8Array() })),
      node: list(fc.record({ opType: text, input: list(text), attribute: list(fc.record({ name: text, f: float })) })),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(graph, fc.maxSafeInteger(), (graph, irVersion) => {
      const read = decodeModel(encodeModel({ irVersion, graph }));
      expect(read).toEqual({ irVersion, graph });
    }),
  );
  // A tensor [300, 2] with packed sizes, between fields of every wire type that nothing is known of.
  const packed = bytesOf(0x0a, 3, 0xac, 2, 2);
  const unknown = [0xf8, 1, 5, 0xf9, 1, ...new Array(8).fill(1), 0xfa, 1, 1, 7, 0xfd, 1, 1, 1, 1, 1];
  const initializer = [...unknown, ...packed, ...unknown];
  const file = bytesOf(0x3a, initializer.length + 2, 0x2a, initializer.length, ...initializer);
  expect(decodeModel(file)).toEqual({ graph: { initializer: [{ dims: [300, 2] }] } });
});
