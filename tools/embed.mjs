// Writes both builds as a TypeScript module: their columns, deflated, in base64.
import { readFileSync, writeFileSync } from "node:fs";
import { deflateAsync } from "@gfx/zopfli";
import binaryen from "binaryen";
import { columnsOf } from "./columns.mjs";

const build = new URL("../build/", import.meta.url);
const [simd, relaxed, decoder] = ["simd", "relaxed", "columns"].map((name) =>
  readFileSync(new URL(`${name}.wasm`, build)),
);

/** Of each function, which of its locals are integers. */
function integersAmongLocals(wasm) {
  const module = binaryen.readBinary(wasm);
  return Array.from({ length: module.getNumFunctions() }, (_, index) => {
    const { params, vars } = binaryen.getFunctionInfo(module.getFunctionByIndex(index));
    return [...binaryen.expandType(params), ...vars].map((type) => type === binaryen.i32);
  });
}

// Zopfli's streams are 5 % shorter than zlib's.
const deflated = await deflateAsync(columnsOf(simd, relaxed, integersAmongLocals(simd), decoder), {});
const text = Buffer.from(deflated).toString("base64");
const lines = ["// Made by tools/embed.mjs; not to be edited.", `export const columns: string =\n  "${text}";`];
writeFileSync(new URL("embedded.ts", build), `${lines.join("\n")}\n`);
