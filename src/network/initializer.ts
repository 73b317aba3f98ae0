// Initializers: the distribution that a tensor's first values are drawn from.
import { checkName, checkNotNegative, checkNumber, checkOptions, typeError } from "../validate.js";

/**
 * The initializers that need no number. `zeros` is 0; the others draw with mean 0 and, in a layer of so many inputs and outputs,
 * the variance
 *
 * - `glorotUniform`, `glorotNormal`: 2 / (inputs + outputs) (Glorot and Bengio 2010)
 * - `heUniform`, `heNormal`: 2 / inputs (He and others 2015)
 * - `lecunUniform`, `lecunNormal`: 1 / inputs (LeCun and others 1998)
 *
 * A uniform distribution of variance v has the bounds ±√(3v).
 */
export type InitializerName =
  | "glorotUniform"
  | "glorotNormal"
  | "heUniform"
  | "heNormal"
  | "lecunUniform"
  | "lecunNormal"
  | "zeros";

/** How first weights or biases are drawn: by name, or with their numbers. */
export type Initializer =
  | InitializerName
  | {
      type: "constant";
      /** Of every element. */
      value: number;
    }
  | {
      type: "uniform";
      /** The lower bound. */
      low: number;
      /** The upper bound, ≥ `low`. */
      high: number;
    }
  | {
      type: "normal";
      /** The standard deviation, ≥ 0; the mean is 0. */
      deviation: number;
    };

/** What the random kernels need to know. */
export type Distribution =
  | { readonly type: "constant"; readonly value: number }
  | { readonly type: "uniform"; readonly low: number; readonly high: number }
  | { readonly type: "normal"; readonly deviation: number };

const NAMES: readonly InitializerName[] = [
  "glorotUniform",
  "glorotNormal",
  "heUniform",
  "heNormal",
  "lecunUniform",
  "lecunNormal",
  "zeros",
];

/** @throws TypeError, RangeError */
export function checkInitializer(argument: string, initializer: unknown): Initializer {
  if (typeof initializer !== "object" || initializer === null) return checkName(argument, initializer, NAMES);
  const options = initializer as {
    type?: unknown;
    value?: unknown;
    low?: unknown;
    high?: unknown;
    deviation?: unknown;
  };
  switch (options.type) {
    case "constant":
      checkOptions(argument, options, ["type", "value"]);
      return { type: "constant", value: checkNumber(`${argument}.value`, options.value) };
    case "uniform": {
      checkOptions(argument, options, ["type", "low", "high"]);
      const low = checkNumber(`${argument}.low`, options.low);
      const high = checkNumber(`${argument}.high`, options.high, `a finite number ≥ ${low}`, (v) => v >= low);
      return { type: "uniform", low, high };
    }
    case "normal":
      checkOptions(argument, options, ["type", "deviation"]);
      return { type: "normal", deviation: checkNotNegative(`${argument}.deviation`, options.deviation) };
    default:
      throw typeError(`${argument}.type`, "constant, uniform or normal", options.type);
  }
}

/**
 * The distribution of a weight matrix with `fanIn` inputs and `fanOut` outputs. Variances: Glorot and Bengio 2010
 * 2 / (fanIn + fanOut), He et al. 2015 2 / fanIn, LeCun et al. 1998 1 / fanIn; a uniform distribution with the same variance
 * has the bound √(3·variance).
 */
export function distributionOf(initializer: Initializer, fanIn: number, fanOut: number): Distribution {
  if (typeof initializer === "object") return initializer;
  switch (initializer) {
    case "glorotUniform":
      return uniformOf(2 / (fanIn + fanOut));
    case "glorotNormal":
      return normalOf(2 / (fanIn + fanOut));
    case "heUniform":
      return uniformOf(2 / fanIn);
    case "heNormal":
      return normalOf(2 / fanIn);
    case "lecunUniform":
      return uniformOf(1 / fanIn);
    case "lecunNormal":
      return normalOf(1 / fanIn);
    case "zeros":
      return { type: "constant", value: 0 };
  }
}

function uniformOf(variance: number): Distribution {
  const bound = Math.sqrt(3 * variance);
  return { type: "uniform", low: -bound, high: bound };
}

function normalOf(variance: number): Distribution {
  return { type: "normal", deviation: Math.sqrt(variance) };
}
