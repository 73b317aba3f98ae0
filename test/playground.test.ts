// The playground as a visitor uses it: built, served under a strict policy, and driven in Chromium by mouse and keyboard.
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type { Page } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { findBrowser, launchBrowser, type RunningBrowser } from "./support/browsers.js";
import { findFaintText } from "./support/contrast.js";
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

/** Colours that change in no time. */
const STILL = { name: "prefers-reduced-motion", value: "reduce" };

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

function stepsOf(tab: TabName): string {
  return `#${tab} [data-number=steps]`;
}

function waitForSteps(page: Page, tab: TabName, steps: number): Promise<unknown> {
  return waitForText(page, stepsOf(tab), steps.toLocaleString("en"));
}

/** Clicks several elements before the page gets to anything else. */
function clickAtOnce(page: Page, selectors: readonly string[]): Promise<void> {
  return page.evaluate((all) => {
    for (const selector of all) document.querySelector<HTMLElement>(selector)?.click();
  }, selectors);
}

/** Points of the paper, from 0 to 1, as points of the window. */
async function placeOnPaper(page: Page, points: readonly Point[]): Promise<Point[]> {
  const paper = await page.waitForSelector("[data-drawing]");
  await paper?.scrollIntoView();
  const box = await paper?.boundingBox();
  if (box === null || box === undefined) throw new Error("the paper is not shown");
  return points.map(([x, y]) => [box.x + x * box.width, box.y + y * box.height]);
}

/** Draws a curve with the mouse, and leaves its button pressed. */
async function draw(page: Page, points: readonly Point[]): Promise<void> {
  for (const [i, [x, y]] of (await placeOnPaper(page, points)).entries()) {
    await page.mouse.move(x, y, { steps: 3 });
    if (i === 0) await page.mouse.down();
  }
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

    beforeEach(async () => {
      complaints = [];
      hosts = new Set();
      page = await running.browser.newPage();
      page.on("console", (message) => complaints.push(message.text()));
      page.on("pageerror", (error) => complaints.push(String(error)));
      page.on("request", (request) => hosts.add(new URL(request.url()).host));
      await page.setViewport({ width: 1000, height: 800 });
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "light" }]);
    });

    async function open(tab: TabName): Promise<void> {
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
      await open("digits");
      expect(await numberOf(page, "digits", "accuracy")).toBeLessThan(40);
      const weights = await pictureOf(page, "[data-weights]");
      await page.click("#digits [data-play]");
      await waitForAccuracy(page, "digits", TAKES_PICTURES ? 97.5 : 95);
      expect(await pictureOf(page, "[data-weights]")).not.toBe(weights);
      expect(await numberOf(page, "digits", "speed")).toBeGreaterThan(0);

      await draw(page, ONE);
      await waitForText(page, "[data-verdict]", "1");
      await page.mouse.up();
      await page.click("#digits [data-clear]");
      await waitForText(page, "[data-verdict]", "–");
      await draw(page, ZERO);
      await waitForText(page, "[data-verdict]", "0");
      await page.mouse.up();
      const shares = await page.$$eval("[data-bars] .bar-share", (all) =>
        all.map((share) => Number.parseInt(share.textContent ?? "", 10)),
      );
      expect(shares.indexOf(Math.max(...shares))).toBe(0);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(100, -1);

      await page.click("#digits [data-play]");
      await waitForText(page, "#digits [data-play]", "Play");
      await page.waitForFunction(() => document.querySelector("#digits [data-status]")?.textContent !== "");
      await takePicture("playground-mnist.webp", "#digits .cards");
      const counts = await page.$$eval("[data-confusion] tbody td", (cells) =>
        cells.map((cell) => Number(cell.textContent)),
      );
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(10_000);
      const right = counts.filter((_, i) => i % 11 === 0).reduce((sum, count) => sum + count, 0);
      expect(right / 100).toBeCloseTo(await numberOf(page, "digits", "accuracy"), 2);
      await expectStill("digits");

      await page.click("#digits [data-reset]");
      await waitForSteps(page, "digits", 0);
      expect(await numberOf(page, "digits", "accuracy")).toBeLessThan(40);
    }, 180_000);

    test("plane: the boundary moves until the spirals are told apart", async () => {
      await open("plane");
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
      await open("plane");
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

    test.each([
      ["digits", "hidden", "32"],
      ["plane", "activation", "relu"],
    ] as const)("%s: what is clicked last counts, however quickly", async (tab, field, value) => {
      await open(tab);
      const play = `#${tab} [data-play]`;
      await clickAtOnce(page, [`#${tab} [data-reset]`, play]);
      await page.waitForFunction((where) => document.querySelector(where)?.textContent !== "0", LEARNING, stepsOf(tab));
      await waitForText(page, play, "Pause");

      await page.evaluate(
        (where, other, button) => {
          const select = document.querySelector<HTMLSelectElement>(where);
          if (select !== null) select.value = other;
          select?.dispatchEvent(new Event("change", { bubbles: true }));
          document.querySelector<HTMLElement>(button)?.click();
        },
        `#${tab} [name=${field}]`,
        value,
        play,
      );
      await waitForSteps(page, tab, 0);
      await waitForText(page, play, "Play");
      await expectStill(tab);
    });

    test("plane: another network learns from the same points, and a reset makes others", async () => {
      await open("plane");
      const boundary = () => pictureOf(page, "[data-boundary]");
      const first = await boundary();
      await page.select("#plane [name=activation]", "relu");
      await expect.poll(boundary).not.toBe(first);
      await page.select("#plane [name=activation]", "tanh");
      await expect.poll(boundary).toBe(first);
      await page.click("#plane [data-reset]");
      await expect.poll(boundary).not.toBe(first);
    });

    test("plane: training that grows beyond all bounds ends with a word, and can begin anew", async () => {
      await open("plane");
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

    test("an address that names the other tab shows it", async () => {
      await open("digits");
      await page.evaluate(() => {
        location.hash = "#plane";
      });
      await page.waitForSelector("#plane [data-play]:enabled", { visible: true });
      expect(await page.$eval("#digits", (panel) => (panel as HTMLElement).hidden)).toBe(true);
    });

    test("a browser that keeps nothing for a page shows it all the same", async () => {
      await page.evaluateOnNewDocument(() => {
        Object.defineProperty(window, "localStorage", {
          get() {
            throw new DOMException("access is denied", "SecurityError");
          },
        });
      });
      await open("plane");
      await page.click("#theme");
      expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe("dark");
    });

    test("digits: what leaves the paper is drawn to its edge, and read so", async () => {
      await open("digits");
      const pictures = [];
      for (const end of [1, 1.4]) {
        await draw(page, [
          [0.3, 0.2],
          [0.3, 0.8],
          [end, 0.8],
        ]);
        await page.mouse.up();
        pictures.push([await pictureOf(page, "[data-drawing]"), await pictureOf(page, "[data-seen]")]);
        await page.click("#digits [data-clear]");
      }
      expect(pictures[1]).toEqual(pictures[0]);
    });

    test("digits: a second finger draws nothing", async () => {
      await page.setViewport({ width: 390, height: 844, isMobile: true, hasTouch: true });
      await open("digits");
      const [start, end, besides, further] = await placeOnPaper(page, [
        [0.3, 0.2],
        [0.3, 0.8],
        [0.6, 0.3],
        [0.8, 0.7],
      ]);
      const pictures = [];
      for (const fingers of [1, 2]) {
        await page.touchscreen.touchStart(...(start as Point));
        const second = fingers === 2 ? await page.touchscreen.touchStart(...(besides as Point)) : undefined;
        await second?.move(...(further as Point));
        await page.touchscreen.touchMove(...(end as Point));
        await second?.end();
        await page.touchscreen.touchEnd();
        pictures.push(await pictureOf(page, "[data-drawing]"));
        await clickAtOnce(page, ["#digits [data-clear]"]);
      }
      expect(pictures[1]).toBe(pictures[0]);
    });

    test("what fails is told", async () => {
      await page.setRequestInterception(true);
      page.on("request", (request) => (request.url().includes("/worker-") ? request.abort() : request.continue()));
      await page.goto(server.origin);
      const note = await page.waitForSelector("#failure", { visible: true });
      expect(await note?.evaluate((element) => element.textContent)).toMatch(/the page's worker does not load/);
    });

    test("digits: what is drawn before the data are there is read when they are", async () => {
      await page.goto(`${server.origin}/#digits`);
      await draw(page, ONE);
      await page.mouse.up();
      await page.waitForFunction(() => document.querySelector("[data-verdict]")?.textContent !== "–", LEARNING);
    });

    test("all of it is reached by keyboard", async () => {
      await open("digits");
      await tabTo(page, "#tab-digits");
      await page.keyboard.press("ArrowRight");
      await page.waitForSelector("#plane [data-play]:enabled", { visible: true });
      expect(await page.$eval("#digits", (panel) => (panel as HTMLElement).hidden)).toBe(true);
      await tabTo(page, "#plane [value=spirals]");
      await page.keyboard.press("ArrowRight");
      expect(await page.$eval("#plane [value=circles]", (choice) => (choice as HTMLInputElement).checked)).toBe(true);
      await tabTo(page, "[data-layers] input");
      await page.keyboard.press("ArrowRight");
      await waitForText(page, "[data-layers] output", "17 units");
      await tabTo(page, "#tab-plane");
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

    test("a phone's width is enough, and its finger draws", async () => {
      await page.setViewport({ width: 320, height: 640, deviceScaleFactor: 2, isMobile: true, hasTouch: true });
      await open("digits");
      await page.tap("#digits [data-step]");
      await waitForSteps(page, "digits", 1);
      const [first, ...others] = await placeOnPaper(page, ONE);
      const scrolled = await page.evaluate(() => scrollY);
      if (first !== undefined) await page.touchscreen.touchStart(...first);
      for (const point of others) await page.touchscreen.touchMove(...point);
      await page.waitForFunction(() => document.querySelector("[data-verdict]")?.textContent !== "–", LEARNING);
      await page.touchscreen.touchEnd();
      expect(await page.evaluate(() => scrollY)).toBe(scrolled);

      for (const tab of ["digits", "plane"] as const) {
        await page.tap(`#tab-${tab}`);
        const play = await page.waitForSelector(`#${tab} [data-play]:enabled`);
        await play?.tap();
        await page.waitForFunction(
          (where) => document.querySelector(where)?.textContent !== "0",
          LEARNING,
          stepsOf(tab),
        );
        expect(await page.evaluate(() => document.documentElement.scrollWidth), tab).toBe(320);
      }
    }, 60_000);

    test("letters twice as large still fit a phone", async () => {
      await page.setViewport({ width: 390, height: 844 });
      const session = await page.createCDPSession();
      await session.send("Page.setFontSizes", { fontSizes: { standard: 32 } });
      for (const tab of ["digits", "plane"] as const) {
        await open(tab);
        const [size, width] = await page.evaluate(() => [
          getComputedStyle(document.documentElement).fontSize,
          document.documentElement.scrollWidth,
        ]);
        expect([size, width], tab).toEqual(["32px", 390]);
      }
    });

    test("forced colours leave classes and choices apart", async () => {
      const session = await page.createCDPSession();
      const features = [{ name: "forced-colors", value: "active" }];
      await session.send("Emulation.setEmulatedMedia", { features });
      await open("plane");
      const kinds = await page.$eval("[data-boundary]", (canvas) => {
        const { width, height } = canvas as HTMLCanvasElement;
        const { data } = (canvas as HTMLCanvasElement).getContext("2d")?.getImageData(0, 0, width, height) ?? {
          data: [],
        };
        const found = new Set<string>();
        for (let i = 0; i < data.length; i += 4) {
          const blueness = (data[i + 2] ?? 0) - (data[i] ?? 0);
          if (Math.abs(blueness) > 60) found.add(blueness > 0 ? "blue" : "orange");
        }
        return [...found].sort();
      });
      expect(kinds).toEqual(["blue", "orange"]);
      const borderOf = (selector: string) => page.$eval(selector, (element) => getComputedStyle(element).borderBottom);
      expect(await borderOf(".choice:has(:checked)")).not.toBe(await borderOf(".choice:not(:has(:checked))"));
      expect(await borderOf("[aria-selected=true]")).not.toBe(await borderOf("[aria-selected=false]"));
    });

    test("light and dark: as the system has it or as chosen, with all text in contrast", async () => {
      await open("plane");
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

      for (const tab of ["digits", "plane"]) {
        await page.click(`#tab-${tab}`);
        await page.waitForSelector(`#${tab} [data-play]:enabled`);
        for (const scheme of ["light", "dark"]) {
          await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }, STILL]);
          expect(await findFaintText(page), `${tab}, ${scheme}`).toEqual([]);
        }
      }
    }, 60_000);
  });
}
