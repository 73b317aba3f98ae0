// The trainer: one update from a staged batch, and the optimizer state that it keeps between updates.
import { bytesOf } from "../engine/dtype.js";
import type { Model } from "../network/model.js";
import { locateNonFinite } from "../network/nonfinite.js";
import { type FullBatchOptimizer, isFullBatch } from "./fullbatch.js";
import type { Block, Optimizer, Update } from "./optimizer.js";

/** Penalties on the parameters, applied with the update and not part of the reported loss. */
export interface Penalties {
  /** λ₁: after the update each weight moves towards 0 by η·λ₁ and stops there, so that it becomes exactly zero. */
  readonly l1: number;
  /** λ₂: λ₂·p is added to the gradient of weights and biases. */
  readonly l2: number;
}

export interface Clipping {
  /** The gradient's Euclidean norm over all parameters is scaled down to this. */
  readonly norm: number | undefined;
  /** Each element of the gradient is held within ± this; after the norm. */
  readonly value: number | undefined;
}

const NO_CLIPPING: Clipping = { norm: undefined, value: undefined };

/** PyTorch's guard against a norm of zero. */
const NORM_GUARD = 1e-6;

export class Trainer {
  /** Updates over the life of the network, whichever optimizer made them. */
  steps = 0;
  #optimizer: Optimizer | FullBatchOptimizer | undefined;
  #update: Update | undefined;
  #block: Block;
  readonly #model: Model;

  constructor(
    model: Model,
    readonly penalties: Penalties,
  ) {
    this.#model = model;
    this.#block = {
      kernels: model.kernels,
      length: model.parameterPlan.length,
      parameters: model.parameters,
      gradients: model.gradients,
      state: 0,
      stride: model.parameterPlan.bytes,
    };
  }

  /** Bytes of optimizer state. */
  get stateBytes(): number {
    return (this.#optimizer?.states ?? 0) * this.#model.parameterPlan.bytes;
  }

  /**
   * Makes `optimizer` the one whose state is kept. Another one than before starts without history.
   *
   * @throws OutOfMemoryError, with the state of before kept
   */
  use(optimizer: Optimizer | FullBatchOptimizer): void {
    if (optimizer === this.#optimizer) return;
    const bytes = optimizer.states * this.#model.parameterPlan.bytes;
    const state = bytes === 0 ? 0 : this.#model.engine.arena.allocate(bytes);
    this.dispose();
    this.#optimizer = optimizer;
    this.#update = isFullBatch(optimizer) ? undefined : optimizer.start();
    this.#block = { ...this.#block, state };
  }

  /** Parameters and state that a full-batch optimizer works on; see `use`. */
  blockOf(optimizer: FullBatchOptimizer): Block {
    this.use(optimizer);
    return this.#block;
  }

  dispose(): void {
    if (this.#block.state !== 0) this.#model.engine.arena.free(this.#block.state);
    this.#block = { ...this.#block, state: 0 };
    this.#optimizer = undefined;
  }

  /**
   * Forward, loss, backward and update on the staged batch.
   *
   * @param rate learning rate of this step
   * @returns the loss before the update
   * @throws NonFiniteError before the update, with parameters and optimizer state as they were
   */
  step(optimizer: Optimizer, rows: number, rate: number, clipping: Clipping = NO_CLIPPING): number {
    const model = this.#model;
    this.use(optimizer);
    model.forward(rows, true);
    const loss = model.evaluateLoss(rows);
    if (!Number.isFinite(loss)) throw locateNonFinite(model, this.steps + 1, rows);
    model.backward(rows, false);
    if (!model.hasFiniteGradient()) throw locateNonFinite(model, this.steps + 1, rows);
    this.#clip(clipping);
    this.#update?.(this.#block, rate, this.penalties.l2);
    if (this.penalties.l1 > 0) this.#shrinkWeights(rate * this.penalties.l1);
    this.steps++;
    model.maskStep++;
    return loss;
  }

  #clip({ norm, value }: Clipping): void {
    const { kernels, length, gradients } = this.#block;
    if (norm !== undefined) {
      const factor = norm / (Math.sqrt(kernels.dot(length, gradients, gradients)) + NORM_GUARD);
      if (factor < 1) kernels.scale(length, gradients, factor);
    }
    if (value !== undefined) kernels.clamp(length, gradients, value);
  }

  #shrinkWeights(threshold: number): void {
    const { kernels, parameters } = this.#block;
    const lanes = 16 / bytesOf(this.#model.dtype);
    for (const tensor of this.#model.parameterPlan.tensors) {
      if (tensor.kind !== "weight") continue;
      const length = Math.ceil(tensor.length / lanes) * lanes;
      kernels.softThreshold(length, parameters + tensor.offset, threshold);
    }
  }
}
