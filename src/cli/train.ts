// lanegrad train: from a table to a model file.

import {
  adagrad,
  adam,
  adamw,
  dense,
  dropout,
  type FloatArray,
  type History,
  type Layer,
  Network,
  type NetworkOptions,
  NonFiniteError,
  type Optimizer,
  rmsprop,
  type Standardization,
  sgd,
  standardize,
} from "../index.js";
import { ACTIVATIONS } from "../network/activation.js";
import { type Arguments, type Command, wrong } from "./arguments.js";
import { inputsOf, MISSING } from "./description.js";
import {
  count,
  entry,
  integer,
  leftOut,
  listed,
  print,
  shellWord,
  short,
  shownPath,
  UsageError,
  UserError,
  unbroken,
} from "./messages.js";
import { writeModel } from "./model-file.js";
import { checkOutput } from "./output.js";
import { progressOf } from "./progress.js";
import { scoresOf } from "./scores.js";
import { separatedBy } from "./separator.js";
import { SIGNALS } from "./signals.js";
import { FORM_OPTIONS, formArguments, formOf, MISSING_OPTION } from "./table-options.js";
import { type Dataset, makeDataset, readTrainingTable, type Task, type TrainingTable } from "./training-table.js";

/** Each with the learning rate that it has where none is given. */
const OPTIMIZERS = {
  adam: { rate: 1e-3, make: adam },
  adamw: { rate: 1e-3, make: adamw },
  rmsprop: { rate: 1e-3, make: rmsprop },
  adagrad: { rate: 1e-2, make: adagrad },
  sgd: { rate: 1e-2, make: ({ learningRate }: { learningRate: number }) => sgd({ learningRate, momentum: 0.9 }) },
};

const TASKS: readonly Task[] = ["classification", "regression"];

export const train: Command = {
  name: "train",
  summary: "Trains a network that predicts one column of a CSV file from the others.",
  places: ["data.csv"],
  options: {
    target: { value: "COLUMN", required: true, help: "the column to predict" },
    out: { value: "FILE", preset: "model.safetensors", help: "where the network is written to" },
    task: { value: "TASK", help: "classification or regression; by default what the target looks like" },
    ignore: { value: "A,B", help: "columns to leave out" },
    text: { value: "A,B", help: "columns whose numbers are names, such as codes" },
    missing: MISSING_OPTION,
    ...FORM_OPTIONS,
    hidden: { value: "64,32", preset: "100", help: "units of the hidden layers, or none" },
    activation: { value: "NAME", preset: "relu", help: `of the hidden layers: ${ACTIVATIONS.join(", ")}` },
    dropout: { value: "RATE", preset: "0", help: "share of hidden outputs that training leaves out" },
    l2: { value: "NUMBER", preset: "0.001", help: "weight of the L2 penalty" },
    optimizer: { value: "NAME", preset: "adam", help: Object.keys(OPTIMIZERS).join(", ") },
    "learning-rate": { value: "NUMBER", help: `by default ${ratesText()}` },
    epochs: { value: "N", preset: "200", help: "passes over the training rows, at most" },
    "batch-size": { value: "N", preset: "32", help: "rows of a training step" },
    validation: { value: "SHARE", preset: "0.2", help: "share of the rows that are kept apart to judge by, or 0" },
    patience: { value: "N", preset: "10", help: "epochs without a better loss before training stops" },
    seed: { value: "N", preset: "0", help: "the same seed gives the same file" },
  },
  examples: [
    "lanegrad train iris.csv --target species",
    "lanegrad train houses.csv --target price --ignore id --hidden 64,64",
  ],
  run: runTrain,
};

function ratesText(): string {
  return Object.entries(OPTIMIZERS)
    .map(([name, { rate }]) => `${rate} for ${name}`)
    .join(", ");
}

/** What the arguments say, checked before any file is read. */
interface Settings {
  readonly path: string;
  readonly out: string;
  readonly layers: readonly Layer[];
  readonly hidden: readonly number[];
  readonly activation: string;
  readonly optimizer: Optimizer;
  readonly l2: number;
  readonly seed: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly validation: number;
  readonly patience: number;
}

async function runTrain(given: Arguments): Promise<void> {
  const settings = parseSettings(given);
  const { out, validation, seed } = settings;
  const missing = given.choice("missing", MISSING);
  const tableOptions = {
    target: given.text("target"),
    task: given.optional("task") === undefined ? undefined : given.choice("task", TASKS),
    ignore: given.names("ignore"),
    text: given.names("text"),
    missing,
    form: formOf(given),
  };
  if (tableOptions.ignore.includes(tableOptions.target)) throw new UsageError("--target and --ignore name one column");
  await checkOutput(out, settings.path);
  const table = await readTrainingTable(settings.path, tableOptions);
  print(describeTable(table, tableOptions.ignore));
  const data = makeDataset(table, validation, seed);
  const { net, history } = await trainNetwork(data, settings);
  print(describeEnd(history, settings));
  const judged = data.validation ?? data.train;
  const noun = data.validation === undefined ? "training row" : "validation row";
  print(scoresOf(data.target, net.predict(judged.x), judged.y, noun));
  const { features, target } = data;
  const bytes = await writeModel(out, { net, description: { features, target, missing } });
  print(`\nWritten to ${shownPath(out)} (${short(bytes / 1000)} kB). Next:`);
  const words = ["predict", shownPath(out), shownPath(settings.path), ...formArguments(given)];
  print(`  npx lanegrad ${words.map(shellWord).join(" ")}`);
}

function parseSettings(given: Arguments): Settings {
  const hidden = given.text("hidden") === "none" ? [] : given.names("hidden").map(parseUnits);
  const activation = given.choice("activation", ACTIVATIONS);
  const rate = given.number("dropout", "a number ≥ 0 and < 1", (value) => value >= 0 && value < 1);
  const layers = hidden.flatMap((units) => [dense(units, activation), ...(rate > 0 ? [dropout(rate)] : [])]);
  const name = given.choice("optimizer", Object.keys(OPTIMIZERS) as (keyof typeof OPTIMIZERS)[]);
  const optimizer = OPTIMIZERS[name];
  const isGiven = given.optional("learning-rate") !== undefined;
  const learningRate = isGiven ? given.number("learning-rate", "a number > 0", (value) => value > 0) : optimizer.rate;
  return {
    path: given.places[0] as string,
    out: given.text("out"),
    hidden,
    activation,
    layers,
    optimizer: optimizer.make({ learningRate }),
    l2: given.number("l2", "a number ≥ 0", (value) => value >= 0),
    seed: given.wholeNumber("seed", 0),
    epochs: given.wholeNumber("epochs", 1),
    batchSize: given.wholeNumber("batch-size", 1),
    validation: given.number("validation", "a number ≥ 0 and < 1", (value) => value >= 0 && value < 1),
    patience: given.wholeNumber("patience", 1),
  };
}

function parseUnits(text: string): number {
  const units = /^\d+$/.test(text) ? Number(text) : 0;
  if (units >= 1 && units <= 100_000) return units;
  throw wrong("hidden", "whole numbers from 1 to 100000 such as 64,32, or none", text);
}

function describeTable(table: TrainingTable, ignored: readonly string[]): string {
  const { name, rows, dropped, filled, features, nameless, constant, target, task, reason } = table;
  const numbers = features.filter((column) => !column.isText).map((column) => column.name);
  const texts = features
    .filter((column) => column.isText)
    .map((column) => unbroken(`${column.name} (${column.texts.length})`));
  const other = task === "regression" ? "classification" : "regression";
  const why =
    reason === ""
      ? ""
      : `, as it holds ${reason}${target.isText && reason === "texts" ? "" : `; ${unbroken(`--task ${other}`)} if that is wrong`}`;
  const out = [
    ...constant.map((column) => unbroken(`${column} (constant)`)),
    ...ignored.map((column) => unbroken(`${column} (--ignore)`)),
    ...(nameless > 0 ? [unbroken(`${count(nameless, "column")} without a name`)] : []),
  ];
  return [
    entry("Table", `${name}, ${count(rows, "row")}${separatedBy(table.separator)}${leftOut(dropped)}`),
    entry("Target", `${target.name}: ${task}${why}`),
    entry("", target.isText ? describeClasses(target) : describeRange(target)),
    ...(numbers.length > 0
      ? [entry("Columns", `${count(numbers.length, "number")}, standardized: ${listed(numbers)}`)]
      : []),
    ...(texts.length > 0
      ? [
          entry(
            numbers.length > 0 ? "" : "Columns",
            `${count(texts.length, "text")}, an input for each value: ${listed(texts)}`,
          ),
        ]
      : []),
    ...(out.length > 0 ? [entry("", `left out: ${listed(out)}`)] : []),
    ...(filled > 0 ? [entry("", `${count(filled, "missing value")} filled with means or the most frequent text`)] : []),
  ].join("\n");
}

function describeClasses({ texts, values }: TrainingTable["target"]): string {
  const counts = new Uint32Array(texts.length);
  for (const index of values) counts[index] = (counts[index] as number) + 1;
  return `${count(texts.length, "class", "classes")}: ${listed(
    texts.map((text, index) => unbroken(`${text} (${integer(counts[index] as number)})`)),
  )}`;
}

function describeRange({ values }: TrainingTable["target"]): string {
  const sorted = Float64Array.from(values).sort();
  const { means, deviations } = standardize(sorted);
  const [least, largest] = [sorted[0] as number, sorted.at(-1) as number];
  return `from ${short(least)} to ${short(largest)}, mean ${short(means[0] as number)}, deviation ${short(deviations[0] as number)}`;
}

/** Trains on standardized targets, and gives a network that predicts in their own units. */
async function trainNetwork(data: Dataset, settings: Settings) {
  const { seed, l2, batchSize, epochs, patience, optimizer, layers } = settings;
  const { classes } = data.target;
  const scale = classes === undefined ? standardize(data.train.y) : undefined;
  const options: NetworkOptions = {
    inputs: inputsOf(data.features),
    layers: [...layers, dense(classes?.length ?? 1)],
    loss: classes === undefined ? "meanSquaredError" : "softmaxCrossEntropy",
    seed,
    l2,
    batchSize: Math.min(batchSize, data.train.y.length),
    standardization: data.standardization,
  };
  const net = await Network.create(options);
  print(describeNetwork(net, data, settings));
  print();
  const targetsOf = ({ y }: Dataset["train"]) => (scale === undefined ? y : scale.apply(y));
  const { validation } = data;
  const interrupt = new AbortController();
  const stop = () => interrupt.abort();
  const progress = progressOf(epochs);
  for (const signal of SIGNALS) process.once(signal, stop);
  try {
    const history = await net.fit(data.train.x, targetsOf(data.train), {
      optimizer,
      epochs,
      batchSize,
      validation: validation && [validation.x, targetsOf(validation)],
      earlyStopping: { patience },
      signal: interrupt.signal,
      onEpochEnd: progress.update,
    });
    return { net: await finished(net, options, scale), history };
  } catch (error) {
    if (!(error instanceof NonFiniteError)) throw error;
    throw new UserError("training diverged; try a smaller --learning-rate");
  } finally {
    for (const signal of SIGNALS) process.removeListener(signal, stop);
    progress.stop();
  }
}

/** The network without what only training needs, its outputs in the units of the target. */
async function finished(net: Network, options: NetworkOptions, scale: Standardization | undefined): Promise<Network> {
  const parameters = net.parameters.map(({ name, values }): [string, FloatArray] => [name, values]);
  if (scale !== undefined) {
    const [mean, deviation] = [scale.means[0] as number, scale.deviations[0] as number];
    const [weight, bias] = parameters.slice(-2) as [[string, FloatArray], [string, FloatArray]];
    weight[1] = weight[1].map((value) => deviation * value);
    bias[1] = bias[1].map((value) => mean + deviation * value);
  }
  net.dispose();
  const result = await Network.create(options);
  result.setParameters(Object.fromEntries(parameters));
  return result;
}

function describeNetwork(net: Network, data: Dataset, { hidden, activation, optimizer, batchSize }: Settings): string {
  const sizes = [net.inputs, ...hidden, net.outputs].join("-");
  const size = net.parameters.reduce((total, { values }) => total + values.length, 0);
  const kind = hidden.length > 0 ? activation : "linear";
  const apart = data.validation === undefined ? "" : `, ${integer(data.validation.y.length)} to validate`;
  return [
    entry("Rows", `${integer(data.train.y.length)} to train${apart}`),
    entry("Network", `${sizes}, ${kind}, ${count(size, "parameter")}`),
    entry(
      "Training",
      `${optimizer.name}, learning rate ${optimizer.learningRate}, batches of ${batchSize}; Ctrl-C stops early`,
    ),
  ].join("\n");
}

/** What `fit` was ended by, of what can end it here. */
function reasonOf(stoppedBy: History["stoppedBy"], patience: number): string {
  if (stoppedBy === "signal") return "interrupted";
  return stoppedBy === "earlyStopping" ? `no better loss for ${count(patience, "epoch")}` : "all epochs are over";
}

function describeEnd({ epochs, stoppedBy, bestEpoch }: History, { patience }: Settings): string {
  const end = reasonOf(stoppedBy, patience);
  const kept =
    bestEpoch === undefined ? "the network is kept as it is" : `the best was epoch ${bestEpoch}, which is kept`;
  const record = bestEpoch === undefined ? undefined : epochs[bestEpoch - 1];
  const loss = record === undefined ? "" : `, loss ${short(record.validationLoss ?? record.loss)}`;
  return `${process.stdout.isTTY ? "" : "\n"}${entry("Stopped", `after ${count(epochs.length, "epoch")}: ${end}; ${kept}${loss}`)}`;
}
