// The public network: checks arguments at the edge, and hands the work to the model, the trainer and the loop.
import { hessianVectorProduct } from "../differentiation/hessian.js";
import {
  type Jacobian,
  type JacobianMode,
  jacobianByInputs,
  jacobianByParameters,
} from "../differentiation/jacobian.js";
import { perSampleGradients, type SampleGradients } from "../differentiation/persample.js";
import {
  type Direction,
  jacobianVectorProduct,
  type VectorJacobianProduct,
  vectorJacobianProduct,
} from "../differentiation/products.js";
import type { DType, FloatArray } from "../engine/dtype.js";
import { Engine } from "../engine/engine.js";
import { Matrix } from "../engine/matrix.js";
import { FormatError, ShapeError } from "../errors.js";
import { readSafetensors } from "../format/safetensors.js";
import { Model } from "../network/model.js";
import { asFormatError, dtypeOf, encode, networkIn } from "../network/stored.js";
import type { Topology } from "../network/topology.js";
import { numberedPrefixes, readWeights, writeWeights } from "../network/weights.js";
import { checkTargets, countRows } from "../rows.js";
import type { Standardization } from "../selection/standardization.js";
import {
  type Flat,
  flatten,
  flattenInputs,
  type Inputs,
  parseDataset,
  type Rows,
  stageRows,
  stageTargets,
  type Targets,
} from "../training/batches.js";
import { readCheckpoint, writeCheckpoint } from "../training/checkpoint.js";
import { type Evaluation, evaluate, outputsOf } from "../training/evaluate.js";
import { fit } from "../training/fit.js";
import { checkOptimizer, type FitOptions, parseFit } from "../training/fit-options.js";
import type { History } from "../training/history.js";
import type { Optimizer } from "../training/optimizer.js";
import type { Progress } from "../training/run-state.js";
import { Trainer } from "../training/trainer.js";
import { checkBoolean, checkBytes, checkName, checkObject, checkOptions } from "../validate.js";
import {
  checkEngine,
  NETWORK_OPTIONS,
  type NetworkOptions,
  parseNetwork,
  parseTopology,
  readOptions,
  writtenOptions,
} from "./network-options.js";

/** The weight or the bias of a dense layer. Its arrays are copied when they are read, with the numbers of that moment. */
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

/**
 * What one layer holds after a pass over `rows` rows; each array is a copy, row-major `[rows, units]`. With checkpointing the
 * arrays of a layer that keeps nothing are empty.
 */
export interface LayerState {
  /** The node's name in a graph; in a chain the number that dense layers have in the names of their parameters. */
  readonly name: string;
  /** What the layer is. */
  readonly kind: "dense" | "dropout" | "add" | "concatenate";
  /** Its width. */
  readonly units: number;
  /** W·a + b. */
  readonly z: FloatArray;
  /** f(z). */
  readonly a: FloatArray;
  /** ∂C/∂z, after a backward pass. */
  readonly delta: FloatArray;
}

/** Bytes that a network takes in its engine's memory, as planned and as used. */
export interface NetworkMemory {
  /** Weights and biases. */
  parameters: number;
  /** As many as of parameters. */
  gradients: number;
  /** State of the optimizer: momentum, mean squares and the like. */
  optimizer: number;
  /** Inputs, targets, z, a and δ of a batch. */
  activations: number;
  /** Room that products take. */
  workspace: number;
  /** The sum of all these. */
  total: number;
}

/**
 * A multilayer perceptron with its parameters, gradients and the state of its training, in the memory of an engine. Made by
 * `Network.create`, or from a file by `Network.restore`, `Network.fromSafetensors` or `fromOnnx`.
 */
export class Network {
  readonly #model: Model;
  readonly #trainer: Trainer;
  readonly #progress: Progress = { orders: 0 };
  /** The options, as checkpoints keep them. */
  readonly #options: string;
  #fitting = false;
  #onDispose: (() => void) | undefined;
  #inputGradient: FloatArray | null = null;

  private constructor(model: Model, trainer: Trainer, options: string) {
    this.#model = model;
    this.#trainer = trainer;
    this.#options = options;
  }

  /**
   * Makes a network and draws its first weights.
   *
   * @throws RangeError, TypeError that name the option
   * @throws ShapeError for a standardization of other columns than the inputs
   * @throws OutOfMemoryError where the arena cannot hold it; the engine stays usable
   * @throws UnsupportedHostError where no engine was given and the default one cannot be made
   */
  static async create(options: NetworkOptions): Promise<Network> {
    const { topology, loss, dtype, seed, batchSize, segments, standardization, penalties } = parseNetwork(options);
    const engine = options.engine ?? (await Engine.shared());
    const model = new Model(engine, topology, loss, dtype, seed, batchSize, segments, standardization);
    return new Network(model, new Trainer(model, penalties), encode(writtenOptions(options)));
  }

  /**
   * The network of a checkpoint, to go on with: `fit` with `resume: true` ends an interrupted run, and other training is what it
   * would have been. The first optimizer with the checkpoint's hyperparameters goes on with its optimizer's state. Results are
   * the same bit for bit on engines with the same build.
   *
   * @param file what `checkpoint` gave
   * @param options engine: a shared default engine if not given
   * @throws FormatError where the file is none of a checkpoint
   * @throws TypeError, OutOfMemoryError, UnsupportedHostError
   */
  static async restore(file: Uint8Array, options: { engine?: Engine } = {}): Promise<Network> {
    checkBytes("file", file);
    checkOptions("options", options, ["engine"]);
    const engine = checkEngine(options.engine);
    let net: Network | undefined;
    try {
      const { network, load } = readCheckpoint(file);
      net = await Network.create({ ...readOptions(network), engine });
      load(net.#model, net.#trainer, net.#progress);
      return net;
    } catch (error) {
      net?.dispose();
      throw asFormatError(error);
    }
  }

  /**
   * A network with the parameters in a safetensors file: one that `toSafetensors` wrote, or with the options of `Network.create`
   * one from elsewhere, such as PyTorch's. The file's tensors are then "….weight" `[outputs, inputs]` and "….bias" `[outputs]`, no
   * more and no fewer than the network's. The names of a chain's layers may be any that differ in numbers alone ("0", "2"; "net.fc1",
   * "net.fc2"): they are taken in the order of the numbers. A graph's are the names of its nodes.
   *
   * F32 and F64 are read, as float64 where a tensor is, unless `dtype` asks for other numbers.
   *
   * @param options an engine, or all options of the network
   * @throws FormatError that names the byte, tensor or metadata at fault
   * @throws RangeError, TypeError, ShapeError for options that were given
   * @throws OutOfMemoryError, UnsupportedHostError
   */
  static async fromSafetensors(file: Uint8Array, options?: NetworkOptions | { engine?: Engine }): Promise<Network>;
  static async fromSafetensors(file: Uint8Array, options: Partial<NetworkOptions> = {}): Promise<Network> {
    checkBytes("file", file);
    checkOptions("options", options, NETWORK_OPTIONS);
    const { engine, ...given } = options;
    checkEngine(engine);
    const { tensors, metadata } = readSafetensors(file);
    const isForeign = Object.keys(given).length > 0;
    try {
      const known = isForeign ? given : readOptions(networkIn(metadata));
      const prefixes = known.graph ? undefined : numberedPrefixes(tensors);
      const { dtype = dtypeOf(tensors) } = known;
      const complete = { ...known, dtype, engine, batchSize: given.batchSize } as NetworkOptions;
      const topology = parseTopology(complete);
      const values = readWeights(tensors, topology, prefixes);
      if (!isForeign) checkWidths(topology, file);
      const net = await Network.create(complete);
      net.setParameters(values);
      return net;
    } catch (error) {
      throw isForeign ? error : asFormatError(error);
    }
  }

  /**
   * The network as a safetensors file, for `Network.fromSafetensors`: its parameters and, as metadata, its options. What training
   * needs to go on is not in it; `checkpoint` has that.
   *
   * The tensors of a chain are named as in PyTorch's nn.Sequential of Linear, activation and Dropout modules, those of a graph after
   * its nodes, so that `load_state_dict` takes them.
   *
   * @throws DisposedError
   */
  toSafetensors(): Uint8Array {
    return writeWeights(this.#live(), this.#options);
  }

  /**
   * The network as the bytes of one file in the safetensors format, for `Network.restore`: parameters under their own names,
   * optimizer state, options and where training stands, a running or interrupted `fit` included.
   *
   * @throws DisposedError
   */
  checkpoint(): Uint8Array {
    return writeCheckpoint(this.#live(), this.#trainer, this.#progress, this.#options);
  }

  /**
   * Makes this network, of the same options, what the checkpoint's is.
   *
   * @internal
   */
  load(file: Uint8Array): void {
    const { network, load } = readCheckpoint(file);
    const model = this.#live();
    model.reserve(network.batchSize as number);
    load(model, this.#trainer, this.#progress);
  }

  /** @internal */
  get trainer(): Trainer {
    return this.#trainer;
  }

  /** Width of an input row; in a graph of all its inputs together. */
  get inputs(): number {
    return this.#model.topology.inputs;
  }

  /** Width of an output row. */
  get outputs(): number {
    return this.#model.topology.outputs;
  }

  /** The precision of parameters, activations and gradients. */
  get dtype(): DType {
    return this.#model.dtype;
  }

  /** In whose memory the network is. */
  get engine(): Engine {
    return this.#model.engine;
  }

  /** What is done to rows before the first layer; undefined where they are taken as they are. */
  get standardization(): Standardization | undefined {
    return this.#model.scaling as Standardization | undefined;
  }

  /**
   * The last layer's outputs: logits, where the loss is one "from logits".
   *
   * @param x `[rows, inputs]`
   * @returns `[rows, outputs]`
   * @throws ShapeError, TypeError, DisposedError
   */
  forward(x: Inputs): FloatArray {
    return this.#outputs(x, false);
  }

  /**
   * What the network says: `forward`, after sigmoid or softmax where the loss takes logits.
   *
   * @param x `[rows, inputs]`
   * @returns `[rows, outputs]`
   * @throws ShapeError, TypeError, DisposedError
   */
  predict(x: Inputs): FloatArray {
    return this.#outputs(x, true);
  }

  /**
   * Forward and backward pass: fills every gradient. Dropout acts, with the masks of the coming training step.
   *
   * @param x `[rows, inputs]`
   * @param y `[rows, outputs]`, or the index of the right class for each row
   * @param options inputGradient: whether ∂loss/∂x is computed too, for `net.inputGradient`; false by default
   * @returns the loss
   * @throws ShapeError, RangeError, TypeError, DisposedError
   */
  backward(x: Inputs, y: Targets, options: { inputGradient?: boolean } = {}): number {
    const model = this.#live();
    checkOptions("options", options, ["inputGradient"]);
    const wantsInput = checkBoolean("inputGradient", options.inputGradient ?? false);
    const rows = this.#stage(x, y, wantsInput);
    model.forward(rows, true);
    const loss = model.evaluateLoss(rows);
    model.backward(rows, wantsInput);
    this.#inputGradient = wantsInput ? model.inputGradient(rows) : null;
    return loss;
  }

  /** ∂loss/∂x `[rows, inputs]`, x the rows as given, of the last `backward`, where that was asked for it; null otherwise. */
  get inputGradient(): FloatArray | null {
    return this.#inputGradient;
  }

  /**
   * One update on one batch.
   *
   * The network keeps the state of one optimizer: call again with the same object to go on; another object starts anew.
   *
   * @param x `[rows, inputs]`
   * @param y `[rows, outputs]`, or the index of the right class for each row
   * @returns the loss before the update
   * @throws NonFiniteError before anything is updated
   * @throws ShapeError, RangeError, TypeError, OutOfMemoryError, DisposedError
   */
  trainBatch(x: Inputs, y: Targets, optimizer: Optimizer): number {
    this.#live();
    checkOptimizer(optimizer);
    const rows = this.#stage(x, y, false);
    return this.#trainer.step(optimizer, rows, optimizer.learningRate);
  }

  /**
   * Trains for some epochs. The event loop gets a turn every few milliseconds. Callbacks may use the network; a `trainBatch` with
   * another optimizer meanwhile starts the state of this one anew.
   *
   * @param x `[rows, inputs]`
   * @param y `[rows, outputs]`, or the index of the right class for each row
   * @throws NonFiniteError, with the parameters of the last good step, unless it was that step's update that spoiled them
   * @throws ShapeError, RangeError, TypeError, OutOfMemoryError, DisposedError
   */
  async fit(x: Inputs, y: Targets, options: FitOptions): Promise<History> {
    const model = this.#live();
    const run = parseFit(model, x, y, options);
    return this.whileFitting(() => fit(model, this.#trainer, this.#progress, run));
  }

  /**
   * One at a time.
   *
   * @param onDispose called where the network is disposed meanwhile
   * @internal
   */
  async whileFitting<T>(train: () => Promise<T>, onDispose?: () => void): Promise<T> {
    if (this.#fitting) throw new Error("fit is running already on this network");
    this.#fitting = true;
    this.#onDispose = onDispose;
    try {
      return await train();
    } finally {
      this.#fitting = false;
      this.#onDispose = undefined;
    }
  }

  /**
   * Reverse mode: uᵀ·J, where J is the Jacobian of `forward`'s outputs. One forward and one backward pass.
   *
   * @param x `[rows, inputs]`
   * @param u `[rows, outputs]`
   * @throws ShapeError, TypeError, OutOfMemoryError, DisposedError
   */
  vjp(x: Inputs, u: Rows): VectorJacobianProduct {
    const { rows, flat } = this.#parseInputs(x);
    const checked = this.#checked("u", u, rows, this.outputs);
    this.#stageInputs(flat, rows, true);
    return vectorJacobianProduct(this.#model, rows, checked);
  }

  /**
   * Forward mode: J·v, the tangent `[rows, outputs]` of `forward`'s outputs while inputs and parameters move along v. One
   * forward pass and one of tangents.
   *
   * @param x `[rows, inputs]`
   * @param direction v; what it does not name stands still
   * @throws ShapeError, TypeError, OutOfMemoryError, DisposedError
   */
  jvp(x: Inputs, direction: Direction<Inputs>): FloatArray {
    const model = this.#live();
    checkOptions("direction", direction, ["x", "parameters"]);
    const { x: along, parameters } = direction;
    const { rows, flat } = this.#parseInputs(x);
    const tangent = along === undefined ? undefined : flattenInputs(model.engine, "direction.x", along, model.topology);
    if (tangent !== undefined) this.#checked("direction.x", tangent, rows, this.inputs);
    const write = parameters === undefined ? undefined : this.#writer("direction.parameters", parameters);
    this.#stageInputs(flat, rows, false);
    return jacobianVectorProduct(model, rows, tangent, write);
  }

  /**
   * The derivatives of `forward`'s outputs by the inputs, or by the parameters: the latter in reverse mode, of every row.
   *
   * @param x `[rows, inputs]`
   * @param options mode: "auto" (default) takes forward mode where there are fewer inputs than outputs
   * @throws ShapeError, RangeError, TypeError, OutOfMemoryError, DisposedError
   */
  jacobian(x: Inputs, options?: { mode?: JacobianMode; by?: "inputs" }): Jacobian;
  jacobian(x: Inputs, options: { mode?: "auto" | "reverse"; by: "parameters" }): Record<string, SampleGradients>;
  jacobian(
    x: Inputs,
    options: { mode?: JacobianMode; by?: "inputs" | "parameters" } = {},
  ): Jacobian | Record<string, SampleGradients> {
    const model = this.#live();
    checkOptions("options", options, ["mode", "by"]);
    const by = checkName("by", options.by ?? "inputs", ["inputs", "parameters"]);
    const modes = by === "inputs" ? (["auto", "forward", "reverse"] as const) : (["auto", "reverse"] as const);
    const mode = checkName<JacobianMode>("mode", options.mode ?? "auto", modes);
    const { rows, flat } = this.#parseInputs(x);
    this.#stageInputs(flat, rows, by === "inputs");
    return by === "inputs" ? jacobianByInputs(model, rows, mode) : jacobianByParameters(model, rows);
  }

  /**
   * The loss's Hessian by the parameters times a direction, exact. Dropout acts as in `backward`.
   *
   * @param x `[rows, inputs]`
   * @param y `[rows, outputs]`, or the index of the right class for each row
   * @param direction by name, shaped as the parameters; those not named stand still
   * @returns by name, for every parameter
   * @throws ShapeError, RangeError, TypeError, OutOfMemoryError, DisposedError
   */
  hvp(x: Inputs, y: Targets, direction: Record<string, ArrayLike<number>>): Record<string, FloatArray> {
    const model = this.#live();
    const write = this.#writer("direction", direction);
    return hessianVectorProduct(model, this.#stage(x, y, false), write);
  }

  /**
   * The gradient of each row's own loss, as if it were a batch of one row. Dropout acts as in `backward`.
   *
   * @param x `[rows, inputs]`
   * @param y `[rows, outputs]`, or the index of the right class for each row
   * @returns by name; `values` of shape `[rows, …shape of the parameter]`
   * @throws ShapeError, RangeError, TypeError, OutOfMemoryError, DisposedError
   */
  perSampleGradients(x: Inputs, y: Targets): Record<string, SampleGradients> {
    const model = this.#live();
    return perSampleGradients(model, this.#stage(x, y, false));
  }

  /**
   * Loss, and accuracy where the loss is one of classification, without dropout.
   *
   * @param x `[rows, inputs]`
   * @param y `[rows, outputs]`, or the index of the right class for each row
   * @throws ShapeError, RangeError, TypeError, DisposedError
   */
  evaluate(x: Inputs, y: Targets): Evaluation {
    const model = this.#live();
    return evaluate(model, parseDataset(model.engine, "x", "y", x, y, model.topology));
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
   * @param values by name, of the parameters' shapes, flat or as rows
   * @throws ShapeError for a name there is not or a wrong size, before anything is written
   * @throws TypeError, DisposedError
   */
  setParameters(values: Record<string, ArrayLike<number>>): void {
    this.#writer("values", values)(this.#live().parameters);
  }

  /**
   * Every layer's z, a and δ, as the last pass left them: that of `backward` or `trainBatch`, the last batch of `fit`, the last
   * rows of `forward`, `predict` or `evaluate` (δ is then that of an earlier pass). Other derivatives leave what their passes
   * needed. Without a pass there are no rows.
   */
  get layers(): LayerState[] {
    const model = this.#live();
    const { rows } = model;
    return model.topology.layers.map(({ name, kind, outputs }, index) => {
      const length = model.plan.isKept[index] ? rows * outputs : 0;
      const { z, a, delta } = model.placeOf(index);
      const copyOf = (address: number) => model.copy(address, length);
      return { name, kind, units: outputs, z: copyOf(z), a: copyOf(a), delta: copyOf(delta) };
    });
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
    this.#onDispose?.();
  }

  /** What other entries of the package read of a network. @internal */
  get model(): Model {
    return this.#live();
  }

  /**
   * What `gradCheck` works on. That is no method, so that bundlers leave it out where it is not used.
   *
   * @internal
   */
  staged(x: Inputs, y: Targets, wantsInputDelta: boolean): { model: Model; rows: number } {
    return { model: this.#live(), rows: this.#stage(x, y, wantsInputDelta) };
  }

  /**
   * Checks tensors given by name, and gives a function that writes them into a mirror of the parameter block.
   *
   * @throws ShapeError for a name there is not or a wrong size
   */
  #writer(argument: string, values: Record<string, ArrayLike<number>>): (block: number) => void {
    const model = this.#live();
    const tensors = new Map(model.parameterPlan.tensors.map((tensor) => [tensor.name, tensor]));
    const entries = Object.entries(checkObject(argument, values) as Record<string, Rows>).map(([name, given]) => {
      const tensor = tensors.get(name);
      if (tensor === undefined) {
        throw new ShapeError(`no parameter "${name}"; there are ${[...tensors.keys()].join(", ")}`);
      }
      const flat = flatten(model.engine, name, given, tensor.shape.at(-1) as number);
      if (flat.length !== tensor.length) {
        throw new ShapeError(
          `"${name}" expected ${tensor.shape.join(" × ")} = ${tensor.length} numbers, got ${flat.length}`,
        );
      }
      return { offset: tensor.offset, flat };
    });
    return (block) => {
      for (const { offset, flat } of entries) model.write(block + offset, flat);
    };
  }

  /** Rows of exactly this size. */
  #checked(name: string, values: Targets, rows: number, width: number): ArrayLike<number> {
    const flat = flatten(this.#model.engine, name, values, width);
    if (flat.length !== rows * width) {
      throw new ShapeError(`"${name}" expected ${rows} × ${width} numbers, got ${flat.length}`);
    }
    return flat;
  }

  /** Rows for passes without targets, checked. */
  #parseInputs(x: Inputs): { rows: number; flat: Flat } {
    const model = this.#live();
    const flat = flattenInputs(model.engine, "x", x, model.topology);
    return { rows: countRows("x", flat, this.inputs), flat };
  }

  /** Puts checked rows into the arena. */
  #stageInputs(flat: Flat, rows: number, wantsInputDelta: boolean): void {
    this.#model.reserve(rows, wantsInputDelta);
    stageRows(this.#model, flat, 0, rows);
  }

  #outputs(x: Inputs, linked: boolean): FloatArray {
    const { rows, flat } = this.#parseInputs(x);
    return outputsOf(this.#model, flat, rows, linked);
  }

  /**
   * Checks a batch and puts it into the arena; allocates nothing once the plan is large enough. A matrix of the engine, in the
   * network's precision, is read where it stands, or where rows are scaled, from where it stands.
   */
  #stage(x: Inputs, y: Targets, wantsInputDelta: boolean): number {
    const model = this.#model;
    const { engine, dtype, topology } = model;
    const { inputs, outputs } = topology;
    const inPlace = x instanceof Matrix && x.isIn(engine.arena) && x.dtype === dtype && x.cols === inputs;
    const flatX = inPlace ? x.values : flattenInputs(engine, "x", x, topology);
    const flatY = flatten(engine, "y", y, outputs);
    const rows = countRows("x", flatX, inputs);
    const kind = checkTargets("y", flatY, rows, outputs);
    model.reserve(rows, wantsInputDelta);
    if (inPlace && model.scaling === undefined) model.readFrom(x.address);
    // The matrix's view anew, as the arena may have grown.
    else stageRows(model, inPlace ? x.values : flatX, 0, rows);
    stageTargets(model, flatY, kind, 0, rows);
    return rows;
  }

  #live(): Model {
    this.#model.checkAlive();
    return this.#model;
  }
}

/** Layers without parameters cost a file next to nothing, but may ask for any memory. */
function checkWidths({ layers }: Topology, file: Uint8Array): void {
  const width = layers.reduce((sum, { outputs }) => sum + outputs, 0);
  if (width > file.length) throw new FormatError("__metadata__.network", `${width} outputs in ${file.length} bytes`);
}
