// Writes the template of the builds as a TypeScript module: deflated, in base64.
import { readFileSync, writeFileSync } from "node:fs";
import { deflateAsync } from "@gfx/zopfli";

const build = new URL("../build/", import.meta.url);
// Zopfli's streams are 5 % shorter than zlib's.
const deflated = await deflateAsync(readFileSync(new URL("template.wasm", build)), {});
const text = Buffer.from(deflated).toString("base64");
const lines = ["// Made by tools/embed.mjs; not to be edited.", `export const template: string =\n  "${text}";`];
writeFileSync(new URL("embedded.ts", build), `${lines.join("\n")}\n`);
