// A schedule of the caller's thread: its rates are asked for up to an epoch ahead, once for each step and in order.
import type { BatchRecord } from "../index.js";
import type { Listener } from "./messages.js";

/** As many rates are asked for at once. */
const MOST = 1024;

export class Rates {
  readonly #ask: Listener["rates"];
  #rates: unknown[] = [];
  #next = 0;
  #last: BatchRecord | undefined;

  constructor(ask: Listener["rates"]) {
    this.#ask = ask;
  }

  /** To be called after each batch: its record tells how many follow in the epoch. */
  passed(record: BatchRecord): void {
    this.#last = record;
  }

  /** The rate of the step, or a promise of it. */
  at(epoch: number, step: number): unknown {
    return this.#next < this.#rates.length ? this.#rates[this.#next++] : this.#fetch(epoch, step);
  }

  async #fetch(epoch: number, step: number): Promise<unknown> {
    const { batch = 0, batches = 1 } = this.#last ?? {};
    const left = batch < batches ? batches - batch : batches;
    this.#rates = await this.#ask(epoch, step, Math.min(left, MOST));
    this.#next = 1;
    return this.#rates[0];
  }
}
