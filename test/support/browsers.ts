// The browsers of this machine, and how each is started: headless, in a fresh profile, cut off from the network.
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import puppeteer, { type Browser, type LaunchOptions } from "puppeteer-core";

export type BrowserName = "chromium" | "firefox";

/** What each is called on the path. */
const COMMANDS: Record<BrowserName, readonly string[]> = {
  chromium: ["chromium", "chromium-browser", "google-chrome"],
  firefox: ["firefox-esr", "firefox"],
};

export const BROWSER_NAMES = Object.keys(COMMANDS) as BrowserName[];

/** Absolute path of the executable; undefined where the machine has none. */
export function findBrowser(name: BrowserName): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const candidates = COMMANDS[name].flatMap((command) => folders.map((folder) => join(folder, command)));
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Chromium's sandbox refuses to run as root, as containers often do. */
const isRoot = process.getuid?.() === 0;

/** Pages come from 127.0.0.1. No name is looked up, so that a browser's own services reach nothing beyond it. */
const OPTIONS: Record<BrowserName, LaunchOptions> = {
  chromium: {
    browser: "chrome",
    args: [
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
      "--disable-gpu",
      ...(isRoot ? ["--no-sandbox"] : []),
    ],
  },
  firefox: { browser: "firefox", extraPrefsFirefox: { "network.dns.disabled": true } },
};

/** Starts a browser in a home folder of its own. */
async function start(name: BrowserName, executablePath: string) {
  const home = await mkdtemp(join(tmpdir(), `lanegrad-${name}-`));
  const removeHome = () => rm(home, { recursive: true, force: true, maxRetries: 5 });
  try {
    const browser = await puppeteer.launch({
      ...OPTIONS[name],
      executablePath,
      headless: true,
      timeout: 60_000,
      userDataDir: join(home, "profile"),
      env: { ...process.env, HOME: home, XDG_CACHE_HOME: undefined, XDG_CONFIG_HOME: undefined },
    });
    return { browser, removeHome };
  } catch (error) {
    await removeHome();
    throw error;
  }
}

/** To be closed, so that its home folder goes away. */
export interface Closable {
  close(): Promise<void>;
}

/** A browser that its starter drives. */
export interface RunningBrowser extends Closable {
  readonly browser: Browser;
}

export async function launchBrowser(name: BrowserName, executablePath: string): Promise<RunningBrowser> {
  const { browser, removeHome } = await start(name, executablePath);
  return { browser, close: () => browser.close().finally(removeHome) };
}

/**
 * Starts a browser with a tab that nobody drives afterwards. While Firefox 153 has a driver, which hears of each new worker, a
 * worker that starts another one may wait for good: when the main thread has told the driver, it wakes one of the two workers,
 * and that may be the new one, which waits for its first task.
 */
export async function openTab(name: BrowserName, executablePath: string, address: string): Promise<Closable> {
  const { browser, removeHome } = await start(name, executablePath);
  const host = browser.process() as ChildProcess;
  const page = await browser.newPage();
  await page.goto(address);
  await browser.disconnect();
  return {
    async close() {
      const ended = once(host, "exit");
      host.kill();
      await ended;
      await removeHome();
    },
  };
}
