// The shared fixtures (test/fixtures/*.json), and what their names are called in the library.
import { readFileSync } from "node:fs";
import {
  type Activation,
  adagrad,
  adam,
  adamw,
  cosineDecay,
  dense,
  exponentialDecay,
  inverseTimeDecay,
  type Loss,
  Network,
  type NetworkOptions,
  type Optimizer,
  oneCycle,
  rmsprop,
  type Schedule,
  sgd,
  stepDecay,
} from "../../src/index.js";

/** A named thing with its hyperparameters beside the name. */
export interface Named {
  name: string;
  [hyperparameter: string]: unknown;
}

export interface LayerFixture {
  in: number;
  out: number;
  activation: Named;
  /** `[out][in]` */
  weight: number[];
  bias: number[] | null;
}

export interface TargetFixture {
  kind: "values" | "class_index" | "probabilities";
  data: number[];
}

export function loadFixtures<T>(file: string): T {
  return JSON.parse(readFileSync(new URL(`../fixtures/${file}`, import.meta.url), "utf8")) as T;
}

const ACTIVATIONS: Record<string, string> = {
  identity: "identity",
  relu: "relu",
  leaky_relu: "leakyRelu",
  elu: "elu",
  selu: "selu",
  sigmoid: "sigmoid",
  tanh: "tanh",
  gelu: "gelu",
  gelu_tanh: "geluTanh",
  silu: "silu",
  softplus: "softplus",
  softmax: "softmax",
};

const LOSSES: Record<string, object> = {
  mse: { type: "meanSquaredError" },
  mae: { type: "meanAbsoluteError" },
  huber: { type: "huber" },
  bce_with_logits: { type: "binaryCrossEntropy" },
  bce: { type: "binaryCrossEntropy", from: "probabilities" },
  softmax_cross_entropy: { type: "softmaxCrossEntropy" },
};

// Each maker checks the names of its options when it is called, so that a slip in a fixture or here cannot go unnoticed.
const OPTIMIZERS: Record<string, (options: never) => Optimizer> = { sgd, adagrad, rmsprop, adam, adamw };

const SCHEDULES: Record<string, (options: never) => Schedule> = {
  step: stepDecay,
  exponential: exponentialDecay,
  cosine: cosineDecay,
  inverse_time: inverseTimeDecay,
  one_cycle: oneCycle,
};

/** Hyperparameters that the library calls otherwise. */
const HYPERPARAMETERS: Record<string, string> = {
  label_smoothing: "labelSmoothing",
  lr: "learningRate",
  eps: "epsilon",
  weight_decay: "weightDecay",
  base_lr: "base",
  step_size: "stepSize",
  T_max: "period",
  eta_min: "minimum",
  max_lr: "max",
  total_steps: "totalSteps",
  pct_start: "warmup",
  div_factor: "divisor",
  final_div_factor: "finalDivisor",
};

function entryOf<T>(table: Record<string, T>, name: string): T {
  const entry = table[name];
  if (entry === undefined) throw new Error(`the library has no ${name}`);
  return entry;
}

/** Whether the library has the activation, loss, optimizer or schedule of this name. */
export function isKnown(kind: "activation" | "loss" | "optimizer" | "schedule", { name }: Named): boolean {
  return name in { activation: ACTIVATIONS, loss: LOSSES, optimizer: OPTIMIZERS, schedule: SCHEDULES }[kind];
}

/** The hyperparameters under the library's names, without the name and those that are left out. */
function optionsOf({ name: _, ...fixture }: Named, ...leftOut: string[]): object {
  const kept = Object.entries(fixture).filter(([key]) => !leftOut.includes(key));
  return Object.fromEntries(kept.map(([key, value]) => [HYPERPARAMETERS[key] ?? key, value]));
}

export function activationOf(fixture: Named): Activation {
  return { type: entryOf(ACTIVATIONS, fixture.name), ...optionsOf(fixture) } as Activation;
}

export function lossOf(fixture: Named): Loss {
  return { ...entryOf(LOSSES, fixture.name), ...optionsOf(fixture) } as Loss;
}

/** The optimizer; clipping is not its business, but that of `fit`. */
export function optimizerOf(fixture: Named): Optimizer {
  return entryOf(OPTIMIZERS, fixture.name)(optionsOf(fixture, "clip_norm", "clip_value") as never);
}

/** The schedule. One cycle has no base of its own, and always anneals by a cosine. */
export function scheduleOf(fixture: Named): Schedule {
  const leftOut = fixture.name === "one_cycle" ? ["base_lr", "anneal_strategy"] : [];
  return entryOf(SCHEDULES, fixture.name)(optionsOf(fixture, ...leftOut) as never);
}

/** The network of a fixture, with its weights. */
export async function networkOf(
  { layers, loss }: { layers: LayerFixture[]; loss: Named },
  options: Pick<NetworkOptions, "dtype" | "engine" | "batchSize" | "l2" | "checkpoint">,
): Promise<Network> {
  const net = await Network.create({
    ...options,
    inputs: layers[0]?.in as number,
    layers: layers.map(({ out, activation, bias }) => dense(out, activationOf(activation), { bias: bias !== null })),
    loss: lossOf(loss),
  });
  net.setParameters(
    namedParameters(
      layers.map(({ weight }) => weight),
      layers.map(({ bias }) => bias),
    ),
  );
  return net;
}

/** Weights and biases by layer, under the names that the library gives them. */
export function namedParameters(weights: number[][], biases: (number[] | null)[]): Record<string, number[]> {
  const named: Record<string, number[]> = {};
  for (const [index, weight] of weights.entries()) named[`${index}.weight`] = weight;
  for (const [index, bias] of biases.entries()) if (bias) named[`${index}.bias`] = bias;
  return named;
}
