// The trainer: one update from a staged batch, and the optimizer state that it keeps between updates.
import { bytesOf, type FloatArray } from "../engine/dtype.js";
import type { NonFiniteError } from "../errors.js";
import type { Model } from "../network/model.js";
import { findNonFinite, locateNonFinite } from "../network/nonfinite.js";
import { rangeError, shown } from "../validate.js";
import { type FullBatchOptimizer, isFullBatch } from "./fullbatch.js";
import type { Block, Optimizer, OptimizerRecord, Update } from "./optimizer.js";

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

/** What an update came to. */
export interface Outcome {
  readonly loss: number;
  /** How many outputs were right; undefined where the loss is none of classification. */
  readonly correct: number | undefined;
  /** The learning rate or step length; 0 where the parameters stay. */
  readonly rate: number;
}

/** What updates work on, at one moment. */
export interface Snapshot {
  /** The optimizer whose state it is. */
  readonly optimizer: OptimizerRecord | undefined;
  /** Updates that the optimizer has made. */
  readonly updates: number;
  /** The block of parameters. */
  readonly parameters: FloatArray;
  /** The optimizer's mirrors of it. */
  readonly states: readonly FloatArray[];
}

/** PyTorch's guard against a norm of zero. */
const NORM_GUARD = 1e-6;

export class Trainer {
  /** Updates over the life of the network, whichever optimizer made them. */
  steps = 0;
  /** Whose state is kept: only a record where it comes from a file, until an equal optimizer goes on with it. */
  optimizer: OptimizerRecord | undefined;
  /** How many updates it has made. */
  #updates = 0;
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
    return (this.optimizer?.states ?? 0) * this.#model.parameterPlan.bytes;
  }

  /**
   * Makes `optimizer` the one whose state is kept. Another one than before starts without history; a state that comes from a
   * file is that of the first optimizer with the same name and hyperparameters.
   *
   * @throws OutOfMemoryError, with the state of before kept
   */
  use(optimizer: OptimizerRecord): void {
    const kept = this.optimizer;
    if (optimizer === kept) return;
    const isRecord = kept !== undefined && !("start" in kept) && !isFullBatch(kept);
    if (isRecord && differenceOf(kept, optimizer) === undefined) this.#goOn(optimizer, this.#updates);
    else this.#replace(optimizer);
  }

  /**
   * Makes `optimizer`, which equals the one whose state is kept, go on with that state.
   *
   * @throws RangeError where it does not equal that one
   */
  adopt(optimizer: OptimizerRecord): void {
    const kept = fieldsOf(this.optimizer);
    const key = differenceOf(this.optimizer, optimizer);
    if (key !== undefined) {
      const expected = `${shown(kept[key])} as in the interrupted run`;
      throw rangeError(`optimizer.${key}`, expected, fieldsOf(optimizer)[key]);
    }
    if (optimizer !== this.optimizer) this.#goOn(optimizer, this.#updates);
  }

  /** Parameters and optimizer state, to `restore` later. */
  snapshot(): Snapshot {
    const model = this.#model;
    const { length, parameters } = this.#block;
    return {
      optimizer: this.optimizer,
      updates: this.#updates,
      parameters: model.copy(parameters, length),
      states: this.#states().map((address) => model.copy(address, length)),
    };
  }

  /** @throws OutOfMemoryError, with nothing changed */
  restore({ optimizer, updates, parameters, states }: Snapshot): void {
    if (optimizer !== this.optimizer) this.#replace(optimizer);
    this.#goOn(optimizer, updates);
    this.#model.write(this.#block.parameters, parameters);
    for (const [index, address] of this.#states().entries()) {
      this.#model.write(address, states[index] as FloatArray);
    }
  }

  /** The error for the first parameter or mirror of it that is not finite. */
  findNonFinite(): NonFiniteError | undefined {
    const step = this.steps + 1;
    let found = findNonFinite(this.#model, step, this.#block.parameters, "");
    for (const address of this.#states()) found ??= findNonFinite(this.#model, step, address, " optimizer state");
    return found;
  }

  /** Parameters and state that a full-batch optimizer works on; see `use`. */
  blockOf(optimizer: FullBatchOptimizer): Block {
    this.use(optimizer);
    return this.#block;
  }

  dispose(): void {
    if (this.#block.state !== 0) this.#model.engine.arena.free(this.#block.state);
    this.#block = { ...this.#block, state: 0 };
    this.optimizer = undefined;
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
    this.#updates++;
    if (this.penalties.l1 > 0) this.#shrinkWeights(rate * this.penalties.l1);
    this.steps++;
    model.maskStep++;
    return loss;
  }

  #replace(optimizer: OptimizerRecord | undefined): void {
    const bytes = (optimizer?.states ?? 0) * this.#model.parameterPlan.bytes;
    const state = bytes === 0 ? 0 : this.#model.engine.arena.allocate(bytes);
    this.dispose();
    this.#block = { ...this.#block, state };
    this.#goOn(optimizer, 0);
  }

  /** Behind so many updates, with the state that they left. */
  #goOn(optimizer: OptimizerRecord | undefined, updates: number): void {
    this.optimizer = optimizer;
    this.#updates = updates;
    this.#update = optimizer && "start" in optimizer ? (optimizer as Optimizer).start(updates) : undefined;
  }

  /** Addresses of the mirrors. */
  #states(): number[] {
    const { state, stride } = this.#block;
    return Array.from({ length: this.optimizer?.states ?? 0 }, (_, index) => state + index * stride);
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

function fieldsOf(optimizer: OptimizerRecord | undefined): Record<string, unknown> {
  return { name: optimizer?.name, states: optimizer?.states, ...optimizer?.hyperparameters };
}

/** The first field in which two optimizers differ. */
function differenceOf(kept: OptimizerRecord | undefined, optimizer: OptimizerRecord): string | undefined {
  const [before, now] = [fieldsOf(kept), fieldsOf(optimizer)];
  return Object.keys({ ...before, ...now }).find((key) => before[key] !== now[key]);
}
