// An empty project that has installed the package as npm packs it.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** A process that still runs then has hung. */
const PATIENCE = 60_000;

export interface Consumer {
  /** The project's folder. */
  readonly project: string;
  /** The package's folder in it. */
  readonly installed: string;
  readonly tarball: string;
  /** Paths in the tarball. */
  readonly packed: readonly string[];
  /** Runs a command in the project; returns what it printed, rejects where it fails or does not end. */
  run(command: string, ...args: string[]): Promise<string>;
  remove(): void;
}

export async function createConsumer(): Promise<Consumer> {
  const folder = mkdtempSync(join(tmpdir(), "lanegrad-consumer-"));
  const project = join(folder, "project");
  const env = {
    ...process.env,
    npm_config_cache: join(folder, "cache"),
    DENO_DIR: join(folder, "deno"),
    DENO_NO_UPDATE_CHECK: "1",
    NO_COLOR: "1",
  };
  const runIn = async (cwd: string, command: string, args: string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)(command, args, { cwd, env, timeout: PATIENCE, killSignal: "SIGKILL" });
    return stdout;
  };
  const listing = await runIn(ROOT, "npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", folder]);
  const [{ filename, files }] = JSON.parse(listing) as [{ filename: string; files: { path: string }[] }];
  const tarball = join(folder, filename);
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }));
  await runIn(project, "npm", ["install", "--offline", "--no-audit", "--no-fund", tarball]);
  return {
    project,
    installed: join(project, "node_modules", "lanegrad"),
    tarball,
    packed: files.map(({ path }) => path).sort(),
    run: (command, ...args) => runIn(project, command, args),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
