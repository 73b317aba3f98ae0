// Test runner. Where the host knows relaxed SIMD only behind a flag, the flag is set, so that every build is tested.
import { readFileSync } from "node:fs";
import { defineConfig } from "vitest/config";

const relaxed = readFileSync(new URL("build/relaxed.wasm", import.meta.url));

/** Where CI wants the results as JSON. */
const report = process.env.TEST_REPORT;

export default defineConfig({
  test: {
    reporters: report === undefined ? ["default"] : ["default", ["json", { outputFile: report }]],
    include: ["test/**/*.test.ts"],
    pool: "forks",
    execArgv: ["--expose-gc", ...(WebAssembly.validate(relaxed) ? [] : ["--experimental-wasm-relaxed-simd"])],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
