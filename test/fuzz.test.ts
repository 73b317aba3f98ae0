// Fuzzing: 100,000 mutated files, each by its seed, are read or refused with a FormatError, and nothing else happens.
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";

const FILES = 100_000;

/** Megabytes of objects that no file makes the worker hold, the package and its compiled code included; buffers are counted there. */
const LARGEST_HEAP = 64;

/** Milliseconds that no single file takes, however busy the machine is. */
const PATIENCE = 20_000;

interface Outcomes {
  read: number;
  refused: number;
  /** How many different places errors named. */
  places: number;
  failures: { seed: number; fault: string }[];
}

/** Rejects with the seed of a file that the worker does not get past. */
function fuzz(first: number, count: number): Promise<Outcomes> {
  const progress = new Int32Array(new SharedArrayBuffer(4));
  const script = new URL("support/fuzz-safetensors.mjs", import.meta.url);
  const worker = new Worker(script, {
    workerData: { first, count, progress },
    resourceLimits: { maxOldGenerationSizeMb: LARGEST_HEAP, maxYoungGenerationSizeMb: 16 },
  });
  return new Promise<Outcomes>((resolve, reject) => {
    let last = -1;
    const watch = setInterval(() => {
      const seed = Atomics.load(progress, 0);
      if (seed === last) reject(new Error(`seed ${seed} hangs`));
      last = seed;
    }, PATIENCE);
    worker.once("message", resolve);
    worker.once("error", (error) => reject(new Error(`seed ${Atomics.load(progress, 0)}: ${error}`)));
    worker.once("exit", () => clearInterval(watch));
  }).finally(() => worker.terminate());
}

test(`${FILES} mutated files in the safetensors format are read or refused`, async () => {
  const { failures, read, refused, places } = await fuzz(1, FILES);
  expect(failures).toEqual([]);
  expect(read + refused).toBe(FILES);
  expect(read).toBeGreaterThan(FILES / 50);
  expect(refused).toBeGreaterThan(FILES / 2);
  expect(places).toBeGreaterThan(100);
}, 240_000);
