// What the command line says: errors that are the user's to mend, and how names, numbers and long lines are written.
import { isAbsolute, relative } from "node:path";

/** Something about the files: told without a stack, exit code 1. */
export class UserError extends Error {
  override readonly name = "UserError";
}

/** Something about the arguments: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Columns that text takes at most. */
const WIDTH = 80;
/** Characters of a field that a message repeats. */
const LONGEST_FIELD = 60;

/** Words for the errors of node:fs. */
const FILE_PROBLEMS = new Map([
  ["ENOENT", "there is no such file or folder"],
  ["EISDIR", "it is a folder"],
  ["ENOTDIR", "part of the path is no folder"],
  ["EACCES", "no permission"],
  ["EPERM", "no permission"],
  ["EROFS", "it is on a read-only disk"],
  ["ENOSPC", "the disk is full"],
]);

/** An error of node:fs as a user reads it; other errors as they are. */
export function asFileError(verb: "read" | "write", path: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  return new UserError(`cannot ${verb} ${path}: ${FILE_PROBLEMS.get(code) ?? message}`);
}

export function tooLargeError(place: string, column: string, field: string): UserError {
  return new UserError(`${place}: column "${column}" is ${quoted(field)}, which is beyond ±1e38`);
}

/** A field or name as messages repeat it: cut where it is long, and without what a terminal would obey. */
export function shown(field: string): string {
  const cut = field.length > LONGEST_FIELD ? `${field.slice(0, LONGEST_FIELD - 1)}…` : field;
  return cut.replace(/\p{Cc}/gu, "\ufffd");
}

export function quoted(field: string): string {
  return `"${shown(field)}"`;
}

/** 1 row, 2 rows, 10,000 rows. */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${integer(number)} ${number === 1 ? noun : plural}`;
}

export function integer(number: number): string {
  return number.toLocaleString("en");
}

/** Four significant digits. */
export function short(number: number): string {
  const rounded = Number(number.toPrecision(4));
  if (Math.abs(rounded) >= 1e15) return rounded.toExponential();
  return Math.abs(rounded) >= 1000 ? integer(rounded) : String(rounded);
}

/** 97.2 %; 100 % only where it is all. */
export function percent(part: number, whole: number): string {
  const share = (100 * part) / whole;
  return `${part < whole ? Math.min(share, 99.9).toFixed(1) : 100} %`;
}

/** The first of many names. */
export function listed(names: readonly string[], limit = 20): string {
  const more = names.length - limit;
  return more > 0 ? `${names.slice(0, limit).join(", ")} and ${integer(more)} more` : names.join(", ");
}

/** What is said of rows that were left out, behind how many there are. */
export function leftOut(rows: number): string {
  return rows === 0 ? "" : `; ${count(rows, "row")} with missing values left out`;
}

/** Columns that text may take here: fewer in a narrow window. */
export function textWidth(): number {
  return Math.min(WIDTH, process.stdout.columns || WIDTH);
}

/** Text behind a label in a column of its own, broken between words. */
export function entry(label: string, text: string): string {
  return indented(text, label.padEnd(9));
}

/** Spaces at which lines are not broken. */
export function unbroken(text: string): string {
  return text.replaceAll(" ", "\u00a0");
}

/** Text broken between words, behind `first` in the first line and as many spaces in the others. */
export function indented(text: string, first: string): string {
  const lines: string[] = [];
  const width = textWidth();
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && first.length + line.length + word.length >= width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  lines.push(line);
  return lines
    .map((part, index) => (index === 0 ? first : " ".repeat(first.length)) + part.replaceAll("\u00a0", " "))
    .join("\n");
}

/** A path or name as a shell takes it. */
export function shellWord(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** A column's name as a shell takes it in the value of --ignore and --text. */
export function listedName(name: string): string {
  return shellWord(/[",]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name);
}

/** A path as short as it can be said from here. */
export function shownPath(path: string): string {
  const short = relative(process.cwd(), path);
  return isAbsolute(path) && short !== "" && short.length < path.length && !short.startsWith("..") ? short : path;
}

export function print(text = ""): void {
  process.stdout.write(`${text}\n`);
}
