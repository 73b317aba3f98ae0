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
  readonly #arena: Arena;
  readonly #mailboxes: number;
  readonly #headers: Int32Array[];
  readonly #arguments: Float64Array[];
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #onDeath: () => void;
  #broken = false;

  private constructor(
    arena: Arena,
    mailboxes: number,
    workers: WorkerHandle[],
    kernels: string[],
    onDeath: () => void,
  ) {
    this.#onDeath = onDeath;
    const { buffer } = arena.memory;
    this.threads = workers.length + 1;
    this.#workers = workers;
    this.#arena = arena;
    this.#mailboxes = mailboxes;
    this.#headers = workers.map((_, i) => new Int32Array(buffer, mailboxes + i * MAILBOX.bytes, 4));
    this.#arguments = workers.map((_, i) => {
      return new Float64Array(buffer, mailboxes + i * MAILBOX.bytes + MAILBOX.argumentsOffset, 30);
    });
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
    const mailboxes = arena.allocate((threads - 1) * MAILBOX.bytes);
    const started: WorkerHandle[] = [];
    let pool: Pool | undefined;
    const startAll = (fromFile: boolean) => {
      return Promise.all(
        Array.from(
          { length: threads - 1 },
          (_, i) =>
            new Promise<void>((resolve, reject) => {
              const mailbox = mailboxes + i * MAILBOX.bytes;
              const timer = setTimeout(() => reject(new Error("a worker did not start in time")), START_MILLISECONDS);
              const settle = (end: () => void) => {
                clearTimeout(timer);
                end();
              };
              const worker = startWorker({ module, memory: arena.memory, mailbox, kernels }, fromFile, {
                ready: () => settle(resolve),
                died: (reason) => {
                  settle(() => reject(new Error(reason)));
                  if (pool !== undefined) pool.#lose();
                },
              });
              started.push(worker);
            }),
        ),
      );
    };
    try {
      await startAll(false).catch((error) => {
        if (!canStartFromFile()) throw error;
        for (const worker of started.splice(0)) worker.terminate();
        return startAll(true);
      });
    } catch (error) {
      for (const worker of started) worker.terminate();
      arena.free(mailboxes);
      throw error;
    }
    pool = new Pool(arena, mailboxes, started, kernels, onDeath);
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
   * Waits until every worker has made its call. It spins: a page's main thread may not sleep, and parts are alike.
   *
   * @param started when the parts were posted, as by performance.now()
   * @throws WorkerError where a worker does not end in reasonable time; the pool is ended then
   */
  join(started: number): void {
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
    this.#arena.free(this.#mailboxes);
  }
}
