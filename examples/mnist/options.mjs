// Reads whole numbers from the command line: --name value.
import { parseArgs } from "node:util";

/**
 * Values by name, from `{ name: { preset, minimum } }` and what the user gave.
 * Ends the process with a message where that is no such number or no such name.
 */
export function readOptions(known) {
  const names = Object.keys(known);
  try {
    const { values } = parseArgs({ options: Object.fromEntries(names.map((name) => [name, { type: "string" }])) });
    return Object.fromEntries(names.map((name) => [name, wholeNumber(name, values[name], known[name])]));
  } catch (error) {
    const usage = names.map((name) => `[--${name} ${known[name].preset}]`).join(" ");
    console.error(`${error.message}\nUsage: npm start -- ${usage}`);
    process.exit(2);
  }
}

function wholeNumber(name, text, { preset, minimum }) {
  if (text === undefined) return preset;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= minimum && Number.isSafeInteger(value))) {
    throw new RangeError(`--${name} expected a whole number ≥ ${minimum}, got "${text}"`);
  }
  return value;
}
