// Checks of arguments at the public edge: each names the argument, what was expected and what came.

/** A value as an error message shows it. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    return `${value.constructor.name} of length ${(value as ArrayLike<unknown>).length}`;
  }
  if (typeof value === "object" && value !== null) return `${value.constructor?.name ?? "Object"}`;
  if (typeof value === "function") return "function";
  return String(value);
}

function message(name: string, expected: string, value: unknown): string {
  return `"${name}" expected ${expected}, got ${shown(value)}`;
}

export function typeError(name: string, expected: string, value: unknown): TypeError {
  return new TypeError(message(name, expected, value));
}

export function rangeError(name: string, expected: string, value: unknown): RangeError {
  return new RangeError(message(name, expected, value));
}

/** Largest count that a size may have: what a 32-bit arena could ever address, with room for arithmetic. */
const LARGEST_SIZE = 2 ** 30;

export function checkInteger(name: string, value: unknown, minimum: number, maximum = LARGEST_SIZE): number {
  const expected = maximum === LARGEST_SIZE ? `an integer ≥ ${minimum}` : `an integer from ${minimum} to ${maximum}`;
  if (typeof value !== "number") throw typeError(name, expected, value);
  if (!Number.isInteger(value) || value < minimum) throw rangeError(name, expected, value);
  if (value > maximum) throw rangeError(name, `an integer from ${minimum} to ${maximum}`, value);
  return value;
}

/** A finite number that `holds`, described by `expected`. */
export function checkNumber(
  name: string,
  value: unknown,
  expected = "a finite number",
  holds: (value: number) => boolean = () => true,
): number {
  if (typeof value !== "number") throw typeError(name, expected, value);
  if (!Number.isFinite(value) || !holds(value)) throw rangeError(name, expected, value);
  return value;
}

export function checkPositive(name: string, value: unknown): number {
  return checkNumber(name, value, "a finite number > 0", (v) => v > 0);
}

export function checkNotNegative(name: string, value: unknown): number {
  return checkNumber(name, value, "a finite number ≥ 0", (v) => v >= 0);
}

/** A share: 0 ≤ value < 1. */
export function checkShare(name: string, value: unknown): number {
  return checkNumber(name, value, "a number ≥ 0 and < 1", (v) => v >= 0 && v < 1);
}

/** A proper share: 0 < value < 1. */
export function checkProperShare(name: string, value: unknown): number {
  return checkNumber(name, value, "a number > 0 and < 1", (v) => v > 0 && v < 1);
}

export function checkBoolean(name: string, value: unknown): boolean {
  if (typeof value !== "boolean") throw typeError(name, "true or false", value);
  return value;
}

export function checkFunction<F>(name: string, value: F | undefined): F | undefined {
  if (value !== undefined && typeof value !== "function") throw typeError(name, "a function", value);
  return value;
}

export function checkObject(name: string, value: unknown): object {
  if (typeof value !== "object" || value === null) throw typeError(name, "an object", value);
  return value;
}

/** Bytes, by their name: frames and the environments of test runners have classes of their own. */
export function checkBytes(name: string, value: unknown): void {
  const isBytes = ArrayBuffer.isView(value) && (value as Uint8Array)[Symbol.toStringTag] === "Uint8Array";
  if (!isBytes) throw typeError(name, "a Uint8Array", value);
}

/** One of the names in `choices`. */
export function checkName<N extends string>(name: string, value: unknown, choices: readonly N[]): N {
  const expected = `one of ${choices.join(", ")}`;
  if (typeof value !== "string") throw typeError(name, expected, value);
  if (!(choices as readonly string[]).includes(value)) throw rangeError(name, expected, value);
  return value as N;
}

/** An object with no option but those in `known`, so that a misspelt one is not silently ignored. */
export function checkOptions(name: string, options: unknown, known: readonly string[]): void {
  for (const key of Object.keys(checkObject(name, options))) {
    if (!known.includes(key)) throw typeError(name, `only ${known.join(", ")}`, key);
  }
}

/** Whether a value is an array, or a typed array of numbers. */
export function isList(value: unknown): value is ArrayLike<unknown> {
  if (Array.isArray(value)) return true;
  const isOfIntegers = value instanceof BigInt64Array || value instanceof BigUint64Array;
  return ArrayBuffer.isView(value) && !(value instanceof DataView) && !isOfIntegers;
}

/** A list of nothing but numbers; a typed array holds nothing else. */
export function checkNumbers(name: string, values: ArrayLike<unknown>): void {
  if (!Array.isArray(values)) return;
  for (let index = 0; index < values.length; index++) {
    if (typeof values[index] !== "number") throw typeError(`${name}[${index}]`, "a number", values[index]);
  }
}
