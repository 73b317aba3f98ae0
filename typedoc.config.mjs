// The documentation site: the API from its TSDoc, and the guides. Nothing is fetched, neither here nor by the pages.
import { readFileSync } from "node:fs";

const { exports } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"));

/** The source of every module that the package exports. */
const entryPoints = Object.values(exports).flatMap(({ types }) =>
  types === undefined ? [] : [types.replace(/^\.\/dist\/types\/(.*)\.d\.ts$/, "$1.ts")],
);

/** @type {Partial<import("typedoc").TypeDocOptions>} */
const config = {
  name: "lanegrad",
  entryPoints,
  tsconfig: "tsconfig.types.json",
  readme: "README.md",
  projectDocuments: ["docs/*.md", "docs/cookbook/*.md"],
  out: "site",
  excludeInternal: true,
  excludePrivate: true,
  disableSources: true,
  treatWarningsAsErrors: true,
  validation: { notExported: true, invalidLink: true, invalidPath: true, notDocumented: true, unusedMergeModuleWith: true },
  requiredToBeDocumented: ["Function", "Class", "Interface", "TypeAlias"],
};

export default config;
