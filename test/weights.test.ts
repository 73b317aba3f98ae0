// Networks in safetensors files: whole models that come back bit for bit, and files from elsewhere with any numbered names.
import { afterEach, describe, expect, test } from "vitest";
import { readSafetensors, type StoredTensor, type TensorFile, writeSafetensors } from "../src/format/safetensors.js";
import {
  adam,
  concatenate,
  DisposedError,
  type DType,
  dense,
  dropout,
  FormatError,
  type GraphDefinition,
  graph,
  type Layer,
  Network,
  type NetworkOptions,
  standardize,
} from "../src/index.js";
import { engineOf } from "./support/builds.js";
import { randomNumbers } from "./support/matrices.js";

const engine = await engineOf("simd");
const x = randomNumbers(3 * 8, 1);
const labels = [0, 1, 1, 0, 1, 0, 0, 1];

const classifier: NetworkOptions = {
  inputs: 3,
  layers: [dense(4, { type: "leakyRelu", alpha: 0.2 }), dropout(0.3), dense(5), dense(2, "tanh", { bias: false })],
  loss: { type: "softmaxCrossEntropy", labelSmoothing: 0.1 },
  seed: 7,
  engine,
};

const branched: GraphDefinition = {
  inputs: { left: 2, right: 1 },
  nodes: { fc: [dense(4, "relu"), "left"], all: [concatenate(), "fc", "right"], out: [dense(2), "all"] },
  outputs: "out",
};

const nets: Network[] = [];
afterEach(() => {
  for (const net of nets.splice(0)) net.dispose();
});

async function kept(made: Promise<Network>): Promise<Network> {
  const net = await made;
  nets.push(net);
  return net;
}

const create = (options: NetworkOptions) => kept(Network.create(options));
const read = (file: Uint8Array, options: Partial<NetworkOptions> = {}) => {
  return kept(Network.fromSafetensors(file, { engine, ...options } as NetworkOptions));
};

async function refusalOf(file: Uint8Array, options?: Partial<NetworkOptions>): Promise<FormatError> {
  const { used } = engine.memory;
  const error = await read(file, options).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(FormatError);
  expect(engine.memory.used).toBe(used);
  return error as FormatError;
}

/** A trained network, so that no parameter is what the seed alone gives. */
async function trained(options: NetworkOptions): Promise<Network> {
  const net = await create(options);
  net.trainBatch(x, labels, adam({ learningRate: 0.1 }));
  return net;
}

const namesIn = (file: Uint8Array) => [...readSafetensors(file).tensors.keys()];

/** A tensor of numbers from 1 on. */
function tensor(dtype: string, ...shape: number[]): StoredTensor {
  const length = shape.reduce((product, size) => product * size, 1);
  const values = Array.from({ length }, (_, index) => index + 1);
  const array = dtype === "F64" ? new Float64Array(values) : new Float32Array(values);
  const bytes = new Uint8Array(array.buffer).slice(0, (length * Number(/\d+/.exec(dtype))) / 8);
  return { dtype, shape, bytes };
}

function fileOf(tensors: Record<string, StoredTensor>, metadata: Record<string, string> = {}): Uint8Array {
  return writeSafetensors({ tensors: new Map(Object.entries(tensors)), metadata: new Map(Object.entries(metadata)) });
}

describe("a network of lanegrad's", () => {
  test.each<[string, Partial<NetworkOptions>]>([
    ["chain", {}],
    [
      "chain in float64 with standardization and penalties",
      {
        dtype: "float64",
        standardization: standardize(x, 3),
        l1: 0.01,
        l2: 0.02,
      },
    ],
    ["graph", { inputs: undefined, layers: undefined, graph: graph(branched) }],
  ])("comes back from its file bit for bit: %s", async (_, options) => {
    const net = await trained({ ...classifier, ...options });
    const again = await read(net.toSafetensors());
    expect(again.dtype).toBe(net.dtype);
    expect(again.parameters.map(({ name, values }) => [name, values])).toEqual(
      net.parameters.map(({ name, values }) => [name, values]),
    );
    expect(again.standardization).toEqual(net.standardization);
    expect(again.predict(x)).toEqual(net.predict(x));
    expect(again.evaluate(x, labels)).toEqual(net.evaluate(x, labels));
    // Masks and orders start anew, from the same seed; so does the optimizer.
    const other = await create({ ...classifier, ...options });
    other.setParameters(Object.fromEntries(net.parameters.map(({ name, values }) => [name, values])));
    const training = { epochs: 2, batchSize: 3 };
    await again.fit(x, labels, { optimizer: adam({ learningRate: 0.1 }), ...training });
    await other.fit(x, labels, { optimizer: adam({ learningRate: 0.1 }), ...training });
    expect(again.predict(x)).toEqual(other.predict(x));
  });

  test("has the names of nn.Sequential's modules, or of its nodes", async () => {
    const net = await create(classifier);
    const file = net.toSafetensors();
    // Linear, LeakyReLU, Dropout, Linear, Linear, Tanh
    expect(namesIn(file)).toEqual(["0.weight", "0.bias", "3.weight", "3.bias", "4.weight"]);
    expect(readSafetensors(file).tensors.get("3.weight")).toMatchObject({ dtype: "F32", shape: [5, 4] });
    const second = await create({ graph: graph(branched), loss: "meanSquaredError", engine });
    expect(namesIn(second.toSafetensors())).toEqual(["fc.weight", "fc.bias", "out.weight", "out.bias"]);
  });

  test("may hold what is not finite, and be in shared memory or in the middle of a buffer", async () => {
    const net = await create(classifier);
    net.setParameters({ "1.bias": [Number.NaN, Number.POSITIVE_INFINITY, -0, 1, 2] });
    const file = net.toSafetensors();
    const shared = new Uint8Array(new SharedArrayBuffer(file.length + 3), 3);
    shared.set(file);
    for (const bytes of [file, shared, Buffer.from(file)]) {
      const again = await read(bytes);
      expect(again.parameters[3]?.values).toEqual(net.parameters[3]?.values);
    }
  });

  test("is not in the file of a disposed one", async () => {
    const net = await create(classifier);
    net.dispose();
    expect(() => net.toSafetensors()).toThrow(DisposedError);
  });
});

describe("a file from elsewhere", () => {
  const layers: Layer[] = [dense(2, "relu"), dense(1, "identity", { bias: false })];
  const options: Partial<NetworkOptions> = { inputs: 3, layers, loss: "meanSquaredError" };
  const [first, bias, second] = [tensor("F32", 2, 3), tensor("F32", 2), tensor("F32", 1, 2)];

  test.each<[string, string, string]>([
    ["nn.Sequential's modules", "0.", "2."],
    ["lanegrad's dense layers", "0.", "1."],
    ["modules of a part", "net.layers.3.", "net.layers.5."],
    ["attributes", "fc1.", "fc2."],
    ["numbers of two digits", "fc9.", "fc10."],
    ["blocks", "0.blocks.1.fc.", "0.blocks.12.fc."],
  ])("is read by the numbers of %s, in any order", async (_, one, other) => {
    const tensors: [string, StoredTensor][] = [
      [`${one}weight`, first],
      [`${one}bias`, bias],
      [`${other}weight`, second],
    ];
    for (const entries of [tensors, tensors.toReversed()]) {
      const net = await read(fileOf(Object.fromEntries(entries), { format: "pt" }), options);
      expect(net.parameters.map(({ name, values }) => [name, [...values]])).toEqual([
        ["0.weight", [1, 2, 3, 4, 5, 6]],
        ["0.bias", [1, 2]],
        ["1.weight", [1, 2]],
      ]);
    }
  });

  test("may hold one layer without a name", async () => {
    const net = await read(fileOf({ weight: first, bias }), { ...options, layers: [dense(2)] });
    expect([...net.forward([1, 1, 1])]).toEqual([1 + 2 + 3 + 1, 4 + 5 + 6 + 2]);
  });

  test("is read by the names of a graph's nodes", async () => {
    const definition: GraphDefinition = {
      inputs: { x: 3 },
      nodes: { hidden: [dense(2, "relu"), "x"], head: [dense(1, "identity", { bias: false }), "hidden"] },
      outputs: "head",
    };
    const graphOptions: Partial<NetworkOptions> = { graph: graph(definition), loss: "meanSquaredError" };
    const tensors = { "head.weight": second, "hidden.bias": bias, "hidden.weight": first };
    const net = await read(fileOf(tensors), graphOptions);
    expect([...net.forward([1, 1, 1])]).toEqual([1 + 2 + 3 + 1 + 2 * (4 + 5 + 6 + 2)]);
    const error = await refusalOf(fileOf({ "0.weight": first, "0.bias": bias, "1.weight": second }), graphOptions);
    expect(error.message).toBe("hidden.weight: expected F32 or F64 [2,3], got none");
  });

  test.each<[string, DType | undefined, DType]>([
    ["F32", undefined, "float32"],
    ["F64", undefined, "float64"],
    ["F32", "float64", "float64"],
    ["F64", "float32", "float32"],
  ])("in %s is read as %s: %s", async (stored, dtype, expected) => {
    // One tensor of the larger type is enough.
    const file = fileOf({ "0.weight": first, "0.bias": bias, "1.weight": tensor(stored, 1, 2) });
    const net = await read(file, dtype === undefined ? options : { ...options, dtype });
    expect(net.dtype).toBe(expected);
    expect(net.parameters.map(({ values }) => [...values])).toEqual([
      [1, 2, 3, 4, 5, 6],
      [1, 2],
      [1, 2],
    ]);
  });

  const good = { "0.weight": first, "0.bias": bias, "2.weight": second };
  test.each<[string, Record<string, StoredTensor>, string]>([
    ["a missing tensor", { "0.weight": first, "2.weight": second }, "0.bias: expected F32 or F64 [2], got none"],
    ["a missing layer", { "0.weight": first, "0.bias": bias }, "2.weight: expected F32 or F64 [1,2], got none"],
    ["an unexpected tensor", { ...good, "2.bias": tensor("F32", 1) }, "2.bias: unexpected"],
    ["an unexpected layer", { ...good, "4.weight": first }, "4.weight: unexpected"],
    [
      "a transposed weight",
      { ...good, "0.weight": tensor("F32", 3, 2) },
      "0.weight: expected F32 or F64 [2,3], got F32 [3,2]",
    ],
    ["half precision", { ...good, "0.bias": tensor("F16", 2) }, "0.bias: expected F32 or F64 [2], got F16 [2]"],
    ["bfloat16", { ...good, "0.bias": tensor("BF16", 2) }, "0.bias: expected F32 or F64 [2], got BF16 [2]"],
    ["integers", { ...good, "0.bias": tensor("I32", 2) }, "0.bias: expected F32 or F64 [2], got I32 [2]"],
    ["no tensor", {}, "0.weight: expected F32 or F64 [2,3], got none"],
    [
      "names that say nothing of the order",
      { "head.weight": second, "trunk.weight": first, "trunk.bias": bias },
      'trunk.weight: not numbered like "head.weight"',
    ],
  ])("is refused with %s", async (_, tensors, message) => {
    expect((await refusalOf(fileOf(tensors), options)).message).toBe(message);
  });

  test("needs the options of the network, and those are the caller's", async () => {
    const file = fileOf(good);
    expect((await refusalOf(file)).message).toBe('__metadata__.lanegrad: not "1", as in lanegrad\'s own files');
    await expect(read(file, { ...options, loss: undefined })).rejects.toThrow(TypeError);
    await expect(read(file, { ...options, inputs: 0 })).rejects.toThrow(/^"inputs" expected an integer ≥ 1, got 0$/);
    await expect(read(file, { depth: 3 } as never)).rejects.toThrow(/^"options" expected only/);
    await expect(Network.fromSafetensors("file" as never)).rejects.toThrow(
      /^"file" expected a Uint8Array, got "file"$/,
    );
    await expect(read(file, { engine: 3 } as never)).rejects.toThrow(/^"engine" expected an Engine, got 3$/);
  });
});

describe("metadata", () => {
  /** A file of lanegrad's with another network in its metadata. */
  async function changed(change: (network: Record<string, unknown>) => Record<string, unknown>): Promise<Uint8Array> {
    const { tensors, metadata } = readSafetensors((await create(classifier)).toSafetensors()) as TensorFile;
    const network = change(JSON.parse(metadata.get("network") as string));
    return writeSafetensors({ tensors, metadata: new Map([...metadata, ["network", JSON.stringify(network)]]) });
  }

  test("are passed over where options are given", async () => {
    const net = await create(classifier);
    const options = { inputs: 3, layers: [dense(4), dense(5), dense(2, "relu", { bias: false })] };
    const other = await read(net.toSafetensors(), { ...options, loss: "meanSquaredError" });
    expect(other.parameters.map(({ values }) => values)).toEqual(net.parameters.map(({ values }) => values));
    expect(other.predict(x)).not.toEqual(net.predict(x));
  });

  test("with a wrong option make a broken file", async () => {
    const error = await refusalOf(await changed((network) => ({ ...network, loss: "none" })));
    expect(error.message).toMatch(/^__metadata__: "loss" expected one of/);
    expect((await refusalOf(await changed((network) => ({ ...network, seed: -1 })))).message).toMatch(/"seed"/);
  });

  test("cannot ask for more memory than the tensors explain", async () => {
    const units = await refusalOf(await changed((network) => ({ ...network, layers: [dense(2 ** 29), dense(2)] })));
    expect(units.place).toBe("0.weight");
    const doubled = Array.from({ length: 26 }, (_, index) => [
      `c${index + 1}`,
      [concatenate(), `c${index}`, `c${index}`],
    ]);
    const definition = {
      inputs: { x: 3 },
      nodes: { c0: [dense(4), "x"], ...Object.fromEntries(doubled) },
      outputs: "c26",
    };
    const { tensors, metadata } = readSafetensors(
      await changed(() => ({ graph: definition, loss: "meanSquaredError" })),
    );
    const two = new Map([...tensors].slice(0, 2).map(([name, stored]) => [name.replace("0", "c0"), stored]));
    const wide = await refusalOf(writeSafetensors({ tensors: two, metadata }));
    expect(wide.place).toBe("__metadata__.network");
    expect(wide.message).toMatch(/outputs in \d+ bytes/);
    const batch = await read(await changed((network) => ({ ...network, batchSize: 2 ** 29 })));
    expect(batch.memory.total).toBeLessThan(100_000);
  });

  // What took the square or the third power of their number would not end within the test's time.
  test("of many layers, nodes or names are read in time", async () => {
    const LAYERS = 30_000;
    const last = dense(1, "relu", { bias: false });
    const one = fileOf({ weight: tensor("F32", 1, 1) });
    const dropouts = Array.from({ length: LAYERS }, () => dropout(0.5));
    const chain = { inputs: 1, layers: [...dropouts, last], loss: "huber", checkpoint: 2 } as const;
    expect((await read(one, chain)).layers).toHaveLength(LAYERS + 1);
    const nodes = Array.from({ length: LAYERS }, (_, index) => [`n${index + 1}`, [dropout(0.5), `n${index}`]]);
    const definition = {
      inputs: { n0: 1 },
      nodes: { ...Object.fromEntries(nodes), y: [last, `n${LAYERS}`] },
      outputs: "y",
    };
    const named = fileOf({ "y.weight": tensor("F32", 1, 1) });
    expect((await read(named, { graph: graph(definition), loss: "huber" })).layers).toHaveLength(LAYERS + 1);
    const names = Array.from({ length: LAYERS }, (_, index) => [`${index}.weight`, tensor("F32", 0)]);
    const long = fileOf({ [`${"1".repeat(1e6)}.weight`]: tensor("F32", 0), ...Object.fromEntries(names) });
    expect((await refusalOf(long, { inputs: 1, layers: [last], loss: "huber" })).place).toBe("0.weight");
  });

  test("with a checkpoint are not those of a network alone", async () => {
    const net = await trained(classifier);
    expect((await refusalOf(net.checkpoint())).message).toMatch(/^optimizer.* not numbered like "0.weight"$/);
    await expect(Network.restore(net.toSafetensors(), { engine })).rejects.toThrow('"training" expected an object');
  });
});
