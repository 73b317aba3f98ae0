// Threads of the built package in real browsers: where pages may share memory, where they may not, and under strict policies.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { EngineOptions } from "../src/index.js";
import { BROWSER_NAMES, findBrowser, launchBrowser, type RunningBrowser } from "./support/browsers.js";
import { type StaticServer, startServer } from "./support/static-server.js";
import type { ThreadedOutcome } from "./support/threaded.mjs";

const TWO_THREADS: EngineOptions = { deterministic: true, threads: 2 };

const SCRIPTS = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'";

/** Of the pages' Content-Security-Policy. */
const POLICIES = {
  "/plain": "",
  "/workers-from-files": `${SCRIPTS}; worker-src 'self'`,
  "/no-workers": `${SCRIPTS}; worker-src 'none'`,
};

/** What lets pages share memory with workers. */
const ISOLATION = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

/** The globals of a page: what came of its task. */
interface TestPage<T> {
  outcome: Promise<{ value?: T; error?: string }>;
}

const ROOT = fileURLToPath(new URL("..", import.meta.url));

const NODE_SCRIPT = `
  import { runThreaded } from "./test/support/threaded.mjs";
  console.log(JSON.stringify(await runThreaded(JSON.parse(process.argv[1]))));
`;

/** The work in a Node process of its own. */
async function runInNode(options: EngineOptions): Promise<ThreadedOutcome> {
  const flags = ["--input-type=module", "--eval", NODE_SCRIPT, JSON.stringify(options)];
  const { stdout } = await promisify(execFile)(process.execPath, flags, { cwd: ROOT });
  return JSON.parse(stdout);
}

let isolated: StaticServer;
let open: StaticServer;
let byOne: ThreadedOutcome;

beforeAll(async () => {
  isolated = await startServer(POLICIES, ISOLATION);
  open = await startServer(POLICIES);
  byOne = await runInNode({ deterministic: true });
});

afterAll(() => Promise.all([isolated?.close(), open?.close()]));

function expectTwoThreads(outcome: ThreadedOutcome): void {
  expect(outcome).toEqual({ threads: 2, threadsAfterwards: 2, warnings: [], results: byOne.results });
}

/** One warning says why, and the engine says the same. */
function expectOneThread(outcome: ThreadedOutcome, reason: RegExp): void {
  expect(outcome).toEqual({
    threads: 1,
    threadsReason: expect.stringMatching(reason),
    threadsAfterwards: 1,
    warnings: [`lanegrad works on one thread: ${outcome.threadsReason}`],
    results: byOne.results,
  });
}

test("Node", async () => {
  expect(byOne).toMatchObject({ threads: 1, threadsAfterwards: 1, warnings: [] });
  expectTwoThreads(await runInNode(TWO_THREADS));
});

// browser.test.ts says which browsers are missing.
for (const name of BROWSER_NAMES) {
  const path = findBrowser(name);
  if (path !== undefined) describe(name, () => testIn(() => launchBrowser(name, path)));
}

function testIn(launch: () => Promise<RunningBrowser>): void {
  let running: RunningBrowser | undefined;

  beforeAll(async () => {
    running = await launch();
  }, 90_000);

  afterAll(() => running?.close());

  /** Opens a page, which starts the task by itself, and returns what came of it. */
  async function runInPage<T = ThreadedOutcome>(
    server: StaticServer,
    path: keyof typeof POLICIES,
    task = "runThreaded",
    options = TWO_THREADS,
  ): Promise<T> {
    const page = await (running as RunningBrowser).browser.newPage();
    try {
      await page.goto(`${server.origin}${path}?${encodeURIComponent(JSON.stringify([task, options]))}`);
      const { value, error } = await page.evaluate(() => (globalThis as unknown as TestPage<T>).outcome);
      if (error !== undefined) throw new Error(error);
      return value as T;
    } finally {
      await page.close();
    }
  }

  test("an isolated page has threads, and the bits of one thread in Node", async () => {
    expectTwoThreads(await runInPage(isolated, "/plain"));
    const three = await runInPage(isolated, "/plain", "runThreaded", { ...TWO_THREADS, threads: 3 });
    expect(three).toEqual({ threads: 3, threadsAfterwards: 3, warnings: [], results: byOne.results });
  });

  test("a worker of such a page too", async () => {
    expectTwoThreads(await runInPage(isolated, "/plain", "runThreadedInWorker"));
  });

  test("an isolated page that forbids blobs starts threads from the library's file", async () => {
    expectTwoThreads(await runInPage(isolated, "/workers-from-files"));
  });

  test("an isolated page that forbids workers has one thread", async () => {
    expectOneThread(await runInPage(isolated, "/no-workers"), /^workers cannot start: /);
  });

  test("a page that is not isolated has one thread", async () => {
    expectOneThread(await runInPage(open, "/plain"), /not cross-origin isolated/);
    expectOneThread(await runInPage(open, "/workers-from-files"), /not cross-origin isolated/);
  });

  test("a page that asks for one thread gets it without a word", async () => {
    const outcome = await runInPage(open, "/plain", "runThreaded", { deterministic: true });
    expect(outcome).toEqual({ threads: 1, threadsAfterwards: 1, warnings: [], results: byOne.results });
  });

  test("a worker that is gone makes a call fail at most, and is replaced", async () => {
    const [first, ...later] = await runInPage<(number | string)[]>(isolated, "/plain", "killThread");
    expect(first).toBe((byOne.results as { product: number }).product);
    expect(later.length).toBe(4);
    expect(later.filter((outcome) => outcome !== "WorkerError").every((outcome) => outcome === first)).toBe(true);
    expect(later.filter((outcome) => outcome === "WorkerError").length).toBeLessThanOrEqual(1);
    expect(later.at(-1)).toBe(first);
  });
}
