// The public network: checks arguments at the edge, and hands the work to the model, the trainer and the loop.
import { checkGradient, type GradCheckOptions, type GradCheckReport } from "../differentiation/gradcheck.js";
import { DTYPES, type DType, type FloatArray } from "../engine/dtype.js";
import { Engine } from "../engine/engine.js";
import { Matrix } from "../engine/matrix.js";
import { ShapeError } from "../errors.js";
import type { Layer } from "../network/layers.js";
import { type Loss, parseLoss } from "../network/loss.js";
import { Model } from "../network/model.js";
import { parseTopology } from "../network/topology.js";
import {
  checkTargets,
  countRows,
  flatten,
  parseDataset,
  type Rows,
  stageRows,
  stageTargets,
  type Targets,
} from "../training/batches.js";
import { type Evaluation, evaluate, outputsOf } from "../training/evaluate.js";
import { checkOptimizer, type FitOptions, fit, type History, parseFit } from "../training/fit.js";
import type { Optimizer } from "../training/optimizer.js";
import { Trainer } from "../training/trainer.js";
import {
  checkBoolean,
  checkInteger,
  checkName,
  checkNotNegative,
  checkObject,
  checkOptions,
  checkPositive,
  typeError,
} from "../validate.js";

export interface NetworkOptions {
  /** Width of an input row. */
  inputs: number;
  /** At least one layer, the last one dense. */
  layers: readonly Layer[];
  /**
   * What training minimizes. Under softmaxCrossEntropy and binaryCrossEntropy the outputs are logits, so that the last layer
   * has no activation as a rule; `predict` applies softmax or sigmoid.
   */
  loss: Loss;
  /** An integer ≥ 0 that first weights, order of rows and dropout masks follow from; 0 by default. */
  seed?: number;
  /** "float32" by default. */
  dtype?: DType;
  /** A shared default engine if not given. */
  engine?: Engine;
  /** Rows that memory is planned for at once; 32 by default. Larger batches make a new plan when they come. */
  batchSize?: number;
  /** λ of the L1 penalty on weights: a soft threshold after each update, so that weights become exactly zero. */
  l1?: number;
  /** λ of the L2 penalty ½λ‖p‖² on weights and biases. */
  l2?: number;
}

export interface Parameter {
  /** "0.weight", "0.bias", "1.weight", …, counting dense layers. */
  readonly name: string;
  /** `[outputs, inputs]` of a weight, `[outputs]` of a bias. */
  readonly shape: readonly number[];
  /** A copy of the values, row-major. */
  readonly values: FloatArray;
  /** A copy of the gradient that the last backward pass left, row-major. */
  readonly gradient: FloatArray;
}

/** What one layer holds after a pass over `rows` rows; each array is a copy, row-major `[rows, units]`. */
export interface LayerState {
  readonly kind: "dense" | "dropout";
  readonly units: number;
  /** W·a + b. */
  readonly z: FloatArray;
  /** f(z). */
  readonly a: FloatArray;
  /** ∂C/∂z, after a backward pass. */
  readonly delta: FloatArray;
}

export interface NetworkMemory {
  parameters: number;
  gradients: number;
  optimizer: number;
  /** Inputs, targets, z, a and δ of a batch. */
  activations: number;
  workspace: number;
  total: number;
}

const OPTIONS: readonly (keyof NetworkOptions)[] = [
  "inputs",
  "layers",
  "loss",
  "seed",
  "dtype",
  "engine",
  "batchSize",
  "l1",
  "l2",
];

const LARGEST_SEED = Number.MAX_SAFE_INTEGER;

export class Network {
  readonly #model: Model;
  readonly #trainer: Trainer;
  #epochs = 0;
  #fitting = false;
  #inputGradient: FloatArray | null = null;

  private constructor(model: Model, trainer: Trainer) {
    this.#model = model;
    this.#trainer = trainer;
  }

  /**
   * Makes a network and draws its first weights.
   *
   * @throws RangeError, TypeError that name the option
   * @throws OutOfMemoryError where the arena cannot hold it; the engine stays usable
   * @throws UnsupportedHostError where no engine was given and the default one cannot be made
   */
  static async create(options: NetworkOptions): Promise<Network> {
    checkOptions("options", options, OPTIONS);
    const { seed = 0, dtype = "float32", batchSize = 32, l1 = 0, l2 = 0 } = options;
    const topology = parseTopology(options.inputs, options.layers);
    const loss = parseLoss(options.loss);
    checkInteger("seed", seed, 0, LARGEST_SEED);
    checkName("dtype", dtype, DTYPES);
    checkInteger("batchSize", batchSize, 1);
    const penalties = { l1: checkNotNegative("l1", l1), l2: checkNotNegative("l2", l2) };
    if (options.engine !== undefined && !(options.engine instanceof Engine)) {
      throw typeError("engine", "an Engine", options.engine);
    }
    const engine = options.engine ?? (await Engine.shared());
    const model = new Model(engine, topology, loss, dtype, seed, batchSize);
    return new Network(model, new Trainer(model, penalties));
  }

  get inputs(): number {
    return this.#model.topology.inputs;
  }

  get outputs(): number {
    return this.#model.topology.outputs;
  }

  get dtype(): DType {
    return this.#model.dtype;
  }

  get engine(): Engine {
    return this.#model.engine;
  }

  /**
   * The last layer's outputs: logits, where the loss is one "from logits".
   *
   * @returns `[rows, outputs]`
   * @throws ShapeError, TypeError, DisposedError
   */
  forward(x: Rows): FloatArray {
    return this.#outputs(x, false);
  }

  /**
   * What the network says: `forward`, after sigmoid or softmax where the loss takes logits.
   *
   * @returns `[rows, outputs]`
   * @throws ShapeError, TypeError, DisposedError
   */
  predict(x: Rows): FloatArray {
    return this.#outputs(x, true);
  }

  /**
   * Forward and backward pass: fills every gradient. Dropout acts, with the masks of the coming training step.
   *
   * @returns the loss
   * @throws ShapeError, RangeError, TypeError, DisposedError
   */
  backward(x: Rows, y: Targets, options: { inputGradient?: boolean } = {}): number {
    const model = this.#live();
    checkOptions("options", options, ["inputGradient"]);
    const wantsInput = checkBoolean("inputGradient", options.inputGradient ?? false);
    const rows = this.#stage(x, y, wantsInput);
    model.forward(rows, true);
    const loss = model.evaluateLoss(rows);
    model.backward(rows, wantsInput);
    this.#inputGradient = wantsInput ? model.copy(model.inputDelta, rows * this.inputs) : null;
    return loss;
  }

  /** ∂loss/∂x `[rows, inputs]` of the last `backward`, where that was asked for it; null otherwise. */
  get inputGradient(): FloatArray | null {
    return this.#inputGradient;
  }

  /**
   * One update on one batch.
   *
   * The network keeps the state of one optimizer: call again with the same object to go on; another object starts anew.
   *
   * @returns the loss before the update
   * @throws NonFiniteError before anything is updated
   * @throws ShapeError, RangeError, TypeError, OutOfMemoryError, DisposedError
   */
  trainBatch(x: Rows, y: Targets, optimizer: Optimizer): number {
    this.#live();
    checkOptimizer(optimizer);
    const rows = this.#stage(x, y, false);
    return this.#trainer.step(optimizer, rows, optimizer.learningRate);
  }

  /**
   * Trains for some epochs. The event loop gets a turn every few milliseconds. Callbacks may use the network; a `trainBatch` with
   * another optimizer meanwhile starts the state of this one anew.
   *
   * @throws NonFiniteError, with the parameters of the last good step
   * @throws ShapeError, RangeError, TypeError, OutOfMemoryError, DisposedError
   */
  async fit(x: Rows, y: Targets, options: FitOptions): Promise<History> {
    const model = this.#live();
    const run = parseFit(model, x, y, options);
    if (this.#fitting) throw new Error("fit is running already on this network");
    this.#fitting = true;
    try {
      return await fit(model, this.#trainer, run, () => this.#epochs++);
    } finally {
      this.#fitting = false;
    }
  }

  /**
   * Loss, and accuracy where the loss is one of classification, without dropout.
   *
   * @throws ShapeError, RangeError, TypeError, DisposedError
   */
  evaluate(x: Rows, y: Targets): Evaluation {
    const model = this.#live();
    return evaluate(model, parseDataset(model.engine, "x", "y", x, y, this.inputs, this.outputs));
  }

  /** Every weight and bias, in the order of the layers, as of now. */
  get parameters(): Parameter[] {
    const model = this.#live();
    return model.parameterPlan.tensors.map(({ name, shape, length, offset }) => ({
      name,
      shape: [...shape],
      get values() {
        model.checkAlive();
        return model.copy(model.parameters + offset, length);
      },
      get gradient() {
        model.checkAlive();
        return model.copy(model.gradients + offset, length);
      },
    }));
  }

  /**
   * Writes parameters by name; those not named stay.
   *
   * @throws ShapeError for a name there is not or a wrong size, before anything is written
   */
  setParameters(values: Record<string, ArrayLike<number>>): void {
    const model = this.#live();
    const entries = Object.entries(checkObject("values", values) as Record<string, Rows>).map(([name, given]) => {
      const tensor = model.parameterPlan.tensors.find((candidate) => candidate.name === name);
      if (tensor === undefined) {
        const known = model.parameterPlan.tensors.map((candidate) => candidate.name).join(", ");
        throw new ShapeError(`no parameter "${name}"; there are ${known}`);
      }
      const flat = flatten(model.engine, name, given, tensor.shape.at(-1) as number);
      if (flat.length !== tensor.length) {
        throw new ShapeError(
          `"${name}" expected ${tensor.shape.join(" × ")} = ${tensor.length} numbers, got ${flat.length}`,
        );
      }
      return { address: model.parameters + tensor.offset, flat };
    });
    for (const { address, flat } of entries) model.write(address, flat);
  }

  /**
   * Every layer's z, a and δ, as the last pass left them: that of `backward` or `trainBatch`, the last batch of `fit`, the last
   * rows of `forward`, `predict` or `evaluate` (δ is then that of an earlier pass). Without a pass there are no rows.
   */
  get layers(): LayerState[] {
    const model = this.#live();
    const { rows } = model;
    return model.topology.layers.map(({ kind, outputs }, index) => ({
      kind,
      units: outputs,
      z: model.copy(model.placeOf(index).z, rows * outputs),
      a: model.copy(model.placeOf(index).a, rows * outputs),
      delta: model.copy(model.placeOf(index).delta, rows * outputs),
    }));
  }

  /** Share of the weights that are exactly zero. */
  get sparsity(): number {
    const model = this.#live();
    const weights = model.parameterPlan.tensors.filter((tensor) => tensor.kind === "weight");
    const zeros = weights.map(({ length, offset }) => model.kernels.countZeros(length, model.parameters + offset));
    const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);
    return sum(zeros) / sum(weights.map((tensor) => tensor.length));
  }

  /** Bytes that the network holds in the arena. */
  get memory(): NetworkMemory {
    const { parameterPlan, plan } = this.#live();
    const parts = {
      parameters: parameterPlan.bytes,
      gradients: parameterPlan.bytes,
      optimizer: this.#trainer.stateBytes,
      activations: plan.bytes,
      workspace: plan.workspaceBytes,
    };
    return { ...parts, total: Object.values(parts).reduce((total, bytes) => total + bytes, 0) };
  }

  /** Gives the memory back early. Calling it again does nothing; calling anything else throws DisposedError. */
  dispose(): void {
    if (this.#model.disposed) return;
    this.#trainer.dispose();
    this.#model.dispose();
  }

  /** @internal */
  gradCheck(x: Rows, y: Targets, options: GradCheckOptions): GradCheckReport {
    const model = this.#live();
    checkOptions("options", options, ["epsilon", "sampleSize", "seed"]);
    const epsilon = checkPositive("epsilon", options.epsilon ?? (this.dtype === "float64" ? 1e-4 : 1e-2));
    const sampleSize = checkInteger("sampleSize", options.sampleSize ?? Number.MAX_SAFE_INTEGER, 1, LARGEST_SEED);
    const seed = checkInteger("seed", options.seed ?? 0, 0, LARGEST_SEED);
    return checkGradient(model, this.#stage(x, y, false), epsilon, sampleSize, seed);
  }

  #outputs(x: Rows, linked: boolean): FloatArray {
    const model = this.#live();
    const flat = flatten(model.engine, "x", x, this.inputs);
    return outputsOf(model, flat, countRows("x", flat, this.inputs), linked);
  }

  /**
   * Checks a batch and puts it into the arena; allocates nothing once the plan is large enough. A matrix of the engine, in the
   * network's precision, is read where it stands.
   */
  #stage(x: Rows, y: Targets, wantsInputDelta: boolean): number {
    const model = this.#model;
    const { engine, dtype, topology } = model;
    const { inputs, outputs } = topology;
    const inPlace = x instanceof Matrix && x.isIn(engine.arena) && x.dtype === dtype && x.cols === inputs;
    const flatX = inPlace ? x.values : flatten(engine, "x", x, inputs);
    const flatY = flatten(engine, "y", y, outputs);
    const rows = countRows("x", flatX, inputs);
    const kind = checkTargets("y", flatY, rows, outputs);
    model.reserve(rows, wantsInputDelta);
    if (inPlace) model.readFrom(x.address);
    else stageRows(model, flatX, 0, rows);
    stageTargets(model, flatY, kind, 0, rows);
    return rows;
  }

  #live(): Model {
    this.#model.checkAlive();
    return this.#model;
  }
}

/**
 * Checks the backward pass of a network against numerical derivatives of its loss, on one batch. The parameters are left as
 * they were. For a verdict to 1e-6 use a float64 network.
 *
 * @throws ShapeError, RangeError, TypeError, DisposedError
 */
export function gradCheck(net: Network, x: Rows, y: Targets, options: GradCheckOptions = {}): GradCheckReport {
  if (!(net instanceof Network)) throw typeError("net", "a Network", net);
  return net.gradCheck(x, y, options);
}
