// What a benchmark compares lanegrad with, from the package.json of its folder.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Installs what a folder's package.json names, where that has not been done. */
export function installIn(folder) {
  if (existsSync(new URL("node_modules", folder))) return;
  const cwd = fileURLToPath(folder);
  const { status } = spawnSync("npm", ["ci", "--ignore-scripts"], { cwd, stdio: "inherit" });
  if (status !== 0) console.error(`npm ci failed in ${cwd}: what it names will be missing below`);
}
