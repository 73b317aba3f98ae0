// The minimizer: iterations of a full-batch optimizer, each a direction and a search along it.
import { bytesOf } from "../engine/dtype.js";
import type { Model } from "../network/model.js";
import { rangeError } from "../validate.js";
import type { Dataset } from "./batches.js";
import { type FullBatchOptimizer, MIRRORS_BEFORE_PAIRS } from "./fullbatch.js";
import { type Sample, searchLine } from "./linesearch.js";
import { type Evaluated, Objective } from "./objective.js";
import type { Outcome, Trainer } from "./trainer.js";

/** By how much values of the objective differ by rounding, as a share of them. */
const ROUNDING = { float32: 2 ** -20, float64: 2 ** -46 };

/** The least cosine of the angle between s and y in a pair that is kept. */
const LEAST_COSINE = 1e-8;

/** What one iteration came to: loss and right outputs are those after it. */
export interface Iteration extends Outcome {
  /** Whether the gradient is small enough, or no step leads measurably further down. */
  readonly converged: boolean;
  /** Gradients computed so far. */
  readonly evaluations: number;
}

/** The mirrors stand in the trainer's state: the point, its gradient, the direction, and the pairs, last one first. */
export class Minimizer {
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

  /**
   * @param evaluations of the interrupted run that this goes on with, 0 of a new one
   * @throws RangeError where there is an L1 penalty
   */
  constructor(model: Model, trainer: Trainer, optimizer: FullBatchOptimizer, data: Dataset, evaluations: number) {
    const { l1, l2 } = trainer.penalties;
    if (l1 > 0) throw rangeError("l1", `0 with ${optimizer.name}, which needs a smooth objective`, l1);
    this.#model = model;
    this.#trainer = trainer;
    this.#optimizer = optimizer;
    this.#objective = new Objective(model, data, l2);
    this.#hasDropout = model.topology.layers.some(({ kind }) => kind === "dropout");
    // The last one is made again, where the uninterrupted run has its result still.
    this.#objective.evaluations = this.#hasDropout ? evaluations : Math.max(0, evaluations - 1);
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
    const { tolerance } = this.#optimizer;
    const before = this.#current as Evaluated;
    const slope = this.#norm;
    const found = slope > tolerance ? this.#descend() : undefined;
    if (found !== undefined) {
      this.#trainer.steps++;
      this.#model.maskStep++;
    }
    const { loss, correct, value } = this.#current as Evaluated;
    const isStuck = before.value - value <= this.#noiseOf(before) && this.#norm >= slope;
    const { evaluations } = this.#objective;
    return { loss, correct, rate: found?.step ?? 0, converged: isStuck || this.#norm <= tolerance, evaluations };
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
    return this.#norm > 0;
  }

  /** Of the gradient at the point. */
  get #norm(): number {
    return Math.sqrt(this.#dot(this.#gradient, this.#gradient));
  }

  #noiseOf({ value }: Evaluated): number {
    return ROUNDING[this.#model.dtype] * Math.abs(value);
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
      const found = this.#search(first ?? Math.min(1, 1 / this.#norm));
      if (found !== undefined || first === undefined) return found;
      this.#forget();
    }
  }

  #search(first: number): Sample | undefined {
    const { kernels, parameters, parameterPlan } = this.#model;
    const current = this.#current as Evaluated;
    const { value } = current;
    const slope = this.#dot(this.#gradient, this.#direction);
    let last = { step: 0, evaluated: current };
    const evaluate = (step: number) => {
      this.#copy(this.#point, parameters);
      kernels.axpy(parameterPlan.length, step, this.#direction, parameters);
      last = { step, evaluated: this.#objective.evaluate() };
      return { value: last.evaluated.value, slope: this.#objective.slopeAlong(this.#direction) };
    };
    const { curvature } = this.#optimizer;
    const noise = this.#noiseOf(current);
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
