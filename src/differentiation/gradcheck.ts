// Gradient check: the backward pass against numerical derivatives of the loss.
import { bytesOf, type DType } from "../engine/dtype.js";
import { fillOrder } from "../engine/order.js";
import type { Model } from "../network/model.js";
import type { Tensor } from "../network/plan.js";
import { SAMPLE_STREAM } from "../network/streams.js";
import { checkBoolean, checkInteger, checkOptions, checkPositive } from "../validate.js";
import {
  type GradCheckEntry,
  type GradCheckKink,
  type GradCheckParameter,
  type GradCheckReport,
  reportOf,
  summarize,
} from "./gradcheck-report.js";
import { type Kink, lossAndKink } from "./kinks.js";

/** What `gradCheck` compares, and by which differences. */
export interface GradCheckOptions {
  /** Step of the difference; 1e-4 in float64, 1e-2 in float32 by default. At kinks smaller ones are tried. */
  epsilon?: number;
  /** How many elements of each parameter are looked at, drawn by the seed; all by default. */
  sampleSize?: number;
  /** Seed of the sample; 0 by default. */
  seed?: number;
  /**
   * Whether ∂loss/∂x is checked too, as "inputs" behind the parameters, by the scaled x where the network standardizes; false by
   * default.
   */
  inputs?: boolean;
}

type Settings = Required<GradCheckOptions>;

/** What a parameter and the inputs have in common. */
type Subject = Pick<Tensor, "name" | "shape" | "length" | "offset">;

/** Gradients smaller than this count as zero. */
const FLOOR = 1e-8;

/** The default step, and the smallest that is tried at a kink: rounding errors grow as the step falls. */
const STEPS: Readonly<Record<DType, readonly [preset: number, smallest: number]>> = {
  float32: [1e-2, 1e-3],
  float64: [1e-4, 1e-6],
};

/** By how much the step falls where it would cross a kink. */
const SHRINKAGE = 8;

/** @throws RangeError, TypeError */
export function parseGradCheck(options: GradCheckOptions, dtype: DType): Settings {
  checkOptions("options", options, ["epsilon", "sampleSize", "seed", "inputs"]);
  const largest = Number.MAX_SAFE_INTEGER;
  return {
    epsilon: checkPositive("epsilon", options.epsilon ?? STEPS[dtype][0]),
    sampleSize: checkInteger("sampleSize", options.sampleSize ?? largest, 1, largest),
    seed: checkInteger("seed", options.seed ?? 0, 0, largest),
    inputs: checkBoolean("inputs", options.inputs ?? false),
  };
}

/**
 * Checks the gradients of the staged batch. The difference is the central one of fourth order,
 * (8(C(+ε) − C(−ε)) − (C(+2ε) − C(−2ε))) / 12ε, whose error falls with ε⁴; dropout masks are held while it is taken.
 *
 * Where every unit stands on the same side of its kink at all five points, the losses are values of one smooth function, whose
 * derivative the backward pass gives. Where not, the step falls; an entry that crosses a kink with every step is left out.
 */
export function checkGradient(model: Model, rows: number, settings: Settings): GradCheckReport {
  const { epsilon, inputs } = settings;
  const backward = () => {
    model.forward(rows, true);
    model.evaluateLoss(rows);
    model.backward(rows, inputs);
  };
  backward();
  const differentiate = differentiator(model, rows, epsilon);
  const check = (subject: Subject, values: number, gradient: number): GradCheckParameter => {
    const { name, shape, length } = subject;
    const slopes = model.copy(gradient, length);
    const entries: GradCheckEntry[] = [];
    const skipped: GradCheckKink[] = [];
    for (const index of sampleOf(model, subject, settings)) {
      const analytic = slopes[index] as number;
      const found = differentiate(values / bytesOf(model.dtype) + index);
      if ("layer" in found) skipped.push({ index, ...found });
      else {
        const error = relativeError(analytic, found.numeric);
        entries.push({ parameter: name, index, analytic, ...found, relativeError: error });
      }
    }
    return { name, shape: [...shape], ...summarize(entries, skipped), entries, skipped };
  };
  const { tensors, bytes } = model.parameterPlan;
  const parameters = tensors.map((tensor) => {
    return check(tensor, model.parameters + tensor.offset, model.gradients + tensor.offset);
  });
  if (inputs) {
    const shape = [rows, model.topology.inputs] as const;
    const subject = { name: "inputs", shape, length: shape[0] * shape[1], offset: bytes };
    parameters.push(check(subject, model.input, model.inputDelta));
  }
  // What the differences left behind in the layers goes.
  backward();
  return reportOf(model.dtype, rows, epsilon, parameters);
}

/** |a − n| / max(10⁻⁸, |a| + |n|) */
export function relativeError(analytic: number, numeric: number): number {
  return Math.abs(analytic - numeric) / Math.max(FLOOR, Math.abs(analytic) + Math.abs(numeric));
}

/**
 * The numerical derivative by a number of the arena, given by its place, and the step that it took; or the kink that even the
 * smallest step crosses.
 */
function differentiator(
  model: Model,
  rows: number,
  epsilon: number,
): (place: number) => { numeric: number; epsilon: number } | Kink {
  const smallest = STEPS[model.dtype][1];
  const sides: number[] = [];
  lossAndKink(model, rows, sides);
  return (place) => {
    const memory = model.engine.arena.floats(model.dtype);
    const value = memory[place] as number;
    let crossed: Kink | undefined;
    const lossAt = (distance: number): number => {
      memory[place] = value + distance;
      const { loss, kink } = lossAndKink(model, rows, sides);
      crossed ??= kink;
      return loss;
    };
    try {
      for (let step = epsilon; ; step /= SHRINKAGE) {
        crossed = undefined;
        const near = lossAt(step) - lossAt(-step);
        const far = lossAt(2 * step) - lossAt(-2 * step);
        if (crossed === undefined) return { numeric: (8 * near - far) / (12 * step), epsilon: step };
        if (step / SHRINKAGE < smallest) return crossed;
      }
    } finally {
      memory[place] = value;
    }
  };
}

/** Indices: all of them, or the first of a shuffled list. */
function sampleOf({ engine }: Model, { length, offset }: Subject, { sampleSize, seed }: Settings): number[] {
  if (sampleSize >= length) return Array.from({ length }, (_, index) => index);
  const order = new Uint32Array(length);
  fillOrder(engine, order, seed, SAMPLE_STREAM, offset);
  return [...order.subarray(0, sampleSize)];
}
