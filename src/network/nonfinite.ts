// Where a NaN or an infinity came from: the passes of a step once more, with a look at every tensor.
import { NonFiniteError } from "../errors.js";
import { forwardLayer } from "./forward.js";
import type { Model } from "./model.js";

/**
 * The error for the first tensor, in the order of computation, that is not finite.
 *
 * @param step counted from 1
 */
export function locateNonFinite(model: Model, step: number, rows: number): NonFiniteError {
  const { layers, inputs, outputs } = model.topology;
  const isBad = (address: number, length: number) => model.kernels.firstNonFinite(length, address) < length;
  if (isBad(model.input, rows * inputs)) return new NonFiniteError(step, -1, "inputs");
  if (isBad(model.target, rows * outputs)) return new NonFiniteError(step, -1, "targets");
  const parameter = findNonFinite(model, step, model.parameters, "");
  if (parameter !== undefined) return parameter;
  for (const [index, layer] of layers.entries()) {
    forwardLayer(model, index, rows, true);
    for (const region of ["z", "a"] as const) {
      if (isBad(model.placeOf(index)[region], rows * layer.outputs)) return new NonFiniteError(step, index, region);
    }
  }
  if (!Number.isFinite(model.evaluateLoss(rows))) return new NonFiniteError(step, -1, "loss");
  let badDelta = -1;
  model.backward(rows, false, true, (index, layer) => {
    if (badDelta < 0 && isBad(model.placeOf(index).delta, rows * layer.outputs)) badDelta = index;
  });
  if (badDelta >= 0) return new NonFiniteError(step, badDelta, "delta");
  return findNonFinite(model, step, model.gradients, " gradient") ?? new NonFiniteError(step, -1, "gradient");
}

/**
 * The error for the first tensor that is not finite, of the parameters or a mirror of them.
 *
 * @param address of the block
 * @param role what follows the parameter's name in the error
 */
export function findNonFinite(model: Model, step: number, address: number, role: string): NonFiniteError | undefined {
  const bad = model.parameterPlan.tensors.find(({ offset, length }) => {
    return model.kernels.firstNonFinite(length, address + offset) < length;
  });
  return bad && new NonFiniteError(step, bad.layer, bad.name + role);
}
