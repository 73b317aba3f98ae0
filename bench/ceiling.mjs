// The core's 128-bit SIMD ceiling: compiles ceiling.c where there is a C compiler, and runs it on demand.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const SOURCE = fileURLToPath(new URL("ceiling.c", import.meta.url));

/** @returns a function (milliseconds) → `{ mulAdd, fma }` in GFLOP/s, or undefined where gcc cannot make one */
export function compileCeiling() {
  const folder = mkdtempSync(join(tmpdir(), "lanegrad-ceiling-"));
  process.on("exit", () => rmSync(folder, { recursive: true }));
  const program = join(folder, "ceiling");
  try {
    execFileSync("gcc", ["-O2", "-o", program, SOURCE], { stdio: "pipe" });
  } catch {
    return undefined;
  }
  return (milliseconds) => JSON.parse(execFileSync(program, [String(milliseconds)], { encoding: "utf8" }));
}
