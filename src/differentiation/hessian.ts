// Hessian-vector products, exact: forward mode over the backward pass (Pearlmutter 1994).
//
//   e = ∂C/∂a,  δ = f′(z) ⊙ e,  δ̇ = f′(z) ⊙ ė + f″(z) ⊙ ż ⊙ e
//   e below = Wᵀδ,  ė below = Wᵀδ̇ + Ẇᵀδ
//   (∂C/∂W)˙ = δ̇·xᵀ + δ·ẋᵀ,  (∂C/∂b)˙ = δ̇
import { Activation } from "../../assembly/codes.js";
import type { FloatArray } from "../engine/dtype.js";
import { backwardLinear, recompute, toDelta } from "../network/backward.js";
import { scaleOf } from "../network/loss.js";
import type { Field, Model } from "../network/model.js";
import type { DenseSpec, Edge, LayerSpec } from "../network/topology.js";
import { forwardTangents, placeTangents, type Tangents, tangentBytes } from "./tangents.js";

/**
 * H·v by name, for the loss of the staged batch.
 *
 * @param writeDirection puts v into a zeroed mirror of the parameter block
 */
export function hessianVectorProduct(
  model: Model,
  rows: number,
  writeDirection: (block: number) => void,
): Record<string, FloatArray> {
  const { bytes } = model.parameterPlan;
  return model.withBlocks([tangentBytes(model, rows), bytes, bytes], (block, direction, product) => {
    writeDirection(direction);
    const tangents = placeTangents(model, rows, block, direction);
    model.forward(rows, true);
    forwardTangents(model, tangents, rows, true);
    model.evaluateLoss(rows);
    beginTangents(model, tangents, rows);
    for (const segment of model.plan.segments.toReversed()) {
      recompute(model, segment, rows, true);
      for (let layer = segment.end - 1; layer >= segment.first; layer--) {
        backwardLayer(model, layer, tangents, rows, direction, product);
      }
    }
    return model.tensorsIn(product);
  });
}

/** ė of the last layer ← the loss's second derivative times the tangent of the outputs. */
function beginTangents(model: Model, { values, deltas }: Tangents, rows: number): void {
  const { kernels, loss, output, target, topology } = model;
  const { outputs, layers } = topology;
  const tangent = deltas.addressOf(layers.length - 1);
  const scale = scaleOf(loss, rows, outputs);
  kernels.transfer(rows, outputs, values.addressOf(layers.length - 1), outputs, tangent, outputs, false);
  if (loss.code === undefined) {
    kernels.softmaxCrossEntropyCurvature(rows, outputs, output, target, scale, loss.parameter, tangent);
  } else {
    kernels.elementwiseLossCurvature(loss.code, rows * outputs, output, target, scale, loss.parameter, tangent);
  }
}

function backwardLayer(
  model: Model,
  index: number,
  tangents: Tangents,
  rows: number,
  direction: number,
  product: number,
): void {
  const layer = model.topology.layers[index] as LayerSpec;
  if (layer.kind === "dense") {
    curve(model, index, layer, tangents, rows);
    toDelta(model, index, rows);
    storeTangent(model, index, layer, tangents, rows, product - model.parameters);
    passBack(model, index, layer, tangents, rows, direction - model.parameters);
  } else {
    for (const field of [model.deltas, tangents.deltas]) backwardLinear(model, index, layer, rows, true, false, field);
  }
}

/** δ̇ of one layer from ė, before e becomes δ. */
function curve(model: Model, index: number, layer: DenseSpec, tangents: Tangents, rows: number): void {
  const { activation, outputs } = layer;
  const { kernels } = model;
  const z = model.placeOf(index).z;
  const a = model.placeOf(index).a;
  const error = model.placeOf(index).delta;
  const tangent = tangents.deltas.addressOf(index);
  if (activation.name === "softmax") {
    kernels.softmaxCurvature(rows, outputs, a, tangents.values.addressOf(index), error, tangent);
  } else {
    const zTangent = tangents.sums.addressOf(index);
    // biome-ignore format: operands with their strides, one a line
    kernels.applyCurvature(
      activation.code, activation.slope, rows, outputs, outputs,
      z, a, zTangent, error, tangent,
    );
  }
}

/** The tangents of one layer's gradients. */
function storeTangent(
  model: Model,
  index: number,
  layer: DenseSpec,
  tangents: Tangents,
  rows: number,
  mirror: number,
): void {
  const { inputs, outputs, bias } = layer;
  const { kernels, workspace } = model;
  const source = model.resolve((layer.from[0] as Edge).source, true);
  const stride = model.strideOf(source);
  const weight = model.weightOf(index) + mirror;
  // biome-ignore format: operands with their strides, one a line
  kernels.gradient(
    rows, outputs, inputs,
    tangents.deltas.addressOf(index),
    model.values.addressOf(source), stride,
    weight, inputs,
    bias ? model.biasOf(index) + mirror : 0,
    workspace,
  );
  // biome-ignore format: operands with their strides, one a line
  kernels.gemm(
    outputs, inputs, rows,
    model.placeOf(index).delta, 1, outputs,
    tangents.values.addressOf(source), stride, 1,
    weight, inputs, 1,
    1, 1, workspace,
  );
}

/** What one layer's δ and δ̇ bring to e and ė of its source. */
function passBack(
  model: Model,
  index: number,
  layer: DenseSpec,
  tangents: Tangents,
  rows: number,
  mirror: number,
): void {
  const { inputs, outputs } = layer;
  const { kernels, workspace } = model;
  const { source, adds } = layer.from[0] as Edge;
  if (source < 0) return;
  const stride = model.strideOf(source);
  const bring = (field: Field) => {
    const below = field.addressOf(source);
    // biome-ignore format: operands with their strides, one a line
    kernels.delta(
      rows, inputs, outputs,
      field.addressOf(index),
      model.weightOf(index), inputs,
      below, below, below, stride,
      Activation.identity, 0, adds ? 1 : 0,
      workspace,
    );
  };
  bring(model.deltas);
  bring(tangents.deltas);
  // biome-ignore format: operands with their strides, one a line
  kernels.gemm(
    rows, inputs, outputs,
    model.placeOf(index).delta, outputs, 1,
    model.weightOf(index) + mirror, inputs, 1,
    tangents.deltas.addressOf(source), stride, 1,
    1, 1, workspace,
  );
}
