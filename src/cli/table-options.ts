// The options that every command has that reads a table.
import type { Arguments, Option } from "./arguments.js";
import { wrong } from "./arguments.js";

export const SEPARATOR_OPTION: Option = { value: "CHARACTER", preset: ",", help: 'between fields; "tab" for a tab' };

export const MISSING_OPTION: Option = {
  value: "HOW",
  preset: "error",
  help: "empty fields, NA, NaN, null and ?: error stops, mean fills in the training rows' mean or most frequent text, drop leaves the row out",
};

export function separatorOf(given: Arguments): string {
  const text = given.text("separator");
  if (text === "tab" || text === "\\t") return "\t";
  if (text.length === 1 && !/["\r\n]/.test(text)) return text;
  throw wrong("separator", 'one character, or "tab"', text);
}
