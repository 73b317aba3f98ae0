// The model: a network's memory, where everything stands in it, and the passes over it.
import { bytesOf, type DType, type FloatArray } from "../engine/dtype.js";
import type { Engine } from "../engine/engine.js";
import type { Kernels } from "../engine/kernels.js";
import { DisposedError } from "../errors.js";
import { backward, type DenseVisitor, storeGradient } from "./backward.js";
import { forwardLayer } from "./forward.js";
import { distributionOf } from "./initializer.js";
import { type LossSpec, scaleOf } from "./loss.js";
import {
  type ActivationPlan,
  type LayerPlace,
  type ParameterPlan,
  planActivations,
  planParameters,
  type Segment,
} from "./plan.js";
import { divideByDeviations, type Scaling } from "./scaling.js";
import { tensorStream } from "./streams.js";
import {
  belowDropout,
  type DenseSpec,
  type InputSpec,
  type LayerSpec,
  type Source,
  type Topology,
} from "./topology.js";

/** An array for each source of the network, such as all a or all δ. */
export interface Field {
  /** Where a source's rows stand, `strideOf` its elements apart. */
  addressOf(source: Source): number;
}

export class Model {
  readonly kernels: Kernels;
  readonly parameterPlan: ParameterPlan;
  /** Address of the parameter block. */
  readonly parameters: number;
  /** Address of the gradient block, a mirror of the parameter block. */
  readonly gradients: number;
  #plan: ActivationPlan;
  #activations: number;
  /** By layer: the addresses of what it leaves behind. */
  #places: readonly LayerPlace[];
  #workspace: number;
  #disposed = false;
  /** Address of the matrix that rows are read from, where they are not in the input region. */
  #matrix: number | undefined;
  /** x and every a. */
  readonly values: Field = {
    addressOf: (source) => (source < 0 ? this.input + this.#columnOf(source) : this.placeOf(source).a),
  };
  /** ∂C/∂x and every δ. */
  readonly deltas: Field = {
    addressOf: (source) => (source < 0 ? this.inputDelta + this.#columnOf(source) : this.placeOf(source).delta),
  };
  readonly #storeGradient: DenseVisitor = (index, layer, rows, training) => {
    storeGradient(this, index, layer, 0, rows, training, this.gradients - this.parameters);
  };
  /** Rows of the last pass. */
  rows = 0;
  /** The segment whose layers without a place of their own are in the plan's slot. */
  inSlot: Segment | undefined;
  /** Which dropout masks the passes draw: moves on with every update. */
  maskStep = 0;

  /** @throws OutOfMemoryError, with nothing kept */
  constructor(
    readonly engine: Engine,
    readonly topology: Topology,
    readonly loss: LossSpec,
    readonly dtype: DType,
    readonly seed: number,
    batch: number,
    readonly segments = 1,
    readonly scaling?: Scaling,
  ) {
    this.kernels = engine.kernels(dtype);
    this.parameterPlan = planParameters(topology, dtype);
    this.#plan = this.#planFor(batch, false);
    const { bytes } = this.parameterPlan;
    [this.parameters, this.gradients, this.#activations, this.#workspace] = this.#allocate(
      bytes,
      bytes,
      this.#plan.bytes,
      this.#plan.workspaceBytes,
    ) as [number, number, number, number];
    this.#places = placesFrom(this.#activations, this.#plan);
    this.#initialize();
  }

  get workspace(): number {
    return this.#workspace;
  }

  get plan(): ActivationPlan {
    return this.#plan;
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  checkAlive(): void {
    if (this.#disposed) throw new DisposedError("network");
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const address of [this.parameters, this.gradients, this.#activations, this.#workspace]) {
      this.engine.arena.free(address);
    }
  }

  /** Makes room for passes over `rows` rows; what earlier passes left is lost if that takes a new plan. */
  reserve(rows: number, wantsInputDelta = false): void {
    const hasInputDelta = this.#plan.inputDelta !== undefined;
    if (rows <= this.#plan.batch && (hasInputDelta || !wantsInputDelta)) return;
    const batch = Math.max(rows, this.#plan.batch);
    const plan = this.#planFor(batch, hasInputDelta || wantsInputDelta);
    const [activations, workspace] = this.#allocate(plan.bytes, plan.workspaceBytes) as [number, number];
    this.engine.arena.free(this.#activations);
    this.engine.arena.free(this.#workspace);
    this.#plan = plan;
    this.#activations = activations;
    this.#places = placesFrom(activations, plan);
    this.#workspace = workspace;
    this.rows = 0;
  }

  /** Makes the passes read their rows from the input region again, and gives its address, to be written to. */
  openInput(): number {
    this.#matrix = undefined;
    return this.#activations + this.#plan.input;
  }

  /** Makes the passes read their rows from a matrix in the arena, without a copy. */
  readFrom(address: number): void {
    this.#matrix = address;
  }

  /** Address of the rows that the passes read. */
  get input(): number {
    return this.#matrix ?? this.#activations + this.#plan.input;
  }

  /** Address of the region that targets are put in. */
  get target(): number {
    return this.#activations + this.#plan.target;
  }

  get inputDelta(): number {
    return this.#activations + (this.#plan.inputDelta as number);
  }

  /** ∂C/∂x `[rows, inputs]` of the last backward pass, x the rows as they were given. */
  inputGradient(rows: number): FloatArray {
    return divideByDeviations(this.copy(this.inputDelta, rows * this.topology.inputs), this.scaling);
  }

  /** Address of the last layer's a: what `forward` returns. */
  get output(): number {
    return this.placeOf(this.#places.length - 1).a;
  }

  /** Address of the last layer's delta: where ∂C/∂a is put before a backward pass. */
  get outputDelta(): number {
    return this.placeOf(this.#places.length - 1).delta;
  }

  /** The addresses of what a layer leaves behind. */
  placeOf(layer: number): LayerPlace {
    return this.#places[layer] as LayerPlace;
  }

  /** Forward pass over `rows` rows. Dropout acts where `training`. */
  forward(rows: number, training: boolean): void {
    this.rows = rows;
    for (let index = 0; index < this.topology.layers.length; index++) forwardLayer(this, index, rows, training);
    this.inSlot = this.#plan.segments.at(-1);
  }

  /**
   * The loss of the outputs against the target region; fills the last layer's delta with ∂C/∂a.
   *
   * @param averagedOver how many rows a mean is taken over
   */
  evaluateLoss(rows: number, averagedOver = rows): number {
    const { loss, kernels } = this;
    const { outputs } = this.topology;
    const scale = scaleOf(loss, averagedOver, outputs);
    const delta = this.outputDelta;
    if (loss.code === undefined) {
      return kernels.softmaxCrossEntropy(rows, outputs, this.output, this.target, scale, loss.parameter, delta);
    }
    return kernels.elementwiseLoss(loss.code, rows * outputs, this.output, this.target, scale, loss.parameter, delta);
  }

  /**
   * Backward pass behind `forward`, from ∂C/∂a of the last layer in its delta: fills every delta and gradient.
   *
   * @param training as in the forward pass
   * @param visit what is done at each dense layer once its δ is complete; by default its gradients are computed
   */
  backward(rows: number, wantsInputDelta: boolean, training = true, visit: DenseVisitor = this.#storeGradient): void {
    backward(this, rows, training, wantsInputDelta, visit);
  }

  /** What `predict` returns instead of `output`: sigmoid or softmax of it in place, behind a loss from logits. */
  applyLink(rows: number): void {
    const { link } = this.loss;
    const { outputs } = this.topology;
    if (link.name === "softmax") this.kernels.softmax(rows, outputs, this.output, this.output);
    else if (link.name !== "identity") {
      this.kernels.applyActivation(link.code, link.slope, rows, outputs, outputs, this.output, 0, this.output);
    }
  }

  /** How many of the outputs are right; undefined where the loss is none of classification. */
  countCorrect(rows: number): number | undefined {
    const { accuracy } = this.loss;
    const { outputs } = this.topology;
    if (accuracy === undefined) return undefined;
    if (accuracy === "largest") return this.kernels.countMatches(rows, outputs, this.output, this.target);
    return this.kernels.countSides(rows * outputs, this.output, this.target, accuracy.above) / outputs;
  }

  /** Whether the whole gradient is finite. */
  hasFiniteGradient(): boolean {
    const { length } = this.parameterPlan;
    return this.kernels.firstNonFinite(length, this.gradients) === length;
  }

  /** Copies of all tensors in a mirror of the parameter block, by name. */
  tensorsIn(block: number): Record<string, FloatArray> {
    const { tensors } = this.parameterPlan;
    return Object.fromEntries(tensors.map(({ name, offset, length }) => [name, this.copy(block + offset, length)]));
  }

  /** Calls `use` with the addresses of zeroed blocks, which are given back afterwards. */
  withBlocks<R>(sizes: readonly number[], use: (...addresses: number[]) => R): R {
    const addresses = this.#allocate(...sizes);
    try {
      return use(...addresses);
    } finally {
      for (const address of addresses) this.engine.arena.free(address);
    }
  }

  /** A copy of `length` elements of the arena. */
  copy(address: number, length: number): FloatArray {
    return this.engine.arena.copy(this.dtype, address, length);
  }

  /** `length` elements of the arena as they stand; stale once it has grown. */
  view(address: number, length: number): FloatArray {
    return this.engine.arena.view(this.dtype, address, length);
  }

  /** Writes `values` into the arena. */
  write(address: number, values: ArrayLike<number>): void {
    this.engine.arena.floats(this.dtype).set(values, address / bytesOf(this.dtype));
  }

  weightOf(layer: number): number {
    return this.parameters + (this.parameterPlan.weights[layer] as number);
  }

  /** Address of a layer's bias, 0 where it has none. */
  biasOf(layer: number): number {
    const offset = this.parameterPlan.biases[layer];
    return offset === undefined ? 0 : this.parameters + offset;
  }

  /** Elements in a row of a source. */
  widthOf(source: Source): number {
    const { inputSpecs, layers } = this.topology;
    return source < 0 ? (inputSpecs[-1 - source] as InputSpec).width : (layers[source] as LayerSpec).outputs;
  }

  /** Elements from one row of a source to the next, in every field. */
  strideOf(source: Source): number {
    return source < 0 ? this.topology.inputs : (this.topology.layers[source] as LayerSpec).outputs;
  }

  /** Where a source's numbers come from: a dropout layer's from those below it where it does not act. */
  resolve(source: Source, training: boolean): Source {
    return training ? source : belowDropout(this.topology.layers, source);
  }

  #columnOf(source: Source): number {
    return (this.topology.inputSpecs[-1 - source] as InputSpec).column * bytesOf(this.dtype);
  }

  #planFor(batch: number, wantsInputDelta: boolean): ActivationPlan {
    return planActivations(this.topology, batch, this.dtype, this.segments, wantsInputDelta, this.kernels);
  }

  #initialize(): void {
    for (const [index, tensor] of this.parameterPlan.tensors.entries()) {
      const layer = this.topology.layers[tensor.layer] as DenseSpec;
      const initializer = tensor.kind === "weight" ? layer.weightInit : layer.biasInit;
      const distribution = distributionOf(initializer, layer.inputs, layer.outputs);
      const address = this.parameters + tensor.offset;
      const stream = tensorStream(index);
      if (distribution.type === "uniform") {
        this.kernels.uniform(tensor.length, address, distribution.low, distribution.high, this.seed, stream, 0);
      } else if (distribution.type === "normal") {
        this.kernels.normal(tensor.length, address, distribution.deviation, this.seed, stream, 0);
      } else {
        const first = address / bytesOf(this.dtype);
        this.engine.arena.floats(this.dtype).fill(distribution.value, first, first + tensor.length);
      }
    }
  }

  /** Several blocks, or none of them. */
  #allocate(...sizes: number[]): number[] {
    const addresses: number[] = [];
    try {
      for (const bytes of sizes) addresses.push(this.engine.arena.allocate(bytes));
    } catch (error) {
      for (const address of addresses) this.engine.arena.free(address);
      throw error;
    }
    return addresses;
  }
}

function placesFrom(base: number, plan: ActivationPlan): LayerPlace[] {
  return plan.layers.map(({ z, a, delta }) => ({ z: base + z, a: base + a, delta: base + delta }));
}
