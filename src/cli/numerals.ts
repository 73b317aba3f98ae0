// Numbers as files write them: with a decimal point, or with a decimal comma.

/** The sign before the digits that are less than one. */
export type Decimal = "." | ",";

/** The number that a field holds, which may be too large; undefined where it holds none. */
export function numberIn(field: string, decimal: Decimal = "."): number | undefined {
  const text = decimal === "." ? field : withPoint(field);
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

/** A number's digits with this decimal sign. */
export function withDecimal(digits: string, decimal: Decimal): string {
  return digits.replace(".", decimal);
}

/** What is a comma becomes a point, and what is a point a comma, which no number has. */
function withPoint(field: string): string {
  return field.replace(/[.,]/g, (sign) => (sign === "," ? "." : ","));
}

/** A number for people: with groups of three digits, some decimal sign, a currency or a percent sign. */
const DRESSED = /^[+-]?(\p{Sc}\s?)?[+-]?\d*([.,'\s]\d{3})*([.,]\d*)?\s?(\p{Sc}|%)?$/u;

/** Why a field that holds no number is none, where people read one; else undefined. */
export function numeralProblem(field: string, decimal: Decimal): string | undefined {
  const other = numberIn(field, decimal === "." ? "," : ".");
  if (other === undefined && !(/\d/.test(field) && DRESSED.test(field))) return undefined;
  const advice = other === undefined || decimal === "," ? "" : `; with --decimal comma it is ${other}`;
  return `where numbers are plain, as 1234${decimal}5${advice}`;
}

/** Numbers beyond have no place in single precision. */
const LARGEST = 1e38;

export function isTooLarge(value: number | undefined): boolean {
  return value !== undefined && Math.abs(value) > LARGEST;
}
