// Backward pass: δ = f′(z) ⊙ ∂C/∂a of each layer, last to first, what it gives to the parameters and to the layers below.
//
//   δᴸ = f′(zᴸ) ⊙ ∂C/∂aᴸ,  δˡ = f′(zˡ) ⊙ (Wˡ⁺¹)ᵀδˡ⁺¹,  ∂C/∂Wˡ = δˡ(aˡ⁻¹)ᵀ,  ∂C/∂bˡ = δˡ
//
// Where a layer flows into several others, ∂C/∂a is the sum of what these bring.
import { Activation } from "../../assembly/codes.js";
import { bytesOf } from "../engine/dtype.js";
import { applyMask, forwardLayer } from "./forward.js";
import type { Field, Model } from "./model.js";
import type { Segment } from "./plan.js";
import type { DenseSpec, Edge, LayerSpec } from "./topology.js";

/** What is done at a dense layer when its δ is complete. */
export type DenseVisitor = (index: number, layer: DenseSpec, rows: number, training: boolean) => void;

export function backward(
  model: Model,
  rows: number,
  training: boolean,
  wantsInputDelta: boolean,
  visit: DenseVisitor,
): void {
  const { segments } = model.plan;
  toDelta(model, model.topology.layers.length - 1, rows);
  for (let s = segments.length - 1; s >= 0; s--) {
    const segment = segments[s] as Segment;
    recompute(model, segment, rows, training);
    for (let index = segment.end - 1; index >= segment.first; index--) {
      const layer = model.topology.layers[index] as LayerSpec;
      if (layer.kind === "dense") {
        visit(index, layer, rows, training);
        backwardDense(model, index, layer, rows, wantsInputDelta);
      } else {
        backwardLinear(model, index, layer, rows, training, wantsInputDelta, model.deltas);
        for (let k = 0; k < layer.from.length; k++) {
          const { source, completes } = layer.from[k] as Edge;
          if (completes && source >= 0) toDelta(model, source, rows);
        }
      }
    }
  }
}

/**
 * The forward pass of a segment again, for what did not keep its place, where another segment is in the slot: the same calls
 * give the same bits.
 */
export function recompute(model: Model, segment: Segment, rows: number, training: boolean): void {
  if (model.inSlot === segment) return;
  for (let index = segment.first; index < segment.end; index++) {
    if (!model.plan.isKept[index]) forwardLayer(model, index, rows, training);
  }
  model.inSlot = segment;
}

/**
 * ∂C/∂W ← δᵀ·a, ∂C/∂b ← Σ δ, over `rows` rows from the row `first` on.
 *
 * @param mirror bytes from the parameters to where their gradients go
 */
export function storeGradient(
  model: Model,
  index: number,
  layer: DenseSpec,
  first: number,
  rows: number,
  training: boolean,
  mirror: number,
): void {
  const { inputs, outputs, from } = layer;
  const source = model.resolve((from[0] as Edge).source, training);
  const stride = model.strideOf(source);
  const bytes = first * bytesOf(model.dtype);
  // biome-ignore format: operands with their strides, one a line
  model.kernels.gradient(
    rows, outputs, inputs,
    model.placeOf(index).delta + bytes * outputs,
    model.values.addressOf(source) + bytes * stride, stride,
    model.weightOf(index) + mirror, inputs,
    layer.bias ? model.biasOf(index) + mirror : 0,
    model.workspace,
  );
}

/** δ of the source ← f′(z) ⊙ (δ·W), or with what is there already; f′ only once δ is complete. */
function backwardDense(model: Model, index: number, layer: DenseSpec, rows: number, wantsInputDelta: boolean): void {
  const { inputs, outputs } = layer;
  const { source, adds, completes } = layer.from[0] as Edge;
  if (source < 0 && !wantsInputDelta) return;
  const target = model.deltas.addressOf(source);
  const below = model.topology.layers[source];
  const fused = completes && below?.kind === "dense" && below.activation.name !== "softmax";
  // biome-ignore format: operands with their strides, one a line
  model.kernels.delta(
    rows, inputs, outputs,
    model.placeOf(index).delta,
    model.weightOf(index), inputs,
    fused ? model.placeOf(source).z : target, fused ? model.placeOf(source).a : target,
    target, model.strideOf(source),
    fused ? below.activation.code : Activation.identity, fused ? below.activation.slope : 0, adds ? 1 : 0,
    model.workspace,
  );
  if (completes && !fused && source >= 0) toDelta(model, source, rows);
}

/** What a layer without parameters brings to the fields of its sources, δ or tangents of δ. */
export function backwardLinear(
  model: Model,
  index: number,
  layer: Exclude<LayerSpec, DenseSpec>,
  rows: number,
  training: boolean,
  wantsInputDelta: boolean,
  field: Field,
): void {
  const { kernels } = model;
  const delta = field.addressOf(index);
  if (layer.kind === "dropout" && training) {
    const { source, adds } = layer.from[0] as Edge;
    if (source < 0 && !wantsInputDelta) return;
    const isDirect = !adds && model.strideOf(source) === layer.outputs;
    applyMask(model, index, layer, rows, delta, layer.outputs, isDirect ? field.addressOf(source) : delta);
    if (isDirect) return;
  }
  let column = 0;
  for (let k = 0; k < layer.from.length; k++) {
    const { source, adds } = layer.from[k] as Edge;
    const width = model.widthOf(source);
    if (source >= 0 || wantsInputDelta) {
      const to = field.addressOf(source);
      kernels.transfer(rows, width, delta + column, layer.outputs, to, model.strideOf(source), adds);
    }
    if (layer.kind === "concatenate") column += width * bytesOf(model.dtype);
  }
}

/** δ ← f′(z) ⊙ δ of one layer: from ∂C/∂a to ∂C/∂z. */
export function toDelta(model: Model, index: number, rows: number): void {
  throughActivation(model, index, rows, model.placeOf(index).delta);
}

/** v ← J·v, with J = ∂a/∂z of each row of one layer: f′(z) on the diagonal; of softmax not diagonal, but symmetric too. */
export function throughActivation(model: Model, index: number, rows: number, vector: number): void {
  const layer = model.topology.layers[index] as LayerSpec;
  if (layer.kind !== "dense") return;
  const { activation, outputs } = layer;
  const { kernels } = model;
  const z = model.placeOf(index).z;
  const a = model.placeOf(index).a;
  if (activation.name === "softmax") kernels.softmaxBackward(rows, outputs, a, vector);
  else if (activation.name !== "identity") {
    kernels.applyDerivative(activation.code, activation.slope, rows, outputs, outputs, z, a, vector);
  }
}
