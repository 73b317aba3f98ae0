// The workspace of products: what is planned for the largest sizes is enough for all smaller ones, on every number of threads.
import { afterAll, describe, expect, test } from "vitest";
import { type DType, dense, Engine, Network } from "../src/index.js";
import { BUILDS, engineOf } from "./support/builds.js";

const DTYPES: readonly DType[] = ["float32", "float64"];

const THREADS = [1, 2, 3];

const engines = await Promise.all(THREADS.map((threads) => Engine.create({ build: "simd", threads })));
afterAll(() => {
  for (const engine of engines) engine.dispose();
});

/** Sizes around the ends of blocks, ascending. */
const SIZES = [
  1, 15, 16, 17, 99, 100, 101, 192, 200, 201, 255, 256, 257, 300, 512, 513, 1023, 1024, 1025, 1040, 2048, 2064,
];

describe.each(BUILDS)("%s", (build) => {
  test.each(DTYPES)("larger products need no less, %s", async (dtype) => {
    const { workspaceBytes } = (await engineOf(build)).kernels(dtype);
    for (const other of SIZES) {
      for (const sizes of [
        SIZES.map((m) => workspaceBytes(m, other, 300)),
        SIZES.map((n) => workspaceBytes(other, n, 300)),
        SIZES.map((k) => workspaceBytes(100, other, k)),
      ]) {
        expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
      }
    }
  });
});

/** Matrices that lie behind everything else; `work` is to leave them as they are. */
function expectUntouched(engine: Engine, work: () => void): void {
  const neighbours = Array.from({ length: 4 }, () => engine.matrix(512, 512));
  work();
  const changed = neighbours.map(({ values }) => values.findIndex((value) => value !== 0));
  for (const matrix of neighbours) matrix.free();
  expect(changed).toEqual([-1, -1, -1, -1]);
}

describe.each(engines.map((engine) => ({ threads: engine.threads, engine })))("$threads threads", ({ engine }) => {
  test.each([
    { inputs: 512, outputs: 512, batch: 101, rows: 100 },
    { inputs: 257, outputs: 512, batch: 201, rows: 100 },
    { inputs: 300, outputs: 2064, batch: 200, rows: 200 },
    { inputs: 2064, outputs: 300, batch: 200, rows: 192 },
  ])("a batch of $rows rows where $batch are planned, $inputs × $outputs", async ({ inputs, outputs, batch, rows }) => {
    const layers = [dense(outputs, "relu"), dense(outputs)];
    const net = await Network.create({ engine, inputs, layers, loss: "meanSquaredError", batchSize: batch });
    const x = new Float32Array(rows * inputs).fill(0.5);
    const y = new Float32Array(rows * outputs);
    expectUntouched(engine, () => net.backward(x, y));
    net.dispose();
  });

  test.each([
    [128, 2064, 256],
    [100, 1025, 300],
    [101, 3100, 257],
  ])("a product of %i × %i × %i", async (m, n, k) => {
    const a = engine.matrix(m, k, { values: new Float32Array(m * k).fill(1) });
    const b = engine.matrix(k, n, { values: new Float32Array(k * n).fill(1) });
    const c = engine.matrix(m, n);
    engine.gemm({ a, b, c });
    expectUntouched(engine, () => engine.gemm({ a, b, c }));
    for (const used of [a, b, c]) used.free();
  });
});
