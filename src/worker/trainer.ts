// A network in a worker: it trains there, while this thread stays free.
import { expose, type Remote, transfer, wrap } from "comlink";
import {
  type BatchRecord,
  DisposedError,
  type Engine,
  type EngineOptions,
  type EpochRecord,
  type Evaluation,
  type FitOptions,
  type FloatArray,
  type History,
  type Inputs,
  Network,
  type Targets,
  WorkerError,
} from "../index.js";
import { checkOptimizer, FIT_OPTIONS } from "../training/fit-options.js";
import { isFullBatch } from "../training/fullbatch.js";
import { checkBoolean, checkBytes, checkFunction, checkOptions, typeError } from "../validate.js";
import { carryErrors } from "./errors.js";
import {
  checkEngineOptions,
  type Listener,
  packData,
  packNetwork,
  type SentRun,
  type TrainerOptions,
  unpackHistory,
} from "./messages.js";
import type { Service } from "./service.js";
import { startThread, type Thread } from "./thread.js";

export interface RemoteFitOptions extends FitOptions {
  /**
   * Moves whole typed arrays to the worker instead of copying them: they are empty here afterwards, as is every other view on
   * their buffers. false by default.
   */
  transfer?: boolean;
}

/** A network in a worker of its own. Calls are answered between two batches while `fit` runs. */
export class Trainer {
  readonly #thread: Thread;
  readonly #service: Remote<Service>;
  /** What ends the calls that are not answered yet. */
  readonly #pending = new Set<(error: Error) => void>();
  readonly #optimizers = new WeakMap<object, number>();
  #numbers = 0;
  #ended: (() => Error) | undefined;

  private constructor() {
    carryErrors();
    this.#thread = startThread((reason) => this.#end(() => new WorkerError(`the trainer's worker died: ${reason}`)));
    this.#service = wrap<Service>(this.#thread.endpoint);
  }

  /**
   * Starts a worker, and makes a network there as `Network.create` does.
   *
   * @throws WorkerError where the worker cannot start
   * @throws RangeError, TypeError, ShapeError, OutOfMemoryError, UnsupportedHostError
   */
  static async create(options: TrainerOptions): Promise<Trainer> {
    const sent = packNetwork(options);
    return Trainer.#start((service) => service.create(sent));
  }

  /**
   * Starts a worker with the network of a checkpoint, as `Network.restore` does.
   *
   * @param file what `checkpoint` gave
   * @param options engine: options of the worker's engine
   * @throws WorkerError where the worker cannot start
   * @throws FormatError, TypeError, OutOfMemoryError, UnsupportedHostError
   */
  static async restore(file: Uint8Array, options: { engine?: EngineOptions } = {}): Promise<Trainer> {
    checkBytes("file", file);
    checkOptions("options", options, ["engine"]);
    checkEngineOptions(options.engine);
    return Trainer.#start((service) => service.restore(file, options.engine));
  }

  static async #start(make: (service: Remote<Service>) => Promise<void>): Promise<Trainer> {
    const trainer = new Trainer();
    try {
      await trainer.#call(make);
      return trainer;
    } catch (error) {
      trainer.dispose();
      throw error;
    }
  }

  /**
   * `Network.fit` in the worker, with the same results. Records of batches come in bundles every few milliseconds, and training
   * runs ahead of `onBatchEnd` by two bundles at most; for `onEpochEnd` it waits. A signal stops it some batches later, or in
   * `onEpochEnd` at once. `schedule` is called up to an epoch ahead. `yieldEvery` is 8 by default.
   *
   * @param x `[rows, inputs]`
   * @param y `[rows, outputs]`, or the index of the right class for each row
   * @throws what `Network.fit` throws; WorkerError
   */
  async fit(x: Inputs, y: Targets, options: RemoteFitOptions): Promise<History> {
    this.#live();
    checkOptions("options", options, [...FIT_OPTIONS, "transfer"]);
    const {
      optimizer,
      schedule,
      onBatchEnd,
      onEpochEnd,
      signal,
      validation,
      transfer: moves = false,
      ...others
    } = options;
    if (!isFullBatch(optimizer)) checkOptimizer(optimizer);
    if (signal !== undefined && !(signal instanceof AbortSignal)) throw typeError("signal", "an AbortSignal", signal);
    const { name, hyperparameters } = optimizer;
    const run: SentRun = {
      options: others,
      optimizer: { id: this.#numberOf(optimizer), name, hyperparameters },
      isAborted: signal?.aborted === true,
      isScheduled: checkFunction("schedule", schedule) !== undefined,
      wantsBatches: checkFunction("onBatchEnd", onBatchEnd) !== undefined,
      wantsEpochs: checkFunction("onEpochEnd", onEpochEnd) !== undefined,
    };
    const data = packData({ x, y, validation }, checkBoolean("transfer", moves));
    const id = ++this.#numbers;
    const listener = new RunListener(options, () => this.#live());
    const { port1, port2 } = new MessageChannel();
    expose(listener, port1);
    const abort = () => {
      // A worker that is gone trains no more either.
      this.#call((service) => service.abort(id)).catch(() => {});
    };
    signal?.addEventListener("abort", abort);
    try {
      return unpackHistory(await this.#call((service) => service.fit(id, data, run, transfer(port2, [port2]))));
    } catch (error) {
      throw listener.failure === undefined ? error : listener.failure.error;
    } finally {
      signal?.removeEventListener("abort", abort);
      port1.close();
    }
  }

  /**
   * `Network.predict`, with the parameters that the network has by then.
   *
   * @param x `[rows, inputs]`
   * @returns `[rows, outputs]`
   * @throws what `Network.predict` throws; WorkerError
   */
  async predict(x: Inputs): Promise<FloatArray> {
    return this.#call<FloatArray>((service) => service.predict(packData({ x })));
  }

  /**
   * `Network.evaluate`, with the parameters that the network has by then.
   *
   * @param x `[rows, inputs]`
   * @param y `[rows, outputs]`, or the index of the right class for each row
   * @throws what `Network.evaluate` throws; WorkerError
   */
  async evaluate(x: Inputs, y: Targets): Promise<Evaluation> {
    return this.#call((service) => service.evaluate(packData({ x, y })));
  }

  /**
   * `Network.checkpoint`, of a running `fit` too.
   *
   * @throws DisposedError, WorkerError
   */
  async checkpoint(): Promise<Uint8Array> {
    return this.#call((service) => service.checkpoint());
  }

  /**
   * A copy of the network in this thread, as `Network.restore` makes it.
   *
   * @param options engine: of this thread
   * @throws what `Network.restore` throws; DisposedError, WorkerError
   */
  async network(options: { engine?: Engine } = {}): Promise<Network> {
    return Network.restore(await this.checkpoint(), options);
  }

  /** Ends the worker, and every call that is not answered yet with DisposedError. Calling it again does nothing. */
  dispose(): void {
    this.#end(() => new DisposedError("trainer"));
  }

  /**
   * Makes the next run start without the state of an optimizer.
   *
   * @internal
   */
  async forget(): Promise<void> {
    return this.#call((service) => service.forget());
  }

  /**
   * Whether a run has begun; what was refused before has changed nothing.
   *
   * @internal
   */
  async hasBegun(): Promise<boolean> {
    return this.#call((service) => service.hasBegun());
  }

  #call<T>(ask: (service: Remote<Service>) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#live();
      if (this.#pending.size === 0) this.#thread.hold();
      this.#pending.add(reject);
      ask(this.#service)
        .then(resolve, (error) => reject(error?.name === "DataCloneError" ? notPlain(error) : error))
        .finally(() => {
          this.#pending.delete(reject);
          if (this.#pending.size === 0) this.#thread.release();
        });
    });
  }

  #numberOf(optimizer: object): number {
    const number = this.#optimizers.get(optimizer) ?? ++this.#numbers;
    this.#optimizers.set(optimizer, number);
    return number;
  }

  #end(reason: () => Error): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#thread.terminate();
    for (const reject of this.#pending) reject(reason());
    this.#pending.clear();
  }

  #live(): void {
    if (this.#ended !== undefined) throw this.#ended();
  }
}

function notPlain({ message }: Error): TypeError {
  return new TypeError(`a trainer takes plain data: ${message}`);
}

/** The caller's functions, as the worker calls them. */
class RunListener implements Listener {
  /** What one of them threw, itself instead of a copy. */
  failure: { error: unknown } | undefined;
  readonly #options: FitOptions;
  readonly #checkLive: () => void;
  #answer: Promise<boolean> = Promise.resolve(false);
  /** What the schedule threw for a step that is still ahead. */
  #thrown: { error: unknown } | undefined;

  /** @param checkLive throws where the trainer has ended, whose calls end then */
  constructor(options: FitOptions, checkLive: () => void) {
    this.#options = options;
    this.#checkLive = checkLive;
  }

  /** One bundle behind the other, and none behind a failure. */
  report(batches: BatchRecord[], epoch: EpochRecord | undefined): Promise<boolean> {
    const { onBatchEnd, onEpochEnd, signal } = this.#options;
    const call = async () => {
      for (const record of batches) {
        this.#checkLive();
        const waiting = onBatchEnd?.(record);
        if (waiting instanceof Promise) await waiting;
      }
      this.#checkLive();
      if (epoch !== undefined) await onEpochEnd?.(epoch);
      return signal?.aborted === true;
    };
    this.#answer = this.#answer.then(() => this.#watch(call));
    return this.#answer;
  }

  /** Fewer where the schedule throws: that comes when the step does. */
  rates(epoch: number, step: number, count: number): Promise<unknown[]> {
    const { schedule } = this.#options;
    return this.#watch(async () => {
      const rates: unknown[] = [];
      try {
        while (this.#thrown === undefined && rates.length < count) rates.push(schedule?.(epoch, step + rates.length));
      } catch (error) {
        this.#thrown = { error };
      }
      if (this.#thrown !== undefined && rates.length === 0) throw this.#thrown.error;
      return rates;
    });
  }

  async #watch<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      this.failure ??= { error };
      throw error;
    }
  }
}
