// Standardization: columns shifted and scaled to mean 0 and standard deviation 1, and back.
import { ShapeError } from "../errors.js";
import type { Scaling } from "../network/scaling.js";
import { countRows } from "../rows.js";
import { type Flat, flatten, type Targets } from "../training/batches.js";
import { checkNumber, checkPositive, isList, typeError } from "../validate.js";
import { columnsOf } from "./table.js";

/** Made by {@link standardize}, or from the numbers of an earlier one. */
export class Standardization implements Scaling {
  /** `[columns]` */
  readonly means: Float64Array;
  /** `[columns]`, > 0 */
  readonly deviations: Float64Array;

  /**
   * @param means of each column
   * @param deviations standard deviation of each column, > 0
   * @throws ShapeError where there are not as many of the one as of the other
   * @throws RangeError, TypeError
   */
  constructor(means: ArrayLike<number>, deviations: ArrayLike<number>) {
    this.means = checkAll("means", means, checkNumber);
    this.deviations = checkAll("deviations", deviations, checkPositive);
    if (deviations.length !== means.length) {
      throw new ShapeError(`"deviations" expected ${means.length} numbers, got ${deviations.length}`);
    }
  }

  /**
   * (x − mean) / deviation.
   *
   * @param x `[rows, columns]`
   * @returns as much, row-major
   * @throws ShapeError, TypeError
   */
  apply(x: Targets): Float64Array {
    return this.#map(x, (value, mean, deviation) => (value - mean) / deviation);
  }

  /**
   * mean + deviation · x: raw numbers from standardized ones, such as a network's predictions of a standardized target.
   *
   * @param x `[rows, columns]`
   * @returns as much, row-major
   * @throws ShapeError, TypeError
   */
  invert(x: Targets): Float64Array {
    return this.#map(x, (value, mean, deviation) => mean + deviation * value);
  }

  #map(x: Targets, scale: (value: number, mean: number, deviation: number) => number): Float64Array {
    const { means, deviations } = this;
    const columns = means.length;
    const flat = flatten(undefined, "x", x, columns);
    countRows("x", flat, columns);
    return Float64Array.from(flat, (value, i) => {
      return scale(value, means[i % columns] as number, deviations[i % columns] as number);
    });
  }
}

/**
 * Mean and population standard deviation of each column: what scikit-learn's StandardScaler takes. Fit it on the training
 * rows alone, and give it to the network, which then takes raw rows.
 *
 * A column that is constant, or whose deviation is within the rounding errors of its sum (Chan, Golub and LeVeque 1983), gets
 * the deviation 1.
 *
 * @param x `[rows, columns]`
 * @param columns of a flat array; 1 by default, which suits the targets of a regression
 * @throws ShapeError, RangeError, TypeError; RangeError also where a mean or a deviation is not finite
 */
export function standardize(x: Targets, columns?: number): Standardization {
  const width = columnsOf(x, "columns", columns);
  const flat = flatten(undefined, "x", x, width);
  const rows = countRows("x", flat, width);
  const { means, deviations } = momentsOf(flat, width);
  return new Standardization(
    means,
    deviations.map((deviation, j) => {
      return deviation <= rows * Number.EPSILON * Math.abs(means[j] as number) ? 1 : deviation;
    }),
  );
}

/**
 * Mean and population standard deviation of each column, in two passes. What is summed for the mean is the distance from the
 * first row, so that little is lost where a column lies far from 0, and nothing where it is constant.
 */
export function momentsOf(flat: Flat, columns: number): Scaling {
  const rows = flat.length / columns;
  const meanOf = (term: (value: number, j: number) => number) => {
    const sums = new Float64Array(columns);
    for (let i = 0; i < flat.length; i++) {
      const j = i % columns;
      sums[j] = (sums[j] as number) + term(flat[i] as number, j);
    }
    return sums.map((sum) => sum / rows);
  };
  const means = meanOf((value, j) => value - (flat[j] as number)).map((mean, j) => mean + (flat[j] as number));
  const variances = meanOf((value, j) => (value - (means[j] as number)) ** 2);
  return { means, deviations: variances.map(Math.sqrt) };
}

function checkAll(
  name: string,
  values: ArrayLike<number>,
  check: (name: string, value: number) => number,
): Float64Array {
  if (!isList(values)) throw typeError(name, "an array of numbers", values);
  return Float64Array.from(values, (value, j) => check(`${name}[${j}]`, value));
}
