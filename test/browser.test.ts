// The built package, unchanged, in real browsers: the numbers of Node, a strict page, and a page that stays responsive.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { EngineOptions } from "../src/index.js";
import { BROWSER_NAMES, findBrowser } from "./support/browsers.js";
import { describeBrowsers, type RunInPage, runInNode } from "./support/pages.js";
import type { Bits, Outcome } from "./support/scenario.mjs";
import { type StaticServer, startServer } from "./support/static-server.js";

const DETERMINISTIC: EngineOptions = { deterministic: true };

/** Of the pages' Content-Security-Policy. */
const POLICIES = {
  "/plain": "",
  "/strict": "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'",
  "/no-wasm": "default-src 'none'; script-src 'self'",
};

/**
 * What a fused multiply-add, which rounds once where simd rounds twice, may add up to: 2 units in the last place of numbers
 * around 1 for each of the scenario's 60 updates.
 */
const ROUNDINGS = 2 * 60;

/** Of a page that trains for a second; gaps between frames in milliseconds. */
interface Responsiveness {
  stoppedBy: string;
  frames: number;
  longestGap: number;
}

/** The scenario in a Node process of its own. */
function scenarioInNode(): Promise<Outcome> {
  return runInNode("scenario.mjs", "runScenario", DETERMINISTIC);
}

function numbersOf(bits: readonly string[] | undefined): number[] {
  const words = BigUint64Array.from(bits ?? [], (digits) => BigInt(`0x${digits}`));
  return Array.from(new Float64Array(words.buffer));
}

function expectClose(actual: Bits, expected: Bits, tolerance: number): void {
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [name, bits] of Object.entries(expected)) {
    const numbers = numbersOf(actual[name]);
    const differences = numbersOf(bits).map((number, i) => Math.abs(number - (numbers[i] as number)));
    expect(Math.max(...differences), name).toBeLessThanOrEqual(tolerance);
  }
}

let inNode: Outcome;
let server: StaticServer;

beforeAll(async () => {
  server = await startServer(POLICIES);
  inNode = await scenarioInNode();
});

afterAll(() => server?.close());

test("the scenario learns, and its numbers are the same at each run", async () => {
  expect(inNode.build).toBe("simd");
  for (const outcome of [inNode.classifier, inNode.regression]) {
    const losses = numbersOf(outcome.validationLoss);
    expect(losses.at(-1)).toBeLessThan(0.5 * (losses[0] as number));
    expect(Object.values(outcome).flatMap(numbersOf).every(Number.isFinite)).toBe(true);
  }
  expect(await scenarioInNode()).toEqual(inNode);
});

const missing = BROWSER_NAMES.filter((name) => findBrowser(name) === undefined);
if (process.env.CI === "true") {
  test("CI has every browser", () => expect(missing).toEqual([]));
} else if (missing.length > 0) {
  const hint = "apt-get install chromium firefox-esr";
  process.stderr.write(`browsers not found (${missing.join(", ")}): their tests are left out; ${hint}\n`);
}

describeBrowsers((runInBrowser: RunInPage) => {
  function runInPage<T>(path: keyof typeof POLICIES, task: string, argument: unknown): Promise<T> {
    return runInBrowser<T>(server, path, task, argument);
  }

  test("the deterministic engine gives Node's numbers bit for bit", async () => {
    expect(await runInPage("/plain", "runScenario", DETERMINISTIC)).toEqual(inNode);
  });

  test("the automatic choice is the fastest build that the browser knows, and its numbers are close", async () => {
    const outcome = await runInPage<Outcome>("/plain", "runScenario", {});
    const knowsRelaxed = await runInPage<boolean>("/plain", "validates", "/dist/relaxed.wasm");
    expect(outcome.build).toBe(knowsRelaxed ? "relaxed" : "simd");
    expectClose(outcome.classifier, inNode.classifier, ROUNDINGS * 2 ** -23);
    expectClose(outcome.regression, inNode.regression, ROUNDINGS * 2 ** -52);
  });

  test("a page without eval trains, given 'wasm-unsafe-eval'", async () => {
    expect(await runInPage("/strict", "runScenario", DETERMINISTIC)).toEqual(inNode);
    await expect(runInPage("/no-wasm", "runScenario", DETERMINISTIC)).rejects.toThrow("CompileError");
  });

  test("the page's timers run and frames are painted during fit", async () => {
    const { stoppedBy, frames, longestGap } = await runInPage<Responsiveness>("/plain", "trainBesideFrames", {
      milliseconds: 1000,
    });
    expect(stoppedBy).toBe("signal");
    expect(frames).toBeGreaterThanOrEqual(5);
    expect(longestGap).toBeLessThan(500);
  });
});
