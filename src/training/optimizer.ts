// Optimizers: hyperparameters, PyTorch's defaults, and the call of the update kernel over the whole parameter block.
import type { Kernels } from "../engine/kernels.js";
import {
  checkBoolean,
  checkNotNegative,
  checkNumber,
  checkOptions,
  checkPositive,
  checkShare,
  rangeError,
} from "../validate.js";

/** What an update works on. */
export interface Block {
  readonly kernels: Kernels;
  /** Elements, a multiple of the vector's width. */
  readonly length: number;
  readonly parameters: number;
  readonly gradients: number;
  /** Address of the first state block; the others follow, `stride` bytes apart. */
  readonly state: number;
  readonly stride: number;
}

/** What tells whether the state that one optimizer left is another one's as well: its formula and its numbers. */
export interface OptimizerRecord {
  /** The name of the function that made it. */
  readonly name: string;
  /** How many mirrors of the parameter block the optimizer keeps. */
  readonly states: number;
  /** By the names of the options, defaults filled in. */
  readonly hyperparameters: Readonly<Record<string, number | boolean>>;
}

/** Made by `sgd`, `adagrad`, `rmsprop`, `adam` or `adamw`. A network keeps its own state for it. */
export interface Optimizer extends OptimizerRecord {
  /** η, where no schedule gives it. */
  readonly learningRate: number;
  /**
   * Begins the updates of one network, or goes on behind those that were made.
   *
   * @internal
   */
  start(updates: number): Update;
}

/**
 * Applies the next update.
 *
 * @param rate the learning rate of this step
 * @param decay L2 that the network adds to the optimizer's own weight decay
 */
export type Update = (block: Block, rate: number, decay: number) => void;

/** The hyperparameters of `sgd`. */
export interface SgdOptions {
  /** η > 0. */
  learningRate: number;
  /** μ ≥ 0; 0 by default. */
  momentum?: number;
  /** 0 by default. */
  dampening?: number;
  /** false by default; needs momentum and no dampening. */
  nesterov?: boolean;
  /** λ added as λ·p to the gradient of weights and biases; 0 by default. */
  weightDecay?: number;
}

/**
 * Stochastic gradient descent with momentum: v ← μ·v + (1 − dampening)·g (v = g at the first step), p ← p − η·v, or with
 * Nesterov's momentum p ← p − η·(g + μ·v). As torch.optim.SGD.
 *
 * @throws RangeError, TypeError
 */
export function sgd(options: SgdOptions): Optimizer {
  checkOptions("options", options, ["learningRate", "momentum", "dampening", "nesterov", "weightDecay"]);
  const learningRate = checkRate(options.learningRate);
  const momentum = checkNotNegative("momentum", options.momentum ?? 0);
  const dampening = checkNumber("dampening", options.dampening ?? 0);
  const nesterov = checkBoolean("nesterov", options.nesterov ?? false);
  const weightDecay = checkNotNegative("weightDecay", options.weightDecay ?? 0);
  if (nesterov && (momentum === 0 || dampening !== 0)) {
    throw rangeError("nesterov", "momentum > 0 and dampening 0", `momentum ${momentum}, dampening ${dampening}`);
  }
  const states = momentum === 0 ? 0 : 1;
  return {
    name: "sgd",
    learningRate,
    states,
    hyperparameters: { learningRate, momentum, dampening, nesterov, weightDecay },
    start(updates) {
      let damping = updates === 0 ? 0 : dampening;
      return ({ kernels, length, parameters, gradients, state }, rate, decay) => {
        const velocity = states === 0 ? 0 : state;
        kernels.sgd(length, parameters, gradients, velocity, rate, momentum, damping, nesterov, weightDecay + decay);
        damping = dampening;
      };
    },
  };
}

/** The hyperparameters of `adagrad`. */
export interface AdagradOptions {
  /** η > 0. */
  learningRate: number;
  /** ε ≥ 0; 1e-10 by default. */
  epsilon?: number;
  /** λ added as λ·p to the gradient; 0 by default. */
  weightDecay?: number;
}

/**
 * AdaGrad: s ← s + g², p ← p − η·g / (√s + ε). As torch.optim.Adagrad; Duchi, Hazan and Singer 2011.
 *
 * @throws RangeError, TypeError
 */
export function adagrad(options: AdagradOptions): Optimizer {
  checkOptions("options", options, ["learningRate", "epsilon", "weightDecay"]);
  const learningRate = checkRate(options.learningRate);
  const epsilon = checkNotNegative("epsilon", options.epsilon ?? 1e-10);
  const weightDecay = checkNotNegative("weightDecay", options.weightDecay ?? 0);
  return {
    name: "adagrad",
    learningRate,
    states: 1,
    hyperparameters: { learningRate, epsilon, weightDecay },
    start: () => (block, rate, decay) => {
      const { kernels, length, parameters, gradients, state } = block;
      kernels.adagrad(length, parameters, gradients, state, rate, epsilon, weightDecay + decay);
    },
  };
}

/** The hyperparameters of `rmsprop`. */
export interface RmspropOptions {
  /** η > 0. */
  learningRate: number;
  /** Decay of the mean square, 0 ≤ α < 1; 0.99 by default. */
  alpha?: number;
  /** ε ≥ 0; 1e-8 by default. */
  epsilon?: number;
  /** μ ≥ 0; 0 by default. */
  momentum?: number;
  /** Divides by the standard deviation of the gradient instead of its root mean square; false by default. */
  centered?: boolean;
  /** λ added as λ·p to the gradient; 0 by default. */
  weightDecay?: number;
}

/**
 * RMSProp: s ← α·s + (1 − α)·g², u = g / (√s + ε), p ← p − η·u, or with momentum v ← μ·v + u, p ← p − η·v. As
 * torch.optim.RMSprop; Tieleman and Hinton 2012.
 *
 * @throws RangeError, TypeError
 */
export function rmsprop(options: RmspropOptions): Optimizer {
  checkOptions("options", options, ["learningRate", "alpha", "epsilon", "momentum", "centered", "weightDecay"]);
  const learningRate = checkRate(options.learningRate);
  const alpha = checkShare("alpha", options.alpha ?? 0.99);
  const epsilon = checkNotNegative("epsilon", options.epsilon ?? 1e-8);
  const momentum = checkNotNegative("momentum", options.momentum ?? 0);
  const centered = checkBoolean("centered", options.centered ?? false);
  const weightDecay = checkNotNegative("weightDecay", options.weightDecay ?? 0);
  const meanIndex = 1;
  const velocityIndex = centered ? 2 : 1;
  return {
    name: "rmsprop",
    learningRate,
    states: 1 + (centered ? 1 : 0) + (momentum === 0 ? 0 : 1),
    hyperparameters: { learningRate, alpha, epsilon, momentum, centered, weightDecay },
    start: () => (block, rate, decay) => {
      const { kernels, length, parameters, gradients, state, stride } = block;
      const mean = centered ? state + meanIndex * stride : 0;
      const velocity = momentum === 0 ? 0 : state + velocityIndex * stride;
      kernels.rmsprop(
        length,
        parameters,
        gradients,
        state,
        mean,
        velocity,
        rate,
        alpha,
        epsilon,
        momentum,
        weightDecay + decay,
      );
    },
  };
}

/** The hyperparameters of `adam` and `adamw`. */
export interface AdamOptions {
  /** η > 0. */
  learningRate: number;
  /** 0 ≤ β₁ < 1; 0.9 by default. */
  beta1?: number;
  /** 0 ≤ β₂ < 1; 0.999 by default. */
  beta2?: number;
  /** ε ≥ 0; 1e-8 by default. */
  epsilon?: number;
  /** adam: λ added as λ·p to the gradient, 0 by default. adamw: p ← (1 − η·λ)·p before the step, 0.01 by default. */
  weightDecay?: number;
  /** Divides by the running maximum of the second moment; false by default. */
  amsgrad?: boolean;
}

/**
 * Adam: m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², p ← p − η/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + ε). As torch.optim.Adam;
 * Kingma and Ba 2015.
 *
 * @throws RangeError, TypeError
 */
export function adam(options: AdamOptions): Optimizer {
  return adamFamily("adam", options, 0, false);
}

/**
 * Adam with decoupled weight decay, on weights and biases. As torch.optim.AdamW; Loshchilov and Hutter 2019.
 *
 * @throws RangeError, TypeError
 */
export function adamw(options: AdamOptions): Optimizer {
  return adamFamily("adamw", options, 0.01, true);
}

function adamFamily(name: string, options: AdamOptions, defaultDecay: number, decoupled: boolean): Optimizer {
  checkOptions("options", options, ["learningRate", "beta1", "beta2", "epsilon", "weightDecay", "amsgrad"]);
  const learningRate = checkRate(options.learningRate);
  const beta1 = checkShare("beta1", options.beta1 ?? 0.9);
  const beta2 = checkShare("beta2", options.beta2 ?? 0.999);
  const epsilon = checkNotNegative("epsilon", options.epsilon ?? 1e-8);
  const weightDecay = checkNotNegative("weightDecay", options.weightDecay ?? defaultDecay);
  const amsgrad = checkBoolean("amsgrad", options.amsgrad ?? false);
  return {
    name,
    learningRate,
    states: amsgrad ? 3 : 2,
    hyperparameters: { learningRate, beta1, beta2, epsilon, weightDecay, amsgrad },
    start(updates) {
      const corrections = { mean: correctionAfter(updates, beta1), squares: correctionAfter(updates, beta2) };
      return ({ kernels, length, parameters, gradients, state, stride }, rate, decay) => {
        corrections.mean = nextCorrection(corrections.mean, beta1);
        corrections.squares = nextCorrection(corrections.squares, beta2);
        const largest = amsgrad ? state + 2 * stride : 0;
        const unbias = Math.sqrt(corrections.squares);
        const unbiasedRate = (rate * unbias) / corrections.mean;
        const keep = decoupled ? 1 - rate * weightDecay : 1;
        const coupled = decoupled ? decay : weightDecay + decay;
        kernels.adam(
          length,
          parameters,
          gradients,
          state,
          state + stride,
          largest,
          unbiasedRate,
          beta1,
          beta2,
          epsilon * unbias,
          keep,
          coupled,
        );
      };
    },
  };
}

/** 1 − βᵗ from 1 − βᵗ⁻¹: the powers themselves would decay into denormal numbers, which processors are slow at. */
function nextCorrection(correction: number, beta: number): number {
  return beta * correction + (1 - beta);
}

/** The correction that so many updates came to, by the same roundings. */
function correctionAfter(updates: number, beta: number): number {
  let correction = 0;
  for (let update = 0, previous = -1; update < updates && correction !== previous; update++) {
    previous = correction;
    correction = nextCorrection(correction, beta);
  }
  return correction;
}

/** A learning rate that stays finite in single precision. */
function checkRate(value: unknown): number {
  return checkScheduled(checkPositive("learningRate", value));
}

/** What a schedule gives: a learning rate that may be 0, where a warm-up begins or a decay ends. */
export function checkScheduled(value: unknown): number {
  const rate = checkNotNegative("learningRate", value);
  if (!Number.isFinite(Math.fround(rate)))
    throw rangeError("learningRate", "a number that fits single precision", rate);
  return rate;
}
