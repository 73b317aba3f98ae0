// lanegrad predict: the rows of a table with what the network says of them.
import { once } from "node:events";
import { createWriteStream, rmSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import type { FloatArray } from "../index.js";
import type { Arguments, Command } from "./arguments.js";
import { type Description, encodeRow, inputsOf, RowReader } from "./description.js";
import { asFileError, count, leftOut, shownPath, UserError } from "./messages.js";
import { type Model, readModel } from "./model-file.js";
import { type Decimal, withDecimal } from "./numerals.js";
import { checkOutput } from "./output.js";
import { SIGNALS } from "./signals.js";
import { csvLine, openTable, type Row, type Table } from "./table.js";
import { FILLING_OPTION, FORM_OPTIONS, fillingOf, formOf } from "./table-options.js";

/** Rows that are predicted at once. */
const BATCH = 1024;

export const predict: Command = {
  name: "predict",
  summary:
    "Adds a column of predictions to a CSV file. Columns are found by their names; those that the network does not know stay as they are.",
  places: ["model.safetensors", "data.csv"],
  options: {
    out: { value: "FILE", preset: "-", help: "where the table is written to; - is the standard output" },
    probabilities: { help: "one more column for each class: its probability" },
    missing: FILLING_OPTION,
    ...FORM_OPTIONS,
  },
  examples: [
    "lanegrad predict model.safetensors new.csv",
    "lanegrad predict model.safetensors new.csv --probabilities --out predicted.csv",
  ],
  run: runPredict,
};

async function runPredict(given: Arguments): Promise<void> {
  const [modelPath, path] = given.places as [string, string];
  const form = formOf(given);
  const out = given.text("out");
  if (out !== "-") await checkOutput(out, modelPath);
  const model = await readModel(modelPath);
  const missing = fillingOf(given, model.description);
  const table = await openTable(path, form);
  const reader = new RowReader(table, model.description, missing, false);
  const lines = predictedLines(model, table, reader, given.flag("probabilities"));
  if (out === "-") {
    for await (const text of lines) await write(process.stdout, text);
    return;
  }
  const rows = await writeLines(out, lines);
  process.stderr.write(`${count(rows, "prediction")} written to ${shownPath(out)}${leftOut(reader.dropped)}\n`);
}

/** The table's lines with predictions, some rows at a time. */
async function* predictedLines(
  model: Model,
  table: Table,
  reader: RowReader,
  withProbabilities: boolean,
): AsyncGenerator<string> {
  const { net, description } = model;
  const { header, separator, decimal, isMarked } = table;
  const added = addedColumns(table, description, withProbabilities);
  yield (isMarked ? "\ufeff" : "") + csvLine([...header, ...added], separator);
  for await (const { rows, outputs } of batchesOf(table.rows, model, reader)) {
    const width = net.outputs;
    const lines = rows.map(({ fields }, index) => {
      const row = outputs.subarray(index * width, (index + 1) * width);
      return csvLine([...fields, ...predictionOf(row, description, decimal, withProbabilities)], separator);
    });
    yield lines.join("");
  }
}

function addedColumns({ name, header }: Table, { target }: Description, withProbabilities: boolean): string[] {
  const probabilities = (withProbabilities && target.classes?.map((text) => `probability_${text}`)) || [];
  const added = [`predicted_${target.name}`, ...probabilities];
  const taken = added.find((column) => header.includes(column));
  if (taken !== undefined) throw new UserError(`${name} has a column "${taken}" already`);
  return added;
}

function predictionOf(
  row: FloatArray,
  { target }: Description,
  decimal: Decimal,
  withProbabilities: boolean,
): string[] {
  const shown = Array.from(row, (value) => withDecimal(shortest(value), decimal));
  if (target.classes === undefined) return shown;
  const best = row.indexOf(Math.max(...row));
  return [target.classes[best] as string, ...(withProbabilities ? shown : [])];
}

/** The fewest digits, from six on, that are read as the same number in single precision; nine are always enough. */
function shortest(value: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === Math.fround(value)) return String(rounded);
  }
  return String(Number(value.toPrecision(9)));
}

/**
 * Rows with the network's outputs; those that are to be left out are not among them.
 *
 * @throws UserError
 */
export async function* batchesOf(
  rows: AsyncIterable<Row>,
  { net, description: { features } }: Model,
  reader: RowReader,
): AsyncGenerator<{ rows: Row[]; outputs: FloatArray }> {
  const width = inputsOf(features);
  let [batch, values]: [Row[], number[][]] = [[], []];
  const take = () => {
    const inputs = new Float64Array(batch.length * width);
    for (const [index, row] of values.entries()) encodeRow(features, row, inputs, index * width);
    const outputs = net.predict(inputs);
    const odd = outputs.findIndex((value) => !Number.isFinite(value));
    if (odd >= 0) throw reader.farError(batch[Math.floor(odd / net.outputs)] as Row);
    return { rows: batch, outputs };
  };
  for await (const row of rows) {
    const known = reader.features(row);
    if (known === undefined) continue;
    batch.push(row);
    values.push(known);
    if (batch.length === BATCH) {
      yield take();
      [batch, values] = [[], []];
    }
  }
  if (batch.length > 0) yield take();
}

/** Writes under another name first, so that a broken run leaves the old file; the table may be the file itself. */
async function writeLines(path: string, lines: AsyncIterable<string>): Promise<number> {
  const part = `${path}.part`;
  const file = createWriteStream(part);
  const failed = new Promise<never>((_, reject) => file.on("error", reject));
  failed.catch(() => {});
  const discard = (signal: NodeJS.Signals) => {
    rmSync(part, { force: true });
    // Without this listener, it ends the process.
    process.kill(process.pid, signal);
  };
  for (const signal of SIGNALS) process.once(signal, discard);
  let written = -1;
  try {
    await Promise.race([once(file, "open"), failed]);
    for await (const text of lines) {
      written += text.split("\n").length - 1;
      await Promise.race([write(file, text), failed]);
    }
    file.end();
    await Promise.race([once(file, "close"), failed]);
    await rename(part, path);
  } catch (error) {
    file.destroy();
    await rm(part, { force: true });
    throw asFileError("write", path, error);
  } finally {
    for (const signal of SIGNALS) process.removeListener(signal, discard);
  }
  return written;
}

/** Writes no faster than the reader reads. */
async function write(stream: NodeJS.WritableStream, text: string): Promise<void> {
  if (!stream.write(text)) await once(stream, "drain");
}
