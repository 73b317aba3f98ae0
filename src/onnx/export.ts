// From a network to an ONNX file.
import type { DType, FloatArray } from "../engine/dtype.js";
import { Network, type Parameter } from "../index.js";
import type { ActivationName, ActivationSpec } from "../network/activation.js";
import type { LossSpec } from "../network/loss.js";
import type { Model } from "../network/model.js";
import type { InputSpec, LayerSpec } from "../network/topology.js";
import { checkName, checkObject, checkOptions, rangeError, typeError } from "../validate.js";
import { GELU_TANH, OPERATOR_NAMES, SINGLE_ONLY } from "./activations.js";
import {
  ATTRIBUTE_TYPES,
  DATA_TYPES,
  encodeModel,
  type GraphProto,
  METADATA,
  type Metadata,
  type NodeProto,
  type ValueInfoProto,
} from "./messages.js";

/** How `toOnnx` writes a file. */
export interface ExportOptions {
  /** What the file computes: what `predict` gives (by default), or what `forward` gives, without the loss's softmax or sigmoid. */
  output?: "predictions" | "logits";
  /** Texts by key that go with the file, as the model's metadata; the key "lanegrad" is taken. */
  metadata?: Record<string, string>;
}

/** The first version of the operators in which each has the inputs that are written here, and the file format of its time. */
const OPSET = 13;
const IR_VERSION = 7;

/**
 * The network as the bytes of an ONNX file, of the operators' version 13.
 *
 * An input `[batch, width]` for each input of the network, "x" where it is a chain; one output `[batch, outputs]`, "y". Weights
 * are initializers under the names of `net.parameters`, in the network's precision; a standardization is subtracted and divided
 * in front; dropout is written as an operator that does nothing in inference. In a float64 network elu, gelu, leakyRelu, selu,
 * silu and softplus are computed in single precision, as ONNX Runtime has them in no other. An α is rounded to single precision
 * in any, and penalties are not written.
 *
 * @throws TypeError, RangeError, DisposedError
 */
export function toOnnx(net: Network, options: ExportOptions = {}): Uint8Array {
  if (!(net instanceof Network)) throw typeError("net", "a Network", net);
  checkOptions("options", options, ["output", "metadata"]);
  const output = checkName("output", options.output ?? "predictions", ["predictions", "logits"]);
  const metadata = parseMetadata(options.metadata ?? {});
  const { model } = net;
  const own: Metadata = { loss: lossOf(model.loss), seed: model.seed, output };
  return encodeModel({
    irVersion: IR_VERSION,
    producerName: "lanegrad",
    graph: new GraphWriter(net, output === "predictions").graph,
    opsets: [{ domain: "", version: OPSET }],
    metadata: [{ key: METADATA, value: JSON.stringify(own) }, ...metadata],
  });
}

function parseMetadata(metadata: unknown): { key: string; value: string }[] {
  return Object.entries(checkObject("metadata", metadata)).map(([key, value]) => {
    if (typeof value !== "string") throw typeError(`metadata.${key}`, "a string", value);
    if (key === METADATA) throw rangeError("metadata", `other keys than "${METADATA}"`, key);
    return { key, value };
  });
}

/** A loss as the user writes it. */
function lossOf({ name, reduction, parameter, link }: LossSpec): Metadata["loss"] {
  switch (name) {
    case "huber":
      return { type: name, reduction, delta: parameter };
    case "softmaxCrossEntropy":
      return { type: name, reduction, labelSmoothing: parameter };
    case "binaryCrossEntropy":
      return { type: name, reduction, from: link.name === "sigmoid" ? "logits" : "probabilities" };
    default:
      return { type: name, reduction };
  }
}

class GraphWriter {
  readonly graph: Required<GraphProto> = { node: [], name: "lanegrad", initializer: [], input: [], output: [] };
  readonly #model: Model;
  /** Of all values; an empty one means that there is none. */
  readonly #names = new Set([""]);

  constructor(net: Network, linked: boolean) {
    const { model } = net;
    this.#model = model;
    const { inputSpecs, layers, outputs } = model.topology;
    const inputs = inputSpecs.map(({ name, width }) => this.#port(this.graph.input, name, width));
    const output = this.#port(this.graph.output, "y", outputs);
    const scaled = inputs.map((input, index) => this.#scale(input, inputSpecs[index] as InputSpec));
    const parameters = new Map(net.parameters.map((parameter) => [parameter.name, parameter]));
    const values: string[] = [];
    for (const layer of layers) {
      const from = layer.from.map(({ source }) => (source < 0 ? scaled[-1 - source] : values[source]) as string);
      values.push(this.#writeLayer(layer, from, parameters));
    }
    if (linked) this.#activate(values.at(-1) as string, model.loss.link);
    // Every layer ends in an operator, so that the last operator gives the outputs.
    (this.graph.node.at(-1) as NodeProto).output = [output];
  }

  #writeLayer(layer: LayerSpec, from: string[], parameters: ReadonlyMap<string, Parameter>): string {
    const { name } = layer;
    switch (layer.kind) {
      case "dense": {
        const tensors = (layer.bias ? ["weight", "bias"] : ["weight"]).map((kind) => {
          const { shape, values } = parameters.get(`${name}.${kind}`) as Parameter;
          return this.#constant(`${name}.${kind}`, shape, values);
        });
        return this.#activate(this.#emit("Gemm", [...from, ...tensors], { transB: 1 }, name), layer.activation);
      }
      case "dropout":
        return this.#emit(
          "Dropout",
          [...from, this.#constant(`${name}.rate`, [], Float64Array.of(layer.rate))],
          {},
          name,
        );
      case "add":
        return this.#emit(from.length === 2 ? "Add" : "Sum", from, {}, name);
      case "concatenate":
        return this.#emit("Concat", from, { axis: 1 }, name);
    }
  }

  /** The name of f(x). */
  #activate(x: string, { name, slope }: ActivationSpec): string {
    const { dtype } = this.#model;
    const single = dtype === "float64" && SINGLE_ONLY.includes(name);
    const input = single ? this.#cast(x, "float32") : x;
    const output = this.#apply(input, name, slope, single ? "float32" : dtype);
    return single ? this.#cast(output, dtype) : output;
  }

  /** Activations that are not one operator are written as PyTorch's exporter does. */
  #apply(x: string, name: ActivationName, slope: number, dtype: DType): string {
    const number = (value: number) =>
      this.#constant("number", [], dtype === "float64" ? Float64Array.of(value) : Float32Array.of(value));
    const times = (a: string, b: string) => this.#emit("Mul", [a, b]);
    const plus = (a: string, b: string) => this.#emit("Add", [a, b]);
    const gated = (value: string) => times(times(x, plus(value, number(1))), number(0.5));
    switch (name) {
      case "identity":
        return x;
      case "silu":
        return times(x, this.#emit("Sigmoid", [x]));
      case "gelu":
        return gated(this.#emit("Erf", [this.#emit("Div", [x, number(Math.SQRT2)])]));
      case "geluTanh": {
        const cubic = times(number(GELU_TANH.cubic), times(x, times(x, x)));
        return gated(this.#emit("Tanh", [times(number(GELU_TANH.inner), plus(x, cubic))]));
      }
      case "leakyRelu":
      case "elu":
        return this.#emit(OPERATOR_NAMES[name], [x], { alpha: slope });
      case "softmax":
        return this.#emit(OPERATOR_NAMES[name], [x], { axis: 1 });
      default:
        return this.#emit(OPERATOR_NAMES[name], [x]);
    }
  }

  /** (x − mean) / deviation, with numbers that keep all their bits in the file. */
  #scale(x: string, { column, width }: InputSpec): string {
    const { scaling, dtype } = this.#model;
    if (scaling === undefined) return x;
    const rowOf = (kind: string, numbers: Float64Array) => {
      const row = this.#constant(`${x}.${kind}`, [width], numbers.slice(column, column + width));
      return dtype === "float64" ? row : this.#cast(row, dtype);
    };
    const centered = this.#emit("Sub", [x, rowOf("mean", scaling.means)]);
    return this.#emit("Div", [centered, rowOf("deviation", scaling.deviations)]);
  }

  #cast(x: string, dtype: DType): string {
    return this.#emit("Cast", [x], { to: DATA_TYPES[dtype] });
  }

  /**
   * An operator with one output.
   *
   * @param name the layer's, where it is one
   */
  #emit(opType: string, input: string[], attributes: Record<string, number> = {}, name?: string): string {
    const output = this.#unique(name ?? opType);
    const attribute = Object.entries(attributes).map(([key, value]) => {
      const isFloat = key === "alpha";
      return { name: key, [isFloat ? "f" : "i"]: value, type: ATTRIBUTE_TYPES[isFloat ? "float" : "int"] };
    });
    this.graph.node.push({ input, output: [output], name, opType, attribute });
    return output;
  }

  #constant(wanted: string, dims: readonly number[], values: FloatArray): string {
    const name = this.#unique(wanted);
    const dataType = DATA_TYPES[values instanceof Float64Array ? "float64" : "float32"];
    const rawData = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    this.graph.initializer.push({ dims: [...dims], dataType, name, rawData });
    return name;
  }

  /** An input or output of any number of rows. */
  #port(ports: ValueInfoProto[], wanted: string, width: number): string {
    const name = this.#unique(wanted);
    const shape = { dimensions: [{ parameter: "batch" }, { value: width }] };
    ports.push({ name, type: { tensor: { elementType: DATA_TYPES[this.#model.dtype], shape } } });
    return name;
  }

  #unique(wanted: string): string {
    let name = wanted;
    for (let i = 1; this.#names.has(name); i++) name = `${wanted}_${i}`;
    this.#names.add(name);
    return name;
  }
}
