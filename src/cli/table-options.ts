// The options that every command has that reads a table.
import { type Arguments, type Option, wrong } from "./arguments.js";
import { type Description, MISSING, type Missing } from "./description.js";

export const SEPARATOR_OPTION: Option = { value: "CHARACTER", preset: ",", help: 'between fields; "tab" for a tab' };

export const MISSING_OPTION: Option = {
  value: "HOW",
  preset: "error",
  help: "empty fields, NA, NaN, null and ?: error stops, mean fills in the training rows' mean or most frequent text, drop leaves the row out",
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

export function separatorOf(given: Arguments): string {
  const text = given.text("separator");
  if (text === "tab" || text === "\\t") return "\t";
  if (text.length === 1 && !/["\r\n]/.test(text)) return text;
  throw wrong("separator", 'one character, or "tab"', text);
}
