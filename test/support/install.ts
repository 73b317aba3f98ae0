// Packages that are too large for every checkout, in a folder of their own: installed when a test first needs them.
import { execFile } from "node:child_process";
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { promisify } from "node:util";

/** Installs what the folder's package-lock.json names, where that has not been done since it changed. No script is run. */
export async function installPackages(folder: string): Promise<void> {
  const lock = `${folder}package-lock.json`;
  const done = `${folder}node_modules/.installed.json`;
  if (existsSync(done) && readFileSync(done, "utf8") === readFileSync(lock, "utf8")) return;
  await promisify(execFile)("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: folder });
  copyFileSync(lock, done);
}
