// Activations as ONNX operators: how each is written, and by what it is known again.
import type { Activation, ActivationName } from "../index.js";

/** Activations that are one operator. */
export const OPERATOR_NAMES = {
  relu: "Relu",
  leakyRelu: "LeakyRelu",
  elu: "Elu",
  selu: "Selu",
  sigmoid: "Sigmoid",
  tanh: "Tanh",
  softplus: "Softplus",
  softmax: "Softmax",
} satisfies Partial<Record<ActivationName, string>>;

/** Those that ONNX Runtime has in single precision only; silu when it has fused its operators. */
export const SINGLE_ONLY: readonly ActivationName[] = ["leakyRelu", "elu", "selu", "softplus", "gelu", "silu"];

/** Factors of the approximation of GELU (Hendrycks and Gimpel 2016): √(2/π), and that of x³. */
export const GELU_TANH = { inner: Math.sqrt(2 / Math.PI), cubic: 0.044715 };

/**
 * An elementwise expression in one value, in a form that does not depend on the order of factors and summands: a number times
 * factors, each a text in "x".
 */
export interface Expression {
  readonly coefficient: number;
  readonly factors: readonly string[];
}

export const VALUE: Expression = { coefficient: 1, factors: ["x"] };

export function constant(coefficient: number): Expression {
  return { coefficient, factors: [] };
}

export function product(a: Expression, b: Expression): Expression {
  return { coefficient: a.coefficient * b.coefficient, factors: [...a.factors, ...b.factors].sort() };
}

export function sum(a: Expression, b: Expression): Expression {
  return { coefficient: 1, factors: [`(${[textOf(a), textOf(b)].sort().join("+")})`] };
}

/** f(a, …), with f an operator with its attributes. */
export function applied(f: string, ...values: readonly Expression[]): Expression {
  return { coefficient: 1, factors: [`${f}(${values.map(textOf).join()})`] };
}

export function textOf({ coefficient, factors }: Expression): string {
  const number = coefficient === 1 && factors.length > 0 ? [] : [String(Number(coefficient.toPrecision(5)))];
  return [...number, ...factors].join("*");
}

/** No activation has a longer text. Products of products double theirs, so that longer ones are refused at once. */
export const LONGEST = 80;

/** Activations that are several operators, by their texts. */
const COMPOSITES: ReadonlyMap<string, ActivationName> = new Map([
  ["Sigmoid(x)*x", "silu"],
  ["0.5*(1+Erf(0.70711*x))*x", "gelu"],
  ["0.5*(1+Tanh(0.79788*(0.044715*x*x*x+x)))*x", "geluTanh"],
  // As PyTorch computes it, which takes softplus(x) = x from 20 on.
  ["Where(Greater(x,20),x,Softplus(x))", "softplus"],
  ["Gelu(x)", "gelu"],
  ["Gelu:tanh(x)", "geluTanh"],
]);

/** The activation with a text; undefined where there is none. */
export function activationOf(text: string): Activation | undefined {
  if (text === "x") return "identity";
  const composite = COMPOSITES.get(text);
  if (composite !== undefined) return composite;
  const [, operator, alpha] = /^([A-Za-z]+)(?::([^()]+))?\(x\)$/.exec(text) ?? [];
  const [name] = Object.entries(OPERATOR_NAMES).find(([, candidate]) => candidate === operator) ?? [];
  if (name === undefined) return undefined;
  const type = name as ActivationName;
  return alpha === undefined ? type : { type, alpha: Number(alpha) };
}
