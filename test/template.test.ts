// The template of the builds: one module, of which each build is made by overwriting marks.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { marksIn, specialize } from "../src/engine/template.js";
import { bytesOf } from "./support/builds.js";

const template = new Uint8Array(readFileSync(new URL("../build/template.wasm", import.meta.url)));
const marks = [...marksIn(template)];

describe.each(["simd", "relaxed"] as const)("%s", (build) => {
  const made = specialize(template.slice(), build);

  test("has no marks left, and differs from the template nowhere else", () => {
    expect([...marksIn(made)]).toEqual([]);
    const isMark = new Set(marks.flatMap(({ position }) => [position, position + 1, position + 2]));
    expect(made.length).toBe(template.length);
    expect(made.every((byte, index) => isMark.has(index) || byte === template[index])).toBe(true);
  });

  test("is the file that is published", () => {
    expect(Buffer.compare(made, bytesOf(build))).toBe(0);
  });
});

test("products and sums are marked in equal number, in either precision", () => {
  const counts = [0, 1, 2, 3].map((mark) => marks.filter((found) => found.mark === mark).length);
  expect(counts[0]).toBeGreaterThan(100);
  expect(counts[2]).toBeGreaterThan(100);
  expect(counts[1]).toBe(counts[0]);
  expect(counts[3]).toBe(counts[2]);
});

test("the build simd needs no relaxed SIMD: a module of its kind is valid on every host with SIMD", () => {
  const relaxedOperations = [0x85, 0x87].map((code) => Buffer.from([0xfd, code, 0x02]));
  const simd = Buffer.from(bytesOf("simd"));
  const relaxed = Buffer.from(bytesOf("relaxed"));
  for (const operation of relaxedOperations) {
    expect(relaxed.includes(operation)).toBe(true);
    expect(simd.includes(operation)).toBe(false);
  }
  expect(WebAssembly.validate(bytesOf("simd"))).toBe(true);
});
