// Starting workers in Node, its kin and browsers, from this library's own source.
import { startFromBlob } from "./blob-worker.js";
import { nodeThreads } from "./host.js";
import { type Post, serve, WORKER_NAME } from "./serve.js";

/** A started worker, whatever the host calls its parts. */
export interface WorkerHandle {
  terminate(): void;
}

interface Events {
  ready: () => void;
  /** The worker ended or could not start. */
  died: (reason: string) => void;
}

type NodeWorker = {
  postMessage(value: unknown): void;
  on(event: string, listener: (value: unknown) => void): void;
  unref(): void;
  terminate(): void;
};

type NodeThreads = { Worker: new (source: string, options: { eval: true; execArgv: string[] }) => NodeWorker };

/**
 * Starts one worker and sends it its post.
 *
 * @param fromFile whether the worker runs this file instead of a blob: for pages whose policy forbids blobs
 */
export function startWorker(post: Post, fromFile: boolean, events: Events): WorkerHandle {
  const threads = nodeThreads<NodeThreads>();
  return threads === undefined ? startWebWorker(post, fromFile, events) : startNodeWorker(threads, post, events);
}

/** Whether there is a second way to start workers, should the first be forbidden. */
export function canStartFromFile(): boolean {
  return nodeThreads() === undefined;
}

function startNodeWorker(threads: NodeThreads, post: Post, events: Events): WorkerHandle {
  const source = `const { parentPort } = process.getBuiltinModule("node:worker_threads");
parentPort.once("message", (post) => (${serve})(post, (message) => parentPort.postMessage(message)));`;
  // Without the process's own arguments: they may preload modules, or name another kind of module for evaluated text.
  const worker = new threads.Worker(source, { eval: true, execArgv: [] });
  worker.on("message", events.ready);
  worker.on("error", (error) => events.died(String(error)));
  worker.on("exit", () => events.died("the worker ended"));
  worker.postMessage(post);
  worker.unref();
  return worker;
}

function startWebWorker(post: Post, fromFile: boolean, events: Events): WorkerHandle {
  const worker = fromFile
    ? new Worker(import.meta.url, { type: "module", name: WORKER_NAME })
    : startFromBlob(`onmessage = ({ data }) => (${serve})(data, (message) => postMessage(message));`);
  worker.onmessage = events.ready;
  worker.onerror = (event) => {
    event.preventDefault?.();
    events.died(event.message || "the worker could not start");
  };
  worker.postMessage(post);
  return worker;
}

/** Serves, where this file was started as a worker of ours. */
export function serveIfWorker(): void {
  const scope = globalThis as unknown as { name?: string; document?: unknown; onmessage: unknown };
  if (scope.name !== WORKER_NAME || scope.document !== undefined) return;
  scope.onmessage = ({ data }: MessageEvent<Post>) => serve(data, (message) => postMessage(message));
}
