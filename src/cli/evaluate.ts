// lanegrad evaluate: how well a network predicts the target of a table that has it.

import type { Arguments, Command } from "./arguments.js";
import { RowReader } from "./description.js";
import { count, entry, leftOut, print, UserError } from "./messages.js";
import { readModel } from "./model-file.js";
import { batchesOf } from "./predict.js";
import { scoresOf } from "./scores.js";
import { separatedBy } from "./separator.js";
import { openTable, type Row } from "./table.js";
import { FILLING_OPTION, FORM_OPTIONS, fillingOf, formOf } from "./table-options.js";

export const evaluate: Command = {
  name: "evaluate",
  summary: "Compares a network's predictions with the target column of a CSV file.",
  places: ["model.safetensors", "data.csv"],
  options: {
    missing: FILLING_OPTION,
    ...FORM_OPTIONS,
  },
  examples: ["lanegrad evaluate model.safetensors test.csv"],
  run: runEvaluate,
};

async function runEvaluate(given: Arguments): Promise<void> {
  const [modelPath, path] = given.places as [string, string];
  const form = formOf(given);
  const model = await readModel(modelPath);
  const { description } = model;
  const table = await openTable(path, form);
  const reader = new RowReader(table, description, fillingOf(given, description), true);
  const outputs: number[] = [];
  const targets: number[] = [];
  for await (const batch of batchesOf(withTarget(table.rows, reader), model, reader)) {
    for (const value of batch.outputs) outputs.push(value);
    for (const row of batch.rows) targets.push(reader.target(row) as number);
  }
  if (targets.length === 0) throw new UserError(`${table.name} has no rows to compare`);
  print(
    entry(
      "Table",
      `${table.name}, ${count(targets.length, "row")}${separatedBy(table.separator)}${leftOut(reader.dropped)}`,
    ),
  );
  print(entry("Target", description.target.name));
  print(scoresOf(description.target, Float64Array.from(outputs), targets, "row"));
}

async function* withTarget(rows: AsyncIterable<Row>, reader: RowReader): AsyncGenerator<Row> {
  for await (const row of rows) if (reader.target(row) !== undefined) yield row;
}
