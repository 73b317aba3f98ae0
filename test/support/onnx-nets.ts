// Networks of every kind that an ONNX file can hold.
import {
  type Activation,
  add,
  concatenate,
  type DType,
  dense,
  dropout,
  graph,
  type Layer,
  Network,
  type NetworkOptions,
  Standardization,
} from "../../src/index.js";
import { ACTIVATIONS as NAMES } from "../../src/network/activation.js";

export const DTYPES: readonly DType[] = ["float32", "float64"];

export const ACTIVATIONS: readonly Activation[] = [
  ...NAMES,
  { type: "leakyRelu", alpha: 0 },
  { type: "elu", alpha: 0.7 },
];

/** With biases that are not zero. */
function layer(units: number, activation: Activation = "identity"): Layer {
  return dense(units, activation, { biasInit: { type: "normal", deviation: 1 } });
}

/** Three inputs, two outputs. */
export function chain(activation: Activation, dtype: DType, last: Activation = "identity"): Promise<Network> {
  const layers = [layer(4, activation), dropout(0.3), dense(5, "relu", { bias: false }), layer(2, last)];
  return Network.create({ inputs: 3, layers, loss: "meanSquaredError", dtype, seed: 7 });
}

/** Networks with two inputs of 2 and 3 columns, junctions and names that meet others in a file. */
export const GRAPHS: Record<string, Pick<NetworkOptions, "graph" | "standardization">> = {
  residual: {
    graph: graph({
      inputs: { a: 2, b: 3 },
      nodes: {
        y: [layer(4, "relu"), "a"],
        inner: [layer(4, "silu"), "y"],
        twice: [add(), "y", "inner", "y"],
        same: [add(), "y", "y"],
        all: [concatenate(), "twice", "same", "b"],
        drop: [dropout(0.1), "all"],
        Gemm: [layer(2), "drop"],
      },
      outputs: "Gemm",
    }),
    standardization: new Standardization([0.1, -2, 1 / 3, 4, 5], [1, 0.3, 2, 1 / 7, 9]),
  },
  outputs: {
    graph: graph({
      inputs: { "left.weight": 2, x: 3 },
      nodes: {
        left: [layer(3, "softmax"), "left.weight"],
        right: [layer(3, "geluTanh"), "x"],
        sum: [add(), "left", "right"],
        alone: [add(), "right"],
      },
      outputs: ["sum", "alone"],
    }),
  },
};
