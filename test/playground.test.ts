// The playground as a visitor uses it: built, served under a strict policy, and driven in Chromium by mouse and keyboard.
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type { Page } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { findBrowser, launchBrowser, type RunningBrowser } from "./support/browsers.js";
import { type Site, type StaticServer, startServer } from "./support/static-server.js";

const PLAYGROUND = fileURLToPath(new URL("../examples/playground/", import.meta.url));
const IMAGES = fileURLToPath(new URL("../docs/images/", import.meta.url));

/** Whether the README's pictures are to be taken anew: SCREENSHOTS=1. */
const TAKES_PICTURES = process.env.SCREENSHOTS === "1";

/** Nothing from elsewhere, no inline code and no eval. */
const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; worker-src 'self'; " +
  "img-src 'self'";

/** Learning takes its time where other tests share the processor. */
const LEARNING = { timeout: 90_000, polling: 100 };

type TabName = "digits" | "plane";
type Point = readonly [number, number];

const folder = mkdtempSync(join(tmpdir(), "lanegrad-playground-"));

beforeAll(async () => {
  const args = [join(PLAYGROUND, "run.mjs"), "build", "--outDir", folder, "--emptyOutDir"];
  await promisify(execFile)(process.execPath, args, { env: { ...process.env, NODE_ENV: "production" } });
}, 180_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("the page is built with its data beside it", () => {
  for (const name of ["index.html", "mnist/train-images-idx3-ubyte.bin", "mnist/t10k-labels-idx1-ubyte.bin"]) {
    expect(existsSync(join(folder, name)), name).toBe(true);
  }
});

/** What a tab's number shows, without its unit. */
function numberOf(page: Page, tab: TabName, name: string): Promise<number> {
  return page.$eval(`#${tab} [data-number=${name}]`, (element) =>
    Number.parseFloat((element.textContent ?? "").replaceAll(",", "")),
  );
}

function waitForAccuracy(page: Page, tab: TabName, percent: number): Promise<unknown> {
  return page.waitForFunction(
    (selector, least) => Number.parseFloat(document.querySelector(selector)?.textContent ?? "") > least,
    LEARNING,
    `#${tab} [data-number=accuracy]`,
    percent,
  );
}

function waitForText(page: Page, selector: string, text: string): Promise<unknown> {
  return page.waitForFunction(
    (where, expected) => document.querySelector(where)?.textContent === expected,
    LEARNING,
    selector,
    text,
  );
}

function waitForSteps(page: Page, tab: TabName, steps: number): Promise<unknown> {
  return waitForText(page, `#${tab} [data-number=steps]`, steps.toLocaleString("en"));
}

/** A curve on the paper, of points from 0 to 1. */
async function draw(page: Page, points: readonly Point[]): Promise<void> {
  const paper = await page.waitForSelector("[data-drawing]");
  await paper?.scrollIntoView();
  const box = await paper?.boundingBox();
  if (box === null || box === undefined) throw new Error("the paper is not shown");
  for (const [i, [x, y]] of points.entries()) {
    await page.mouse.move(box.x + x * box.width, box.y + y * box.height, { steps: 3 });
    if (i === 0) await page.mouse.down();
  }
  await page.mouse.up();
}

const ONE: readonly Point[] = [0.2, 0.35, 0.5, 0.65, 0.8].map((y) => [0.55 - 0.1 * y, y]);
const ZERO: readonly Point[] = Array.from({ length: 25 }, (_, i) => [
  0.5 + 0.2 * Math.sin((2 * Math.PI * i) / 24),
  0.5 - 0.3 * Math.cos((2 * Math.PI * i) / 24),
]);

/** The picture of a canvas. */
function pictureOf(page: Page, selector: string): Promise<string> {
  return page.$eval(selector, (canvas) => (canvas as HTMLCanvasElement).toDataURL());
}

/** Presses Tab until the element has the focus; fails where Tab goes past it. */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let presses = 0; presses < 40; presses++) {
    await page.keyboard.press("Tab");
    if (await page.$eval(selector, (element) => element === document.activeElement)) return;
  }
  throw new Error(`Tab does not reach ${selector}`);
}

const chromium = findBrowser("chromium");

// browser.test.ts says which browsers are missing.
if (chromium !== undefined) {
  describe("chromium", () => {
    let server: StaticServer;
    let running: RunningBrowser;
    let page: Page;
    let complaints: string[];
    let hosts: Set<string>;

    beforeAll(async () => {
      const html = readFileSync(join(folder, "index.html"), "utf8");
      const site: Site = { folder: pathToFileURL(`${folder}/`), html };
      server = await startServer({ "/": "" }, { "Content-Security-Policy": POLICY }, site);
      running = await launchBrowser("chromium", chromium);
    }, 90_000);

    afterAll(async () => {
      await running?.close();
      await server?.close();
    });

    async function open(width: number, scheme: "light" | "dark", tab: TabName): Promise<void> {
      complaints = [];
      hosts = new Set();
      page = await running.browser.newPage();
      page.on("console", (message) => complaints.push(message.text()));
      page.on("pageerror", (error) => complaints.push(String(error)));
      page.on("request", (request) => hosts.add(new URL(request.url()).host));
      await page.setViewport({ width, height: 800 });
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
      await page.goto(`${server.origin}/#${tab}`);
      await page.waitForSelector(`#${tab} [data-play]:enabled`);
    }

    afterEach(async () => {
      await page.close();
      expect(complaints).toEqual([]);
      expect([...hosts]).toEqual([new URL(server.origin).host]);
    });

    async function expectStill(tab: TabName): Promise<void> {
      const steps = await numberOf(page, tab, "steps");
      await page.click(`#${tab} [data-step]`);
      await waitForSteps(page, tab, steps + 1);
      await page.click(`#${tab} [data-step]`);
      await waitForSteps(page, tab, steps + 2);
    }

    /** @param bottom selector of what the picture ends with */
    async function takePicture(name: `${string}.webp`, bottom: string): Promise<void> {
      if (!TAKES_PICTURES) return;
      await page.mouse.move(0, 0);
      const height = await page.$eval(
        bottom,
        (element) => element.getBoundingClientRect().bottom + window.scrollY + 24,
      );
      const width = await page.evaluate(() => innerWidth);
      await page.screenshot({
        path: `${IMAGES}${name}`,
        clip: { x: 0, y: 0, width, height },
        quality: 85,
        captureBeyondViewport: true,
      });
    }

    test("digits: a network learns, reads what is drawn meanwhile, pauses, steps and begins anew", async () => {
      await open(1000, "light", "digits");
      expect(await numberOf(page, "digits", "accuracy")).toBeLessThan(40);
      const weights = await pictureOf(page, "[data-weights]");
      await page.click("#digits [data-play]");
      await waitForAccuracy(page, "digits", TAKES_PICTURES ? 97.5 : 95);
      expect(await pictureOf(page, "[data-weights]")).not.toBe(weights);
      expect(await numberOf(page, "digits", "speed")).toBeGreaterThan(0);

      await draw(page, ONE);
      await waitForText(page, "[data-verdict]", "1");
      await page.click("#digits [data-clear]");
      await waitForText(page, "[data-verdict]", "–");
      await draw(page, ZERO);
      await waitForText(page, "[data-verdict]", "0");
      const shares = await page.$$eval("[data-bars] .bar-share", (all) =>
        all.map((share) => Number.parseInt(share.textContent ?? "", 10)),
      );
      expect(shares.indexOf(Math.max(...shares))).toBe(0);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(100, -1);

      await page.click("#digits [data-play]");
      await waitForText(page, "#digits [data-play]", "Play");
      await page.waitForFunction(() => document.querySelector("#digits [data-status]")?.textContent !== "");
      await takePicture("playground-mnist.webp", "#digits .cards");
      const counts = await page.$$eval("[data-confusion] td", (cells) => cells.map((cell) => Number(cell.textContent)));
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(10_000);
      const right = counts.filter((_, i) => i % 11 === 0).reduce((sum, count) => sum + count, 0);
      expect(right / 100).toBeCloseTo(await numberOf(page, "digits", "accuracy"), 2);
      await expectStill("digits");

      await page.click("#digits [data-reset]");
      await waitForSteps(page, "digits", 0);
      expect(await numberOf(page, "digits", "accuracy")).toBeLessThan(40);
    }, 180_000);

    test("plane: the boundary moves until the spirals are told apart", async () => {
      await open(1000, "light", "plane");
      const before = await pictureOf(page, "[data-boundary]");
      await page.click("#plane [data-play]");
      await waitForAccuracy(page, "plane", TAKES_PICTURES ? 99 : 90);
      expect(await pictureOf(page, "[data-boundary]")).not.toBe(before);
      await page.click("#plane [data-play]");
      await page.waitForFunction(() => document.querySelector("#plane [data-status]")?.textContent !== "");
      await takePicture("playground-boundary.webp", "#plane .cards");
      await expectStill("plane");

      for (const shape of ["circles", "moons", "xor"]) {
        await page.click(`#plane .choice:has([value=${shape}])`);
        await waitForSteps(page, "plane", 0);
        expect(await numberOf(page, "plane", "accuracy")).toBeLessThan(90);
        await page.click("#plane [data-play]");
        await waitForAccuracy(page, "plane", 93);
        await page.click("#plane [data-play]");
      }
    }, 180_000);

    test("plane: every choice makes a network that learns", async () => {
      await open(1000, "light", "plane");
      await page.click("#plane [data-add-layer]");
      await page.click("#plane [data-remove-layer]");
      await page.click("#plane [data-remove-layer]");
      expect(await page.$$eval("[data-layers] input", (inputs) => inputs.length)).toBe(1);
      const choices = await page.$$eval("#plane select", (selects) =>
        selects.flatMap((select) => Array.from(select.options, ({ value }) => [select.name, value] as const)),
      );
      expect(choices.length).toBeGreaterThan(30);
      for (const [name, value] of choices) {
        await page.select(`#plane [name=${name}]`, value);
        await page.click("#plane [data-reset]");
        await waitForSteps(page, "plane", 0);
        await page.click("#plane [data-step]");
        await waitForSteps(page, "plane", 1);
        expect(await page.$eval("#plane [data-failure]", (note) => note.textContent), `${name} ${value}`).toBe("");
      }
    }, 120_000);

    test("plane: training that grows beyond all bounds ends with a word, and can begin anew", async () => {
      await open(1000, "light", "plane");
      await page.click("#plane [data-add-layer]");
      for (const [name, value] of Object.entries({
        activation: "identity",
        optimizer: "momentum",
        learningRate: "1",
      })) {
        await page.select(`#plane [name=${name}]`, value);
      }
      await page.click("#plane [data-play]");
      const note = await page.waitForSelector("#plane [data-failure]", { visible: true });
      expect(await note?.evaluate((element) => element.textContent)).toMatch(/^Training ended: NaN or infinity in /);
      await waitForText(page, "#plane [data-play]", "Play");
      await page.click("#plane [data-reset]");
      await waitForSteps(page, "plane", 0);
      await page.waitForSelector("#plane [data-failure]", { hidden: true });
    }, 60_000);

    test("all of it is reached by keyboard", async () => {
      await open(1000, "light", "digits");
      await tabTo(page, "#tab-digits");
      await page.keyboard.press("ArrowRight");
      await page.waitForSelector("#plane [data-play]:enabled", { visible: true });
      expect(await page.$eval("#digits", (panel) => (panel as HTMLElement).hidden)).toBe(true);
      await page.keyboard.press("Home");
      await page.waitForSelector("#digits [data-play]", { visible: true });

      await tabTo(page, "#digits [data-play]");
      await page.keyboard.press("Enter");
      await waitForAccuracy(page, "digits", 85);
      await page.keyboard.press("Enter");
      await waitForText(page, "#digits [data-play]", "Play");
      await tabTo(page, "[data-examples] button:nth-of-type(2)");
      await page.keyboard.press("Space");
      await waitForText(page, "[data-verdict]", "1");
    }, 120_000);

    test("a phone's width is enough, in light and in dark", async () => {
      await open(360, "light", "digits");
      for (const tab of ["digits", "plane"] as const) {
        await page.click(`#tab-${tab}`);
        await page.waitForSelector(`#${tab} [data-step]:enabled`);
        await page.click(`#${tab} [data-step]`);
        await waitForSteps(page, tab, 1);
        expect(await page.evaluate(() => document.documentElement.scrollWidth), tab).toBe(360);
      }
      const colours = () => page.$eval("body", (body) => getComputedStyle(body).backgroundColor);
      const light = await colours();
      const lightPlane = await pictureOf(page, "[data-boundary]");
      await page.click("#theme");
      const dark = await colours();
      expect(dark).not.toBe(light);
      expect(await pictureOf(page, "[data-boundary]")).not.toBe(lightPlane);
      await page.click("#theme");
      expect(await colours()).toBe(light);

      await page.evaluate(() => localStorage.clear());
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
      await page.reload();
      await page.waitForSelector("#plane [data-play]:enabled");
      expect(await colours()).toBe(dark);
    }, 60_000);
  });
}
