// Topology: the validated shape of a network: its layers in the order of computation, and what flows into each.
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

/** Where numbers come from: a layer, by its index, or −1 − i for the i-th input of the network. */
export type Source = number;

/** What flows from a source into a layer, and what its δ is on the way back. */
export interface Edge {
  readonly source: Source;
  /** On the way back: whether other edges have brought δ to the source before. */
  readonly adds: boolean;
  /** On the way back: whether no other edge brings δ to the source afterwards. */
  readonly completes: boolean;
}

interface Node {
  /** Before the dot in the names of its parameters. */
  readonly name: string;
  readonly from: readonly Edge[];
  /** Elements of a row that flow in, over all edges. */
  readonly inputs: number;
  readonly outputs: number;
}

export interface DenseSpec extends Node {
  readonly kind: "dense";
  readonly activation: ActivationSpec;
  readonly bias: boolean;
  readonly weightInit: Initializer;
  readonly biasInit: Initializer;
}

export interface DropoutSpec extends Node {
  readonly kind: "dropout";
  readonly rate: number;
}

/** The sum of its sources, or their rows one behind the other. */
export interface JunctionSpec extends Node {
  readonly kind: "add" | "concatenate";
}

export type LayerSpec = DenseSpec | DropoutSpec | JunctionSpec;

/** One input: a range of the columns of x. */
export interface InputSpec {
  readonly name: string;
  readonly width: number;
  readonly column: number;
}

export interface Topology {
  /** Columns of x, over all inputs. */
  readonly inputs: number;
  readonly inputSpecs: readonly InputSpec[];
  readonly outputs: number;
  /** Each behind its sources; the last one's outputs are the network's. */
  readonly layers: readonly LayerSpec[];
  /**
   * By layer: the node's name in a graph; in a chain its number in PyTorch's nn.Sequential, where each activation but the identity
   * is a module behind its layer.
   */
  readonly modules: readonly string[];
}

/** A layer before it is known what flows in when: its sources instead of edges. */
export type UnlinkedSpec = LayerSpec extends infer S
  ? S extends Node
    ? Omit<S, "from"> & { from: Source[] }
    : never
  : never;

/**
 * The topology of a chain of layers.
 *
 * @throws TypeError, RangeError that name the layer
 */
export function parseChain(inputs: unknown, layers: unknown): Topology {
  const width = checkInteger("inputs", inputs, 1);
  if (!Array.isArray(layers)) throw typeError("layers", "an array of layers", layers);
  if (layers.length === 0) throw rangeError("layers", "at least one layer", layers);
  const specs: UnlinkedSpec[] = [];
  let below = width;
  let denseLayers = 0;
  const modules: string[] = [];
  let module = 0;
  for (const [index, layer] of layers.entries()) {
    const argument = `layers[${index}]`;
    const { kind } = checkObject(argument, layer) as { kind?: unknown };
    if (kind !== "dense" && kind !== "dropout") throw typeError(argument, "dense(…) or dropout(…)", layer);
    const name = kind === "dense" ? `${denseLayers++}` : `dropout${index}`;
    const spec = parseLayer(argument, layer, name, [index - 1], [below]);
    below = spec.outputs;
    specs.push(spec);
    modules.push(`${module++}`);
    if (spec.kind === "dense" && spec.activation.name !== "identity") module++;
  }
  if (specs.at(-1)?.kind !== "dense") throw typeError("layers", "a dense layer at the end", layers.at(-1)?.kind);
  const inputSpecs = [{ name: "x", width, column: 0 }];
  return { inputs: width, inputSpecs, outputs: below, layers: linked(specs), modules };
}

/**
 * One layer as the user wrote it.
 *
 * @param argument what error messages call it
 * @param widths of the sources, in order
 * @throws TypeError, RangeError, ShapeError
 */
export function parseLayer(
  argument: string,
  layer: unknown,
  name: string,
  from: Source[],
  widths: number[],
): UnlinkedSpec {
  const given = checkObject(argument, layer) as Record<string, unknown>;
  const inputs = widths.reduce((sum, width) => sum + width, 0);
  switch (given.kind) {
    case "dense": {
      const options = checkObject(`${argument}.options`, given.options) as Record<string, unknown>;
      checkOptions(argument, options, ["bias", "weightInit", "biasInit"]);
      const activation = parseActivation(`${argument}.activation`, given.activation);
      return {
        kind: "dense",
        name,
        from,
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
    case "dropout":
      return { kind: "dropout", name, from, inputs, outputs: inputs, rate: checkShare(`${argument}.rate`, given.rate) };
    case "concatenate":
      return { kind: "concatenate", name, from, inputs, outputs: inputs };
    case "add":
      return { kind: "add", name, from, inputs, outputs: widths[0] as number };
    default:
      throw typeError(argument, "dense(…), dropout(…), add() or concatenate()", layer);
  }
}

/** Where the numbers of a source come from where dropout does not act: from below the dropout layers. */
export function belowDropout(layers: readonly LayerSpec[], source: Source): Source {
  let below = source;
  for (let layer = layers[below]; layer?.kind === "dropout"; layer = layers[below]) {
    below = (layer.from[0] as Edge).source;
  }
  return below;
}

/** Layers with their edges. On the way back the layers come last to first; the edges of one layer first to last. */
export function linked(specs: readonly UnlinkedSpec[]): LayerSpec[] {
  const edges = specs.map(({ from }) => from.map((source) => ({ source, adds: false, completes: false })));
  const last = new Map<Source, { completes: boolean }>();
  for (const edge of edges.toReversed().flat()) {
    edge.adds = last.has(edge.source);
    last.set(edge.source, edge);
  }
  for (const edge of last.values()) edge.completes = true;
  return specs.map((spec, index) => ({ ...spec, from: edges[index] as Edge[] }));
}
