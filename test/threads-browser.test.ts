// Threads of the built package in real browsers: where pages may share memory, where they may not, and under strict policies.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { EngineOptions } from "../src/index.js";
import { describeBrowsers, type RunInPage, runInNode } from "./support/pages.js";
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

/** The work in a Node process of its own. */
function threadedInNode(options: EngineOptions): Promise<ThreadedOutcome> {
  return runInNode("threaded.mjs", "runThreaded", options);
}

let isolated: StaticServer;
let open: StaticServer;
let byOne: ThreadedOutcome;

beforeAll(async () => {
  isolated = await startServer(POLICIES, ISOLATION);
  open = await startServer(POLICIES);
  byOne = await threadedInNode({ deterministic: true });
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
  expectTwoThreads(await threadedInNode(TWO_THREADS));
});

// browser.test.ts says which browsers are missing.
describeBrowsers((runInBrowser: RunInPage) => {
  function runInPage<T = ThreadedOutcome>(
    server: StaticServer,
    path: keyof typeof POLICIES,
    task = "runThreaded",
    options = TWO_THREADS,
  ): Promise<T> {
    return runInBrowser<T>(server, path, task, options);
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
});
