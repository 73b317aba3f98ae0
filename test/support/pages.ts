// Tasks of the built package outside of the test's own process: in a Node process, and in pages of a browser.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe } from "vitest";
import { BROWSER_NAMES, findBrowser, launchBrowser, type RunningBrowser } from "./browsers.js";
import type { StaticServer } from "./static-server.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The globals of a page: what came of its task. */
interface TestPage<T> {
  outcome: Promise<{ value?: T; error?: string }>;
}

/** Calls a function of a module in test/support/ in a Node process of its own, without flags. */
export async function runInNode<T>(module: string, task: string, argument: unknown): Promise<T> {
  const script = `
    import { ${task} } from "./test/support/${module}";
    console.log(JSON.stringify(await ${task}(JSON.parse(process.argv[1]))));
  `;
  const flags = ["--input-type=module", "--eval", script, JSON.stringify(argument)];
  const { stdout } = await promisify(execFile)(process.execPath, flags, { cwd: ROOT });
  return JSON.parse(stdout);
}

/** Opens a page, which starts the task by itself, and returns what came of it. */
export type RunInPage = <T>(
  server: Pick<StaticServer, "origin">,
  path: string,
  task: string,
  argument: unknown,
) => Promise<T>;

/** Describes tests once for each browser that was found; the browser is closed behind them. */
export function describeBrowsers(testIn: (runInPage: RunInPage) => void): void {
  for (const name of BROWSER_NAMES) {
    const path = findBrowser(name);
    if (path === undefined) continue;
    describe(name, () => {
      let running: RunningBrowser | undefined;

      beforeAll(async () => {
        running = await launchBrowser(name, path);
      }, 90_000);

      afterAll(() => running?.close());

      testIn(async <T>(server: Pick<StaticServer, "origin">, path: string, task: string, argument: unknown) => {
        const page = await (running as RunningBrowser).browser.newPage();
        try {
          await page.goto(`${server.origin}${path}?${encodeURIComponent(JSON.stringify([task, argument]))}`);
          const { value, error } = await page.evaluate(() => (globalThis as unknown as TestPage<T>).outcome);
          if (error !== undefined) throw new Error(error);
          return value as T;
        } finally {
          await page.close();
        }
      });
    });
  }
}
