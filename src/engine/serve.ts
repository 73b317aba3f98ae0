// What a worker does: waits at its mailbox, makes the kernel call it finds there, and empties it.

/** Sent to a worker once; it answers with any message when it is at its post. */
export interface Post {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  mailbox: SharedArrayBuffer;
  /** Kernels by the number that calls name them by. */
  kernels: string[];
}

/** The name of a worker that runs this file instead of a blob. */
export const WORKER_NAME = "lanegrad kernels";

/** A mailbox: 32-bit state, kernel and argument count, then the arguments as doubles. */
export const MAILBOX = { state: 0, kernel: 1, count: 2, argumentsOffset: 16, arguments: 30, bytes: 256 } as const;

/**
 * States of a mailbox. The third, 2, is TAKEN: a call becomes the worker's, or the caller's again, by one atomic exchange of
 * FULL for TAKEN or EMPTY.
 */
export const EMPTY = 0;
export const FULL = 1;

/**
 * Serves calls until the worker is terminated. Runs in a worker, maybe from its own source text: so it refers to nothing
 * outside of itself, and has the numbers above in its text. It looks at the mailbox for a while before it goes to sleep, since calls come in quick succession.
 *
 * @param post sends the answer
 */
export function serve({ module, memory, mailbox, kernels }: Post, post: (message: string) => void): void {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const calls = kernels.map((name) => exports[name] as (...values: number[]) => void);
  const header = new Int32Array(mailbox, 0, 4);
  const values = new Float64Array(mailbox, 16, 30);
  post("ready");
  for (;;) {
    for (let look = 0; look < 20000 && Atomics.load(header, 0) === 0; look++);
    while (Atomics.load(header, 0) === 0) Atomics.wait(header, 0, 0);
    if (Atomics.compareExchange(header, 0, 1, 2) !== 1) continue;
    const kernel = calls[header[1] as number] as (...values: number[]) => void;
    kernel(...values.subarray(0, header[2] as number));
    Atomics.store(header, 0, 0);
  }
}
