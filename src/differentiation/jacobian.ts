// The whole Jacobian of the outputs: a column a pass in forward mode, a row a pass in reverse mode.
import { bytesOf, type FloatArray, newArray } from "../engine/dtype.js";
import type { Model } from "../network/model.js";
import { divideByDeviations } from "../network/scaling.js";
import { gradientsOfRows, type SampleGradients } from "./persample.js";
import { forwardTangents, placeTangents, tangentBytes } from "./tangents.js";

/** "auto" takes forward mode where there are fewer inputs than outputs. */
export type JacobianMode = "auto" | "forward" | "reverse";

/** The derivatives of every output of every row by every input of that row. */
export interface Jacobian {
  /** Row-major. */
  values: FloatArray;
  /** `[rows, outputs, inputs]` */
  shape: [rows: number, outputs: number, inputs: number];
}

/** By the inputs, for the staged rows. */
export function jacobianByInputs(model: Model, rows: number, mode: JacobianMode): Jacobian {
  const { inputs, outputs } = model.topology;
  const isForward = mode === "auto" ? inputs < outputs : mode === "forward";
  model.forward(rows, false);
  const values = isForward ? columns(model, rows) : lines(model, rows);
  return { values: divideByDeviations(values, model.scaling), shape: [rows, outputs, inputs] };
}

/** By the parameters, for the staged rows: in reverse mode, since there are always more parameters than outputs. */
export function jacobianByParameters(model: Model, rows: number): Record<string, SampleGradients> {
  const { outputs } = model.topology;
  model.forward(rows, false);
  return gradientsOfRows(model, rows, [rows, outputs], false, (output) => seed(model, rows, output));
}

/** Forward mode: the tangents of all outputs while one input of every row moves. */
function columns(model: Model, rows: number): FloatArray {
  const { inputs, outputs, layers } = model.topology;
  const values = newArray(model.dtype, rows * outputs * inputs);
  return model.withBlocks([tangentBytes(model, rows)], (block) => {
    const tangents = placeTangents(model, rows, block, undefined);
    const first = block / bytesOf(model.dtype);
    for (let input = 0; input < inputs; input++) {
      const memory = model.engine.arena.floats(model.dtype);
      memory.fill(0, first, first + rows * inputs);
      for (let row = 0; row < rows; row++) memory[first + row * inputs + input] = 1;
      forwardTangents(model, tangents, rows, false);
      const column = model.view(tangents.values.addressOf(layers.length - 1), rows * outputs);
      for (let i = 0; i < column.length; i++) values[i * inputs + input] = column[i] as number;
    }
    return values;
  });
}

/** Reverse mode: what one output of every row passes back to the inputs. */
function lines(model: Model, rows: number): FloatArray {
  const { inputs, outputs } = model.topology;
  const values = newArray(model.dtype, rows * outputs * inputs);
  for (let output = 0; output < outputs; output++) {
    seed(model, rows, output);
    model.backward(rows, true, false, () => {});
    const line = model.view(model.inputDelta, rows * inputs);
    for (let row = 0; row < rows; row++) {
      values.set(line.subarray(row * inputs, (row + 1) * inputs), (row * outputs + output) * inputs);
    }
  }
  return values;
}

/** The last layer's ∂C/∂a as if C were one output, of each row its own. */
function seed(model: Model, rows: number, output: number): void {
  const { outputs } = model.topology;
  const memory = model.engine.arena.floats(model.dtype);
  const first = model.outputDelta / bytesOf(model.dtype);
  memory.fill(0, first, first + rows * outputs);
  for (let row = 0; row < rows; row++) memory[first + row * outputs + output] = 1;
}
