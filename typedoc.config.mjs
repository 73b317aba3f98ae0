// The documentation site: the API by its TSDoc, and the pages of docs/. Neither the build nor a page fetches anything.
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { KindRouter, OptionDefaults } from "typedoc";

const DOCS = fileURLToPath(new URL("docs", import.meta.url));

const { exports } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"));

/** Of each module that the package exports. */
const sources = Object.values(exports).flatMap(({ types }) =>
  types === undefined ? [] : types.replace(/^\.\/dist\/types\/(.*)\.d\.ts$/, "$1.ts"),
);

/** What the pages of each folder of docs/ are listed under. */
const GROUPS = { cookbook: "Cookbook", decisions: "Decisions" };

/** Where a page is under docs/. */
function placeOf(page) {
  return relative(DOCS, page.project.files.getReflectionPath(page));
}

/** Pages are listed by their headings, folder by folder. */
function titlePage(page) {
  const [, heading] = /^# (.+)$/m.exec(page.content.map(({ text }) => text).join(""));
  page.name = heading.replaceAll("`", "");
  page.frontmatter.group = GROUPS[placeOf(page).split("/")[0]] ?? "Guides";
}

/** Pages keep the places of their files, so that links to them outlast a new heading. */
class PageRouter extends KindRouter {
  getIdealBaseName(reflection) {
    return reflection.isDocument() ? placeOf(reflection).replace(/\.md$/, "") : super.getIdealBaseName(reflection);
  }
}

function pages({ converter, renderer }) {
  converter.on("createDocument", (_, page) => titlePage(page));
  renderer.defineRouter("pages", PageRouter);
}

/** @type {Partial<import("typedoc").TypeDocOptions>} */
const config = {
  name: "lanegrad",
  entryPoints: sources,
  tsconfig: "tsconfig.types.json",
  projectDocuments: ["docs/*.md", "docs/cookbook/*.md", "docs/decisions/*.md"],
  plugin: [pages],
  router: "pages",
  customCss: "docs/site.css",
  out: "site",
  groupOrder: ["Guides", "Cookbook", "Decisions", "*"],
  headings: { readme: false, document: false },
  hideGenerator: true,
  highlightLanguages: [...OptionDefaults.highlightLanguages, "python"],
  navigation: { includeGroups: true },
  excludeInternal: true,
  excludePrivate: true,
  disableSources: true,
  treatWarningsAsErrors: true,
  validation: { invalidLink: true, invalidPath: true, notDocumented: true, notExported: true },
  requiredToBeDocumented: ["Class", "Function", "Interface", "TypeAlias"],
};

export default config;
