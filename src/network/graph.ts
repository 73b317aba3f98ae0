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
  const order = sorted(nodes, inputSpecs);
  const sourceOf = (name: string): Source => {
    const input = inputSpecs.findIndex((candidate) => candidate.name === name);
    return input < 0 ? order.indexOf(name) : -1 - input;
  };
  const specs: UnlinkedSpec[] = [];
  for (const name of order) {
    const [layer, ...names] = nodes.get(name) as Node;
    const from = names.map(sourceOf);
    const widths = from.map((source) => {
      return source < 0 ? (inputSpecs[-1 - source] as InputSpec).width : (specs[source] as UnlinkedSpec).outputs;
    });
    if (layer.kind === "add" && widths.some((width) => width !== widths[0])) {
      const shown = names.map((source, index) => `"${source}" with ${widths[index]}`).join(", ");
      throw new ShapeError(`node "${name}" adds ${shown}: their widths differ`);
    }
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
  for (const [name, node] of Object.entries(checkObject("nodes", nodes))) {
    const argument = `nodes.${name}`;
    if (name === "" || name.includes(".") || inputs.some((input) => input.name === name)) {
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
  const known = new Set([...inputs.map(({ name }) => name), ...checked.keys()]);
  for (const [name, [, ...from]] of checked) {
    const unknown = from.findIndex((source) => !known.has(source));
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

/** The nodes' names, each behind its sources, otherwise as they are written. */
function sorted(nodes: Map<string, Node>, inputs: readonly InputSpec[]): string[] {
  const done = new Set(inputs.map(({ name }) => name));
  const order: string[] = [];
  const waiting = new Map(nodes);
  while (waiting.size > 0) {
    const ready = [...waiting].find(([, [, ...from]]) => from.every((source) => done.has(source)));
    if (ready === undefined) throw rangeError("nodes", "no cycle", cycleIn(waiting));
    done.add(ready[0]);
    order.push(ready[0]);
    waiting.delete(ready[0]);
  }
  return order;
}

/** A cycle among nodes that all wait for another one: walking back from source to source ends in it. */
function cycleIn(waiting: Map<string, Node>): string {
  const path: string[] = [];
  let [name] = waiting.keys() as Iterable<string> as [string];
  while (!path.includes(name)) {
    path.unshift(name);
    name = (waiting.get(name) as Node).slice(1).find((source) => waiting.has(source as string)) as string;
  }
  return [name, ...path.slice(0, path.indexOf(name) + 1)].join(" → ");
}
