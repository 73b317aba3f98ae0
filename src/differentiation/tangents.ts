// Forward mode: the tangents of every layer, for a direction of the inputs and of the parameters.
//
//   ż = W·ẋ + Ẇ·x + ḃ,  ȧ = f′(z) ⊙ ż
import { Activation } from "../../assembly/codes.js";
import { align } from "../engine/arena.js";
import { bytesOf } from "../engine/dtype.js";
import { throughActivation } from "../network/backward.js";
import { forwardLayer, forwardLinear } from "../network/forward.js";
import type { Field, Model } from "../network/model.js";
import type { DenseSpec, Edge, Source } from "../network/topology.js";

/** Where the tangents of one pass stand. */
export interface Tangents {
  /** ẋ and every ȧ. */
  readonly values: Field;
  /** Every ż. */
  readonly sums: Field;
  /** The tangent of every δ, on the way back. */
  readonly deltas: Field;
  /** Address of the parameters' direction, a mirror of the parameter block; undefined where they stand still. */
  readonly direction: number | undefined;
}

/** Bytes of the tangents of `rows` rows. */
export function tangentBytes(model: Model, rows: number): number {
  const { inputs, layers } = model.topology;
  return [inputs, ...layers.map(({ outputs }) => 3 * outputs)].reduce(
    (sum, width) => sum + blockBytes(model, rows, width),
    0,
  );
}

/**
 * Places tangents in a block.
 *
 * @param block of `tangentBytes` bytes
 */
export function placeTangents(model: Model, rows: number, block: number, direction: number | undefined): Tangents {
  const { inputs, inputSpecs, layers } = model.topology;
  const places: number[] = [];
  let end = block + blockBytes(model, rows, inputs);
  for (const { outputs } of layers) {
    places.push(end);
    end += blockBytes(model, rows, 3 * outputs);
  }
  const third = (number: number): Field => ({
    addressOf: (source: Source) => {
      if (source < 0) return block + (inputSpecs[-1 - source]?.column as number) * bytesOf(model.dtype);
      return (places[source] as number) + number * rows * model.widthOf(source) * bytesOf(model.dtype);
    },
  });
  return { values: third(0), sums: third(1), deltas: third(2), direction };
}

function blockBytes(model: Model, rows: number, width: number): number {
  return align(rows * width * bytesOf(model.dtype));
}

/** Fills ż and ȧ of every layer behind a forward pass, given ẋ and the direction. */
export function forwardTangents(model: Model, tangents: Tangents, rows: number, training: boolean): void {
  for (const [index, layer] of model.topology.layers.entries()) {
    if (!model.plan.isKept[index]) forwardLayer(model, index, rows, training);
    if (layer.kind === "dense") forwardDense(model, index, layer, tangents, rows, training);
    else forwardLinear(model, index, layer, rows, training, tangents.values);
  }
}

function forwardDense(
  model: Model,
  index: number,
  layer: DenseSpec,
  { values, sums, direction }: Tangents,
  rows: number,
  training: boolean,
): void {
  const { inputs, outputs, bias } = layer;
  const { kernels, workspace } = model;
  const source = model.resolve((layer.from[0] as Edge).source, training);
  const stride = model.strideOf(source);
  const mirror = direction === undefined ? 0 : direction - model.parameters;
  const z = sums.addressOf(index);
  const a = values.addressOf(index);
  // biome-ignore format: operands with their strides, one a line
  kernels.affine(
    rows, outputs, inputs,
    values.addressOf(source), stride,
    model.weightOf(index), mirror !== 0 && bias ? model.biasOf(index) + mirror : 0,
    z, z, outputs,
    Activation.identity, 0, workspace,
  );
  if (mirror !== 0) {
    // biome-ignore format: operands with their strides, one a line
    kernels.gemm(
      rows, outputs, inputs,
      model.values.addressOf(source), stride, 1,
      model.weightOf(index) + mirror, 1, inputs,
      z, outputs, 1,
      1, 1, workspace,
    );
  }
  kernels.transfer(rows, outputs, z, outputs, a, outputs, false);
  throughActivation(model, index, rows, a);
}
