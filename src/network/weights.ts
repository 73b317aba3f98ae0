// Weights: a network's parameters as tensors by the names that PyTorch has for them.
import { DTYPES, type FloatArray } from "../engine/dtype.js";
import { FormatError } from "../errors.js";
import { type TensorFile, writeSafetensors } from "../format/safetensors.js";
import type { Model } from "./model.js";
import { planParameters } from "./plan.js";
import { metadataOf, storedTensors, valuesOf } from "./stored.js";
import type { Topology } from "./topology.js";

/** @param network the network's options, as `encode` writes them */
export function writeWeights(model: Model, network: string): Uint8Array {
  const block = model.view(model.parameters, model.parameterPlan.length);
  const tensors = storedTensors(model, block, ({ layer, kind }) => `${model.topology.modules[layer]}.${kind}`);
  return writeSafetensors({ tensors: new Map(tensors), metadata: metadataOf(network) });
}

/**
 * The parameters of a network in a file, by the network's own names for them.
 *
 * @param prefixes of the tensors of a chain's dense layers, in order; without them those that `writeWeights` gives
 * @throws FormatError for a tensor that is missing, unexpected, or of another shape or type
 */
export function readWeights(
  tensors: TensorFile["tensors"],
  topology: Topology,
  prefixes?: readonly string[],
): Record<string, FloatArray> {
  const unread = new Set(tensors.keys());
  const entries = planParameters(topology, "float64").tensors.map(({ name, layer, kind, shape }) => {
    // The names of a chain's parameters begin with the number of the dense layer.
    const stored = (prefixes?.[Number.parseInt(name, 10)] ?? `${topology.modules[layer]}.`) + kind;
    unread.delete(stored);
    return [name, valuesOf(tensors, stored, shape, DTYPES)] as const;
  });
  for (const name of unread) throw new FormatError(name, "unexpected");
  return Object.fromEntries(entries);
}

/**
 * What stands before "weight" and "bias" in names that differ in numbers alone, in the order of these: "0.", "2.", or "net.fc1.",
 * "net.fc2.", or nothing.
 *
 * @throws FormatError for a name that differs in more
 */
export function numberedPrefixes(tensors: TensorFile["tensors"]): string[] {
  const names = [...tensors.keys()];
  const prefixOf = (name = "") => name.slice(0, name.lastIndexOf(".") + 1);
  const patternOf = (name?: string) => prefixOf(name).replace(/\d+/g, "0");
  const pattern = patternOf(names[0]);
  const odd = names.find((name) => patternOf(name) !== pattern);
  if (odd !== undefined) throw new FormatError(odd, `not numbered like "${names[0]}"`);
  return [...new Set(names.map(prefixOf))].sort(new Intl.Collator("en", { numeric: true }).compare);
}
