// One contender as a child process on its own core: answers one command at a time, and what goes wrong is an `error`.
import { spawn, spawnSync } from "node:child_process";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";

const CHILD = fileURLToPath(new URL("child.mjs", import.meta.url));

/** Milliseconds after which a contender has hung. */
const PATIENCE = 180_000;

/** The last core, which the system uses least; undefined without `taskset`. */
export const CORE = spawnSync("taskset", ["-V"]).status === 0 ? (process.env.CORE ?? cpus().length - 1) : undefined;

/** What to put before a command so that it stays on the core. */
export function pinned(command) {
  return CORE === undefined ? command : ["taskset", "-c", String(CORE), ...command];
}

/**
 * @param contender of contenders.mjs
 * @param seconds how long a round is meant to be
 */
export function startContender(contender, seconds) {
  const { name, module, options, threads = 1 } = contender;
  const command = [process.execPath, CHILD, JSON.stringify({ name, module, options, seconds })];
  return startProcess(threads > 1 ? command : pinned(command));
}

/**
 * @param command the program and its parameters
 * @param environment variables beside those of this process
 * @returns a function (command, values) → `{ value }` or `{ error }`, and `end()`
 */
export async function startProcess([program, ...parameters], environment = {}) {
  const env = { ...process.env, ...environment };
  const child = spawn(program, parameters, { env, stdio: ["ignore", "ignore", "pipe", "ipc"] });
  let trouble = "";
  let failure;
  let settle = () => {};
  child.stderr.on("data", (data) => {
    trouble = `${trouble}${data}`.slice(-4000);
  });
  child.on("message", (answer) => settle(answer));
  child.on("error", (error) => fail(error.message));
  child.on("close", (code) => fail(errorIn(trouble) ?? `ended with code ${code}`));

  function fail(error) {
    failure ??= { error };
    child.kill("SIGKILL");
    settle(failure);
  }

  function answer() {
    return new Promise((resolve) => {
      const timer = setTimeout(() => fail(`no answer within ${PATIENCE / 1000} s`), PATIENCE);
      settle = (result) => {
        clearTimeout(timer);
        resolve(result);
      };
      if (failure) settle(failure);
    });
  }

  await answer();
  return {
    ask(command, values = {}) {
      if (failure) return failure;
      const result = answer();
      child.send({ command, ...values });
      return result;
    },
    end: () => child.kill(),
  };
}

/** The line of a stack trace that names the error. */
function errorIn(text) {
  const lines = text.trim().split("\n");
  return lines.find((line) => /^\s*(\w*Error|\w+ \[\w+\])\b.*: /.test(line))?.trim() ?? (lines.at(-1) || undefined);
}
