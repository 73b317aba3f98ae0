// The options of a network: checked, and as plain data in its files.
import { DTYPES, type DType } from "../engine/dtype.js";
import { Engine } from "../engine/engine.js";
import { ShapeError } from "../errors.js";
import { Graph, type GraphDefinition, graph } from "../network/graph.js";
import type { Layer } from "../network/layers.js";
import { type Loss, type LossSpec, parseLoss } from "../network/loss.js";
import { parseChain, type Topology } from "../network/topology.js";
import { Standardization } from "../selection/standardization.js";
import type { Penalties } from "../training/trainer.js";
import { checkInteger, checkName, checkNotNegative, checkOptions, typeError } from "../validate.js";

/** What `Network.create` makes a network of: `inputs` and `layers`, or else `graph`, and a loss. */
export interface NetworkOptions {
  /** Width of an input row. */
  inputs?: number;
  /** At least one layer, the last one dense. */
  layers?: readonly Layer[];
  /** Instead of `inputs` and `layers`: a network whose layers form a directed acyclic graph. */
  graph?: Graph;
  /**
   * What training minimizes. Under softmaxCrossEntropy and binaryCrossEntropy the outputs are logits, so that the last layer
   * has no activation as a rule; `predict` applies softmax or sigmoid.
   */
  loss: Loss;
  /** An integer ≥ 0 that first weights, order of rows and dropout masks follow from; 0 by default. */
  seed?: number;
  /** "float32" by default. */
  dtype?: DType;
  /** A shared default engine if not given. */
  engine?: Engine;
  /** Rows that memory is planned for at once; 32 by default. Larger batches make a new plan when they come. */
  batchSize?: number;
  /**
   * Saves memory for about one more forward pass: only the layers at the borders of so many segments keep their activations,
   * the others are computed again in the backward pass; the results are the same bit for bit. true takes √layers segments.
   */
  checkpoint?: boolean | number;
  /** λ of the L1 penalty on weights: a soft threshold after each update, so that weights become exactly zero. */
  l1?: number;
  /** λ of the L2 penalty ½λ‖p‖² on weights and biases. */
  l2?: number;
  /**
   * What `standardize` says of the training rows: the network then takes raw rows everywhere. In a graph the columns are those of
   * its inputs, one behind the other.
   */
  standardization?: Standardization;
}

/** Options with their defaults, but for the engine. */
interface ParsedNetwork {
  readonly topology: Topology;
  readonly loss: LossSpec;
  readonly dtype: DType;
  readonly seed: number;
  readonly batchSize: number;
  readonly segments: number;
  readonly penalties: Penalties;
  readonly standardization: Standardization | undefined;
}

export const NETWORK_OPTIONS: readonly (keyof NetworkOptions)[] = [
  "inputs",
  "layers",
  "graph",
  "checkpoint",
  "loss",
  "seed",
  "dtype",
  "engine",
  "batchSize",
  "l1",
  "l2",
  "standardization",
];

const LARGEST_SEED = Number.MAX_SAFE_INTEGER;

/** @throws RangeError, TypeError, ShapeError that name the option */
export function parseNetwork(options: NetworkOptions): ParsedNetwork {
  checkOptions("options", options, NETWORK_OPTIONS);
  const { seed = 0, dtype = "float32", batchSize = 32, l1 = 0, l2 = 0, checkpoint = false } = options;
  const topology = parseTopology(options);
  const segments = parseSegments(checkpoint, topology.layers.length);
  const loss = parseLoss(options.loss);
  checkInteger("seed", seed, 0, LARGEST_SEED);
  checkName("dtype", dtype, DTYPES);
  checkInteger("batchSize", batchSize, 1);
  const penalties = { l1: checkNotNegative("l1", l1), l2: checkNotNegative("l2", l2) };
  checkEngine(options.engine);
  const standardization = checkStandardization(options.standardization, topology.inputs);
  return { topology, loss, dtype, seed, batchSize, segments, penalties, standardization };
}

export function parseTopology({ inputs, layers, graph }: NetworkOptions): Topology {
  if (graph === undefined) return parseChain(inputs, layers);
  if (!(graph instanceof Graph)) throw typeError("graph", "graph({ inputs, nodes, outputs })", graph);
  const other = inputs === undefined ? layers : inputs;
  if (other !== undefined) throw typeError(inputs === undefined ? "layers" : "inputs", "nothing beside a graph", other);
  return graph.topology;
}

/** How many segments of the layers are computed again one at a time. */
function parseSegments(checkpoint: unknown, layers: number): number {
  if (typeof checkpoint === "boolean") return checkpoint ? Math.ceil(Math.sqrt(layers)) : 1;
  return checkInteger("checkpoint", checkpoint, 1, layers);
}

function checkStandardization(standardization: unknown, inputs: number): Standardization | undefined {
  if (standardization === undefined) return undefined;
  if (!(standardization instanceof Standardization)) {
    throw typeError("standardization", "a Standardization", standardization);
  }
  const { length } = standardization.means;
  if (length !== inputs) throw new ShapeError(`"standardization" expected ${inputs} columns, got ${length}`);
  return standardization;
}

export function checkEngine(engine: Engine | undefined): Engine | undefined {
  if (engine !== undefined && !(engine instanceof Engine)) throw typeError("engine", "an Engine", engine);
  return engine;
}

/** Options as plain data; `readOptions` reads them. The engine is none, and memory is planned for as many rows as in the end. */
export function writtenOptions({ graph, standardization, ...options }: NetworkOptions): object {
  const { means, deviations } = standardization ?? {};
  const scaling = means && deviations && [[...means], [...deviations]];
  return { ...options, graph: graph?.definition, standardization: scaling, engine: undefined, batchSize: undefined };
}

export function readOptions({
  graph: definition,
  standardization,
  ...options
}: Record<string, unknown>): NetworkOptions {
  const [means, deviations] = (standardization ?? []) as [number[], number[]];
  return {
    ...(options as Omit<NetworkOptions, "graph" | "standardization">),
    graph: definition === undefined ? undefined : graph(definition as GraphDefinition),
    standardization: standardization === undefined ? undefined : new Standardization(means, deviations),
  };
}
