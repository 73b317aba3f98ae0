// The code in README.md and docs/ runs in an empty project with the package, and prints what stands below it.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Page } from "puppeteer-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findBrowser, launchBrowser } from "./support/browsers.js";
import type { Consumer } from "./support/consumer.js";
import { contentsOf, createGuideProject, type Example, examplesOf, PAGES, runExamples } from "./support/guides.js";
import { startServer } from "./support/static-server.js";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

const pages = Object.keys(PAGES);
const withExamples = pages.filter((page) => examplesOf(page).length > 0);

/** Lines of shell that are run elsewhere: by every test of the package, by CI, and where there is PyTorch by torch.test.ts. */
const ELSEWHERE = /^(npm install lanegrad$|npm ci |npm cit |pip |torchrun )/;

const linesOf = (page: string): string[] => {
  const lines = contentsOf(page, "sh").flatMap((content) => content.trim().split("\n"));
  return lines.filter((line) => !ELSEWHERE.test(line));
};

/** The blocks of a guide go on from each other; those of the README are programs of their own. */
const programsOf = (page: string): Example[][] => {
  const examples = examplesOf(page);
  return page === "README.md" ? examples.map((example) => [example]) : [examples];
};

const wine = readFileSync(join(ROOT, "examples/data/wine.csv"), "utf8").replace("target", "cultivar");

const houses = ["id,area,rooms,town,price"];
for (let i = 1; i <= 60; i++)
  houses.push(`${i},${50 + i},${1 + (i % 5)},${i % 3 ? "Ulm" : "Bonn"},${1000 * (100 + i)}.5`);

/** The tables that the shell is asked to work on. */
const TABLES = {
  "wine.csv": wine,
  "test.csv": wine,
  "new.csv": wine,
  "houses.csv": houses.join("\n"),
  "houses-2025.csv": houses.join("\n"),
  "offers.csv": houses.join("\n"),
};

let consumer: Consumer;

beforeAll(async () => {
  consumer = await createGuideProject();
  for (const [name, text] of Object.entries(TABLES)) writeFileSync(join(consumer.project, name), text);
}, 120_000);

afterAll(() => consumer?.remove());

test("no block is left out", () => {
  expect(pages).toEqual(expect.arrayContaining(["README.md", "docs/backpropagation.md", "docs/cookbook/xor.md"]));
  const silent = withExamples.filter((page) => examplesOf(page).every(({ output }) => output === undefined));
  expect(silent).toEqual(["docs/command-line.md"]);
  const others = pages.flatMap((page) =>
    (PAGES[page] ?? []).map(({ language }) => `${page}: ${language}`).filter((name) => !/: (js|sh|text)$/.test(name)),
  );
  // A page, below; loops that are no program; what onnx-runtimes.test.ts and torch.test.ts run.
  expect([...new Set(others)].sort()).toEqual([
    "docs/cookbook/page.md: html",
    "docs/kernels.md: ",
    "docs/moving-on.md: console",
    "docs/moving-on.md: python",
    "docs/moving-on.md: ts",
  ]);
});

test.each(withExamples)("%s runs as it stands and prints what it shows", async (page) => {
  for (const line of linesOf(page)) {
    expect(line).toMatch(/^npx lanegrad /);
    await consumer.run("sh", "-c", line);
  }
  for (const examples of programsOf(page)) {
    const printed = await runExamples(consumer, examples);
    expect(printed).toHaveLength(examples.length);
    for (const [index, { code, output }] of examples.entries()) {
      if (output !== undefined) expect(printed[index], code).toBe(output);
    }
  }
});

/** From x and y to x and y, as shares of the paper's width. */
type Stroke = readonly [number, number, number, number];

/** Draws on the page's only canvas. */
async function drawStroke(page: Page, [x0, y0, x1, y1]: Stroke): Promise<void> {
  const box = await (await page.$("canvas"))?.boundingBox();
  if (box === null || box === undefined) throw new Error("the page has no paper");
  await page.mouse.move(box.x + x0 * box.width, box.y + y0 * box.height);
  await page.mouse.down();
  await page.mouse.move(box.x + x1 * box.width, box.y + y1 * box.height, { steps: 5 });
  await page.mouse.up();
}

const UPRIGHT: readonly Stroke[] = [0.4, 0.5, 0.6].map((x) => [x, 0.2, x, 0.8]);
const LEVEL: readonly Stroke[] = [0.4, 0.5, 0.6].map((y) => [0.2, y, 0.8, y]);

const chromium = findBrowser("chromium");

// browser.test.ts says which browsers are missing.
if (chromium !== undefined) {
  test("docs/cookbook/page.md learns what is drawn, and knows it when it is opened again", async () => {
    const [html = ""] = contentsOf("docs/cookbook/page.md", "html");
    const server = await startServer({ "/": "" }, {}, { folder: pathToFileURL(`${consumer.project}/`), html });
    const running = await launchBrowser("chromium", chromium);
    try {
      const page = await running.browser.newPage();
      const errors: unknown[] = [];
      page.on("pageerror", (error) => errors.push(error));
      const isReady = () =>
        page.waitForFunction(() => document.querySelector<HTMLElement>("#download")?.onclick !== null);
      const reading = () => page.$eval("output", (output) => output.textContent);
      await page.goto(server.origin);
      await isReady();
      for (const [sign, strokes] of [UPRIGHT, LEVEL].entries()) {
        for (const stroke of strokes) {
          await drawStroke(page, stroke);
          await page.click(`button:nth-of-type(${sign + 1})`);
          await page.waitForSelector(`button:nth-of-type(${sign + 1}):enabled`);
        }
      }
      await drawStroke(page, [0.45, 0.2, 0.45, 0.8]);
      expect(await reading()).toMatch(/^A, /);

      await page.reload();
      await isReady();
      await drawStroke(page, [0.2, 0.55, 0.8, 0.55]);
      expect(await reading()).toMatch(/^B, /);
      const size = await page.evaluate(() => {
        const sizes: number[] = [];
        URL.createObjectURL = (blob) => `#${sizes.push((blob as Blob).size)}`;
        document.querySelector<HTMLElement>("#download")?.click();
        return sizes[0];
      });
      expect(size).toBeGreaterThan(4 * 196 * 16);
      expect(errors).toEqual([]);
    } finally {
      await running.close();
      await server.close();
    }
  }, 60_000);
}
