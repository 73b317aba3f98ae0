// Cold start: whole processes, from their start over the import to the end of the first training step of 784-128-10.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { median } from "../measure.mjs";
import { ONE_THREAD, PYTHON } from "./contenders/torch.mjs";
import { pinned } from "./process.mjs";

const EMPTY = "empty ES module";

/** @returns `{ [contender]: { best, median } in seconds, or { error } }`, the empty ES module first */
export function measureColdStarts(contenders, rounds) {
  const commands = { [EMPTY]: [process.execPath, path("cold/empty.mjs")] };
  for (const contender of contenders) commands[contender.name] = commandOf(contender);
  const walls = {};
  const failures = {};
  for (let round = 0; round <= rounds; round++) {
    for (const [name, command] of Object.entries(commands)) {
      if (failures[name]) continue;
      const { wall, error } = run(command);
      if (error) failures[name] = { error };
      else if (round > 0) walls[name] = [...(walls[name] ?? []), wall];
    }
  }
  const result = (name) => failures[name] ?? { best: Math.min(...walls[name]), median: median(walls[name]) };
  return Object.fromEntries(Object.keys(commands).map((name) => [name, result(name)]));
}

function commandOf({ module, options }) {
  if (module === "torch") return [PYTHON, path("contenders/native.py"), "cold"];
  return [process.execPath, path("cold/step.mjs"), JSON.stringify({ module, options })];
}

function run(command) {
  const [program, ...parameters] = pinned(command);
  const start = performance.now();
  const { status, stderr, error } = spawnSync(program, parameters, {
    encoding: "utf8",
    env: { ...process.env, ...ONE_THREAD },
  });
  const wall = (performance.now() - start) / 1e3;
  if (status === 0) return { wall };
  return { error: error?.message ?? stderr.trim().split("\n").at(-1) };
}

function path(name) {
  return fileURLToPath(new URL(name, import.meta.url));
}
