// The pool: workers that make a part of a kernel call each, on one shared memory, while the caller makes its own part.
import { WorkerError } from "../errors.js";
import type { Arena } from "./arena.js";
import { EMPTY, FULL, MAILBOX } from "./serve.js";
import { canStartFromFile, startWorker, type WorkerHandle } from "./workers.js";

/** How long a worker may take to start. */
const START_MILLISECONDS = 10_000;

/** A worker is given up when its part takes this many times as long as the caller's, and at least so many milliseconds. */
const PATIENCE = 100;
const SHORTEST_PATIENCE = 2_000;

export class Pool {
  /** Workers, and the caller. */
  readonly threads: number;
  readonly #workers: WorkerHandle[];
  readonly #headers: Int32Array[];
  readonly #arguments: Float64Array[];
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #onDeath: () => void;
  #broken = false;

  private constructor(mailboxes: SharedArrayBuffer[], workers: WorkerHandle[], kernels: string[], onDeath: () => void) {
    this.#onDeath = onDeath;
    this.threads = workers.length + 1;
    this.#workers = workers;
    this.#headers = mailboxes.map((mailbox) => new Int32Array(mailbox, 0, 4));
    this.#arguments = mailboxes.map((mailbox) => new Float64Array(mailbox, MAILBOX.argumentsOffset, MAILBOX.arguments));
    this.#numbers = new Map(kernels.map((name, number) => [name, number]));
  }

  /**
   * Starts `threads − 1` workers and waits until they serve.
   *
   * @param onDeath called once, when the pool has lost a worker
   * @throws Error with the reason, where the host does not let workers start
   */
  static async start(
    threads: number,
    module: WebAssembly.Module,
    arena: Arena,
    kernels: string[],
    onDeath: () => void,
  ): Promise<Pool> {
    // Outside of the arena: a worker may go on for a while after it was told to end, and is not to find other data there.
    const mailboxes = Array.from({ length: threads - 1 }, () => new SharedArrayBuffer(MAILBOX.bytes));
    const started: WorkerHandle[] = [];
    let pool: Pool | undefined;
    const startAll = (fromFile: boolean) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error("a worker did not start in time")), START_MILLISECONDS);
      });
      const ready = mailboxes.map((mailbox) => {
        return new Promise<void>((resolve, reject) => {
          const worker = startWorker({ module, memory: arena.memory, mailbox, kernels }, fromFile, {
            ready: resolve,
            died: (reason) => {
              reject(new Error(reason));
              if (pool !== undefined) pool.#lose();
            },
          });
          started.push(worker);
        });
      });
      return Promise.race([Promise.all(ready), late]).finally(() => clearTimeout(timer));
    };
    try {
      await startAll(false).catch((error) => {
        if (!canStartFromFile()) throw error;
        for (const worker of started.splice(0)) worker.terminate();
        return startAll(true);
      });
    } catch (error) {
      for (const worker of started) worker.terminate();
      throw error;
    }
    pool = new Pool(mailboxes, started, kernels, onDeath);
    return pool;
  }

  /** Has the worker `part` (from 1) make a call. */
  post(part: number, kernel: string, values: readonly number[]): void {
    const header = this.#headers[part - 1] as Int32Array;
    (this.#arguments[part - 1] as Float64Array).set(values);
    header[MAILBOX.kernel] = this.#numbers.get(kernel) as number;
    header[MAILBOX.count] = values.length;
    Atomics.store(header, MAILBOX.state, FULL);
    Atomics.notify(header, MAILBOX.state);
  }

  /**
   * Makes the calls that no worker has begun, and waits until the others are made. It spins: a page's main thread may not
   * sleep, and parts are alike.
   *
   * @param started when the parts were posted, as by performance.now()
   * @param make makes the call of a part (from 1)
   * @throws WorkerError where a worker does not end in reasonable time; the pool is ended then
   */
  join(started: number, make: (part: number) => void): void {
    for (const [index, header] of this.#headers.entries()) {
      if (Atomics.compareExchange(header, MAILBOX.state, FULL, EMPTY) === FULL) make(index + 1);
    }
    const own = performance.now() - started;
    const limit = started + own + Math.max(SHORTEST_PATIENCE, PATIENCE * own);
    for (const header of this.#headers) {
      let looks = 0;
      while (Atomics.load(header, MAILBOX.state) !== EMPTY) {
        if (++looks % 100_000 === 0 && performance.now() > limit) {
          this.#lose();
          throw new WorkerError();
        }
      }
    }
  }

  /** Ends the pool that has lost a worker: it takes no more calls. */
  #lose(): void {
    if (this.#broken) return;
    this.dispose();
    this.#onDeath();
  }

  dispose(): void {
    if (this.#broken) return;
    this.#broken = true;
    for (const worker of this.#workers) worker.terminate();
  }
}
