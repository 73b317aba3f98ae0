// The layers that a user writes down.
import type { Activation } from "./activation.js";
import type { Initializer } from "./initializer.js";

/** The parameters of a dense layer: whether there is a bias, and how the first values are drawn. */
export interface DenseOptions {
  /** Whether the layer has a bias; true by default. */
  bias?: boolean;
  /** He uniform before a relu-like activation (relu, leakyRelu, elu, gelu, geluTanh, silu), Glorot uniform otherwise. */
  weightInit?: Initializer;
  /** Zeros by default. */
  biasInit?: Initializer;
}

/** Made by `dense`: f(W·a + b). */
export interface DenseLayer {
  /** What tells the layers apart. */
  readonly kind: "dense";
  /** Outputs of the layer. */
  readonly units: number;
  /** f */
  readonly activation: Activation;
  /** As given to `dense`. */
  readonly options: DenseOptions;
}

/** Made by `dropout`. */
export interface DropoutLayer {
  /** What tells the layers apart. */
  readonly kind: "dropout";
  /** The probability of a zero. */
  readonly rate: number;
}

/** What a network's `layers` are made of. */
export type Layer = DenseLayer | DropoutLayer;

/** Where several nodes of a graph flow together. */
export interface Junction {
  /** What is made of the sources. */
  readonly kind: "add" | "concatenate";
}

/**
 * A fully connected layer: a = f(W·x + b), W `[units, inputs]`. Its arguments are checked by `Network.create`.
 *
 * @param units outputs of the layer
 * @param activation f; identity by default
 * @param options bias and initializers
 */
export function dense(units: number, activation: Activation = "identity", options: DenseOptions = {}): DenseLayer {
  return { kind: "dense", units, activation, options };
}

/**
 * Inverted dropout (Srivastava et al. 2014): in training each input is zero with probability `rate` and divided by
 * 1 − rate otherwise; in `forward` and `predict` inputs pass unchanged.
 *
 * @param rate 0 ≤ rate < 1
 */
export function dropout(rate: number): DropoutLayer {
  return { kind: "dropout", rate };
}

/** In a graph: the sum of its sources, which have one width. */
export function add(): Junction {
  return { kind: "add" };
}

/** In a graph: the rows of its sources, one behind the other. */
export function concatenate(): Junction {
  return { kind: "concatenate" };
}
