// Tasks of the built package outside of the test's own process: in a Node process, and in pages of a browser.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe } from "vitest";
import { BROWSER_NAMES, type Closable, findBrowser, openTab } from "./browsers.js";
import { type Relay, startRelay } from "./relay.js";
import type { StaticServer } from "./static-server.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** What came of a page's task. */
interface Outcome<T> {
  value?: T;
  error?: string;
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
      let relay: Relay;
      let tab: Closable | undefined;

      beforeAll(async () => {
        relay = await startRelay();
        tab = await openTab(name, path, relay.address);
      }, 90_000);

      afterAll(async () => {
        await tab?.close();
        relay?.close();
      });

      testIn(async <T>(server: Pick<StaticServer, "origin">, path: string, task: string, argument: unknown) => {
        const search = encodeURIComponent(JSON.stringify([task, argument, relay.address]));
        const { value, error } = (await relay.visit(`${server.origin}${path}?${search}`)) as Outcome<T>;
        if (error !== undefined) throw new Error(error);
        return value as T;
      });
    });
  }
}
