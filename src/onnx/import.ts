// From an ONNX file to a network.
import type { DType, FloatArray } from "../engine/dtype.js";
import {
  FormatError,
  type GraphDefinition,
  graph,
  type Layer,
  type Loss,
  Network,
  type NetworkOptions,
  Standardization,
} from "../index.js";
import { parseLoss } from "../network/loss.js";
import { checkBytes, checkInteger, checkName, checkOptions, shown, typeError } from "../validate.js";
import { OPERATOR_NAMES } from "./activations.js";
import type { Scale } from "./flows.js";
import { GraphReader, type ReadLayer } from "./graph-reader.js";
import {
  DATA_TYPES,
  decodeModel,
  METADATA,
  type Metadata,
  type ModelProto,
  type TensorProto,
  type ValueInfoProto,
} from "./messages.js";
import { readNode } from "./operators.js";
import { Constant } from "./tensors.js";

/** Options of the network beside what the file says: as for `Network.create`. */
export interface ImportOptions extends Pick<NetworkOptions, "seed" | "dtype" | "engine" | "batchSize" | "l1" | "l2"> {
  /** Required for files that are not lanegrad's. A Softmax or Sigmoid at the end becomes what the loss applies to logits. */
  loss?: Loss;
}

const OPTIONS: readonly (keyof ImportOptions)[] = ["loss", "seed", "dtype", "engine", "batchSize", "l1", "l2"];

/** The first version in which rows are added to matrices as today. */
const OLDEST_OPSET = 7;

/** Bytes that a column's mean and deviation take while they are read, and how many may be beyond those of the file. */
const BYTES_OF_SCALE = 32;
const SPARE_BYTES = 2 ** 20;

/** Longer texts than `toOnnx` writes. */
const LONGEST_METADATA = 1000;

/**
 * The network of an ONNX file: a multilayer perceptron of Gemm or MatMul and Add, with activations behind them, Concat and Add
 * between layers, Dropout, and in front Flatten or such a Reshape and a scaling of the inputs. Operators are read from version 7 on.
 *
 * From a file of `toOnnx` the same network comes, bit for bit, but for an α of more digits than single precision has, and without
 * its penalties. In other files a chain of layers gets parameters with the names "0.weight", "0.bias", …; in other graphs they are
 * named after the nodes.
 *
 * @param bytes the whole file
 * @throws FormatError for a file that is none, or with anything else in it: its `place` is the byte, the node, the initializer
 *   or the input at fault
 * @throws TypeError, RangeError for options, and where the file says no loss and none is given
 * @throws OutOfMemoryError, UnsupportedHostError
 */
export async function fromOnnx(bytes: Uint8Array, options: ImportOptions = {}): Promise<Network> {
  checkBytes("bytes", bytes);
  checkOptions("options", options, OPTIONS);
  const { parameters, ...read } = readPerceptron(bytes, options.loss);
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const net = await Network.create({ ...read, ...given } as NetworkOptions);
  net.setParameters(parameters);
  return net;
}

/** Options of a network, and its parameters. */
export interface Perceptron
  extends Pick<NetworkOptions, "inputs" | "layers" | "graph" | "seed" | "dtype" | "standardization"> {
  readonly loss: Loss;
  readonly parameters: Record<string, FloatArray>;
}

/** @throws FormatError, and TypeError, RangeError for the loss */
export function readPerceptron(bytes: Uint8Array, givenLoss?: Loss): Perceptron {
  if (givenLoss !== undefined) parseLoss(givenLoss);
  const model = decodeModel(bytes);
  checkVersion(model);
  const metadata = parseMetadata(model);
  const loss = givenLoss ?? metadata?.loss;
  if (loss === undefined) throw typeError("loss", "a loss, as the file says none", loss);

  const { node = [], initializer = [], input = [], output = [] } = model.graph ?? {};
  const reader = new GraphReader(bytes.length);
  for (const tensor of initializer) addConstant(reader, tensor);
  // Old files list initializers as inputs too.
  const constants = new Set(initializer.map(({ name }) => name));
  const ports = addInputs(
    reader,
    input.filter(({ name }) => !constants.has(name)),
  );
  const [port] = ports;
  for (const [position, each] of node.entries()) readNode(reader, each, position);
  const last = finishOutput(reader, output, metadata?.output === "logits" ? undefined : loss);
  const layers = reader.layers.sort((a, b) => a.position - b.position);
  if (!layers.some(({ dense }) => dense !== undefined)) throw new FormatError("graph", "no Gemm or MatMul");

  const chain = chainNames(layers, ports, last);
  // A file of lanegrad's keeps its names.
  const names = metadata !== undefined && layers.some(({ name }) => chain?.get(name) !== name) ? undefined : chain;
  const shape = names === undefined ? graphOf(layers, ports, last) : chainOf(layers, port.width);
  return {
    ...shape,
    loss,
    seed: metadata?.seed,
    dtype: port.dtype,
    standardization: standardizationOf(reader, ports),
    parameters: parametersOf(layers, names),
  };
}

interface Port {
  readonly place: string;
  readonly name: string;
  readonly width: number;
  readonly rows: number | undefined;
  /** Whether its rows are of several dimensions. */
  readonly isFolded: boolean;
  readonly dtype: DType;
}

function checkVersion({ graph, opsets = [] }: ModelProto): void {
  if (graph === undefined) throw new FormatError("model", "no graph");
  const opset = opsets.find(({ domain = "" }) => domain === "" || domain === "ai.onnx");
  if (!((opset?.version ?? 0) >= OLDEST_OPSET)) {
    throw new FormatError("opset_import", `version ${opset?.version}, not ${OLDEST_OPSET} or later`);
  }
}

/** What `toOnnx` wrote beside the graph; undefined in other files. */
function parseMetadata({ metadata = [] }: ModelProto): Metadata | undefined {
  const text = metadata.find(({ key }) => key === METADATA)?.value;
  if (text === undefined) return undefined;
  const place = `metadata ${shown(METADATA)}`;
  if (text.length > LONGEST_METADATA) throw new FormatError(place, `${text.length} characters`);
  try {
    const given = JSON.parse(text);
    checkOptions("metadata", given, ["loss", "seed", "output"]);
    parseLoss(given.loss);
    checkInteger("seed", given.seed, 0, Number.MAX_SAFE_INTEGER);
    checkName("output", given.output, ["predictions", "logits"]);
    return given;
  } catch (error) {
    throw new FormatError(place, (error as Error).message, { cause: error });
  }
}

function addConstant(reader: GraphReader, tensor: TensorProto): void {
  const value = new Constant(tensor.name ?? "", tensor);
  reader.define(value.place, value.name, value);
}

function addInputs(reader: GraphReader, inputs: readonly ValueInfoProto[]): [Port, ...Port[]] {
  const [first, ...others] = inputs.map(parseInput);
  if (first === undefined) throw new FormatError("graph", "no input");
  for (const port of [first, ...others]) {
    const { place, dtype } = port;
    if (dtype !== first.dtype) throw new FormatError(place, `${dtype}, where others are ${first.dtype}`);
    reader.addInput(place, port, port.isFolded);
  }
  return [first, ...others];
}

function parseInput({ name = "", type }: ValueInfoProto): Port {
  const place = `input ${shown(name)}`;
  const { elementType, shape } = type?.tensor ?? {};
  const [dtype] = (["float32", "float64"] as const).filter((candidate) => DATA_TYPES[candidate] === elementType);
  if (dtype === undefined) throw new FormatError(place, `data type ${elementType}, not FLOAT or DOUBLE`);
  const [rows, ...sizes] = shape?.dimensions?.map(({ value }) => value) ?? [];
  const width = sizes.reduce<number>((product, size = 0) => product * (size >= 1 ? size : Number.NaN), 1);
  if (sizes.length === 0 || !Number.isSafeInteger(width)) throw new FormatError(place, "no rows of a fixed width");
  return { place, name, width, rows, isFolded: sizes.length > 1, dtype };
}

/**
 * @param loss whose softmax or sigmoid may stand at the end; undefined where it does not
 * @returns the name of the last layer
 */
function finishOutput(reader: GraphReader, outputs: readonly ValueInfoProto[], loss: Loss | undefined): string {
  const [{ name = "" } = {}] = outputs;
  if (outputs.length !== 1) throw new FormatError("graph", `${outputs.length} outputs, not one`);
  const place = `output ${shown(name)}`;
  const flow = reader.valueAt(place, name);
  const link = loss === undefined ? "identity" : parseLoss(loss).link.name;
  const operator = link === "softmax" || link === "sigmoid" ? OPERATOR_NAMES[link] : undefined;
  const refuse = (problem: string): never => {
    throw new FormatError(place, problem);
  };
  if (flow instanceof Constant) return refuse("a constant");
  const { coefficient, factors } = flow.expression;
  const [text = ""] = factors;
  const isLinked = coefficient === 1 && factors.length === 1 && text.startsWith(`${operator}(`);
  return reader.finish(flow, refuse, isLinked ? text.slice(text.indexOf("(") + 1, -1) : undefined);
}

/** What layers are called in a chain, by their names in the file; undefined where they are none. */
function chainNames(
  layers: readonly ReadLayer[],
  inputs: readonly Port[],
  last: string,
): ReadonlyMap<string, string> | undefined {
  const names = new Map<string, string>();
  let below = inputs[0]?.name;
  let denseLayers = 0;
  for (const [index, { name, layer, from }] of layers.entries()) {
    if ((layer.kind !== "dense" && layer.kind !== "dropout") || from[0] !== below) return undefined;
    names.set(name, layer.kind === "dense" ? `${denseLayers++}` : `dropout${index}`);
    below = name;
  }
  const isChain = inputs.length === 1 && below === last && layers.at(-1)?.layer.kind === "dense";
  return isChain ? names : undefined;
}

function chainOf(layers: readonly ReadLayer[], inputs: number): Pick<Perceptron, "inputs" | "layers"> {
  return { inputs, layers: layers.map(({ layer }) => layer as Layer) };
}

function widthsOf(ports: readonly Port[]): Record<string, number> {
  return Object.fromEntries(ports.map(({ name, width }) => [name, width]));
}

function graphOf(layers: readonly ReadLayer[], ports: readonly Port[], outputs: string): Pick<Perceptron, "graph"> {
  const inputs = widthsOf(ports);
  const nodes = layers.map(({ name, layer, from }) => [name, [layer, ...from]]);
  try {
    return { graph: graph({ inputs, nodes: Object.fromEntries(nodes) as GraphDefinition["nodes"], outputs }) };
  } catch (error) {
    throw new FormatError("graph", (error as Error).message, { cause: error });
  }
}

function parametersOf(
  layers: readonly ReadLayer[],
  names: ReadonlyMap<string, string> | undefined,
): Record<string, FloatArray> {
  const entries = layers.flatMap(({ name, dense }): [string, FloatArray | undefined][] => {
    const layer = names?.get(name) ?? name;
    return [
      [`${layer}.weight`, dense?.weight],
      [`${layer}.bias`, dense?.bias],
    ];
  });
  return Object.fromEntries(entries.filter((entry): entry is [string, FloatArray] => entry[1] !== undefined));
}

function standardizationOf({ inputs, widest }: GraphReader, ports: readonly Port[]): Standardization | undefined {
  if (![...inputs.values()].some(({ scales }) => scales.length > 0)) return undefined;
  // In the order of the graph's inputs, which are the keys of an object.
  const widths = Object.entries(widthsOf(ports));
  const total = widths.reduce((sum, [, width]) => sum + width, 0);
  if (total * BYTES_OF_SCALE > widest + SPARE_BYTES) {
    throw new FormatError("graph", `a scaling of ${total} numbers a row, in a file of so few bytes`);
  }
  const rowOf = (kind: "mean" | "deviation") => {
    return widths.flatMap(([name, width]) => {
      const { scales = [] } = inputs.get(name) ?? {};
      return Array.from({ length: width }, (_, column) => scaleOf(scales, column)[kind]);
    });
  };
  try {
    return new Standardization(rowOf("mean"), rowOf("deviation"));
  } catch (error) {
    throw new FormatError("graph", (error as Error).message, { cause: error });
  }
}

/** All steps as one: ((x − m) / d − c) / e = (x − (m + c·d)) / (d·e). */
function scaleOf(scales: readonly Scale[], column: number): { mean: number; deviation: number } {
  let [mean, deviation] = [0, 1];
  for (const { kind, values, of } of scales) {
    const number = of(values[column % values.length] as number);
    // Not by addition to 0, which makes 0 of −0.
    if (kind === "means") mean = mean === 0 ? number * deviation : mean + number * deviation;
    else deviation *= number;
  }
  return { mean, deviation };
}
