// The real data sets in test/fixtures/data.
import { readFileSync } from "node:fs";

export interface Table {
  /** One array a row. */
  inputs: number[][];
  targets: number[];
}

/** The whole data set: a CSV with a header, whose last column is the target. */
export function readTable(dataset: string): Table {
  const text = readFileSync(new URL(`../fixtures/data/${dataset}.csv`, import.meta.url), "utf8");
  const rows = text.trim().split("\n").slice(1);
  const numbers = rows.map((row) => row.split(",").map(Number));
  return { inputs: numbers.map((row) => row.slice(0, -1)), targets: numbers.map((row) => row.at(-1) as number) };
}

/** Those rows, in that order. */
export function pick<T>(rows: readonly T[], indices: readonly number[]): T[] {
  return indices.map((index) => rows[index] as T);
}

/** (value − mean) / deviation column by column, in double precision and rounded once to single. */
export function standardize(rows: number[][], means: number[], deviations: number[]): number[][] {
  return rows.map((row) =>
    row.map((value, j) => Math.fround((value - (means[j] as number)) / (deviations[j] as number))),
  );
}

/** Mean and population standard deviation of each column, with 1 in the place of a deviation of 0. */
export function columnStatistics(rows: number[][]): { means: number[]; deviations: number[] } {
  const columns = (rows[0] as number[]).map((_, j) => rows.map((row) => row[j] as number));
  const means = columns.map(mean);
  const deviations = columns.map((column, j) => {
    return Math.sqrt(mean(column.map((value) => (value - (means[j] as number)) ** 2))) || 1;
  });
  return { means, deviations };
}

export function mean(values: ArrayLike<number>): number {
  let total = 0;
  for (let index = 0; index < values.length; index++) total += values[index] as number;
  return total / values.length;
}
