// Gradient check: the backward pass against numerical derivatives of the loss.
import { bytesOf } from "../engine/dtype.js";
import type { Model } from "../network/model.js";
import type { Tensor } from "../network/plan.js";
import { SAMPLE_STREAM } from "../network/streams.js";

export interface GradCheckOptions {
  /** Step of the difference; 1e-4 in float64, 1e-2 in float32 by default. */
  epsilon?: number;
  /** How many elements of each parameter are looked at, drawn by the seed; all by default. */
  sampleSize?: number;
  /** Seed of the sample; 0 by default. */
  seed?: number;
}

export interface GradCheckEntry {
  parameter: string;
  /** Of the element, in the parameter's row-major layout. */
  index: number;
  analytic: number;
  numeric: number;
  relativeError: number;
}

export interface GradCheckReport {
  maxRelativeError: number;
  worst: GradCheckEntry;
  /** The worst entry of each parameter, and how many of its elements were looked at. */
  parameters: { name: string; checked: number; maxRelativeError: number; worst: GradCheckEntry }[];
}

/** Gradients smaller than this count as zero. */
const FLOOR = 1e-8;

/**
 * Checks every tensor on the staged batch. The difference is the central one of fourth order,
 * (8(C(+ε) − C(−ε)) − (C(+2ε) − C(−2ε))) / 12ε, whose error falls with ε⁴; dropout masks are held while it is taken.
 */
export function checkGradient(
  model: Model,
  rows: number,
  epsilon: number,
  sampleSize: number,
  seed: number,
): GradCheckReport {
  model.forward(rows, true);
  model.evaluateLoss(rows);
  model.backward(rows, false);
  const parameters = model.parameterPlan.tensors.map((tensor) => {
    const gradient = model.copy(model.gradients + tensor.offset, tensor.length);
    const entries = sampleOf(model, tensor, sampleSize, seed).map((index) => {
      const analytic = gradient[index] as number;
      const numeric = differentiate(model, tensor, index, rows, epsilon);
      return { parameter: tensor.name, index, analytic, numeric, relativeError: relativeError(analytic, numeric) };
    });
    const worst = worstOf(entries);
    return { name: tensor.name, checked: entries.length, maxRelativeError: worst.relativeError, worst };
  });
  const worst = worstOf(parameters.map((parameter) => parameter.worst));
  return { maxRelativeError: worst.relativeError, worst, parameters };
}

/** |a − n| / max(10⁻⁸, |a| + |n|) */
export function relativeError(analytic: number, numeric: number): number {
  return Math.abs(analytic - numeric) / Math.max(FLOOR, Math.abs(analytic) + Math.abs(numeric));
}

function differentiate(model: Model, tensor: Tensor, index: number, rows: number, epsilon: number): number {
  const place = (model.parameters + tensor.offset) / bytesOf(model.dtype) + index;
  const memory = model.engine.arena.floats(model.dtype);
  const value = memory[place] as number;
  const lossAt = (step: number): number => {
    memory[place] = value + step;
    model.forward(rows, true);
    return model.evaluateLoss(rows);
  };
  const near = lossAt(epsilon) - lossAt(-epsilon);
  const far = lossAt(2 * epsilon) - lossAt(-2 * epsilon);
  memory[place] = value;
  return (8 * near - far) / (12 * epsilon);
}

/** Indices into the tensor: all of them, or the first of a shuffled list. */
function sampleOf(model: Model, tensor: Tensor, sampleSize: number, seed: number): number[] {
  const all = Array.from({ length: tensor.length }, (_, index) => index);
  if (sampleSize >= tensor.length) return all;
  const { arena } = model.engine;
  const address = arena.allocate(tensor.length * 4);
  arena.integers.set(all, address / 4);
  model.engine.shuffle(tensor.length, address, seed, SAMPLE_STREAM, tensor.offset);
  const sample = arena.integers.slice(address / 4, address / 4 + sampleSize);
  arena.free(address);
  return [...sample];
}

/** NaN counts as worse than any number. */
function worstOf(entries: GradCheckEntry[]): GradCheckEntry {
  return entries.reduce((worst, entry) => {
    return Number.isNaN(worst.relativeError) || entry.relativeError <= worst.relativeError ? worst : entry;
  });
}
