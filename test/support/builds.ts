// The builds that every suite runs over, and engines of them.
import { readFileSync } from "node:fs";
import { inflateRawSync } from "node:zlib";
import { columns } from "../../build/embedded.js";
import { assemble } from "../../src/engine/columns.js";
import { Engine } from "../../src/index.js";

export type TestedBuild = "simd" | "relaxed" | "debug";

const ALL: readonly TestedBuild[] = ["simd", "relaxed", "debug"];

/** The wasm file of a build. */
export function bytesOf(build: TestedBuild): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(new URL(`../../build/${build}.wasm`, import.meta.url)));
}

/** A build as it is put together of what is embedded. */
export function embedded(build: "simd" | "relaxed", shared: boolean): Uint8Array<ArrayBuffer> {
  return assemble(new Uint8Array(inflateRawSync(Buffer.from(columns, "base64"))), build, shared);
}

/** Those that the host validates: all of them, but for relaxed on a host without relaxed SIMD. */
export const BUILDS = ALL.filter((build) => WebAssembly.validate(bytesOf(build)));

/** A new engine on the kernels of one build. */
export async function engineOf(build: TestedBuild, options: { maximumMemory?: number } = {}): Promise<Engine> {
  return Engine.create({ ...options, module: await WebAssembly.compile(bytesOf(build)) });
}
