// npm run playground: installs what the page is built with, where that has not been done, and hands over to Vite.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = new URL(".", import.meta.url);

function run(command, ...args) {
  const { status } = spawnSync(command, args, { cwd: fileURLToPath(folder), stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

if (!existsSync(new URL("../../dist/index.js", folder))) {
  console.error("dist/index.js is missing: npm ci, or npm run build, makes it");
  process.exit(1);
}
if (!existsSync(new URL("node_modules/vite", folder))) run("npm", "ci", "--ignore-scripts");
run(process.execPath, "node_modules/vite/bin/vite.js", ...process.argv.slice(2));
