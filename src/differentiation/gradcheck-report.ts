// What a gradient check found, as numbers and as a text to read.
import type { DType } from "../engine/dtype.js";
import type { Kink } from "./kinks.js";

/** One entry of a parameter or of x: its derivative by the backward pass and by differences. */
export interface GradCheckEntry {
  /** Its name, or "inputs". */
  parameter: string;
  /** Of the element, in the parameter's row-major layout. */
  index: number;
  /** By the backward pass. */
  analytic: number;
  /** By differences. */
  numeric: number;
  /** |a − n| / max(10⁻⁸, |a| + |n|) */
  relativeError: number;
  /** The step of its difference: smaller than the report's where that one would cross a kink. */
  epsilon: number;
}

/** An element that cannot be checked, and the kink that even the smallest step crosses. */
export interface GradCheckKink extends Kink {
  /** Of the element, in the parameter's row-major layout. */
  index: number;
}

/** What came of some elements. */
interface Summary {
  /** How many were compared. */
  checked: number;
  /** How many were left out at kinks. */
  kinks: number;
  /** NaN where nothing was compared. */
  maxRelativeError: number;
  /** undefined where nothing was compared. */
  worst: GradCheckEntry | undefined;
}

/** What was compared of one parameter, or of the inputs. */
export interface GradCheckParameter extends Summary {
  /** The parameter's name, or "inputs". */
  name: string;
  /** `[outputs, inputs]` of a weight, `[outputs]` of a bias, `[rows, inputs]` of the inputs. */
  shape: number[];
  /** Those compared, the worst first. */
  entries: GradCheckEntry[];
  /** Those left out. */
  skipped: GradCheckKink[];
}

/** `String(report)` is a text to read, of 80 columns. */
export interface GradCheckReport extends Summary {
  /** The network's precision. */
  dtype: DType;
  /** Rows of the batch. */
  rows: number;
  /** The step of every difference that crosses no kink. */
  epsilon: number;
  /** In the order of `net.parameters`; the inputs, where they are checked, come last. */
  parameters: GradCheckParameter[];
}

export function reportOf(
  dtype: DType,
  rows: number,
  epsilon: number,
  parameters: GradCheckParameter[],
): GradCheckReport {
  const summary = summarize(
    parameters.flatMap(({ entries }) => entries),
    parameters.flatMap(({ skipped }) => skipped),
  );
  const report = { ...summary, dtype, rows, epsilon, parameters };
  // Not enumerable: a report can be copied, compared and sent to a worker as the numbers that it is.
  return Object.defineProperty(report, "toString", { value: () => textOf(report) });
}

/** How many entries and kinks of each parameter the text shows. */
const SHOWN = 3;

/** Sorts the entries, the worst first, and sums up; NaN counts as worse than any number. */
export function summarize(entries: GradCheckEntry[], skipped: GradCheckKink[]): Summary {
  const rank = ({ relativeError }: GradCheckEntry) => (Number.isNaN(relativeError) ? 2 : relativeError);
  const worst = entries.sort((p, q) => rank(q) - rank(p))[0];
  const maxRelativeError = worst?.relativeError ?? Number.NaN;
  return { checked: entries.length, kinks: skipped.length, maxRelativeError, worst };
}

function textOf(report: GradCheckReport): string {
  const { maxRelativeError, checked, kinks, dtype, rows, epsilon, parameters } = report;
  const lines = [
    `gradient check: max relative error ${short(maxRelativeError)}, ${checked} checked, ${kinks} at kinks`,
    `${dtype}, rows: ${rows}, step: ${short(epsilon)}`,
    "",
    line("parameter", "shape", "checked", "kinks", "max error"),
    line("  worst entries", "analytic", "numeric", "error", "step"),
  ];
  for (const { name, shape, entries, skipped, ...found } of parameters) {
    const columns = shape[1];
    const at = (index: number) => {
      return `  ${list(columns === undefined ? [index] : [Math.floor(index / columns), index % columns])}`;
    };
    lines.push(line(name, list(shape), found.checked, found.kinks, short(found.maxRelativeError)));
    for (const { index, analytic, numeric, relativeError, epsilon } of entries.slice(0, SHOWN)) {
      lines.push(line(at(index), short(analytic, 6), short(numeric, 6), short(relativeError), short(epsilon)));
    }
    for (const { index, layer, row, unit } of skipped.slice(0, SHOWN)) {
      lines.push(line(at(index), "kink:", layer === null ? "loss" : `layer ${layer}`, `row ${row}`, `unit ${unit}`));
    }
  }
  return lines.join("\n");
}

function short(value: number, digits = 1): string {
  return value.toExponential(digits);
}

function list(numbers: readonly number[]): string {
  return `[${numbers.join(", ")}]`;
}

/** Five columns in 80 characters. */
function line(first: string, ...others: (string | number)[]): string {
  return first.padEnd(24) + others.map((cell) => `${cell}`.padStart(14)).join("");
}
