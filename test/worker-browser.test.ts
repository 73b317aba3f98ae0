// Training in a worker in real browsers, from plain static files, and in Node: the same results, and a thread that stays free.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ElsewhereOutcome } from "./support/elsewhere.mjs";
import { describeBrowsers, type RunInPage, runInNode } from "./support/pages.js";
import { type StaticServer, startServer } from "./support/static-server.js";

const SCRIPTS = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'";

/** Of the pages' Content-Security-Policy. */
const POLICIES = {
  "/plain": "",
  "/workers-from-files": `${SCRIPTS}; worker-src 'self'`,
  "/no-workers": `${SCRIPTS}; worker-src 'none'`,
};

/** Its modules are for pages of every origin. */
let server: StaticServer;
/** Its page takes all of its modules from the other one. */
let guest: StaticServer;

beforeAll(async () => {
  server = await startServer(POLICIES, { "Access-Control-Allow-Origin": "*" });
  const html = `<!doctype html><title>lanegrad</title>
<script type="module" src="${server.origin}/test/support/page.mjs"></script>`;
  guest = await startServer({ "/": "" }, {}, { folder: new URL("support/", import.meta.url), html });
});

afterAll(async () => {
  await server?.close();
  await guest?.close();
});

function expectTheSame({ seen, ...outcome }: ElsewhereOutcome): void {
  expect(outcome).toEqual({
    sameAsHere: [true, true],
    stoppedBy: "epochs",
    refused: "ShapeError",
    spoiled: "z",
  });
  const expected = [];
  for (let epoch = 1; epoch <= 8; epoch++) {
    for (let batch = 1; batch <= 25; batch++) expected.push((epoch - 1) * 25 + batch);
    expected.push(`epoch ${epoch}`);
  }
  expect(seen).toEqual(expected);
}

function expectFreeThread([there, here]: [number, number]): void {
  expect(here).toBe(0);
  expect(there).toBeGreaterThan(3);
}

test("Node", async () => {
  expectTheSame(await runInNode("elsewhere.mjs", "trainElsewhere", null));
  expectFreeThread(await runInNode("elsewhere.mjs", "trainBesideTimers", null));
  expect(await runInNode("elsewhere.mjs", "interruptElsewhere", null)).toBe("signal");
});

// browser.test.ts says which browsers are missing.
describeBrowsers((runInBrowser: RunInPage) => {
  function runInPage<T>(path: keyof typeof POLICIES, task: string): Promise<T> {
    return runInBrowser<T>(server, path, task, null);
  }

  test("training in a worker gives the bits of training in the page", async () => {
    expectTheSame(await runInPage("/plain", "trainElsewhere"));
  });

  test("a page that allows workers from its own files only has them", async () => {
    expectTheSame(await runInPage("/workers-from-files", "trainElsewhere"));
  });

  test("a page whose modules come from another origin, such as a CDN's, has them", async () => {
    expectTheSame(await runInBrowser(guest, "/", "trainElsewhere", null));
  });

  test("the page's timers go on", async () => {
    expectFreeThread(await runInPage("/plain", "trainBesideTimers"));
  });

  test("predictions come meanwhile, and a signal ends the run", async () => {
    expect(await runInPage("/plain", "interruptElsewhere")).toBe("signal");
  });

  test("a page that forbids workers is told so", async () => {
    await expect(runInPage("/no-workers", "trainElsewhere")).rejects.toThrow(/^WorkerError: .* a policy forbids it$/);
  });
});
