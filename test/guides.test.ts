// The code in README.md and docs/ runs in an empty project with the package, and prints what stands below it.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Consumer } from "./support/consumer.js";
import { contentsOf, createGuideProject, type Example, examplesOf, PAGES, runExamples } from "./support/guides.js";

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
  // Loops that are no program; what onnx-runtimes.test.ts and torch.test.ts run.
  expect([...new Set(others)].sort()).toEqual([
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
