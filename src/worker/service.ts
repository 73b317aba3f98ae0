// The worker's side of a Trainer: one network, and what is asked of it by the other thread.
import { transfer, wrap } from "comlink";
import {
  adagrad,
  adam,
  adamw,
  type BatchRecord,
  conjugateGradient,
  Engine,
  type EngineOptions,
  type Evaluation,
  type FitOptions,
  type FloatArray,
  graph,
  type Inputs,
  lbfgs,
  Network,
  NonFiniteError,
  rmsprop,
  Standardization,
  sgd,
  type Targets,
} from "../index.js";
import { checkName } from "../validate.js";
import {
  type Listener,
  packHistory,
  type SentData,
  type SentHistory,
  type SentNetwork,
  type SentOptimizer,
  type SentRun,
} from "./messages.js";
import { Rates } from "./rates.js";
import { Reporter } from "./reporter.js";

type Optimizers = FitOptions["optimizer"];

const MAKERS = { sgd, adagrad, rmsprop, adam, adamw, lbfgs, conjugateGradient };
const NAMES = Object.keys(MAKERS) as (keyof typeof MAKERS)[];

/** Milliseconds of training after which other calls have their turn, where the caller says nothing else. */
const YIELD_EVERY = 8;

export class Service {
  #net: Network | undefined;
  #hasBegun = false;
  readonly #optimizers = new Map<number, Optimizers>();
  readonly #runs = new Map<number, AbortController>();

  async create({ graph: definition, standardization, engine, ...options }: SentNetwork): Promise<void> {
    this.#net = await Network.create({
      ...options,
      graph: definition && graph(definition),
      standardization: standardization && new Standardization(...standardization),
      engine: engine && (await Engine.create(engine)),
    });
  }

  async restore(file: Uint8Array, engine: EngineOptions | undefined): Promise<void> {
    this.#net = await Network.restore(file, { engine: engine && (await Engine.create(engine)) });
  }

  predict({ x }: { x: Inputs }): FloatArray {
    return moved(this.#network.predict(x));
  }

  evaluate({ x, y }: { x: Inputs; y: Targets }): Evaluation {
    return this.#network.evaluate(x, y);
  }

  checkpoint(): Uint8Array {
    return moved(this.#network.checkpoint());
  }

  /** Forgets the optimizer and its state. */
  forget(): void {
    this.#network.trainer.dispose();
  }

  /** Whether a run has begun; what was refused before has changed nothing. */
  hasBegun(): boolean {
    return this.#hasBegun;
  }

  /**
   * @param id of the run, for `abort`
   * @param port to the Listener; the other thread closes it
   */
  async fit(id: number, data: SentData, run: SentRun, port: MessagePort): Promise<SentHistory> {
    port.start();
    const controller = new AbortController();
    if (run.isAborted) controller.abort();
    this.#runs.set(id, controller);
    try {
      return await this.#fit(data, run, wrap<Listener>(port) as Listener, controller);
    } finally {
      this.#runs.delete(id);
    }
  }

  abort(id: number): void {
    this.#runs.get(id)?.abort();
  }

  async #fit(data: SentData, run: SentRun, listener: Listener, controller: AbortController): Promise<SentHistory> {
    const reporter = new Reporter(
      (batches, epoch) => listener.report(batches, epoch),
      () => controller.abort(),
    );
    const rates = new Rates((epoch, step, count) => {
      this.#hasBegun = true;
      return listener.rates(epoch, step, count);
    });
    const onBatchEnd = (record: BatchRecord) => {
      this.#hasBegun = true;
      rates.passed(record);
      return run.wantsBatches ? reporter.batch(record) : undefined;
    };
    const training = this.#network.fit(data.x as Inputs, data.y as Targets, {
      yieldEvery: YIELD_EVERY,
      ...run.options,
      ...(data.validation === undefined ? {} : { validation: data.validation as FitOptions["validation"] }),
      ...(run.isScheduled ? { schedule: (epoch, step) => rates.at(epoch, step) as number } : {}),
      optimizer: this.#optimizer(run.optimizer),
      onBatchEnd,
      onEpochEnd: run.wantsEpochs ? (record) => reporter.epoch(record) : undefined,
      signal: controller.signal,
    });
    try {
      const history = await training;
      this.#hasBegun = true;
      return packHistory(history);
    } catch (error) {
      if (error instanceof NonFiniteError) this.#hasBegun = true;
      throw error;
    } finally {
      await reporter.flush();
    }
  }

  #optimizer({ id, name, hyperparameters }: SentOptimizer): Optimizers {
    const make = MAKERS[checkName("optimizer.name", name, NAMES)] as (options: object) => Optimizers;
    const optimizer = this.#optimizers.get(id) ?? make(hyperparameters);
    this.#optimizers.set(id, optimizer);
    return optimizer;
  }

  get #network(): Network {
    return this.#net as Network;
  }
}

/** What the other thread gets without a copy. */
function moved<A extends FloatArray | Uint8Array>(array: A): A {
  return transfer(array, [array.buffer as ArrayBuffer]);
}
