// Writes the wasm builds that are published as one TypeScript module: deflated, in base64.
import { readFileSync, writeFileSync } from "node:fs";
import { deflateRawSync } from "node:zlib";

const build = new URL("../build/", import.meta.url);
const lines = ["// Made by tools/embed.mjs; not to be edited."];
for (const name of ["simd", "relaxed"]) {
  const wasm = readFileSync(new URL(`${name}.wasm`, build));
  const text = deflateRawSync(wasm, { level: 9 }).toString("base64");
  lines.push(`export const ${name}: string =\n  "${text}";`);
}
writeFileSync(new URL("embedded.ts", build), `${lines.join("\n")}\n`);
