// Kinks: where the loss is not smooth, and on which side of each of them a network stands.
import type { FloatArray } from "../engine/dtype.js";
import type { ActivationName } from "../network/activation.js";
import { forwardLayer } from "../network/forward.js";
import type { LossName } from "../network/loss.js";
import type { Model } from "../network/model.js";

/** A unit at whose z = 0 its activation has a kink, or an output at whose error the loss has one. */
export interface Kink {
  /** The layer's name; null for the loss. */
  layer: string | null;
  /** Of the batch. */
  row: number;
  /** Of the layer, or of the outputs. */
  unit: number;
}

/** Those put together of two functions at z = 0; of elu with α = 1 only the second derivative jumps there. */
const KINKED: readonly ActivationName[] = ["relu", "leakyRelu", "elu", "selu"];

/** Those with a kink where |y − t| is their parameter: 0, and Huber's threshold, where only the second derivative jumps. */
const KINKED_LOSSES: readonly LossName[] = ["meanAbsoluteError", "huber"];

/**
 * A forward pass in training, with a look at the side of every kink that the network stands on: below it, at it, or above.
 *
 * @param sides of the pass to compare with; empty in that pass, which fills them in
 * @returns the loss, and the first kink that the two passes stand on different sides of
 */
export function lossAndKink(model: Model, rows: number, sides: number[]): { loss: number; kink: Kink | undefined } {
  const { topology, loss } = model;
  const isFirst = sides.length === 0;
  let kink: Kink | undefined;
  let next = 0;
  const look = (layer: string | null, units: number, values: FloatArray, threshold: number) => {
    for (const [index, value] of values.entries()) {
      const side = Number(value > threshold) - Number(value < -threshold);
      if (isFirst) sides.push(side);
      else if (side !== sides[next++]) kink ??= { layer, row: Math.floor(index / units), unit: index % units };
    }
  };
  for (const [index, layer] of topology.layers.entries()) {
    forwardLayer(model, index, rows, true);
    // At once: with checkpointing another layer may take this one's place.
    if (layer.kind === "dense" && KINKED.includes(layer.activation.name)) {
      look(layer.name, layer.outputs, model.copy(model.placeOf(index).z, rows * layer.outputs), 0);
    }
  }
  if (KINKED_LOSSES.includes(loss.name)) {
    const { outputs } = topology;
    const targets = model.copy(model.target, rows * outputs);
    const errors = model.copy(model.output, rows * outputs).map((y, index) => y - (targets[index] as number));
    look(null, outputs, errors, loss.parameter);
  }
  return { loss: model.evaluateLoss(rows), kink };
}
