// Products with the Jacobian of the outputs: from the left by reverse mode (vjp), from the right by forward mode (jvp).
import type { FloatArray } from "../engine/dtype.js";
import { storeGradient } from "../network/backward.js";
import type { Model } from "../network/model.js";
import { divideByDeviations } from "../network/scaling.js";
import { forwardTangents, placeTangents, tangentBytes } from "./tangents.js";

/** uᵀ·J by the inputs and by the parameters. */
export interface VectorJacobianProduct {
  /** `[rows, inputs]` */
  x: FloatArray;
  /** By name, shaped as the parameter: summed over the rows. */
  parameters: Record<string, FloatArray>;
}

/** A direction in which the inputs or the parameters move; what is not named stands still. */
export interface Direction<R> {
  /** `[rows, inputs]` */
  x?: R;
  /** Shaped as the parameters, by name. */
  parameters?: Record<string, ArrayLike<number>>;
}

/** uᵀ·J for the staged rows. */
export function vectorJacobianProduct(model: Model, rows: number, u: ArrayLike<number>): VectorJacobianProduct {
  return model.withBlocks([model.parameterPlan.bytes], (gradients) => {
    model.forward(rows, false);
    model.write(model.outputDelta, u);
    model.backward(rows, true, false, (index, layer) => {
      storeGradient(model, index, layer, 0, rows, false, gradients - model.parameters);
    });
    return { x: model.inputGradient(rows), parameters: model.tensorsIn(gradients) };
  });
}

/**
 * J·v for the staged rows: the tangent of the outputs `[rows, outputs]`.
 *
 * @param writeDirection puts the parameters' direction into a zeroed mirror of their block; undefined where they stand still
 */
export function jacobianVectorProduct(
  model: Model,
  rows: number,
  x: ArrayLike<number> | undefined,
  writeDirection: ((block: number) => void) | undefined,
): FloatArray {
  const { outputs, layers } = model.topology;
  return model.withBlocks([tangentBytes(model, rows), model.parameterPlan.bytes], (block, direction) => {
    const tangents = placeTangents(model, rows, block, writeDirection && direction);
    if (x !== undefined) {
      model.write(block, x);
      divideByDeviations(model.view(block, x.length), model.scaling);
    }
    writeDirection?.(direction);
    model.forward(rows, false);
    forwardTangents(model, tangents, rows, false);
    return model.copy(tangents.values.addressOf(layers.length - 1), rows * outputs);
  });
}
