// The line search: how far to go along a direction of descent, by the strong Wolfe conditions.

/** The objective φ(α) and its derivative φ′(α) at one step length α. */
export interface Slope {
  readonly value: number;
  readonly slope: number;
}

interface Sample extends Slope {
  readonly step: number;
}

/** c₁: the share of the decrease that the first slope promises which a step must bring. */
const DECREASE = 1e-4;

/** Evaluations after which the best step so far is taken. */
const LIMIT = 20;

/** How far a step may be from the last one at most, as a factor, while nothing bounds it. */
const EXPANSION = 10;

/** The share of an interval at either end that a new step keeps out of, so that every step narrows it. */
const MARGIN = 0.05;

/**
 * A step with φ(α) ≤ φ(0) + c₁·α·φ′(0) and |φ′(α)| ≤ c₂·|φ′(0)|: Nocedal and Wright, Numerical Optimization, algorithms 3.5
 * and 3.6 in one loop, with cubic interpolation. `low` is the best step so far, 0 or one that decreases φ enough; `high`, once
 * there is one, bounds the other side of an interval that holds steps to accept.
 *
 * Where values differ by rounding only, slopes decide instead: Hager and Zhang 2005, approximate Wolfe conditions.
 *
 * @param evaluate φ and φ′; what is not finite is never accepted, but stepped back from
 * @param start φ(0), and φ′(0) < 0
 * @param first the step to try first
 * @param curvature c₂
 * @param noise by how much values differ by rounding
 * @returns 0 where no step decreases φ; a step without the second condition where none with it was found
 */
export function searchLine(
  evaluate: (step: number) => Slope,
  start: Slope,
  first: number,
  curvature: number,
  noise: number,
): number {
  const decreases = ({ step, value, slope }: Sample) =>
    value <= start.value + DECREASE * step * start.slope ||
    (Math.abs(value - start.value) <= noise && slope <= (2 * DECREASE - 1) * start.slope);
  let low: Sample = { step: 0, value: start.value, slope: start.slope };
  let high: Sample | undefined;
  let step = first;
  for (let count = 0; count < LIMIT; count++) {
    const { value, slope } = evaluate(step);
    const sample = { step, value, slope };
    const before = low;
    if (!Number.isFinite(value - slope) || !decreases(sample) || value > low.value + noise) high = sample;
    else if (Math.abs(slope) <= -curvature * start.slope) return step;
    else {
      if (slope * ((high?.step ?? Number.POSITIVE_INFINITY) - low.step) > 0) high = low;
      low = sample;
    }
    step = high === undefined ? beyond(before, low, noise) : within(low, high, noise);
    if (step === low.step || step === high?.step || step === Number.POSITIVE_INFINITY) break;
  }
  return low.step;
}

/** The next step where φ still falls at b, the step behind a. */
function beyond(a: Sample, b: Sample, noise: number): number {
  const least = b.step + MARGIN * (b.step - a.step);
  const most = EXPANSION * b.step;
  const step = minimizer(a, b, noise);
  return step > least ? Math.min(step, most) : step <= least ? least : most;
}

/** The next step between the best one and the other end. */
function within(low: Sample, high: Sample, noise: number): number {
  const width = high.step - low.step;
  const share = Number.isFinite(high.value - high.slope) ? (minimizer(low, high, noise) - low.step) / width : MARGIN;
  return low.step + width * (Number.isNaN(share) ? 0.5 : Math.min(Math.max(share, MARGIN), 1 - MARGIN));
}

/**
 * Where the cubic through both samples has its minimum, NaN where it has none. Of values that differ by rounding only, where
 * the line through both slopes is 0.
 */
function minimizer(a: Sample, b: Sample, noise: number): number {
  const width = b.step - a.step;
  if (Math.abs(a.value - b.value) <= noise) return a.step - (a.slope * width) / (b.slope - a.slope);
  const center = a.slope + b.slope - (3 * (b.value - a.value)) / width;
  const root = Math.sqrt(center * center - a.slope * b.slope) * (width < 0 ? -1 : 1);
  return b.step - (width * (b.slope + root - center)) / (b.slope - a.slope + 2 * root);
}
