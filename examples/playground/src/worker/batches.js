// Mini-batches of a data set, in a new order each epoch.
import { shuffle } from "../random.js";

export class Batches {
  #data;
  #size;
  #random;
  #order;
  #next = 0;
  #x;
  #y;

  /**
   * @param data `{ rows, labels, width, scale }`: `rows` `[count, width]` are multiplied by `scale`
   * @param size rows of a batch; the last batch of an epoch may be shorter
   * @param random numbers from 0 to 1
   */
  constructor(data, size, random) {
    const count = data.labels.length;
    this.#data = data;
    this.#size = Math.min(size, count);
    this.#random = random;
    this.#order = Uint32Array.from({ length: count }, (_, i) => i);
    this.#x = new Float32Array(this.#size * data.width);
    this.#y = new Uint8Array(this.#size);
  }

  get perEpoch() {
    return Math.ceil(this.#order.length / this.#size);
  }

  /** `{ x, y }`, good until the next call. */
  next() {
    const { rows, labels, width, scale } = this.#data;
    if (this.#next === 0) shuffle(this.#order, this.#random);
    const end = Math.min(this.#next + this.#size, this.#order.length);
    const count = end - this.#next;
    for (let i = 0; i < count; i++) {
      const row = this.#order[this.#next + i];
      for (let j = 0; j < width; j++) this.#x[i * width + j] = scale * rows[row * width + j];
      this.#y[i] = labels[row];
    }
    this.#next = end % this.#order.length;
    return { x: this.#x.subarray(0, count * width), y: this.#y.subarray(0, count) };
  }
}
