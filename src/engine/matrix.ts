// A row-major matrix in the arena, for products outside of networks.
import { DisposedError } from "../errors.js";
import type { Arena } from "./arena.js";
import type { DType, FloatArray } from "./dtype.js";

/** Made by {@link Engine.matrix}. */
export class Matrix {
  /** Its height. */
  readonly rows: number;
  /** Its width. */
  readonly cols: number;
  /** Of its elements. */
  readonly dtype: DType;
  readonly #arena: Arena;
  readonly #address: number;
  #values: FloatArray | undefined;
  #freed = false;

  /** @internal */
  constructor(arena: Arena, address: number, rows: number, cols: number, dtype: DType) {
    this.#arena = arena;
    this.#address = address;
    this.rows = rows;
    this.cols = cols;
    this.dtype = dtype;
  }

  /**
   * The elements, row-major `[rows, cols]`, live: what is written here is what products read. The view is made anew when
   * the arena has grown, so read this property at each use instead of keeping its result.
   *
   * @throws DisposedError after `free`
   */
  get values(): FloatArray {
    this.#checkAlive();
    if (this.#values?.buffer !== this.#arena.memory.buffer) {
      this.#values = this.#arena.view(this.dtype, this.#address, this.rows * this.cols);
    }
    return this.#values;
  }

  /** Gives the memory back to the engine. Calling it again does nothing. */
  free(): void {
    if (this.#freed) return;
    this.#freed = true;
    this.#values = undefined;
    this.#arena.free(this.#address);
  }

  /** @internal */
  get address(): number {
    this.#checkAlive();
    return this.#address;
  }

  /** @internal */
  isIn(arena: Arena): boolean {
    return this.#arena === arena;
  }

  #checkAlive(): void {
    if (this.#freed) throw new DisposedError("matrix");
  }
}
