// The commands, and what the process says and returns where there is none or it fails.
import { readFileSync } from "node:fs";
import { OutOfMemoryError, UnsupportedHostError } from "../errors.js";
import { Arguments, type Command, helpOf, usageOf } from "./arguments.js";
import { bench } from "./bench.js";
import { evaluate } from "./evaluate.js";
import { exportCommand } from "./export.js";
import { asFileError, indented, print, UsageError, UserError } from "./messages.js";
import { guess } from "./nearest.js";
import { predict } from "./predict.js";
import { train } from "./train.js";

const COMMANDS: readonly Command[] = [train, predict, evaluate, exportCommand, bench];

const HELP: readonly string[] = ["--help", "-h", "help"];

/** Exit codes. */
const DONE = 0;
const FAILED = 1;
const MISUSED = 2;

/**
 * Runs one command.
 *
 * @param given the arguments behind the program's name
 * @returns the exit code: 0 where all went well, 1 for a problem with files or training, 2 for wrong arguments
 */
export async function runCommand(given: readonly string[]): Promise<number> {
  // Who reads the output may have seen enough, as `head` does.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(DONE);
    complain((asFileError("write", "the standard output", error) as Error).message);
    process.exit(FAILED);
  });
  const [name, ...rest] = given;
  if (name === "--version" || name === "-v") {
    print(version());
    return DONE;
  }
  const isHelp = name === "help" || given.includes("--help") || given.includes("-h");
  const topic = given.find((argument) => !HELP.includes(argument));
  const command = COMMANDS.find((candidate) => candidate.name === topic);
  if (command === undefined && topic !== undefined) {
    const names = COMMANDS.map((known) => known.name);
    complain(`there is no command "${topic}"; the commands are ${names.join(", ")}${guess(topic, names)}`);
    return MISUSED;
  }
  if (command === undefined || isHelp) {
    print(command === undefined ? overview() : helpOf(command));
    return isHelp ? DONE : MISUSED;
  }
  return run(command, rest);
}

async function run(command: Command, given: readonly string[]): Promise<number> {
  try {
    await command.run(new Arguments(command, given));
    return DONE;
  } catch (error) {
    // Who still writes to the standard input would keep the process waiting.
    process.stdin.destroy();
    if (error instanceof UsageError) {
      complain(error.message);
      process.stderr.write(`Usage: ${usageOf(command)}\n"lanegrad ${command.name} --help" lists the options\n`);
      return MISUSED;
    }
    const isKnown = [UserError, OutOfMemoryError, UnsupportedHostError].some((type) => error instanceof type);
    complain(String(isKnown ? (error as Error).message : (error as Error).stack));
    return FAILED;
  }
}

/** Broken between words where a person reads it; one line for programs. */
function complain(message: string): void {
  const name = "lanegrad: ";
  process.stderr.write(`${process.stderr.isTTY ? indented(message, name) : name + message}\n`);
}

function overview(): string {
  return [
    "Trains multilayer perceptrons on CSV files and predicts with them.",
    "",
    "Usage:",
    ...COMMANDS.map((command) => `  ${usageOf(command)}`),
    "",
    ...COMMANDS.map(({ name, summary }) => indented(summary, `  ${name.padEnd(10)}`)),
    "",
    "Options of a command: lanegrad COMMAND --help. Version: lanegrad --version.",
  ].join("\n");
}

function version(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
