// The model: a network's memory, and the order of kernel calls in its forward and backward pass.
//
//   forward    zˡ = Wˡ·aˡ⁻¹ + bˡ,  aˡ = f(zˡ)
//   backward   δᴸ = f′(zᴸ) ⊙ ∂C/∂aᴸ,  δˡ = f′(zˡ) ⊙ (Wˡ⁺¹)ᵀδˡ⁺¹,  ∂C/∂Wˡ = δˡ(aˡ⁻¹)ᵀ,  ∂C/∂bˡ = δˡ
import { Activation } from "../../assembly/codes.js";
import { bytesOf, type DType, type FloatArray } from "../engine/dtype.js";
import type { Engine } from "../engine/engine.js";
import type { Kernels } from "../engine/kernels.js";
import { DisposedError, NonFiniteError } from "../errors.js";
import { distributionOf } from "./initializer.js";
import { type LossSpec, scaleOf } from "./loss.js";
import { type ActivationPlan, type LayerPlace, type ParameterPlan, planActivations, planParameters } from "./plan.js";
import { dropoutStream, tensorStream } from "./streams.js";
import type { DenseSpec, DropoutSpec, LayerSpec, Topology } from "./topology.js";

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
  /** Rows of the last pass. */
  rows = 0;
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
  ) {
    this.kernels = engine.kernels(dtype);
    this.parameterPlan = planParameters(topology, dtype);
    this.#plan = planActivations(topology, batch, dtype, false, this.kernels);
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
    const plan = planActivations(this.topology, batch, this.dtype, hasInputDelta || wantsInputDelta, this.kernels);
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
  get #input(): number {
    return this.#matrix ?? this.#activations + this.#plan.input;
  }

  /** Address of the region that targets are put in. */
  get target(): number {
    return this.#activations + this.#plan.target;
  }

  get inputDelta(): number {
    return this.#activations + (this.#plan.inputDelta as number);
  }

  /** Address of the last layer's a: what `forward` returns. */
  get output(): number {
    return this.placeOf(this.#places.length - 1).a;
  }

  /** The addresses of what a layer leaves behind. */
  placeOf(layer: number): LayerPlace {
    return this.#places[layer] as LayerPlace;
  }

  /** Forward pass over the first `rows` rows of the input region. */
  forward(rows: number, training: boolean): void {
    this.rows = rows;
    const { layers } = this.topology;
    for (let index = 0; index < layers.length; index++) {
      const layer = layers[index] as LayerSpec;
      if (layer.kind === "dense") this.#forwardDense(index, layer, rows, training);
      else if (training) this.#applyMask(index, layer, rows, this.#inputOf(index, training), this.placeOf(index).a);
    }
  }

  /** The loss of the outputs against the target region; fills the last layer's delta with ∂C/∂a. */
  evaluateLoss(rows: number): number {
    const { loss, kernels } = this;
    const { outputs, layers } = this.topology;
    const scale = scaleOf(loss, rows, outputs);
    const delta = this.placeOf(layers.length - 1).delta;
    if (loss.code === undefined) {
      return kernels.softmaxCrossEntropy(rows, outputs, this.output, this.target, scale, loss.parameter, delta);
    }
    return kernels.elementwiseLoss(loss.code, rows * outputs, this.output, this.target, scale, loss.parameter, delta);
  }

  /** Backward pass behind `forward` and `evaluateLoss`: fills every delta and gradient. */
  backward(rows: number, wantsInputDelta: boolean): void {
    const last = this.topology.layers.length - 1;
    this.#enterBackward(last, rows);
    for (let index = last; index >= 0; index--) {
      const layer = this.topology.layers[index] as LayerSpec;
      if (layer.kind === "dense") this.#backwardDense(index, layer, rows, wantsInputDelta);
      else this.#backwardDropout(index, layer, rows, wantsInputDelta);
    }
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

  /**
   * The error for the first tensor, in the order of computation, that holds a NaN or an infinity.
   *
   * @param lossIsFinite whether the loss was, so that the fault lies behind it and there has been a backward pass
   */
  locateNonFinite(step: number, rows: number, lossIsFinite: boolean): NonFiniteError {
    const { layers, inputs, outputs } = this.topology;
    const isBad = (address: number, length: number) => this.kernels.firstNonFinite(length, address) < length;
    if (isBad(this.#input, rows * inputs)) return new NonFiniteError(step, -1, "inputs");
    if (isBad(this.target, rows * outputs)) return new NonFiniteError(step, -1, "targets");
    for (const tensor of this.parameterPlan.tensors) {
      if (isBad(this.parameters + tensor.offset, tensor.length)) {
        return new NonFiniteError(step, tensor.layer, tensor.name);
      }
    }
    for (const [index, layer] of layers.entries()) {
      for (const region of ["z", "a"] as const) {
        if (isBad(this.placeOf(index)[region], rows * layer.outputs)) return new NonFiniteError(step, index, region);
      }
    }
    if (!lossIsFinite) return new NonFiniteError(step, -1, "loss");
    for (let index = layers.length - 1; index >= 0; index--) {
      const width = (layers[index] as LayerSpec).outputs;
      if (isBad(this.placeOf(index).delta, rows * width)) return new NonFiniteError(step, index, "delta");
    }
    for (const tensor of this.parameterPlan.tensors) {
      if (isBad(this.gradients + tensor.offset, tensor.length)) {
        return new NonFiniteError(step, tensor.layer, `${tensor.name} gradient`);
      }
    }
    return new NonFiniteError(step, -1, "gradient");
  }

  /** A copy of `length` elements of the arena. */
  copy(address: number, length: number): FloatArray {
    return this.engine.arena.copy(this.dtype, address, length);
  }

  /** Writes `values` into the arena. */
  write(address: number, values: ArrayLike<number>): void {
    this.engine.arena.floats(this.dtype).set(values, address / bytesOf(this.dtype));
  }

  #forwardDense(index: number, layer: DenseSpec, rows: number, training: boolean): void {
    const { activation, inputs, outputs } = layer;
    const { z, a } = this.placeOf(index);
    // biome-ignore format: operands with their strides, one a line
    this.kernels.affine(
      rows, outputs, inputs,
      this.#inputOf(index, training), inputs,
      this.#weightOf(index), this.#biasOf(index),
      z, a, outputs,
      activation.code, activation.slope,
      this.#workspace,
    );
    if (activation.name === "softmax") this.kernels.softmax(rows, outputs, z, a);
  }

  #backwardDense(index: number, layer: DenseSpec, rows: number, wantsInputDelta: boolean): void {
    const { inputs, outputs } = layer;
    const delta = this.placeOf(index).delta;
    const mirror = this.gradients - this.parameters;
    // biome-ignore format: operands with their strides, one a line
    this.kernels.gradient(
      rows, outputs, inputs,
      delta,
      this.#inputOf(index, true), inputs,
      this.#weightOf(index) + mirror, inputs,
      layer.bias ? this.#biasOf(index) + mirror : 0,
      this.#workspace,
    );
    if (index === 0 && !wantsInputDelta) return;
    const below = index === 0 ? this.inputDelta : this.placeOf(index - 1).delta;
    const layerBelow = this.topology.layers[index - 1];
    const fused = layerBelow?.kind === "dense" && layerBelow.activation.name !== "softmax";
    // biome-ignore format: operands with their strides, one a line
    this.kernels.delta(
      rows, inputs, outputs,
      delta,
      this.#weightOf(index), inputs,
      fused ? this.placeOf(index - 1).z : below, fused ? this.placeOf(index - 1).a : below, below, inputs,
      fused ? layerBelow.activation.code : Activation.identity, fused ? layerBelow.activation.slope : 0,
      this.#workspace,
    );
    if (layerBelow?.kind === "dense" && !fused) this.#enterBackward(index - 1, rows);
  }

  #backwardDropout(index: number, layer: DropoutSpec, rows: number, wantsInputDelta: boolean): void {
    if (index === 0 && !wantsInputDelta) return;
    const below = index === 0 ? this.inputDelta : this.placeOf(index - 1).delta;
    this.#applyMask(index, layer, rows, this.placeOf(index).delta, below);
    if (index > 0) this.#enterBackward(index - 1, rows);
  }

  /** δ ← f′(z) ⊙ δ of one layer: from ∂C/∂a to ∂C/∂z. */
  #enterBackward(index: number, rows: number): void {
    const layer = this.topology.layers[index] as LayerSpec;
    if (layer.kind !== "dense") return;
    const { activation, outputs } = layer;
    const { z, a, delta } = this.placeOf(index);
    if (activation.name === "softmax") this.kernels.softmaxBackward(rows, outputs, a, delta);
    else if (activation.name !== "identity") {
      this.kernels.applyDerivative(activation.code, activation.slope, rows, outputs, outputs, z, a, delta);
    }
  }

  #applyMask(index: number, layer: DropoutSpec, rows: number, from: number, to: number): void {
    const { dropout } = this.kernels;
    dropout(rows * layer.inputs, from, to, layer.rate, this.seed, dropoutStream(index), this.maskStep);
  }

  /** Address of what enters a layer: the output of the one below, past dropout layers where these do not act. */
  #inputOf(index: number, training: boolean): number {
    let below = index - 1;
    while (below >= 0 && !training && this.topology.layers[below]?.kind === "dropout") below--;
    return below < 0 ? this.#input : this.placeOf(below).a;
  }

  #weightOf(layer: number): number {
    return this.parameters + (this.parameterPlan.weights[layer] as number);
  }

  /** Address of a layer's bias, 0 where it has none. */
  #biasOf(layer: number): number {
    const offset = this.parameterPlan.biases[layer];
    return offset === undefined ? 0 : this.parameters + offset;
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
