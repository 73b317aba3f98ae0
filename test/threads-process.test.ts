// Threads of the built package in Node processes of their own: they end by themselves, survive the death of threads, and do
// without threads where the host has none.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** A process that still runs then has hung. */
const PATIENCE = 30_000;

interface Ended {
  /** null where the process had to be killed. */
  code: number | null;
  /** What the script gave to `report`. */
  report: unknown;
  /** Lines on the standard error. */
  warnings: string[];
}

/**
 * What scripts have at hand: the package, the workers that were started (by way of the class that the package finds in
 * node:worker_threads), a product large enough to be shared, and its right result by one thread.
 */
const PRELUDE = `
  const threads = process.getBuiltinModule("node:worker_threads");
  const { Worker } = threads;
  const workers = [];
  let ended = 0;
  /** Code that the workers started from now on run first. */
  let sabotage = "";
  threads.Worker = class extends Worker {
    constructor(source, options) {
      super(sabotage + source, options);
      workers.push(this);
      this.on("exit", () => ended++);
    }
  };
  const report = (value) => console.log(JSON.stringify(value));
  const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  const until = async (holds) => {
    while (!holds()) await sleep(5);
  };
  /** Keeps the thread, and so all of its events, from going on. */
  const block = (milliseconds) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
  /** Worker code: the given statement in the place of every product. */
  const inCall = (statement) => \`{
    const { Instance } = WebAssembly;
    WebAssembly.Instance = function (...given) {
      const { exports } = new Instance(...given);
      return { exports: { ...exports, sgemm: () => { \${statement} } } };
    };
  }\`;
  const { Engine, Network, WorkerError, adam, dense } = await import("./dist/index.js");
  const multiply = (engine) => {
    const matrix = (seed) => engine.matrix(150, 150, { values: Float32Array.from({ length: 22500 }, (_, i) => (i * seed) % 7) });
    const [a, b, c] = [matrix(3), matrix(5), engine.matrix(150, 150)];
    try {
      engine.gemm({ a, b, c });
      return Buffer.from(c.values.slice().buffer).toString("base64");
    } finally {
      for (const used of [a, b, c]) used.free();
    }
  };
  const right = multiply(await Engine.create({ build: "simd" }));
  /** "right", "wrong", or the name of the error. */
  const outcomeOf = (engine) => {
    try {
      return multiply(engine) === right ? "right" : "wrong";
    } catch (error) {
      return error.name;
    }
  };
  /** The first outcome that is not right; until then the caller may have made every part of the calls itself. */
  const failureOf = (engine) => {
    for (;;) {
      const outcome = outcomeOf(engine);
      if (outcome !== "right") return outcome;
    }
  };
`;

async function run(script: string, { flags = [] as string[], prelude = PRELUDE } = {}): Promise<Ended> {
  const args = [...flags, "--input-type=module", "--eval", prelude + script];
  const child = spawn(process.execPath, args, { cwd: ROOT, timeout: PATIENCE, killSignal: "SIGKILL" });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => (stdout += chunk));
  child.stderr.on("data", (chunk) => (stderr += chunk));
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  const warnings = stderr.split("\n").filter((line) => line !== "");
  return { code, report: stdout === "" ? undefined : JSON.parse(stdout), warnings };
}

function expectReport(ended: Ended, report: unknown): void {
  expect(ended).toEqual({ code: 0, report, warnings: [] });
}

describe.concurrent("a process ends by itself", () => {
  test("with an engine that was not used", async () => {
    expectReport(await run("report((await Engine.create({ threads: 2 })).threads);"), 2);
  });

  test("with an engine that made many calls and is idle", async () => {
    const script = `
      const engine = await Engine.create({ build: "simd", threads: 3 });
      const outcomes = new Set();
      for (let call = 0; call < 200; call++) outcomes.add(outcomeOf(engine));
      report([...outcomes]);
    `;
    expectReport(await run(script), ["right"]);
  });

  test("behind fit", async () => {
    const script = `
      const engine = await Engine.create({ threads: 2 });
      const net = await Network.create({ engine, inputs: 100, layers: [dense(100, "relu"), dense(1)], loss: "meanSquaredError" });
      const { epochs } = await net.fit(new Float32Array(6400), new Float32Array(64), { optimizer: adam({ learningRate: 0.01 }), epochs: 3 });
      report(epochs.length);
    `;
    expectReport(await run(script), 3);
  });

  test("with several engines, disposed of or not", async () => {
    const script = `
      const engines = await Promise.all([2, 3, 2].map((threads) => Engine.create({ build: "simd", threads })));
      const outcomes = engines.map(outcomeOf);
      engines[0].dispose();
      report([...outcomes, ...engines.map((engine) => engine.threads)]);
    `;
    expectReport(await run(script), ["right", "right", "right", 1, 3, 2]);
  });

  test("with the code that it is given, or that of an error", async () => {
    const start = "const engine = await Engine.create({ threads: 2 }); multiply(engine);";
    expect((await run(`${start} process.exit(7);`)).code).toBe(7);
    expect((await run(`${start} throw new Error("as planned");`)).code).toBe(1);
  });

  test("no thread outlives dispose", async () => {
    const script = `
      const engine = await Engine.create({ build: "simd", threads: 4 });
      const before = outcomeOf(engine);
      engine.dispose();
      await until(() => ended === 3);
      report([before, workers.length, engine.threads, outcomeOf(engine)]);
    `;
    expectReport(await run(script), ["right", 3, 1, "right"]);
  });

  test("an engine in a worker thread has threads too, and takes them with it", async () => {
    const script = `
      const inner = ${JSON.stringify(PRELUDE)} + \`
        const engine = await Engine.create({ build: "simd", threads: 2 });
        threads.parentPort.postMessage([outcomeOf(engine), engine.threads]);
        setInterval(() => {}, 1000);
      \`;
      const url = "data:text/javascript," + encodeURIComponent(inner.replace("./dist", new URL("dist", "file://" + process.cwd() + "/")));
      const worker = new Worker(new URL(url));
      worker.once("message", async (message) => {
        await worker.terminate();
        report(message);
      });
    `;
    expectReport(await run(script), ["right", 2]);
  });
});

describe.concurrent("a thread dies", () => {
  test("between calls: the work goes on, with new threads in a while", async () => {
    const script = `
      const engine = await Engine.create({ build: "simd", threads: 3 });
      const outcomes = [];
      for (let round = 0; round < 3; round++) {
        outcomes.push(outcomeOf(engine));
        await workers.at(-1).terminate();
        outcomes.push(outcomeOf(engine));
        await until(() => engine.threads === 3);
      }
      outcomes.push(outcomeOf(engine));
      await until(() => ended === 6);
      report([...outcomes, workers.length]);
    `;
    expectReport(await run(script), [...new Array(7).fill("right"), 8]);
  });

  test("unnoticed before a call: the call is made, or fails with a WorkerError", async () => {
    const script = `
      const engine = await Engine.create({ build: "simd", threads: 2 });
      const before = outcomeOf(engine);
      workers[0].terminate();
      block(500);
      const during = outcomeOf(engine);
      const after = outcomeOf(engine);
      await until(() => engine.threads === 2 && workers.length === 2);
      report([before, ["right", "WorkerError"].includes(during), after, outcomeOf(engine)]);
    `;
    expectReport(await run(script), ["right", true, "right", "right"]);
  });

  test.each([
    ["ends", "process.exit(0);"],
    ["ends with an error", "process.exit(1);"],
    ["traps", "unreachable;"],
  ])("in the middle of a call, where it %s: a WorkerError, then all is well", async (_, statement) => {
    const script = `
      sabotage = inCall(${JSON.stringify(statement)});
      const engine = await Engine.create({ build: "simd", threads: 2 });
      sabotage = "";
      const during = failureOf(engine);
      const after = outcomeOf(engine);
      const alone = engine.threads;
      await until(() => engine.threads === 2);
      report([during, after, alone, outcomeOf(engine), workers.length]);
    `;
    expectReport(await run(script), ["WorkerError", "right", 1, "right", 2]);
  });

  test("one of three in the middle of a call", async () => {
    const script = `
      let started = 0;
      const all = inCall("process.exit(0);");
      const Watched = threads.Worker;
      threads.Worker = class extends Watched {
        constructor(source, options) {
          super(started++ === 1 ? all + source : source, options);
        }
      };
      const engine = await Engine.create({ build: "simd", threads: 4 });
      const during = failureOf(engine);
      const after = outcomeOf(engine);
      await until(() => engine.threads === 4);
      await until(() => ended === 3);
      report([during, after, outcomeOf(engine), workers.length]);
    `;
    expectReport(await run(script), ["WorkerError", "right", "right", 6]);
  });

  test("again and again: each call fails or is right, and the process ends", async () => {
    const script = `
      sabotage = inCall("process.exit(0);");
      const engine = await Engine.create({ build: "simd", threads: 2 });
      const outcomes = [failureOf(engine)];
      await until(() => engine.threads === 2);
      sabotage = "";
      outcomes.push(failureOf(engine));
      await until(() => engine.threads === 2);
      outcomes.push(outcomeOf(engine));
      report(outcomes);
    `;
    expectReport(await run(script), ["WorkerError", "WorkerError", "right"]);
  });

  test("during fit: fit goes on to the same bits, or fails with a WorkerError and the net can be trained", async () => {
    const script = `
      const fit = async (threads, onBatchEnd) => {
        const engine = await Engine.create({ build: "simd", threads });
        const net = await Network.create({ engine, inputs: 100, layers: [dense(100, "relu"), dense(1)], loss: "meanSquaredError" });
        const x = Float32Array.from({ length: 64000 }, (_, i) => (i % 13) / 13);
        const y = Float32Array.from({ length: 640 }, (_, i) => (i % 5) / 5);
        const train = (epochs) => net.fit(x, y, { optimizer: adam({ learningRate: 0.01 }), epochs, yieldEvery: 1, onBatchEnd });
        const outcome = await train(20).then(() => "done", (error) => error.name);
        const bits = JSON.stringify(net.parameters.map(({ values }) => [...values]));
        if (outcome !== "done") await train(1);
        await until(() => engine.threads === threads);
        return { outcome, bits };
      };
      const expected = await fit(1);
      const first = workers.length;
      let batches = 0;
      const actual = await fit(2, () => {
        if (++batches === 50) workers[first].terminate();
      });
      const isSame = actual.bits === expected.bits;
      report([actual.outcome === "done" ? isSame : actual.outcome === "WorkerError", workers.length - first, batches >= 50]);
    `;
    expectReport(await run(script), [true, 2, true]);
  });

  test("and the engine is disposed of while new threads start: none is left", async () => {
    const script = `
      const engine = await Engine.create({ build: "simd", threads: 3 });
      await workers[0].terminate();
      await until(() => workers.length > 2);
      engine.dispose();
      await until(() => ended === workers.length);
      await sleep(100);
      report([engine.threads, workers.length, ended, outcomeOf(engine)]);
    `;
    expectReport(await run(script), [1, 4, 4, "right"]);
  });

  test("and no new one can be started: one thread goes on", async () => {
    const script = `
      const engine = await Engine.create({ build: "simd", threads: 2 });
      let refused = 0;
      threads.Worker = class {
        constructor() {
          refused++;
          throw new Error("no more");
        }
      };
      await workers[0].terminate();
      await until(() => refused > 0);
      report([outcomeOf(engine), engine.threads]);
    `;
    expectReport(await run(script), ["right", 1]);
  });
});

describe.concurrent("a host without threads", () => {
  const CREATE = `
    const { Engine } = await import("./dist/index.js");
    const engine = await Engine.create({ threads: 2 });
    const a = engine.matrix(200, 200, { values: new Float32Array(40000).fill(1) });
    const c = engine.matrix(200, 200);
    engine.gemm({ a, b: a, c });
    const isRight = c.values.every((value) => value === 200);
    console.log(JSON.stringify([engine.threads, engine.threadsReason, isRight]));
  `;

  /** One line says why, and the engine says the same. */
  function expectOneThread(ended: Ended, reason: RegExp): void {
    expect(ended.code).toBe(0);
    expect(ended.report).toEqual([1, expect.stringMatching(reason), true]);
    expect(ended.warnings).toEqual([`lanegrad works on one thread: ${(ended.report as string[])[1]}`]);
  }

  test("has no SharedArrayBuffer", async () => {
    const prelude = "delete globalThis.SharedArrayBuffer;";
    expectOneThread(await run(CREATE, { prelude }), /cross-origin isolated/);
  });

  test("has no node:worker_threads at hand", async () => {
    const prelude = "process.getBuiltinModule = undefined;";
    expectOneThread(await run(CREATE, { prelude }), /workers cannot start/);
  });

  test("forbids workers", async () => {
    const prelude = `
      process.getBuiltinModule("node:worker_threads").Worker = class {
        constructor() {
          throw new Error("forbidden here");
        }
      };
      process.on("exit", () => process.exitCode = performance.now() > 9000 ? 2 : 0);
    `;
    expectOneThread(await run(CREATE, { prelude }), /^workers cannot start: forbidden here$/);
  });

  test("has workers that fail at once", async () => {
    const prelude = `
      const threads = process.getBuiltinModule("node:worker_threads");
      const { Worker } = threads;
      threads.Worker = class extends Worker {
        constructor(source, options) {
          super("throw new Error('broken')", options);
        }
      };
    `;
    expectOneThread(await run(CREATE, { prelude }), /^workers cannot start: .*broken/);
  });

  test("is not asked for any: nothing is said", async () => {
    const script = CREATE.replace("{ threads: 2 }", "{}");
    const prelude = "delete globalThis.SharedArrayBuffer;";
    expectReport(await run(script, { prelude }), [1, null, true]);
  });
});
