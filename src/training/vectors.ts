// Arithmetic on mirrors of the parameter block, given by their addresses: the same bits for any number of threads.
import type { Model } from "../network/model.js";

export class Vectors {
  readonly #model: Model;

  constructor(model: Model) {
    this.#model = model;
  }

  /** xᵀy, summed in double precision. */
  dot(x: number, y: number): number {
    return this.#model.kernels.dot(this.#model.parameterPlan.length, x, y);
  }

  /** y ← α·x + y */
  add(alpha: number, x: number, y: number): void {
    this.#model.kernels.axpy(this.#model.parameterPlan.length, alpha, x, y);
  }

  /** x ← factor · x */
  scale(x: number, factor: number): void {
    this.#model.kernels.scale(this.#model.parameterPlan.length, x, factor);
  }

  /** Copies `count` mirrors, one behind the other. */
  copy(from: number, to: number, count = 1): void {
    this.#model.engine.arena.integers.copyWithin(
      to / 4,
      from / 4,
      (from + count * this.#model.parameterPlan.bytes) / 4,
    );
  }
}
