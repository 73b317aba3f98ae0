// Starting a Trainer's worker, whatever the host calls its parts.
import type { Endpoint } from "comlink";
import nodeEndpoint, { type NodeEndpoint } from "comlink/dist/esm/node-adapter.mjs";
import { startFromBlob } from "../engine/blob-worker.js";
import { nodeThreads } from "../engine/host.js";
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
  const threads = nodeThreads<NodeThreads>();
  try {
    return threads === undefined ? startWebWorker(onDeath) : startNodeWorker(threads, onDeath);
  } catch (error) {
    throw new WorkerError(`a trainer's worker cannot start: ${(error as Error).message}`);
  }
}

/** Where the worker's file stands, written in a way that bundlers for browsers pass by; classic scripts have no such place. */
function fileOfThread(): string {
  return String(import.meta.url).replace(/[^/]*$/, "worker-thread.js");
}

function startNodeWorker(threads: NodeThreads, onDeath: (reason: string) => void): Thread {
  // Without the process's own arguments: they may preload modules.
  const worker = new threads.Worker(new URL(fileOfThread()), { execArgv: [] });
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
  const worker = createWebWorker();
  worker.onerror = (event) => {
    event.preventDefault();
    onDeath(
      event.message || "it could not start; worker-thread.js is missing beside the bundle, or a policy forbids it",
    );
  };
  return { endpoint: worker, hold() {}, release() {}, terminate: () => worker.terminate() };
}

function createWebWorker(): Worker {
  const file = fileOfThread();
  // No worker may be of another origin than its page, such as a CDN's, but it may import from there.
  if (/^https?:/.test(file) && new URL(file).origin !== origin) {
    return startFromBlob(`import ${JSON.stringify(file)};`, { type: "module" });
  }
  // In the words that bundlers know a worker's file by.
  return new Worker(new URL("./worker-thread.js", import.meta.url), { type: "module" });
}
