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
import { count, entry, percent, short } from "./messages.js";

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
  const line = entry("Accuracy", `${percent(right, rows)} (${right} of ${count(rows, noun)})`);
  const { matrix, support, recall } = confusionMatrix(outputs, targets, { outputs: classes.length });
  if (classes.length > MOST_SHOWN) {
    const worst = classes.map((_, index) => index).filter((index) => (support[index] as number) > 0);
    worst.sort((a, b) => (recall[a] as number) - (recall[b] as number));
    const shown = worst.slice(0, 5).map((index) => `${classes[index]} ${percent(recall[index] as number, 1)}`);
    return `${line}\n${entry("", `least often right: ${shown.join(", ")}`)}`;
  }
  return `${line}\n\n${square(classes, matrix)}`;
}

/** Rows are the true classes, columns those that were predicted. */
function square(classes: readonly string[], matrix: readonly (readonly number[])[]): string {
  const cut = classes.map((name) => (name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name));
  const head = Math.max(...cut.map((name) => name.length), "true".length) + 2;
  const room = Math.floor((78 - head) / classes.length) - 2;
  const names = cut.map((name) => (name.length > room ? `${name.slice(0, room - 1)}…` : name));
  const width = Math.max(...names.map((name) => name.length), ...matrix.flat().map((cell) => `${cell}`.length)) + 2;
  const line = (first: string, cells: readonly unknown[]) =>
    `  ${first.padEnd(head)}${cells.map((cell) => `${cell}`.padStart(width)).join("")}`;
  const rows = matrix.map((counts, index) =>
    line(
      cut[index] as string,
      counts.map((number) => number || "·"),
    ),
  );
  return [line("true", names) + (classes.length > 1 ? "  ← predicted" : ""), ...rows].join("\n");
}
