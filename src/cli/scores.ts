// How good predictions are, as a user reads it: accuracy and who is taken for whom, or the errors of numbers.
import {
  accuracy,
  confusionMatrix,
  type FloatArray,
  meanAbsoluteError,
  rootMeanSquaredError,
  rSquared,
} from "../index.js";
import type { Target } from "./description.js";
import { count, entry, integer, percent, short, textWidth, unbroken } from "./messages.js";

/** More classes than this are not shown as a square. */
const MOST_SHOWN = 10;
/** Characters of a class's name in the square. */
const LONGEST_NAME = 14;

/**
 * @param outputs `[rows, classes]` probabilities, or `[rows]` numbers
 * @param targets `[rows]`: indices of classes, or numbers
 * @param noun what a row is called
 */
export function scoresOf({ classes }: Target, outputs: FloatArray, targets: ArrayLike<number>, noun: string): string {
  return classes === undefined ? errorsOf(outputs, targets, noun) : hitsOf(classes, outputs, targets, noun);
}

function errorsOf(outputs: FloatArray, targets: ArrayLike<number>, noun: string): string {
  const rows = targets.length;
  const figures = [
    `RMSE ${short(rootMeanSquaredError(outputs, targets))}`,
    `MAE ${short(meanAbsoluteError(outputs, targets))}`,
    ...(rows > 1 ? [`R² ${short(rSquared(outputs, targets))}`] : []),
  ];
  return entry("Errors", `${figures.join(", ")} (${count(rows, noun)})`);
}

function hitsOf(classes: readonly string[], outputs: FloatArray, targets: ArrayLike<number>, noun: string): string {
  const rows = targets.length;
  const right = Math.round(accuracy(outputs, targets, { outputs: classes.length }) * rows);
  const line = entry("Accuracy", `${percent(right, rows)} (${integer(right)} of ${count(rows, noun)})`);
  const { matrix, support, recall } = confusionMatrix(outputs, targets, { outputs: classes.length });
  const all = classes.length > MOST_SHOWN ? undefined : square(classes, matrix);
  if (all !== undefined) return `${line}\n\n${all}`;
  const worst = classes.map((_, index) => index).filter((index) => (support[index] as number) > 0);
  worst.sort((a, b) => (recall[a] as number) - (recall[b] as number));
  const shown = worst.slice(0, 5).map((index) => unbroken(`${classes[index]} ${percent(recall[index] as number, 1)}`));
  return `${line}\n${entry("", `least often right: ${shown.join(", ")}`)}`;
}

/** Rows are the true classes, columns those that were predicted; undefined where there is no room for it. */
function square(classes: readonly string[], matrix: readonly (readonly number[])[]): string | undefined {
  const cut = classes.map((name) => (name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name));
  const head = Math.max(...cut.map((name) => name.length), "true".length) + 2;
  const room = Math.floor((textWidth() - 2 - head) / classes.length) - 2;
  const digits = Math.max(...matrix.flat().map((cell) => `${cell}`.length));
  if (digits > room) return undefined;
  const names = cut.map((name) => (name.length > room ? `${name.slice(0, room - 1)}…` : name));
  const width = Math.max(digits, ...names.map((name) => name.length)) + 2;
  const line = (first: string, cells: readonly unknown[]) =>
    `  ${first.padEnd(head)}${cells.map((cell) => `${cell}`.padStart(width)).join("")}`;
  const rows = matrix.map((counts, index) =>
    line(
      cut[index] as string,
      counts.map((number) => number || "·"),
    ),
  );
  const top = line("true", names);
  const note = "  ← predicted";
  const above = `${" ".repeat(head + 4)}predicted\n`;
  return [top.length + note.length <= textWidth() ? top + note : above + top, ...rows].join("\n");
}
