// What a run in a worker tells the caller's thread: in bundles, so that quick batches do not flood it.
import type { BatchRecord, EpochRecord } from "../index.js";
import type { Listener } from "./messages.js";

/** Milliseconds between bundles of batches. */
const INTERVAL = 8;

export class Reporter {
  readonly #report: Listener["report"];
  readonly #onStop: () => void;
  #batches: BatchRecord[] = [];
  #sent = performance.now();
  #answer = Promise.resolve();

  constructor(report: Listener["report"], onStop: () => void) {
    this.#report = report;
    this.#onStop = onStop;
  }

  /** A promise where the bundle before the last one is not answered yet: training is not to run far ahead of its reports. */
  batch(record: BatchRecord): Promise<void> | undefined {
    this.#batches.push(record);
    if (performance.now() - this.#sent < INTERVAL) return undefined;
    const before = this.#answer;
    this.#answer = this.#send(undefined);
    // Whoever waits for it next has its error.
    this.#answer.catch(() => {});
    return before;
  }

  /** Answered when the caller's functions are through with the epoch. */
  async epoch(record: EpochRecord): Promise<void> {
    await this.#answer;
    await this.#send(record);
  }

  /** Sends what is left. */
  async flush(): Promise<void> {
    await this.#answer;
    if (this.#batches.length > 0) await this.#send(undefined);
  }

  async #send(epoch: EpochRecord | undefined): Promise<void> {
    const batches = this.#batches;
    this.#batches = [];
    this.#sent = performance.now();
    if (await this.#report(batches, epoch)) this.#onStop();
  }
}
