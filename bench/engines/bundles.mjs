// One file for each kind of host, so that all engines run the same text and none has to find modules.
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** Builds leave it alone, and modules in it find the packages of the project. */
const FOLDER = fileURLToPath(new URL("../../node_modules/.cache/engines/", import.meta.url));
const LIBRARY = fileURLToPath(new URL("../../dist/index.js", import.meta.url));

export const CHILD = `${FOLDER}child.mjs`;
export const PAGE = `${FOLDER}page.mjs`;

/** Where Deno may keep what it likes. */
export const CACHE = `${FOLDER}deno`;

const OPTIONS = { outdir: FOLDER, outExtension: { ".js": ".mjs" }, format: "esm", bundle: true };

/** @returns the tests' module of the browsers, which is TypeScript */
export async function bundle() {
  const alias = { lanegrad: resolve(process.env.LANEGRAD ?? LIBRARY) };
  const path = (name) => fileURLToPath(new URL(name, import.meta.url));
  await build({ ...OPTIONS, entryPoints: [path("child.mjs"), path("page.mjs")], alias });
  const browsers = path("../../test/support/browsers.ts");
  await build({ ...OPTIONS, entryPoints: [browsers], platform: "node", packages: "external" });
  return import(`${FOLDER}browsers.mjs`);
}
