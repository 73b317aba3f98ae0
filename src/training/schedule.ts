// Learning-rate schedules: functions of the epoch and the step, both counted from 0.
import { checkInteger, checkNotNegative, checkOptions, checkPositive, checkProperShare } from "../validate.js";

/**
 * The learning rate of each step.
 *
 * @param epoch counts from 0
 * @param step counts the batches of all epochs, from 0
 * @returns the learning rate
 */
export type Schedule = (epoch: number, step: number) => number;

/**
 * base · γ^⌊epoch / stepSize⌋. As torch.optim.lr_scheduler.StepLR.
 *
 * @throws RangeError, TypeError
 */
export function stepDecay(options: { base: number; stepSize: number; gamma: number }): Schedule {
  checkOptions("options", options, ["base", "stepSize", "gamma"]);
  const base = checkPositive("base", options.base);
  const stepSize = checkInteger("stepSize", options.stepSize, 1);
  const gamma = checkPositive("gamma", options.gamma);
  return (epoch) => base * integerPower(gamma, Math.floor(epoch / stepSize));
}

/**
 * base · γ^epoch. As torch.optim.lr_scheduler.ExponentialLR.
 *
 * @throws RangeError, TypeError
 */
export function exponentialDecay(options: { base: number; gamma: number }): Schedule {
  checkOptions("options", options, ["base", "gamma"]);
  const base = checkPositive("base", options.base);
  const gamma = checkPositive("gamma", options.gamma);
  return (epoch) => base * integerPower(gamma, epoch);
}

/**
 * base / (1 + decay · epoch): the 1/r decay of Robbins and Monro 1951.
 *
 * @throws RangeError, TypeError
 */
export function inverseTimeDecay(options: { base: number; decay: number }): Schedule {
  checkOptions("options", options, ["base", "decay"]);
  const base = checkPositive("base", options.base);
  const decay = checkNotNegative("decay", options.decay);
  return (epoch) => base / (1 + decay * epoch);
}

/**
 * minimum + (base − minimum)(1 + cos(π · epoch / period)) / 2. As torch.optim.lr_scheduler.CosineAnnealingLR; Loshchilov and
 * Hutter 2017.
 *
 * @throws RangeError, TypeError
 */
export function cosineDecay(options: { base: number; minimum?: number; period: number }): Schedule {
  checkOptions("options", options, ["base", "minimum", "period"]);
  const base = checkPositive("base", options.base);
  const minimum = checkNotNegative("minimum", options.minimum ?? 0);
  const period = checkInteger("period", options.period, 1);
  return (epoch) => cosineBetween(base, minimum, epoch / period);
}

/** The hyperparameters of `oneCycle`. */
export interface OneCycleOptions {
  /** The peak. */
  max: number;
  /** Steps of the whole cycle: epochs × batches in an epoch; ≥ 2. */
  totalSteps: number;
  /** Share of the steps on the way up; 0.3 by default. */
  warmup?: number;
  /** The first rate is max / divisor; 25 by default. */
  divisor?: number;
  /** The last rate is the first / finalDivisor; 10,000 by default. */
  finalDivisor?: number;
}

/**
 * By step, a half cosine from max / divisor up to max, then one down to max / divisor / finalDivisor. As
 * torch.optim.lr_scheduler.OneCycleLR; Smith and Topin 2018. Stays at the last rate after `totalSteps`.
 *
 * @throws RangeError, TypeError
 */
export function oneCycle(options: OneCycleOptions): Schedule {
  checkOptions("options", options, ["max", "totalSteps", "warmup", "divisor", "finalDivisor"]);
  const max = checkPositive("max", options.max);
  const totalSteps = checkInteger("totalSteps", options.totalSteps, 2);
  const warmup = checkProperShare("warmup", options.warmup ?? 0.3);
  const first = max / checkPositive("divisor", options.divisor ?? 25);
  const last = first / checkPositive("finalDivisor", options.finalDivisor ?? 1e4);
  const peak = warmup * totalSteps - 1;
  const end = totalSteps - 1;
  return (_epoch, step) => {
    if (step >= end) return last;
    return step < peak
      ? cosineBetween(first, max, step / peak)
      : cosineBetween(max, last, (step - peak) / (end - peak));
  };
}

/** From one rate at share 0 to the other at share 1, along half a cosine. */
function cosineBetween(from: number, to: number, share: number): number {
  return to + ((from - to) * (1 + cosineOfHalfTurns(share))) / 2;
}

/** cos(π·x) for x ≥ 0 by its power series: products and sums, so that every engine gives the same bits, unlike Math.cos. */
function cosineOfHalfTurns(x: number): number {
  const phase = Math.min(x % 2, 2 - (x % 2));
  if (phase > 0.5) return -cosineOfHalfTurns(1 - phase);
  const angle = Math.PI * phase;
  const square = angle * angle;
  let sum = 1;
  for (let n = 22; n > 0; n -= 2) sum = 1 - (square * sum) / (n * (n - 1));
  return sum;
}

/** base^exponent by squaring: multiplications only, so that every engine gives the same bits, unlike Math.pow. */
function integerPower(base: number, exponent: number): number {
  let power = 1;
  for (let square = base, rest = exponent; rest > 0; rest >>>= 1, square *= square) {
    if (rest & 1) power *= square;
  }
  return power;
}
