// The confusion matrix, and precision, recall and F1 that are read from it.
import { parseClasses } from "./classes.js";
import type { MetricOptions, RowMajor } from "./pairs.js";

/** Means over the classes. */
export interface ClassAverages {
  /** Right / taken for it. */
  precision: number;
  /** Right / support. */
  recall: number;
  /** The mean of the classes' F1. */
  f1: number;
}

/** Which classes were taken for which, and what follows from it for each class and on average. */
export interface ConfusionMatrix {
  /** `matrix[i][j]`: how many rows of class i were taken for class j. */
  matrix: number[][];
  /** How many classes there are: as many as outputs, 2 for one output. */
  classes: number;
  /** Rows of each class. */
  support: number[];
  /** Of each class: right / taken for it. */
  precision: number[];
  /** Of each class: right / support. */
  recall: number[];
  /** Of each class: 2 · right / (support + taken for it), the harmonic mean of precision and recall. */
  f1: number[];
  /** Right / all rows. */
  accuracy: number;
  /** Every class counts alike, those too of which there is no row. */
  macro: ClassAverages;
  /** A class counts by its support. */
  weighted: ClassAverages;
}

/**
 * Which classes are taken for which, by the rules of `accuracy`. A quotient with nothing to divide by is 0; so it all equals
 * scikit-learn's precision_recall_fscore_support with every class among its labels and zero_division = 0.
 *
 * @param predictions `[rows, outputs]`, probabilities or, with several outputs, any scores
 * @param targets class indices `[rows]`, or `[rows, outputs]` such as one-hot rows
 * @throws ShapeError, RangeError (NaN and infinities too), TypeError
 */
export function confusionMatrix(
  predictions: RowMajor,
  targets: RowMajor,
  options: MetricOptions = {},
): ConfusionMatrix {
  const { pairs, predicted, actual } = parseClasses(predictions, targets, options);
  const { rows } = pairs;
  const classes = Math.max(2, pairs.outputs);
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let row = 0; row < rows; row++) {
    const counts = matrix[actual[row] as number] as number[];
    (counts[predicted[row] as number] as number)++;
  }

  const support = matrix.map(sum);
  const taken = matrix.map((_, label) => sum(matrix.map((counts) => counts[label] as number)));
  const right = matrix.map((counts, label) => counts[label] as number);
  const precision = right.map((count, label) => quotient(count, taken[label] as number));
  const recall = right.map((count, label) => quotient(count, support[label] as number));
  const f1 = right.map((count, label) => quotient(2 * count, (support[label] as number) + (taken[label] as number)));

  const average = (weights: number[]): ClassAverages => {
    const mean = (values: number[]) =>
      sum(values.map((value, label) => value * (weights[label] as number))) / sum(weights);
    return { precision: mean(precision), recall: mean(recall), f1: mean(f1) };
  };
  const macro = average(support.map(() => 1));
  return {
    matrix,
    classes,
    support,
    precision,
    recall,
    f1,
    accuracy: sum(right) / rows,
    macro,
    weighted: average(support),
  };
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function quotient(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
