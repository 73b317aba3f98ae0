// Gradients of every row by itself: one backward pass for all rows, then each row's products alone.
import { type FloatArray, newArray } from "../engine/dtype.js";
import { storeGradient } from "../network/backward.js";
import type { Model } from "../network/model.js";

/** The gradients of one parameter, one for each row. */
export interface SampleGradients {
  values: FloatArray;
  /** `[rows, …shape of the parameter]`; of a Jacobian `[rows, outputs, …shape of the parameter]`. */
  shape: number[];
}

/**
 * Behind a forward pass: the gradients by each parameter of each row's own C.
 *
 * @param count how many C there are for a row
 * @param begin puts the last layer's ∂C/∂a of all rows into its delta, for one of them
 */
export function perSampleGradients(
  model: Model,
  rows: number,
  training: boolean,
  count: number,
  begin: (index: number) => void,
): Record<string, SampleGradients> {
  const { tensors, bytes } = model.parameterPlan;
  const values = tensors.map(({ length }) => newArray(model.dtype, rows * count * length));
  model.withBlocks([bytes], (block) => {
    for (let index = 0; index < count; index++) {
      begin(index);
      model.backward(rows, false, training, (layer, spec) => {
        for (let row = 0; row < rows; row++) {
          storeGradient(model, layer, spec, row, 1, training, block - model.parameters);
          for (const [t, tensor] of tensors.entries()) {
            if (tensor.layer !== layer) continue;
            values[t]?.set(model.copy(block + tensor.offset, tensor.length), (row * count + index) * tensor.length);
          }
        }
      });
    }
  });
  const lead = count === 1 ? [rows] : [rows, count];
  return Object.fromEntries(
    tensors.map(({ name, shape }, t) => [name, { values: values[t] as FloatArray, shape: [...lead, ...shape] }]),
  );
}
