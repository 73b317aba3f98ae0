// Starting a Trainer's worker, whatever the host calls its parts.
import type { Endpoint } from "comlink";
import nodeEndpoint, { type NodeEndpoint } from "comlink/dist/esm/node-adapter.mjs";
import { nodeModule } from "../engine/host.js";
import { WorkerError } from "../index.js";

export interface Thread {
  readonly endpoint: Endpoint;
  /** Keeps the process alive until `release`. */
  hold(): void;
  release(): void;
  terminate(): void;
}

interface NodeWorker extends NodeEndpoint {
  ref(): void;
  unref(): void;
  terminate(): void;
}

type NodeThreads = { Worker: new (file: URL, options: { execArgv: string[] }) => NodeWorker };

/**
 * Starts a worker with `worker-thread.js`, which stands beside this bundle.
 *
 * @param onDeath called when the worker has ended by itself or cannot start, maybe more than once
 * @throws WorkerError where the host refuses to start it
 */
export function startThread(onDeath: (reason: string) => void): Thread {
  const threads = nodeModule<NodeThreads>("worker_threads");
  try {
    return threads === undefined ? startWebWorker(onDeath) : startNodeWorker(threads, onDeath);
  } catch (error) {
    throw new WorkerError(`a trainer's worker cannot start: ${(error as Error).message}`);
  }
}

function startNodeWorker(threads: NodeThreads, onDeath: (reason: string) => void): Thread {
  // Written in a way that bundlers for browsers pass by. Without the process's own arguments: they may preload modules.
  const file = new URL(import.meta.url.replace(/[^/]*$/, "worker-thread.js"));
  const worker = new threads.Worker(file, { execArgv: [] });
  worker.on("error", (error) => onDeath(String(error)));
  worker.on("exit", () => onDeath("it ended"));
  return {
    endpoint: nodeEndpoint(worker),
    hold: () => worker.ref(),
    release: () => worker.unref(),
    terminate: () => worker.terminate(),
  };
}

function startWebWorker(onDeath: (reason: string) => void): Thread {
  // In the words that bundlers know a worker's file by.
  const worker = new Worker(new URL("./worker-thread.js", import.meta.url), { type: "module" });
  worker.onerror = (event) => {
    event.preventDefault();
    onDeath(
      event.message || "it could not start; worker-thread.js is missing beside the bundle, or a policy forbids it",
    );
  };
  return { endpoint: worker, hold() {}, release() {}, terminate: () => worker.terminate() };
}
