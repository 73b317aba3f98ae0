// Forward pass of one layer: z = W·a + b and a = f(z), or what a layer without parameters makes of its sources.
import { bytesOf } from "../engine/dtype.js";
import type { Field, Model } from "./model.js";
import { dropoutStream } from "./streams.js";
import type { DenseSpec, DropoutSpec, Edge, LayerSpec } from "./topology.js";

export function forwardLayer(model: Model, index: number, rows: number, training: boolean): void {
  const layer = model.topology.layers[index] as LayerSpec;
  if (layer.kind === "dense") forwardDense(model, index, layer, rows, training);
  else forwardLinear(model, index, layer, rows, training, model.values);
}

function forwardDense(model: Model, index: number, layer: DenseSpec, rows: number, training: boolean): void {
  const { activation, inputs, outputs, from } = layer;
  const source = model.resolve((from[0] as Edge).source, training);
  const z = model.placeOf(index).z;
  const a = model.placeOf(index).a;
  // biome-ignore format: operands with their strides, one a line
  model.kernels.affine(
    rows, outputs, inputs,
    model.values.addressOf(source), model.strideOf(source),
    model.weightOf(index), model.biasOf(index),
    z, a, outputs,
    activation.code, activation.slope,
    model.workspace,
  );
  if (activation.name === "softmax") model.kernels.softmax(rows, outputs, z, a);
}

/** A layer without parameters is linear: it makes of tangents in a field what it makes of values. */
export function forwardLinear(
  model: Model,
  index: number,
  layer: Exclude<LayerSpec, DenseSpec>,
  rows: number,
  training: boolean,
  field: Field,
): void {
  const { kernels } = model;
  const to = field.addressOf(index);
  if (layer.kind === "dropout") {
    const source = (layer.from[0] as Edge).source;
    if (training) applyMask(model, index, layer, rows, field.addressOf(source), model.strideOf(source), to);
    return;
  }
  let column = 0;
  for (let k = 0; k < layer.from.length; k++) {
    const source = model.resolve((layer.from[k] as Edge).source, training);
    const width = model.widthOf(source);
    const adds = layer.kind === "add" && k > 0;
    kernels.transfer(rows, width, field.addressOf(source), model.strideOf(source), to + column, layer.outputs, adds);
    if (layer.kind === "concatenate") column += width * bytesOf(model.dtype);
  }
}

/** to ← mask ⊙ from: the same mask in every pass until the next update. */
export function applyMask(
  model: Model,
  index: number,
  layer: DropoutSpec,
  rows: number,
  from: number,
  stride: number,
  to: number,
): void {
  const { inputs, rate } = layer;
  const { kernels, seed, maskStep } = model;
  let packed = from;
  if (stride !== inputs) {
    kernels.transfer(rows, inputs, from, stride, to, inputs, false);
    packed = to;
  }
  kernels.dropout(rows * inputs, packed, to, rate, seed, dropoutStream(index), maskStep);
}
