// The guides and recipes in docs/: all their JavaScript runs, page by page as one module, and prints what stands below it.
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** A block of JavaScript, and the block of text behind it: what it prints. */
interface Example {
  code: string;
  output: string | undefined;
}

function examplesOf(page: string): Example[] {
  const examples: Example[] = [];
  for (const [, language, content] of page.matchAll(/^```(\w+)\n(.*?)^```$/gms) as Iterable<[string, string, string]>) {
    const last = examples.at(-1);
    if (language === "js") examples.push({ code: content, output: undefined });
    else if (language === "text" && last !== undefined) last.output = (last.output ?? "") + content;
  }
  return examples;
}

const guides = readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".md"))
  .map((file) => ({ file, examples: examplesOf(readFileSync(join(ROOT, "docs", file), "utf8")) }))
  .filter(({ examples }) => examples.length > 0);

/** Printed behind each block. */
const BORDER = "\u001e";

/** A host that knows the build simd only, so that every engine prints the same digits. */
const HOST = `{
  const { readFileSync } = await import("node:fs");
  const simd = readFileSync("dist/simd.wasm");
  WebAssembly.validate = (bytes) => simd.equals(bytes);
}`;

/** What each block prints, all of them run in order as one module of this package. */
async function run(examples: Example[]): Promise<string[]> {
  const blocks = examples.map(({ code }) => `${code}console.log("${BORDER}");\n`);
  const parameters = ["--input-type=module", "--eval", `${HOST}\n${blocks.join("")}`];
  const { stdout } = await promisify(execFile)(process.execPath, parameters, { cwd: ROOT });
  return stdout.split(`${BORDER}\n`).slice(0, -1);
}

test("there are guides", () => {
  expect(guides.map(({ file }) => file)).toContain("backpropagation.md");
});

describe.each(guides)("$file", ({ examples }) => {
  test("runs as it stands and prints what it shows", async () => {
    const printed = await run(examples);
    expect(printed).toHaveLength(examples.length);
    for (const [index, { code, output }] of examples.entries()) {
      if (output !== undefined) expect(printed[index], code).toBe(output);
    }
  });

  test("shows what it prints", () => {
    expect(examples.some(({ output }) => output !== undefined)).toBe(true);
  });
});
