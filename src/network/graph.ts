// Graphs: networks whose layers form a directed acyclic graph, written down by names.
import { ShapeError } from "../errors.js";
import { checkInteger, checkObject, checkOptions, rangeError, typeError } from "../validate.js";
import type { Junction, Layer } from "./layers.js";
import { concatenate } from "./layers.js";
import { type InputSpec, linked, parseLayer, type Source, type Topology, type UnlinkedSpec } from "./topology.js";

/** The inputs, nodes and outputs of a graph, by their names. */
export interface GraphDefinition {
  /** The width of each input, by its name. */
  inputs: Record<string, number>;
  /** Each node's layer and the names of the inputs or nodes that flow into it, by the node's name, in any order. */
  nodes: Record<string, readonly [layer: Layer | Junction, ...from: string[]]>;
  /** The node whose outputs are the network's, or several, whose outputs are then concatenated. */
  outputs: string | readonly string[];
}

/** A checked graph, made by `graph`. */
export class Graph {
  /** @internal */
  constructor(
    /** As given to `graph`. */
    readonly definition: GraphDefinition,
    /** @internal */
    readonly topology: Topology,
  ) {}
}

/**
 * A network as a directed acyclic graph, for residual connections, several inputs and the like:
 *
 *     graph({
 *       inputs: { x: 8 },
 *       nodes: {
 *         hidden: [dense(16, "relu"), "x"],
 *         inner: [dense(16, "relu"), "hidden"],
 *         sum: [add(), "hidden", "inner"],
 *         y: [dense(1), "sum"],
 *       },
 *       outputs: "y",
 *     })
 *
 * Parameters are named after their nodes, "hidden.weight". Rows of x hold the inputs one behind the other, in the order in
 * which they are written here, or are given as an object of rows by the inputs' names.
 *
 * @throws RangeError that names a cycle, a name that there is not, or an input or node that leads to no output
 * @throws ShapeError where the widths of a sum differ
 * @throws TypeError
 */
export function graph(definition: GraphDefinition): Graph {
  checkOptions("graph", definition, ["inputs", "nodes", "outputs"]);
  const inputSpecs = parseInputs(definition.inputs);
  const nodes = withOutput(checkNodes(definition.nodes, inputSpecs), inputSpecs, definition.outputs);
  const order = sorted(nodes);
  const sources = new Map<string, Source>(inputSpecs.map(({ name }, index) => [name, -1 - index]));
  const specs: UnlinkedSpec[] = [];
  for (const name of order) {
    const [layer, ...names] = nodes.get(name) as Node;
    const from = names.map((source) => sources.get(source) as Source);
    const widths = from.map((source) => {
      return source < 0 ? (inputSpecs[-1 - source] as InputSpec).width : (specs[source] as UnlinkedSpec).outputs;
    });
    if (layer.kind === "add" && widths.some((width) => width !== widths[0])) {
      const shown = names.map((source, index) => `"${source}" with ${widths[index]}`).join(", ");
      throw new ShapeError(`node "${name}" adds ${shown}: their widths differ`);
    }
    sources.set(name, specs.length);
    specs.push(parseLayer(`nodes.${name}`, layer, name, from, widths));
  }
  const inputs = inputSpecs.reduce((sum, { width }) => sum + width, 0);
  const { outputs } = specs.at(-1) as UnlinkedSpec;
  return new Graph(definition, { inputs, inputSpecs, outputs, layers: linked(specs), modules: order });
}

type Node = readonly [Layer | Junction, ...string[]];

/** The node that several outputs flow into. */
const OUTPUT = "outputs";

function parseInputs(inputs: unknown): InputSpec[] {
  const specs: InputSpec[] = [];
  let column = 0;
  for (const [name, given] of Object.entries(checkObject("inputs", inputs))) {
    const width = checkInteger(`inputs.${name}`, given, 1);
    specs.push({ name, width, column });
    column += width;
  }
  if (specs.length === 0) throw rangeError("inputs", "at least one input", inputs);
  return specs;
}

function checkNodes(nodes: unknown, inputs: readonly InputSpec[]): Map<string, Node> {
  const checked = new Map<string, Node>();
  const known = new Set(inputs.map(({ name }) => name));
  for (const [name, node] of Object.entries(checkObject("nodes", nodes))) {
    const argument = `nodes.${name}`;
    if (name === "" || name.includes(".") || known.has(name)) {
      throw rangeError("nodes", "names without a dot that no input has", name);
    }
    if (!Array.isArray(node)) throw typeError(argument, "[layer, …names of its sources]", node);
    const [layer, ...from] = node;
    const { kind } = checkObject(argument, layer) as Partial<Layer | Junction>;
    const isJunction = kind === "add" || kind === "concatenate";
    if (isJunction ? from.length === 0 : from.length !== 1) {
      throw rangeError(argument, isJunction ? "one or more sources" : "one source", from.length);
    }
    checked.set(name, node as unknown as Node);
  }
  for (const [name, [, ...from]] of checked) {
    const unknown = from.findIndex((source) => !known.has(source) && !checked.has(source));
    if (unknown >= 0) throw rangeError(`nodes.${name}`, "names of inputs or nodes", from[unknown]);
  }
  if (![...checked.values()].some(([layer]) => layer.kind === "dense")) {
    throw rangeError("nodes", "at least one dense layer", nodes);
  }
  return checked;
}

/** The nodes and, where there are several outputs, one more that joins them. */
function withOutput(nodes: Map<string, Node>, inputs: readonly InputSpec[], outputs: unknown): Map<string, Node> {
  const names = Array.isArray(outputs) ? outputs : [outputs];
  for (const name of names) {
    const node = nodes.get(name);
    if (node === undefined) throw rangeError("outputs", `names of nodes: ${[...nodes.keys()].join(", ")}`, name);
    if (node[0].kind === "dropout") throw rangeError("outputs", "no dropout", name);
  }
  if (names.length === 0) throw rangeError("outputs", "at least one name", outputs);
  if (names.length > 1) {
    if (nodes.has(OUTPUT)) throw rangeError("nodes", "no node of this name, where there are several outputs", OUTPUT);
    nodes.set(OUTPUT, [concatenate(), ...names]);
  }
  const reached = reachedFrom(nodes, names.length > 1 ? OUTPUT : names[0]);
  for (const name of nodes.keys()) {
    if (!reached.has(name)) throw rangeError("nodes", "only nodes that lead to an output", name);
  }
  for (const { name } of inputs) {
    if (!reached.has(name)) throw rangeError("inputs", "only inputs that lead to an output", name);
  }
  return nodes;
}

/** A node, all that flows into it, and so on. */
function reachedFrom(nodes: Map<string, Node>, start: string): Set<string> {
  const reached = new Set([start]);
  for (const name of reached) for (const source of (nodes.get(name) ?? []).slice(1)) reached.add(source as string);
  return reached;
}

/** The nodes' names as they are written, but each behind its sources. */
function sorted(nodes: Map<string, Node>): string[] {
  const order = new Set<string>();
  const path = new Set<string>();
  const visit = (name: string) => {
    if (order.has(name) || !nodes.has(name)) return;
    if (path.has(name)) {
      const names = [...path];
      throw rangeError("nodes", "no cycle", [...names.slice(names.indexOf(name)), name].reverse().join(" → "));
    }
    path.add(name);
    for (const source of (nodes.get(name) as Node).slice(1)) visit(source as string);
    path.delete(name);
    order.add(name);
  };
  for (const name of nodes.keys()) visit(name);
  return [...order];
}
