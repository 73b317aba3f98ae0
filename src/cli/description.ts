// What a model file says about the table that the network was trained on, and rows of other tables by it.
import { FormatError } from "../errors.js";
import { listed, quoted, shown, tooLargeError, UserError } from "./messages.js";
import { guess } from "./nearest.js";
import { type Decimal, isTooLarge, numberIn, numeralProblem } from "./numerals.js";
import { otherSeparator } from "./separator.js";
import { headerHint, isMissing, type Row, type Table } from "./table.js";

/** What is done where a field holds nothing: an error, the training rows' mean or most frequent text, or the row is left out. */
export type Missing = (typeof MISSING)[number];

export const MISSING = ["error", "mean", "drop"] as const;

/** A column that the network reads: a number, or a text as one input for each of the categories, 1 for its own and 0 else. */
export interface Feature {
  readonly name: string;
  /** The texts; absent where the column holds numbers. */
  readonly categories?: readonly string[];
  /** What stands for a missing value: a number, or an index into `categories`. */
  readonly fill: number;
}

export interface Target {
  readonly name: string;
  /** The classes; absent where numbers are predicted. */
  readonly classes?: readonly string[];
}

export interface Description {
  readonly features: readonly Feature[];
  readonly target: Target;
  readonly missing: Missing;
}

/** Inputs that a feature takes. */
export function widthOf({ categories }: Feature): number {
  return categories?.length ?? 1;
}

/** Inputs that all features take. */
export function inputsOf(features: readonly Feature[]): number {
  return features.reduce((total, feature) => total + widthOf(feature), 0);
}

/** Writes one row's values, numbers or indices of categories, as inputs from `first` on. */
export function encodeRow(
  features: readonly Feature[],
  values: readonly number[],
  inputs: Float64Array,
  first: number,
): void {
  let place = first;
  for (const [index, feature] of features.entries()) {
    const value = values[index] as number;
    const known = Number.isNaN(value) ? feature.fill : value;
    if (feature.categories === undefined) inputs[place] = known;
    else inputs[place + known] = 1;
    place += widthOf(feature);
  }
}

/** What helps where a text is new. */
const UNKNOWN = "; --missing mean takes an empty field for the most frequent of them";

/** Reads the rows of a table with the columns of a description, wherever they stand in it. */
export class RowReader {
  readonly #description: Description;
  readonly #name: string;
  readonly #decimal: Decimal;
  readonly #places: readonly number[];
  readonly #target: number;
  readonly #missing: Missing;
  /** Rows that are to be left out, so far. */
  dropped = 0;

  /** @throws UserError that names the columns that are not there */
  constructor(table: Table, description: Description, missing: Missing, needsTarget: boolean) {
    const { features, target } = description;
    const needed = features.map(({ name }) => name);
    checkColumns(table, needsTarget ? [...needed, target.name] : needed);
    this.#description = description;
    this.#name = table.name;
    this.#decimal = table.decimal;
    this.#places = needed.map((name) => table.header.indexOf(name));
    this.#target = table.header.indexOf(target.name);
    this.#missing = missing;
  }

  /**
   * The values of the features; undefined where the row is to be left out.
   *
   * @throws UserError that names line and column
   */
  features(row: Row): number[] | undefined {
    const values: number[] = [];
    for (const [index, feature] of this.#description.features.entries()) {
      const value = this.#value(row, this.#places[index] as number, feature.name, feature.categories);
      if (Number.isNaN(value) && this.#missing === "drop") {
        this.dropped++;
        return undefined;
      }
      values.push(value);
    }
    return values;
  }

  /**
   * The number or the index of the class; undefined where the row is to be left out.
   *
   * @throws UserError that names line and column
   */
  target(row: Row): number | undefined {
    const { name, classes } = this.#description.target;
    const value = this.#value(row, this.#target, name, classes);
    if (!Number.isNaN(value)) return value;
    this.dropped++;
    return undefined;
  }

  /** What is wrong with a row that the network gives no finite number for. */
  farError({ line }: Row): UserError {
    return new UserError(`${this.#name}:${line}: the numbers are too far from those that the network was trained on`);
  }

  #value(row: Row, place: number, column: string, texts: readonly string[] | undefined): number {
    const field = row.fields[place] as string;
    if (isMissing(field)) {
      if (this.#missing === "error") throw missingError(`${this.#name}:${row.line}`, column, field);
      return Number.NaN;
    }
    const value = texts === undefined ? numberIn(field, this.#decimal) : indexIn(texts, field, this.#decimal);
    if (texts === undefined && isTooLarge(value)) throw tooLargeError(`${this.#name}:${row.line}`, column, field);
    if (value !== undefined) return value;
    const expected =
      texts === undefined
        ? (numeralProblem(field, this.#decimal) ?? "not a number")
        : `which the network was not trained on (${listed(texts, 10)})${place === this.#target ? "" : UNKNOWN}`;
    throw new UserError(`${this.#name}:${row.line}: column "${column}" is ${quoted(field)}, ${expected}`);
  }
}

/** A class "1" is also written "1.0". */
function indexIn(texts: readonly string[], field: string, decimal: Decimal): number | undefined {
  let index = texts.indexOf(field);
  if (index < 0) index = texts.indexOf(String(numberIn(field, decimal)));
  return index < 0 ? undefined : index;
}

/** @throws UserError */
export function checkColumns({ name, header, separator }: Table, needed: readonly string[]): void {
  const absent = needed.filter((column) => column === "" || !header.includes(column));
  if (absent.length === 0) return;
  const named = absent.map((column) => `"${column}"`);
  const noun = absent.length === 1 ? "column" : "columns";
  const columns = header.filter((column) => column !== "");
  const hint =
    guess(absent[0] as string, columns, quoted) ||
    otherSeparator(columns, separator) ||
    headerHint(columns.some((column) => numberIn(column) !== undefined));
  throw new UserError(`${name} has no ${noun} ${listed(named)}; its columns are ${listed(columns.map(shown))}${hint}`);
}

/** @param more another way out */
export function missingError(place: string, column: string, field: string, more = ""): UserError {
  const what = field === "" ? "is empty" : `is "${field}", which stands for a missing value`;
  const advice = "use --missing mean to fill such places, --missing drop to leave such rows out";
  return new UserError(`${place}: column "${column}" ${what} (${advice}${more})`);
}

/**
 * A description as it was written.
 *
 * @throws FormatError
 */
export function parseDescription(text: string): Description {
  const { features, target, missing } = JSON.parse(text) ?? {};
  const isList = (value: unknown) => Array.isArray(value) && value.every((part) => typeof part === "string");
  const isFeature = (feature: Feature) =>
    typeof feature?.name === "string" &&
    typeof feature.fill === "number" &&
    (feature.categories === undefined || isList(feature.categories));
  const isWhole =
    Array.isArray(features) &&
    features.every(isFeature) &&
    typeof target?.name === "string" &&
    (target.classes === undefined || isList(target.classes)) &&
    MISSING.includes(missing);
  if (!isWhole) throw new FormatError("__metadata__.table", "not a description of columns");
  return { features, target, missing };
}
