// Topology: the validated shape of a network, layer by layer.
import {
  checkBoolean,
  checkInteger,
  checkObject,
  checkOptions,
  checkShare,
  rangeError,
  typeError,
} from "../validate.js";
import { type ActivationSpec, isReluLike, parseActivation } from "./activation.js";
import { checkInitializer, type Initializer } from "./initializer.js";

export interface DenseSpec {
  readonly kind: "dense";
  /** Counts the dense layers from 0: the number in the parameters' names. */
  readonly number: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly activation: ActivationSpec;
  readonly bias: boolean;
  readonly weightInit: Initializer;
  readonly biasInit: Initializer;
}

export interface DropoutSpec {
  readonly kind: "dropout";
  readonly inputs: number;
  readonly outputs: number;
  readonly rate: number;
}

export type LayerSpec = DenseSpec | DropoutSpec;

export interface Topology {
  readonly inputs: number;
  readonly outputs: number;
  readonly layers: readonly LayerSpec[];
}

/** @throws TypeError, RangeError that name the layer */
export function parseTopology(inputs: unknown, layers: unknown): Topology {
  const width = checkInteger("inputs", inputs, 1);
  if (!Array.isArray(layers)) throw typeError("layers", "an array of layers", layers);
  if (layers.length === 0) throw rangeError("layers", "at least one layer", layers);
  const specs: LayerSpec[] = [];
  let below = width;
  let denseLayers = 0;
  for (const [index, layer] of layers.entries()) {
    const spec = parseLayer(`layers[${index}]`, layer, below, denseLayers);
    if (spec.kind === "dense") denseLayers++;
    below = spec.outputs;
    specs.push(spec);
  }
  if (specs.at(-1)?.kind !== "dense") throw typeError("layers", "a dense layer at the end", layers.at(-1)?.kind);
  return { inputs: width, outputs: below, layers: specs };
}

function parseLayer(argument: string, layer: unknown, inputs: number, number: number): LayerSpec {
  const given = checkObject(argument, layer) as Record<string, unknown>;
  if (given.kind === "dropout") {
    return { kind: "dropout", inputs, outputs: inputs, rate: checkShare(`${argument}.rate`, given.rate) };
  }
  if (given.kind !== "dense") throw typeError(argument, "dense(…) or dropout(…)", layer);
  const options = checkObject(`${argument}.options`, given.options) as Record<string, unknown>;
  checkOptions(argument, options, ["bias", "weightInit", "biasInit"]);
  const activation = parseActivation(`${argument}.activation`, given.activation);
  return {
    kind: "dense",
    number,
    inputs,
    outputs: checkInteger(`${argument}.units`, given.units, 1),
    activation,
    bias: checkBoolean(`${argument}.bias`, options.bias ?? true),
    weightInit: checkInitializer(
      `${argument}.weightInit`,
      options.weightInit ?? (isReluLike(activation) ? "heUniform" : "glorotUniform"),
    ),
    biasInit: checkInitializer(`${argument}.biasInit`, options.biasInit ?? "zeros"),
  };
}
