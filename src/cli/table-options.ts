// The options that every command has that reads a table.
import { type Arguments, type Option, wrong } from "./arguments.js";
import { type Description, MISSING, type Missing } from "./description.js";
import type { Form } from "./table.js";

/** How the file is written. */
export const FORM_OPTIONS = {
  separator: { value: "CHARACTER", help: 'between fields; "tab" for a tab; by default what the header shows' },
  decimal: { value: "SIGN", preset: "point", help: "in numbers: point as in 1234.5, or comma as in 1234,5" },
} satisfies Record<string, Option>;

export const MISSING_OPTION: Option = {
  value: "HOW",
  preset: "error",
  help: "empty fields, NA, NaN, null, - and ?: error stops, mean fills in the training rows' mean or most frequent text, drop leaves the row out",
};

/** Of commands that use a network. */
export const FILLING_OPTION: Option = {
  value: "HOW",
  help: "what to do with missing values: error, mean or drop; by default mean where training had it, else error",
};

/** What to do with missing values: what the user says, or else fill them if training did. */
export function fillingOf(given: Arguments, { missing }: Description): Missing {
  if (given.optional("missing") !== undefined) return given.choice("missing", MISSING);
  return missing === "mean" ? "mean" : "error";
}

export function formOf(given: Arguments): Form {
  return {
    separator: separatorOf(given),
    decimal: given.choice("decimal", ["point", "comma"]) === "comma" ? "," : ".",
  };
}

/** What another command has to be told of the same file. */
export function formArguments(given: Arguments): string[] {
  const told = Object.entries(FORM_OPTIONS).map(([name, { preset }]: [string, Option]) => {
    const value = given.optional(name);
    return value === preset ? [] : [`--${name}`, value as string];
  });
  return told.flat();
}

function separatorOf(given: Arguments): string | undefined {
  const text = given.optional("separator");
  if (text === undefined) return undefined;
  if (text === "tab" || text === "\\t") return "\t";
  if (text.length === 1 && !/["\r\n]/.test(text)) return text;
  throw wrong("separator", 'one character, or "tab"', text);
}
