// A steady-state trainBatch allocates nothing: no object or array in JavaScript, no byte of the arena.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";

interface Measurement {
  steps: number;
  /** Bytes of the JavaScript heap, garbage included. */
  allocatedPerStep: number;
  /** By how much each kind of memory is larger after all the steps and a collection of garbage. */
  grown: { heapUsed: number; external: number; arrayBuffers: number; used: number; reserved: number };
}

/** Functions are optimized after so many calls, and not whenever a busy machine comes to it: what V8 inlines then depends on that. */
const FLAGS = ["--expose-gc", "--no-concurrent-recompilation"];

const script = fileURLToPath(new URL("support/allocation.mjs", import.meta.url));

/**
 * What V8 makes of a fraction that passes from one function to another: a number of 16 bytes. The returned loss is one;
 * the smallest object or array has 24 bytes, a view on memory about 200.
 */
const BOXED_NUMBER = 16;

describe.each([
  { net: "chain", dtype: "float32", optimizer: "adam", loss: "softmaxCrossEntropy" },
  { net: "chain", dtype: "float32", optimizer: "sgd", loss: "meanSquaredError" },
  { net: "chain", dtype: "float64", optimizer: "adam", loss: "binaryCrossEntropy" },
  { net: "standardized", dtype: "float32", optimizer: "adam", loss: "softmaxCrossEntropy" },
  { net: "graph", dtype: "float32", optimizer: "adam", loss: "softmaxCrossEntropy" },
  { net: "checkpointed", dtype: "float64", optimizer: "sgd", loss: "meanSquaredError" },
])("training the $net net in $dtype by $optimizer under $loss", async ({ net, dtype, optimizer, loss }) => {
  const { stdout } = await promisify(execFile)(process.execPath, [...FLAGS, script, net, dtype, optimizer, loss]);
  const { steps, allocatedPerStep, grown } = JSON.parse(stdout) as Measurement;

  test("keeps less than a byte a step", () => {
    expect(steps).toBe(50_000);
    expect(grown.heapUsed / steps).toBeLessThan(1);
  });

  test("allocates nothing outside of the heap", () => {
    expect(grown.external).toBeLessThanOrEqual(0);
    expect(grown.arrayBuffers).toBeLessThanOrEqual(0);
  });

  test("holds the arena as it is", () => {
    expect(grown.used).toBe(0);
    expect(grown.reserved).toBe(0);
  });

  test("makes no object or array, but at most three numbers of 16 bytes a step", () => {
    expect(allocatedPerStep).toBeLessThan(3 * BOXED_NUMBER + 1);
  });
});
