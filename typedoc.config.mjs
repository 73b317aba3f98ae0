// The documentation site: the API by its TSDoc, and the pages of docs/. Neither the build nor a page fetches anything.
import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { KindRouter, OptionDefaults } from "typedoc";

const ROOT = fileURLToPath(new URL(".", import.meta.url));

const textOf = (path) => readFileSync(join(ROOT, path), "utf8");

/** Of each module that the package exports. */
const sources = Object.values(JSON.parse(textOf("package.json")).exports).flatMap(({ types }) =>
  types === undefined ? [] : types.replace(/^\.\/dist\/types\/(.*)\.d\.ts$/, "$1.ts"),
);

/** The pages that a page links to, of a README those of its table of contents: its links give the order in the navigation. */
function pagesIn(path) {
  const text = textOf(path);
  const links = text.slice(text.indexOf("\n## Documentation\n") + 1).matchAll(/\]\(([\w./-]+\.md)\)/g);
  return [...links].map(([, link]) => join(dirname(path), link));
}

const documents = new Set(["README.md", "docs/cookbook.md", "docs/decisions/README.md"].flatMap(pagesIn));

/** What pages are listed under, by where they are. */
const GROUPS = { "docs/cookbook": "Cookbook", "docs/decisions": "Decisions", docs: "Guides" };

/** Where a page is, without its ending. */
function placeOf(page) {
  return relative(ROOT, page.project.files.getReflectionPath(page)).replace(/\.md$/, "");
}

/** Pages are listed by their headings, folder by folder. */
function titlePage(page) {
  const [, heading] = /^# (.+)$/m.exec(page.content.map(({ text }) => text).join(""));
  const place = placeOf(page);
  page.name = heading.replaceAll("`", "");
  page.frontmatter.group = GROUPS[Object.keys(GROUPS).find((folder) => place.startsWith(folder))] ?? "Repository";
}

/** Pages keep the places of their files, so that links to them outlast a new heading. */
class PageRouter extends KindRouter {
  getIdealBaseName(reflection) {
    return reflection.isDocument() ? placeOf(reflection).replace(/^docs\//, "") : super.getIdealBaseName(reflection);
  }
}

function pages({ converter, renderer }) {
  converter.on("createDocument", (_, page) => titlePage(page));
  renderer.defineRouter("pages", PageRouter);
}

/** Properties whose type says it all: what tells the members of a union apart, and the names of errors. */
const SELF_EXPLANATORY = [
  ...["Activation", "Initializer", "Loss"].map((type) => `${type}.__type.type`),
  ...["Disposed", "Format", "NonFinite", "OutOfMemory", "Shape", "UnsupportedHost", "Worker"].map(
    (error) => `${error}Error.name`,
  ),
];

/** @type {Partial<import("typedoc").TypeDocOptions>} */
const config = {
  name: "lanegrad",
  entryPoints: sources,
  tsconfig: "tsconfig.types.json",
  projectDocuments: [...documents],
  plugin: [pages],
  router: "pages",
  customCss: "docs/site.css",
  favicon: "examples/playground/public/icon.svg",
  out: "site",
  groupOrder: ["Guides", "Cookbook", "Modules", "*"],
  headings: { readme: false, document: false },
  hideGenerator: true,
  highlightLanguages: [...OptionDefaults.highlightLanguages, "python"],
  navigation: { includeGroups: true },
  excludeInternal: true,
  excludePrivate: true,
  disableSources: true,
  treatWarningsAsErrors: true,
  validation: { invalidLink: true, invalidPath: true, notDocumented: true, notExported: true },
  requiredToBeDocumented: ["Class", "Function", "Interface", "TypeAlias", "Property", "Method", "Accessor"],
  intentionallyNotDocumented: SELF_EXPLANATORY.map((name) => `lanegrad.${name}`),
};

export default config;
