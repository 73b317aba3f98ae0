// Cross-validation: how well networks of each setting do on rows that they were not trained on.
import type { Network } from "../api/network.js";
import type { Rows, Targets } from "../training/batches.js";
import { yieldToEventLoop } from "../training/epoch.js";
import type { Evaluation } from "../training/evaluate.js";
import type { FitOptions } from "../training/fit-options.js";
import { checkBoolean, checkFunction, checkObject, checkOptions, isList, typeError } from "../validate.js";
import { type Fold, kFold } from "./folds.js";
import { momentsOf, type Standardization, standardize } from "./standardization.js";
import { parseTable, pick, type Table } from "./table.js";

/** Values to try, by the name of what they are of. */
export type Grid = Readonly<Record<string, readonly unknown[]>>;

/** One value for each name in the grid. */
export type Setting<G extends Grid> = { -readonly [Name in keyof G]: G[Name][number] };

/**
 * Makes the network that is trained and evaluated in one fold, and disposed of after it.
 *
 * @param context the standardization of the fold's training rows, to be given to `Network.create`
 */
export type NetworkMaker<S> = (setting: S, context: { standardization: Standardization }) => Network | Promise<Network>;

/** What `onProgress` is told after each fold. */
export interface FoldRecord<S> {
  /** What the fold's network was made of. */
  setting: S;
  /** Counts from 1. */
  fold: number;
  /** Folds of each setting. */
  folds: number;
  /** Counts from 1 over the folds of all settings. */
  run: number;
  /** Folds of all settings. */
  runs: number;
  /** On the fold's test rows. */
  score: Evaluation;
}

/** The settings to be tried, the folds, and how to train. */
export interface CrossValidationOptions<G extends Grid> {
  /** What every network is trained with, or a function that makes it for a setting. */
  fit: FitOptions | ((setting: Setting<G>) => FitOptions);
  /** All combinations are tried, the last name's values in turn first; a single empty setting by default. */
  grid?: G;
  /** An integer from 2 to the number of rows; 5 by default. */
  folds?: number;
  /** An integer ≥ 0 that the folds, the same for all settings, follow from; 0 by default. */
  seed?: number;
  /** Whether every fold has the classes in y, one number a row, in the same shares; false by default. */
  stratify?: boolean;
  /** Columns of x where it is flat; 1 by default. */
  inputs?: number;
  /** Called after each fold of each setting. May return a promise, which is waited for. */
  onProgress?: (record: FoldRecord<Setting<G>>) => unknown;
}

/** How well one setting did on the folds. */
export interface CrossValidationResult<S> {
  /** One value for each name in the grid. */
  setting: S;
  /** On the test rows of each fold. */
  scores: Evaluation[];
  /** Mean of the scores. */
  mean: Evaluation;
  /** Population standard deviation of the scores. */
  deviation: Evaluation;
}

/** How well each setting did, and which did best. */
export interface CrossValidation<S> {
  /** In the order of the grid. */
  results: CrossValidationResult<S>[];
  /** The one with the lowest mean loss. */
  best: CrossValidationResult<S>;
}

const OPTIONS: readonly (keyof CrossValidationOptions<Grid>)[] = [
  "fit",
  "grid",
  "folds",
  "seed",
  "stratify",
  "inputs",
  "onProgress",
];

/**
 * Trains a network for each setting and fold on the fold's training rows, and evaluates it on the test rows.
 *
 * @param makeNet takes the setting's part in the network
 * @param data rows and targets, such as `train` of `split`
 * @throws ShapeError, RangeError, TypeError
 * @throws what `makeNet`, `fit` or `onProgress` throw, or the reason of an aborted `fit.signal`; no network is kept
 */
export async function crossValidate<const G extends Grid>(
  makeNet: NetworkMaker<Setting<G>>,
  data: readonly [Rows, Targets],
  options: CrossValidationOptions<G>,
): Promise<CrossValidation<Setting<G>>> {
  if (typeof makeNet !== "function") throw typeError("makeNet", "a function", makeNet);
  if (!(Array.isArray(data) && data.length === 2)) throw typeError("data", "[rows, targets]", data);
  checkOptions("options", options, OPTIONS);
  const { fit, folds, seed, inputs } = options;
  if (typeof fit !== "function") checkObject("fit", fit);
  const onProgress = checkFunction("onProgress", options.onProgress);
  const settings = settingsOf(options.grid ?? {}) as Setting<G>[];
  const given = parseTable(...(data as [Rows, Targets]), inputs);
  // Copies, as a view on an arena ends when a network makes that grow.
  const table: Table = { ...given, x: given.x.slice(), y: given.y.slice() };
  const stratify = checkBoolean("stratify", options.stratify ?? false) ? table.y : undefined;
  const parts = kFold(table.rows, { folds, seed, stratify });
  const runs = settings.length * parts.length;

  const results: CrossValidationResult<Setting<G>>[] = [];
  for (const setting of settings) {
    const scores: Evaluation[] = [];
    for (const part of parts) {
      const score = await scoreOf(makeNet, setting, fit, table, part);
      scores.push(score);
      const run = results.length * parts.length + scores.length;
      await onProgress?.({ setting, fold: scores.length, folds: parts.length, run, runs, score });
      // Runs may be too short for the turns that `fit` gives.
      await yieldToEventLoop();
    }
    results.push({ setting, scores, ...summarize(scores) });
  }
  const best = results.reduce((best, result) => {
    // NaN is worse than any other loss.
    return result.mean.loss < best.mean.loss || Number.isNaN(best.mean.loss) ? result : best;
  });
  return { results, best };
}

/** Every combination of the grid's values. */
function settingsOf(grid: Grid): object[] {
  let settings: object[] = [{}];
  for (const [name, values] of Object.entries(checkObject("grid", grid))) {
    if (!isList(values) || values.length === 0) throw typeError(`grid.${name}`, "an array of values", values);
    settings = settings.flatMap((setting) => Array.from(values, (value) => ({ ...setting, [name]: value })));
  }
  return settings;
}

/** How a network that was trained on one part of the table does on the other. */
async function scoreOf<S>(
  makeNet: NetworkMaker<S>,
  setting: S,
  fit: FitOptions | ((setting: S) => FitOptions),
  { rows, columns, x, y }: Table,
  { train, test }: Fold,
): Promise<Evaluation> {
  const part = (chosen: Uint32Array) => [pick(x, rows, chosen) as Rows, pick(y, rows, chosen)] as const;
  const [trainX, trainY] = part(train);
  const net = await makeNet(setting, { standardization: standardize(trainX, columns) });
  try {
    const options = typeof fit === "function" ? fit(setting) : fit;
    await net.fit(trainX, trainY, options);
    options.signal?.throwIfAborted();
    return net.evaluate(...part(test));
  } finally {
    net.dispose();
  }
}

/** Mean and deviation of every number in the scores. */
function summarize(scores: Evaluation[]): { mean: Evaluation; deviation: Evaluation } {
  const names = Object.keys(scores[0] as Evaluation);
  const { means, deviations } = momentsOf(scores.flatMap<number>(Object.values), names.length);
  const named = (values: Float64Array) =>
    Object.fromEntries(names.map((name, j) => [name, values[j]])) as unknown as Evaluation;
  return { mean: named(means), deviation: named(deviations) };
}
