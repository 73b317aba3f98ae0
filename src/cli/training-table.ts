// The table that a network is trained on: its columns, what is predicted of them, and training and validation rows.
import { Standardization, split, standardize } from "../index.js";
import { Column } from "./columns.js";
import {
  checkColumns,
  encodeRow,
  type Feature,
  inputsOf,
  type Missing,
  missingError,
  type Target,
  widthOf,
} from "./description.js";
import { count, listedName, UserError } from "./messages.js";
import { type Form, isMissing, openTable, type Table } from "./table.js";

export type Task = "classification" | "regression";

export interface TableOptions {
  readonly target: string;
  /** Found out by the target where it is not given. */
  readonly task: Task | undefined;
  readonly ignore: readonly string[];
  /** Columns that are texts also where they hold numbers. */
  readonly text: readonly string[];
  readonly missing: Missing;
  readonly form: Form;
}

export interface TrainingTable {
  readonly name: string;
  readonly separator: string;
  readonly rows: number;
  /** Rows that were left out, because something was missing. */
  readonly dropped: number;
  /** Fields of features that were missing and are to be filled. */
  readonly filled: number;
  readonly features: readonly Column[];
  /** Columns without a name, which are left out. */
  readonly nameless: number;
  /** Names of columns that say the same in every row. */
  readonly constant: readonly string[];
  readonly target: Column;
  readonly task: Task;
  /** Why the task is this one; empty where the user said so. */
  readonly reason: string;
}

export interface Rows {
  /** `[rows, inputs]` */
  readonly x: Float64Array;
  /** Indices of classes, or numbers. */
  readonly y: Float64Array;
}

export interface Dataset {
  readonly features: readonly Feature[];
  readonly target: Target;
  readonly train: Rows;
  readonly validation: Rows | undefined;
  readonly standardization: Standardization;
}

/** Whole numbers are classes if there are no more different ones than this … */
const MOST_NUMBERED_CLASSES = 20;
/** … and so many rows for each of them, or only two of them. */
const ROWS_OF_A_CLASS = 5;

/** @throws UserError */
export async function readTrainingTable(path: string, options: TableOptions): Promise<TrainingTable> {
  const { ignore, text, missing, task, form } = options;
  const table = await openTable(path, form);
  checkColumns(table, [options.target, ...ignore, ...text]);
  const isTextTarget = task === "classification" || text.includes(options.target);
  const columns = table.header.map((name) => {
    if (name === options.target) return new Column(name, isTextTarget, true, form.decimal);
    return name === "" || ignore.includes(name)
      ? undefined
      : new Column(name, text.includes(name), false, form.decimal);
  });
  const { rows, dropped, holes } = await addRows(table, columns, missing);
  const target = columns.find((column) => column?.name === options.target) as Column;
  const others = columns.filter((column) => column !== undefined && column !== target) as Column[];
  if (rows < 2) {
    const few = rows === 0 ? "no rows" : "one row only";
    const worst = table.header[holes.indexOf(Math.max(...holes))] as string;
    const why = dropped > 0 ? ` without missing values; most are missing in column "${worst}"` : "";
    throw new UserError(`${table.name} has ${few}${why}`);
  }
  const chosen = chooseTask(target, rows, task, table.name);
  const features = others.filter((column) => !isConstant(column));
  for (const column of [...features, target]) if (column.isText) column.sort();
  for (const column of features) column.checkTexts(table.name);
  if (isConstant(target)) throw new UserError(`${table.name}: the target "${target.name}" is the same in every row`);
  if (features.length === 0) throw new UserError(`${table.name}: no column is left to predict "${target.name}" from`);
  const constant = others.filter((column) => !features.includes(column)).map(({ name }) => name);
  const nameless = table.header.filter((name) => name === "").length;
  const filled = features.reduce((sum, { values }) => sum + values.filter(Number.isNaN).length, 0);
  const { name, separator } = table;
  return { name, separator, rows, dropped, filled, features, nameless, constant, target, ...chosen };
}

/**
 * Rows without a target are left out wherever something may be missing.
 *
 * @returns how many rows there are and were left out, and the missing values of each column
 */
async function addRows(table: Table, columns: readonly (Column | undefined)[], missing: Missing) {
  let [rows, dropped] = [0, 0];
  const holes = new Uint32Array(columns.length);
  const target = columns.findIndex((column) => column?.isTarget);
  for await (const { fields, line } of table.rows) {
    const place = `${table.name}:${line}`;
    const empty = fields.flatMap((field, index) => (columns[index] !== undefined && isMissing(field) ? [index] : []));
    for (const index of empty) holes[index] = (holes[index] as number) + 1;
    const [first] = empty;
    if (first !== undefined) {
      if (missing === "error") {
        const name = table.header[first] as string;
        const more = first === target ? "" : `, --ignore ${listedName(name)} to leave the column out`;
        throw missingError(place, name, fields[first] as string, more);
      }
      if (missing === "drop" || empty.includes(target)) {
        dropped++;
        continue;
      }
    }
    for (const [index, column] of columns.entries()) column?.add(fields[index] as string, place);
    rows++;
  }
  return { rows, dropped, holes };
}

function chooseTask(target: Column, rows: number, given: Task | undefined, table: string) {
  const place = `${table}: the target "${target.name}"`;
  if (given === "regression" && target.isText) throw new UserError(`${place} holds texts: it has no regression`);
  if (given !== undefined) return { task: given, reason: "" };
  if (target.isText) return { task: "classification" as const, reason: "texts" };
  const values = new Set(target.values);
  const most = Math.max(2, Math.min(MOST_NUMBERED_CLASSES, rows / ROWS_OF_A_CLASS));
  if (values.size <= most && target.values.every(Number.isInteger)) {
    target.becomeText();
    return { task: "classification" as const, reason: `only ${values.size} different whole numbers` };
  }
  return { task: "regression" as const, reason: `${count(values.size, "different number")}` };
}

function isConstant({ values }: Column): boolean {
  const known = values.filter((value) => !Number.isNaN(value));
  return known.every((value) => value === known[0]);
}

/** Deviations from the mean beyond which layers or the loss overflow single precision. */
const FARTHEST = 1e15;

/**
 * Cuts the rows in two, and takes from the training rows alone what fills and scales columns.
 *
 * @throws UserError where a validation row is too far from them
 */
export function makeDataset(table: TrainingTable, validation: number, seed: number): Dataset {
  const targets = Float64Array.from(table.target.values);
  const all = Float64Array.from({ length: table.rows }, (_, row) => row);
  const parts =
    validation === 0 ? undefined : split(all, targets, { test: validation, seed, stratify: table.target.isText });
  const [train, trainTargets] = parts?.train ?? [all, targets];
  const features = table.features.map((column) => featureOf(column, train));
  const rowsOf = (rows: Float64Array, y: Float64Array) => ({ x: encode(table.features, features, rows), y });
  const trainRows = rowsOf(train, trainTargets);
  const validationRows = parts && rowsOf(...parts.test);
  const standardization = scaleOf(features, trainRows.x);
  if (validationRows !== undefined) checkNear(table.name, features, validationRows, standardization);
  return {
    features,
    target: { name: table.target.name, classes: table.target.isText ? table.target.texts : undefined },
    train: trainRows,
    validation: validationRows,
    standardization,
  };
}

function checkNear(name: string, features: readonly Feature[], { x }: Rows, { means, deviations }: Standardization) {
  const columns = features.flatMap((feature) => Array.from({ length: widthOf(feature) }, () => feature.name));
  const distance = (value: number, input: number) => (value - (means[input] as number)) / (deviations[input] as number);
  const far = x.findIndex((value, index) => Math.abs(distance(value, index % columns.length)) > FARTHEST);
  if (far < 0) return;
  const column = columns[far % columns.length];
  throw new UserError(
    `${name}: column "${column}" has ${x[far]} in a row, too far from all others; leave that row out`,
  );
}

function featureOf(column: Column, rows: Float64Array): Feature {
  const known = Array.from(rows, (row) => column.values[row] as number).filter((value) => !Number.isNaN(value));
  if (!column.isText)
    return { name: column.name, fill: known.length === 0 ? 0 : (standardize(known).means[0] as number) };
  const counts = new Uint32Array(column.texts.length);
  for (const index of known) counts[index] = (counts[index] as number) + 1;
  return { name: column.name, categories: column.texts, fill: counts.indexOf(Math.max(...counts)) };
}

function encode(columns: readonly Column[], features: readonly Feature[], rows: Float64Array): Float64Array {
  const inputs = inputsOf(features);
  const x = new Float64Array(rows.length * inputs);
  for (const [index, row] of rows.entries()) {
    const values = columns.map((column) => column.values[row] as number);
    encodeRow(features, values, x, index * inputs);
  }
  return x;
}

/** Numbers are standardized; the inputs of texts stay 0 and 1. */
function scaleOf(features: readonly Feature[], x: Float64Array): Standardization {
  const { means, deviations } = standardize(x, inputsOf(features));
  const isNumber = features.flatMap(({ categories }) => categories?.map(() => false) ?? [true]);
  return new Standardization(
    means.map((mean, index) => (isNumber[index] ? mean : 0)),
    deviations.map((deviation, index) => (isNumber[index] ? deviation : 1)),
  );
}
