// Activations by name: what the kernels call them, and their parameter.
import { Activation as Code } from "../../assembly/codes.js";
import { checkName, checkNumber, checkOptions, typeError } from "../validate.js";

/**
 * The activations a = f(z), as `dense` takes them:
 *
 * - `identity`: z
 * - `relu`: max(z, 0)
 * - `leakyRelu`: z where z > 0, α·z elsewhere
 * - `elu`: z where z > 0, α(eᶻ − 1) elsewhere (Clevert, Unterthiner and Hochreiter 2016)
 * - `selu`: 1.0507 times an elu with α = 1.6733 (Klambauer and others 2017)
 * - `sigmoid`: σ(z) = 1 / (1 + e⁻ᶻ)
 * - `tanh`: the hyperbolic tangent
 * - `gelu`: z·Φ(z), Φ the distribution function of the standard normal distribution (Hendrycks and Gimpel 2016)
 * - `geluTanh`: ½z(1 + tanh(√(2/π)(z + 0.044715z³))), an approximation of it
 * - `silu`: z·σ(z)
 * - `softplus`: log(1 + eᶻ)
 * - `softmax`: eᶻ / Σ eᶻ over the units of a row
 */
export type ActivationName =
  | "identity"
  | "relu"
  | "leakyRelu"
  | "elu"
  | "selu"
  | "sigmoid"
  | "tanh"
  | "gelu"
  | "geluTanh"
  | "silu"
  | "softplus"
  | "softmax";

/** A name, or a name with its parameter. */
export type Activation =
  | ActivationName
  | {
      type: ActivationName;
      /** α of leakyRelu, 0.01 by default, or of elu, 1 by default; an error with the others. */
      alpha?: number;
    };

export const ACTIVATIONS: readonly ActivationName[] = [
  "identity",
  "relu",
  "leakyRelu",
  "elu",
  "selu",
  "sigmoid",
  "tanh",
  "gelu",
  "geluTanh",
  "silu",
  "softplus",
  "softmax",
];

const ALPHA: Partial<Record<ActivationName, number>> = { leakyRelu: 0.01, elu: 1 };

/** Those that let large inputs pass on one side, so that He's initialization keeps the variance. */
const RELU_LIKE: readonly ActivationName[] = ["relu", "leakyRelu", "elu", "gelu", "geluTanh", "silu"];

/** A validated activation. */
export interface ActivationSpec {
  readonly name: ActivationName;
  /** The elementwise kernel; identity for softmax, which works on rows. */
  readonly code: Code;
  /** The kernel's parameter; 0 where it has none. */
  readonly slope: number;
}

/** @throws TypeError, RangeError */
export function parseActivation(argument: string, activation: unknown): ActivationSpec {
  const isObject = typeof activation === "object" && activation !== null;
  const options = (isObject ? activation : { type: activation }) as { type?: unknown; alpha?: unknown };
  checkOptions(argument, options, ["type", "alpha"]);
  const name = checkName(isObject ? `${argument}.type` : argument, options.type, ACTIVATIONS);
  const preset = ALPHA[name];
  if (options.alpha !== undefined && preset === undefined) {
    throw typeError(`${argument}.alpha`, `no parameter for ${name}`, options.alpha);
  }
  const slope = options.alpha === undefined ? (preset ?? 0) : checkNumber(`${argument}.alpha`, options.alpha);
  return { name, code: name === "softmax" ? Code.identity : Code[name], slope };
}

export function isReluLike(activation: ActivationSpec): boolean {
  return RELU_LIKE.includes(activation.name);
}
