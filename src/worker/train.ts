// The training of a network of this thread in a worker.
import {
  DisposedError,
  type Engine,
  type EngineOptions,
  type FitOptions,
  type History,
  type Inputs,
  Network,
  type Targets,
} from "../index.js";
import { isFullBatch } from "../training/fullbatch.js";
import type { OptimizerRecord } from "../training/optimizer.js";
import { checkObject, typeError } from "../validate.js";
import { type RemoteFitOptions, Trainer } from "./trainer.js";

/**
 * `net.fit` in a worker, with the same results; see `Trainer.fit`. The network keeps its parameters meanwhile, for `predict` and
 * `evaluate`, and has those that training came to in the end; what else is done to it meanwhile is lost, except `dispose`, which ends
 * the run. An interrupted run can be resumed in either thread.
 *
 * @param x `[rows, inputs]`
 * @param y `[rows, outputs]`, or the index of the right class for each row
 * @throws WorkerError where the worker cannot start or dies, with the network as it was
 * @throws what `net.fit` throws
 */
export async function trainInWorker(net: Network, x: Inputs, y: Targets, options: RemoteFitOptions): Promise<History> {
  if (!(net instanceof Network)) throw typeError("net", "a Network", net);
  checkObject("options", options);
  let trainer: Trainer | undefined;
  const train = async () => {
    const kept = net.trainer.optimizer;
    trainer = await Trainer.restore(net.checkpoint(), { engine: engineLike(net.engine) });
    try {
      net.model.checkAlive();
      if (startsAnew(kept, options)) await trainer.forget();
      try {
        return await trainer.fit(x, y, options);
      } finally {
        if (await trainer.hasBegun()) {
          net.load(await trainer.checkpoint());
          net.trainer.use(options.optimizer);
        }
      }
    } catch (error) {
      if (error instanceof DisposedError) net.model.checkAlive();
      throw error;
    } finally {
      trainer.dispose();
    }
  };
  return net.whileFitting(train, () => trainer?.dispose());
}

/** Whether `fit` would give up the state of another optimizer, which the checkpoint could take for this one's. */
function startsAnew(kept: OptimizerRecord | undefined, { optimizer, resume }: FitOptions): boolean {
  const isLive = kept !== undefined && ("start" in kept || isFullBatch(kept));
  return isLive && kept !== optimizer && resume !== true;
}

function engineLike({ build, threads, memory }: Engine): EngineOptions {
  return { build: build === "custom" ? "auto" : build, threads, maximumMemory: memory.maximum };
}
