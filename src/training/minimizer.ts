// The minimizer: iterations of a full-batch optimizer, each a direction and a search along it.
import { bytesOf } from "../engine/dtype.js";
import type { Model } from "../network/model.js";
import { rangeError } from "../validate.js";
import type { Dataset } from "./batches.js";
import { type FullBatchOptimizer, type Mirrors, mirrorsFrom } from "./fullbatch.js";
import { searchLine } from "./linesearch.js";
import { type Evaluated, evaluateObjective } from "./objective.js";
import type { Outcome, Trainer } from "./trainer.js";
import { Vectors } from "./vectors.js";

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

export class Minimizer {
  readonly #model: Model;
  readonly #trainer: Trainer;
  readonly #optimizer: FullBatchOptimizer;
  readonly #data: Dataset;
  readonly #vectors: Vectors;
  readonly #hasDropout: boolean;
  #evaluations: number;
  /** At the point. */
  #current: Evaluated | undefined;

  /**
   * @param evaluations those of the interrupted run that this goes on with
   * @throws RangeError where there is an L1 penalty
   */
  constructor(optimizer: FullBatchOptimizer, model: Model, trainer: Trainer, data: Dataset, evaluations = 0) {
    const { l1 } = trainer.penalties;
    if (l1 > 0) throw rangeError("l1", `0 with ${optimizer.name}, which needs a smooth objective`, l1);
    this.#model = model;
    this.#trainer = trainer;
    this.#optimizer = optimizer;
    this.#data = data;
    this.#vectors = new Vectors(model);
    this.#hasDropout = model.topology.layers.some(({ kind }) => kind === "dropout");
    // The last evaluation is made again, where the uninterrupted run has its result still.
    this.#evaluations = this.#hasDropout ? evaluations : Math.max(0, evaluations - 1);
  }

  /** @throws NonFiniteError, OutOfMemoryError before anything is updated */
  iterate(): Iteration {
    const model = this.#model;
    const trainer = this.#trainer;
    const { tolerance } = this.#optimizer;
    const { state, stride } = trainer.blockOf(this.#optimizer);
    const mirrors = mirrorsFrom(state, stride);
    const { gradient } = mirrors;
    const norm = () => Math.sqrt(this.#vectors.dot(gradient, gradient));

    if (!this.#isAt(mirrors) || norm() === 0) {
      this.#current = this.#evaluate(gradient, trainer.steps + 1);
      this.#vectors.copy(model.parameters, mirrors.point);
    }
    const before = this.#current as Evaluated;
    const slope = norm();
    const noise = ROUNDING[model.dtype] * Math.abs(before.value);
    const rate = slope > tolerance ? this.#descend(mirrors, slope, noise) : 0;
    if (rate > 0) {
      trainer.steps++;
      model.maskStep++;
    }
    const { loss, correct, value } = this.#current as Evaluated;
    const isStuck = before.value - value <= noise && norm() >= slope;
    return { loss, correct, rate, converged: isStuck || norm() <= tolerance, evaluations: this.#evaluations };
  }

  #evaluate(gradient: number, step?: number): Evaluated {
    this.#evaluations++;
    return evaluateObjective(this.#model, this.#data, this.#trainer.penalties.l2, this.#vectors, gradient, step);
  }

  /**
   * Whether the point is where the parameters are, and what is known of it holds. A callback may have moved the parameters, or
   * had another optimizer take the place of this one: its gradient is 0 then.
   */
  #isAt({ point }: Mirrors): boolean {
    if (this.#current === undefined || this.#hasDropout) return false;
    const { engine, dtype, parameters, parameterPlan } = this.#model;
    const memory = engine.arena.floats(dtype);
    const [p, q] = [parameters / bytesOf(dtype), point / bytesOf(dtype)];
    for (let i = 0; i < parameterPlan.length; i++) if (memory[p + i] !== memory[q + i]) return false;
    return true;
  }

  /**
   * Goes along the optimizer's direction, or the steepest one where that leads nowhere.
   *
   * @returns the step length; 0 where nothing leads down, with the parameters as they were
   */
  #descend(mirrors: Mirrors, norm: number, noise: number): number {
    const vectors = this.#vectors;
    for (;;) {
      vectors.copy(mirrors.gradient, mirrors.direction);
      vectors.scale(mirrors.direction, -1);
      const first = this.#optimizer.turn(vectors, mirrors);
      const step = this.#search(mirrors, first ?? Math.min(1, 1 / norm), noise);
      if (step > 0 || first === undefined) return step;
      this.#forget(mirrors);
    }
  }

  #search(mirrors: Mirrors, first: number, noise: number): number {
    const vectors = this.#vectors;
    const { parameters } = this.#model;
    const { point, gradient, trial, direction } = mirrors;
    const { value } = this.#current as Evaluated;
    let tried = 0;
    let evaluated: Evaluated | undefined;
    const evaluate = (step: number) => {
      vectors.copy(point, parameters);
      vectors.add(step, direction, parameters);
      tried = step;
      evaluated = this.#evaluate(trial);
      return { value: evaluated.value, slope: vectors.dot(trial, direction) };
    };
    const start = { value, slope: vectors.dot(gradient, direction) };
    const step = start.slope < 0 ? searchLine(evaluate, start, first, this.#optimizer.curvature, noise) : 0;
    if (step === 0) vectors.copy(point, parameters);
    else {
      if (step !== tried) evaluate(step);
      this.#record(mirrors);
      this.#current = evaluated;
    }
    return step;
  }

  /**
   * Moves the point to the parameters, and puts the step and the change of the gradient before the other pairs. A pair without
   * curvature tells that the search met nothing but rounding: no pair is kept then.
   */
  #record(mirrors: Mirrors): void {
    const vectors = this.#vectors;
    const { parameters } = this.#model;
    const { point: s, gradient: y, trial, pairs, stride } = mirrors;
    vectors.scale(s, -1);
    vectors.add(1, parameters, s);
    vectors.scale(y, -1);
    vectors.add(1, trial, y);
    if (vectors.dot(s, y) > LEAST_COSINE * Math.sqrt(vectors.dot(s, s) * vectors.dot(y, y))) {
      vectors.copy(pairs, pairs + 2 * stride, 2 * (this.#optimizer.history - 1));
      vectors.copy(s, pairs, 2);
    } else this.#forget(mirrors);
    vectors.copy(parameters, s);
    vectors.copy(trial, y);
  }

  #forget({ pairs, stride }: Mirrors): void {
    this.#model.engine.arena.integers.fill(0, pairs / 4, pairs / 4 + (this.#optimizer.history * stride) / 2);
  }
}
