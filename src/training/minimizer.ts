// The minimizer: iterations of a full-batch optimizer, each a direction and a search along it.
import { bytesOf } from "../engine/dtype.js";
import type { Model } from "../network/model.js";
import { rangeError } from "../validate.js";
import type { Dataset } from "./batches.js";
import { type FullBatchOptimizer, MIRRORS_BEFORE_PAIRS } from "./fullbatch.js";
import { type Sample, searchLine } from "./linesearch.js";
import { type Evaluated, Objective } from "./objective.js";
import type { Trainer } from "./trainer.js";

/** By how much values of the objective differ by rounding, as a share of them. */
const ROUNDING = { float32: 2 ** -20, float64: 2 ** -46 };

/** The least cosine of the angle between s and y in a pair that is kept. */
const LEAST_COSINE = 1e-8;

/** What one iteration came to. */
export interface Iteration {
  /** After it, as `correct`. */
  readonly loss: number;
  readonly correct: number | undefined;
  /** The step length; 0 where the parameters stay. */
  readonly rate: number;
}

/** The mirrors stand in the trainer's state: the point, its gradient, the direction, and the pairs, last one first. */
export class Minimizer {
  /** Whether the gradient is small enough, or no step leads further down. */
  converged = false;
  readonly #model: Model;
  readonly #trainer: Trainer;
  readonly #optimizer: FullBatchOptimizer;
  readonly #objective: Objective;
  readonly #hasDropout: boolean;
  /** At the point. */
  #current: Evaluated | undefined;
  /** Addresses. */
  #point = 0;
  #gradient = 0;
  #direction = 0;
  #pairs = 0;

  /** @throws RangeError where there is an L1 penalty */
  constructor(model: Model, trainer: Trainer, optimizer: FullBatchOptimizer, data: Dataset) {
    const { l1, l2 } = trainer.penalties;
    if (l1 > 0) throw rangeError("l1", `0 with ${optimizer.name}, which needs a smooth objective`, l1);
    this.#model = model;
    this.#trainer = trainer;
    this.#optimizer = optimizer;
    this.#objective = new Objective(model, data, l2);
    this.#hasDropout = model.topology.layers.some(({ kind }) => kind === "dropout");
  }

  /** Of loss and gradient over all rows, so far. */
  get evaluations(): number {
    return this.#objective.evaluations;
  }

  /** @throws NonFiniteError, OutOfMemoryError before anything is updated */
  iterate(): Iteration {
    const { state, stride } = this.#trainer.blockOf(this.#optimizer);
    [this.#point, this.#gradient, this.#direction] = [state, state + stride, state + 2 * stride];
    this.#pairs = state + MIRRORS_BEFORE_PAIRS * stride;
    return this.#objective.prepare(() => this.#iterate());
  }

  #iterate(): Iteration {
    if (!this.#isCurrent()) this.#take(this.#objective.evaluate(this.#trainer.steps + 1));
    const before = { norm: this.#norm, value: this.#value };
    const found = before.norm <= this.#optimizer.tolerance ? undefined : this.#descend();
    const isLost = this.#norm >= before.norm && before.value - this.#value <= this.#noise;
    this.converged = found === undefined || isLost || this.#norm <= this.#optimizer.tolerance;
    if (found !== undefined) {
      this.#trainer.steps++;
      this.#model.maskStep++;
    }
    const { loss, correct } = this.#current as Evaluated;
    return { loss, correct, rate: found?.step ?? 0 };
  }

  /**
   * Whether the point is where the parameters are, and its gradient the one that holds. Callbacks may have moved the parameters,
   * or had another optimizer's state take the place of this one: the gradient is zero then.
   */
  #isCurrent(): boolean {
    if (this.#current === undefined || this.#hasDropout) return false;
    const { engine, dtype, parameters, parameterPlan } = this.#model;
    const memory = engine.arena.floats(dtype);
    const [p, q] = [parameters / bytesOf(dtype), this.#point / bytesOf(dtype)];
    for (let i = 0; i < parameterPlan.length; i++) if (memory[p + i] !== memory[q + i]) return false;
    return this.#dot(this.#gradient, this.#gradient) > 0;
  }

  #isFlat(): boolean {
    return Math.sqrt(this.#dot(this.#gradient, this.#gradient)) <= this.#optimizer.tolerance;
  }

  /** Makes the parameters, which were evaluated last, the point. */
  #take(evaluated: Evaluated): void {
    this.#copy(this.#model.parameters, this.#point);
    this.#objective.writeGradient(this.#gradient);
    this.#current = evaluated;
  }

  /**
   * Goes along the optimizer's direction, or the steepest one where that leads nowhere.
   *
   * @returns undefined where nothing leads down, with the parameters as they were
   */
  #descend(): Sample | undefined {
    const { kernels, parameterPlan } = this.#model;
    const { length, bytes: stride } = parameterPlan;
    for (;;) {
      this.#copy(this.#gradient, this.#direction);
      kernels.scale(length, this.#direction, -1);
      const vectors = { gradient: this.#gradient, direction: this.#direction, pairs: this.#pairs };
      const first = this.#optimizer.turn({ kernels, length, ...vectors, stride });
      const found = this.#search(first ?? Math.min(1, 1 / Math.sqrt(this.#dot(this.#gradient, this.#gradient))));
      if (found !== undefined || first === undefined) return found;
      this.#forget();
    }
  }

  #search(first: number): Sample | undefined {
    const { dtype, kernels, parameters, parameterPlan } = this.#model;
    const { value } = this.#current as Evaluated;
    const slope = this.#dot(this.#gradient, this.#direction);
    let last = { step: 0, evaluated: this.#current as Evaluated };
    const evaluate = (step: number) => {
      this.#copy(this.#point, parameters);
      kernels.axpy(parameterPlan.length, step, this.#direction, parameters);
      last = { step, evaluated: this.#objective.evaluate() };
      return { value: last.evaluated.value, slope: this.#objective.slopeAlong(this.#direction) };
    };
    const noise = ROUNDING[dtype] * Math.abs(value);
    const { curvature } = this.#optimizer;
    const found = slope < 0 ? searchLine(evaluate, { value, slope }, first, curvature, noise) : undefined;
    if (found === undefined) {
      this.#copy(this.#point, parameters);
      return undefined;
    }
    if (found.step !== last.step) evaluate(found.step);
    this.#record();
    this.#take(last.evaluated);
    return found;
  }

  /**
   * Puts the step from the point to the parameters, and the change of the gradient, before the other pairs. A pair without
   * curvature tells that the search met nothing but rounding: no pair is kept then.
   */
  #record(): void {
    const { kernels, parameters, parameterPlan, engine } = this.#model;
    const { length, bytes } = parameterPlan;
    const [s, y] = [this.#point, this.#direction];
    kernels.scale(length, s, -1);
    kernels.axpy(length, 1, parameters, s);
    this.#objective.writeGradient(y);
    kernels.axpy(length, -1, this.#gradient, y);
    if (this.#dot(s, y) <= LEAST_COSINE * Math.sqrt(this.#dot(s, s) * this.#dot(y, y))) {
      this.#forget();
      return;
    }
    engine.arena.move(this.#pairs, this.#pairs + 2 * bytes, 2 * (this.#optimizer.history - 1) * bytes);
    this.#copy(s, this.#pairs);
    this.#copy(y, this.#pairs + bytes);
  }

  #forget(): void {
    const { engine, parameterPlan } = this.#model;
    engine.arena.clear(this.#pairs, 2 * this.#optimizer.history * parameterPlan.bytes);
  }

  #dot(x: number, y: number): number {
    return this.#model.kernels.dot(this.#model.parameterPlan.length, x, y);
  }

  #copy(from: number, to: number): void {
    this.#model.engine.arena.move(from, to, this.#model.parameterPlan.bytes);
  }
}
