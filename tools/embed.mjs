// Writes the template of the builds as a TypeScript module: deflated, in base64.
import { readFileSync, writeFileSync } from "node:fs";
import { deflateRawSync } from "node:zlib";

const build = new URL("../build/", import.meta.url);
const text = deflateRawSync(readFileSync(new URL("template.wasm", build)), { level: 9 }).toString("base64");
const lines = ["// Made by tools/embed.mjs; not to be edited.", `export const template: string =\n  "${text}";`];
writeFileSync(new URL("embedded.ts", build), `${lines.join("\n")}\n`);
