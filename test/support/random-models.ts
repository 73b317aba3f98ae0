// Random models for properties: chains and graphs with every activation, loss and option that a file has to keep.
import fc from "fast-check";
import {
  type Activation,
  dense,
  dropout,
  type GraphDefinition,
  graph,
  type Initializer,
  type Layer,
  type Loss,
  type NetworkOptions,
  Standardization,
} from "../../src/index.js";
import { ACTIVATIONS } from "../../src/network/activation.js";
import { randomGraphs } from "./random-graphs.js";

/** In single precision too they are these decimals, shortest first; ONNX has no other α. */
const alpha = fc.constantFrom(0, 0.01, 0.3, 1, 1.7, -0.25, 12);

const activation: fc.Arbitrary<Activation> = fc.oneof(
  fc.constantFrom(...ACTIVATIONS),
  fc.record({ type: fc.constantFrom("leakyRelu", "elu"), alpha }),
  fc.record({ type: fc.constantFrom(...ACTIVATIONS) }),
);

/** So that biases count. */
const biasInit: Initializer = { type: "normal", deviation: 1 };

const layer = fc
  .record({ units: fc.integer({ min: 1, max: 7 }), activation, bias: fc.boolean() })
  .map(({ units, activation, bias }): Layer => dense(units, activation, { bias, biasInit }));

const rate = fc.constantFrom(0, 0.1, 0.5, 0.9);

/** One to six dense layers with dropout anywhere before the last. */
const chain = fc
  .record({
    inputs: fc.integer({ min: 1, max: 6 }),
    blocks: fc.array(fc.tuple(fc.array(rate, { maxLength: 2 }), layer), { minLength: 1, maxLength: 6 }),
  })
  .map(({ inputs, blocks }) => ({ inputs, layers: blocks.flatMap(([rates, last]) => [...rates.map(dropout), last]) }));

/** Graphs of every kind, their dense layers with any activation. */
const anyGraph = fc.tuple(randomGraphs, fc.infiniteStream(activation)).map(([definition, activations]) => {
  const nodes = Object.entries(definition.nodes).map(([name, [kind, ...from]]) => {
    if (kind.kind !== "dense") return [name, [kind, ...from]];
    return [name, [{ ...kind, activation: activations.next().value, options: { ...kind.options, biasInit } }, ...from]];
  });
  return { graph: graph({ ...definition, nodes: Object.fromEntries(nodes) as GraphDefinition["nodes"] }) };
});

const reduction = fc.constantFrom("mean", "sum");

const loss: fc.Arbitrary<Loss> = fc.oneof(
  fc.constantFrom("meanSquaredError", "halfSquaredError", "meanAbsoluteError", "huber"),
  fc.record({ type: fc.constantFrom("meanSquaredError", "halfSquaredError", "meanAbsoluteError"), reduction }),
  fc.record({ type: fc.constant("huber"), delta: fc.constantFrom(1e-3, 1 / 3, 40), reduction }),
  fc.record({ type: fc.constant("binaryCrossEntropy"), reduction }),
  fc.record({ type: fc.constant("softmaxCrossEntropy"), labelSmoothing: fc.constantFrom(0, 0.1, 1 / 3), reduction }),
) as fc.Arbitrary<Loss>;

const penalty = fc.constantFrom(undefined, 0, 1e-3, 1 / 3);

const more = fc.record({
  loss,
  seed: fc.oneof(fc.maxSafeNat(), fc.constant(undefined)),
  dtype: fc.constantFrom("float32", "float64", undefined),
  l1: penalty,
  l2: penalty,
  checkpoint: fc.constantFrom(undefined, true, 1),
  batchSize: fc.constantFrom(undefined, 2, 50),
});

const scale = fc.tuple(
  fc.oneof(fc.double({ min: -5, max: 5, noNaN: true }), fc.constant(-0)),
  fc.constantFrom(1 / 3, 1, 1.7, 40),
);

/** Options of a network, its engine apart. */
export const randomModels: fc.Arbitrary<NetworkOptions> = fc
  .tuple(fc.oneof(chain, anyGraph), more, fc.boolean(), fc.infiniteStream(scale))
  .map(([shape, rest, isScaled, scales]) => {
    const width = "graph" in shape ? shape.graph.topology.inputs : shape.inputs;
    const columns = Array.from({ length: width }, () => scales.next().value);
    const standardization = new Standardization(
      columns.map(([mean]) => mean),
      columns.map(([, deviation]) => deviation),
    );
    return { ...shape, ...rest, standardization: isScaled ? standardization : undefined };
  });
