// Random graphs for properties: every kind of node on every kind of source, written in any order.
import fc from "fast-check";
import { type ActivationName, add, concatenate, dense, dropout, type GraphDefinition } from "../../src/index.js";

type Node = GraphDefinition["nodes"][string];

const ACTIVATIONS: readonly ActivationName[] = ["identity", "tanh", "sigmoid", "gelu", "softmax"];

/** Names that objects have from birth are as good as others. */
const NAMES = ["constructor", "toString", "h0", "h1", "h2", "h3", "h4", "h5", "h6", "h7"];

/** Graphs of up to three inputs and ten nodes, and more where something would lead nowhere. */
export const randomGraphs: fc.Arbitrary<GraphDefinition> = fc.gen().map((g) => {
  const integer = (min: number, max: number) => g(fc.integer, { min, max });
  const widths = new Map<string, number>();
  for (let i = integer(1, 3); i > 0; i--) widths.set(`x${i}`, integer(1, 6));
  const inputs = Object.fromEntries(widths);
  const nodes = new Map<string, Node>();
  const sinks = new Set(widths.keys());
  const put = (name: string, node: Node, width: number) => {
    nodes.set(name, node);
    widths.set(name, width);
    for (const source of node.slice(1)) sinks.delete(source as string);
    sinks.add(name);
  };
  const pick = (names: readonly string[]) => names[integer(0, names.length - 1)] as string;
  for (const name of NAMES.slice(0, integer(0, NAMES.length))) {
    const first = pick([...widths.keys()]);
    const width = widths.get(first) as number;
    const kind = integer(0, 5);
    if (kind < 3) {
      const units = integer(1, 6);
      put(
        name,
        [dense(units, ACTIVATIONS[integer(0, ACTIVATIONS.length - 1)], { bias: integer(0, 3) > 0 }), first],
        units,
      );
    } else if (kind === 3) put(name, [dropout(0.3), first], width);
    else if (kind === 4) {
      const alike = [...widths].filter(([, other]) => other === width).map(([other]) => other);
      put(name, [add(), first, ...Array.from({ length: integer(0, 2) }, () => pick(alike))], width);
    } else {
      const second = pick([...widths.keys()]);
      put(name, [concatenate(), first, second], width + (widths.get(second) as number));
    }
  }
  for (const sink of [...sinks]) {
    if (nodes.get(sink)?.[0].kind !== "dense") put(`${sink}Out`, [dense(2), sink], 2);
  }
  const more = [...nodes]
    .filter(([name, [layer]]) => !sinks.has(name) && layer.kind !== "dropout")
    .slice(0, integer(0, 2));
  const outputs = [...sinks, ...more.map(([name]) => name)];
  const written = [...nodes].map((entry) => ({ entry, place: integer(0, 99) })).sort((a, b) => a.place - b.place);
  return {
    inputs,
    nodes: Object.fromEntries(written.map(({ entry }) => entry)),
    outputs: outputs.length === 1 ? (outputs[0] as string) : outputs,
  };
});
