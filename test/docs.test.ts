// The documentation: the site is built without a warning and has a page for everything, and every link leads somewhere.
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { inflateSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Paths of the files below a folder that end so, each from the folder on. */
function filesIn(folder: string, ending: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(ending));
}

const pages = [
  "CHANGELOG.md",
  "bench/README.md",
  "examples/README.md",
  ...filesIn(join(ROOT, "docs"), ".md").map((page) => `docs/${page}`),
];
const sources = ["README.md", ...pages];

describe("the pages", () => {
  /** Files of this repository that a page links to or shows, from the root on, with the anchor behind "#". */
  function linksOf(source: string): { path: string; anchor: string }[] {
    const text = readFileSync(join(ROOT, source), "utf8").replace(/^```.*?^```$|`[^`\n]*`/gms, "");
    return [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = ""]) => {
      if (/^[a-z]+:/.test(target)) return [];
      const [path = "", anchor = ""] = target.split("#");
      const file = path === "" ? join(ROOT, source) : resolve(ROOT, dirname(source), path);
      return [{ path: relative(ROOT, file), anchor }];
    });
  }

  /** The anchors that GitHub gives headings: small letters, digits and hyphens for blanks. */
  function anchorsOf(path: string): string[] {
    const text = readFileSync(join(ROOT, path), "utf8").replace(/^```.*?^```$/gms, "");
    return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    );
  }

  test.each(sources)("%s links to what there is", (source) => {
    for (const { path, anchor } of linksOf(source)) {
      expect(existsSync(join(ROOT, path)), path).toBe(true);
      if (anchor !== "") expect(anchorsOf(path), path).toContain(anchor);
    }
  });

  test("are all reached from the README", () => {
    const reached = new Set(["README.md"]);
    for (const source of reached) {
      for (const { path } of linksOf(source)) if (path.endsWith(".md")) reached.add(path);
    }
    expect([...reached]).toEqual(expect.arrayContaining(sources));
  });
});

describe("the site", () => {
  const site = mkdtempSync(join(tmpdir(), "lanegrad-docs-"));
  let printed: string;

  beforeAll(async () => {
    const args = ["run", "docs", "--", "--out", site];
    const { stdout, stderr } = await promisify(execFile)("npm", args, { cwd: ROOT });
    printed = stdout + stderr;
  }, 180_000);

  afterAll(() => rmSync(site, { recursive: true, force: true }));

  const isFile = (path: string) => statSync(path, { throwIfNoEntry: false })?.isFile() === true;

  test("is built without warnings", () => {
    expect(printed).not.toMatch(/\[(warning|error)\]/);
  });

  test("has a page for every function and class", async () => {
    const names = Object.keys(await import(pathToFileURL(join(ROOT, "dist/index.js")).href));
    expect(names).toEqual(expect.arrayContaining(["Network", "Engine", "graph"]));
    for (const name of names) {
      const kinds = ["classes", "functions"].filter((kind) => isFile(join(site, kind, `lanegrad.${name}.html`)));
      expect(kinds, name).toHaveLength(1);
    }
  });

  test("has every page under its heading, and none as bare Markdown", () => {
    expect(pages).toEqual(expect.arrayContaining(["docs/graphs.md", "docs/cookbook/xor.md"]));
    for (const page of pages) {
      const [, heading = ""] = /^# (.+)$/m.exec(readFileSync(join(ROOT, page), "utf8")) ?? [];
      const path = page.replace(/^docs\//, "").replace(/md$/, "html");
      const html = readFileSync(join(site, path), "utf8").replaceAll("&#39;", "'");
      expect(html, page).toContain(`<title>${heading.replaceAll("`", "")} | lanegrad</title>`);
    }
    expect(filesIn(site, ".md")).toEqual([]);
  });

  test("lists the recipes in the order of the cookbook", () => {
    const cookbook = readFileSync(join(ROOT, "docs/cookbook.md"), "utf8");
    const titles = Array.from(cookbook.matchAll(/^\| \[(.*?)\]/gm), ([, title]) => title);
    expect(titles).toHaveLength(8);
    const [, listed = ""] = /"(.*)"/.exec(readFileSync(join(site, "assets/navigation.js"), "utf8")) ?? [];
    const navigation = JSON.parse(inflateSync(Buffer.from(listed, "base64")).toString()) as {
      text: string;
      children?: { text: string }[];
    }[];
    const group = navigation.find(({ text }) => text === "Cookbook");
    expect(group?.children?.map(({ text }) => text)).toEqual(["Cookbook", ...titles]);
  });

  test("has no dead link and no missing image, and loads nothing from elsewhere", () => {
    const ids = new Map<string, Set<string | undefined>>();
    const contents = filesIn(site, ".html").map((path) => [join(site, path), readFileSync(join(site, path), "utf8")]);
    for (const [path, html] of contents as [string, string][]) {
      ids.set(path, new Set([...html.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id)));
    }
    for (const [path, html] of contents as [string, string][]) {
      expect(html, path).not.toMatch(/<(script|link|img)[^>]* (src|href)="[a-z]*:?\/\//);
      for (const [, target = ""] of html.matchAll(/<(?:a|img) [^>]*(?:href|src)="([^"]*)"/g) as Iterable<
        [string, string]
      >) {
        if (/^[a-z]+:/.test(target)) continue;
        const [file = "", anchor = ""] = decodeURI(target).split("#");
        const linked = file === "" ? path : resolve(dirname(path), file);
        expect(isFile(linked), `${target} in ${path}`).toBe(true);
        if (anchor !== "") expect(ids.get(linked)?.has(anchor), `${target} in ${path}`).toBe(true);
      }
    }
  });
});
