// Activations by name: what the kernels call them, and their parameter.
import { Activation as Code } from "../../assembly/codes.js";
import { checkName, checkNumber, checkOptions, typeError } from "../validate.js";

/** The activations, as `dense` takes them. */
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

/** A name, or a name with its parameter: `alpha` is the slope of leakyRelu (0.01) and the scale of elu (1). */
export type Activation = ActivationName | { type: ActivationName; alpha?: number };

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
