// Gradients of every row by itself: one backward pass for all rows, then each row's products alone.
import { type FloatArray, newArray } from "../engine/dtype.js";
import { storeGradient } from "../network/backward.js";
import type { Model } from "../network/model.js";

/** The gradients of one parameter, one for each row. */
export interface SampleGradients {
  /** Row-major. */
  values: FloatArray;
  /** `[rows, …shape of the parameter]`; of a Jacobian `[rows, outputs, …shape of the parameter]`. */
  shape: number[];
}

/** The gradients of each row's own loss, for the staged batch. */
export function perSampleGradients(model: Model, rows: number): Record<string, SampleGradients> {
  model.forward(rows, true);
  return gradientsOfRows(model, rows, [rows], true, () => model.evaluateLoss(rows, 1));
}

/**
 * Behind a forward pass: the gradients by each parameter of what `begin` says, of each row its own.
 *
 * @param lead `[rows]`, or `[rows, count]` where each row has several functions
 * @param begin puts ∂C/∂a of all rows into the last layer's delta, where C is one of the functions
 */
export function gradientsOfRows(
  model: Model,
  rows: number,
  lead: readonly number[],
  training: boolean,
  begin: (index: number) => void,
): Record<string, SampleGradients> {
  const { tensors, bytes } = model.parameterPlan;
  const [, count = 1] = lead;
  const results = tensors.map((tensor) => {
    return { tensor, values: newArray(model.dtype, rows * count * tensor.length), shape: [...lead, ...tensor.shape] };
  });
  model.withBlocks([bytes], (block) => {
    for (let index = 0; index < count; index++) {
      begin(index);
      model.backward(rows, false, training, (layer, spec) => {
        const own = results.filter(({ tensor }) => tensor.layer === layer);
        for (let row = 0; row < rows; row++) {
          storeGradient(model, layer, spec, row, 1, training, block - model.parameters);
          for (const { tensor, values } of own) {
            const { offset, length } = tensor;
            values.set(model.view(block + offset, length), (row * count + index) * length);
          }
        }
      });
    }
  });
  return Object.fromEntries(results.map(({ tensor, values, shape }) => [tensor.name, { values, shape }]));
}
