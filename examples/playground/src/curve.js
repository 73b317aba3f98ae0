// The records of a training, thinned out as they grow many, in columns as charts take them.

const LARGEST = 800;

export class Curve {
  #records = [];
  #stride = 1;
  #pending = 0;

  clear() {
    this.#records = [];
    this.#stride = 1;
    this.#pending = 0;
  }

  /** Keeps the latest record always, and of the earlier ones every so many. */
  add(record) {
    if (this.#pending > 0) this.#records.pop();
    this.#records.push(record);
    this.#pending = (this.#pending + 1) % this.#stride;
    if (this.#records.length < LARGEST) return;
    this.#records = this.#records.filter((_, i) => i % 2 === 0 || i === this.#records.length - 1);
    this.#stride *= 2;
  }

  /** One array for each name. */
  columns(names) {
    return names.map((name) => this.#records.map((record) => record[name] ?? null));
  }
}
