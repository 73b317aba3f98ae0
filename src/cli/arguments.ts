// Arguments of a command: what there is, how it is read, and the help that follows from it.
import { parseArgs } from "node:util";
import { indented, UsageError } from "./messages.js";
import { guess } from "./nearest.js";

export interface Option {
  /** What stands for the value in the help; a flag has none. */
  readonly value?: string;
  readonly preset?: string;
  readonly help: string;
  readonly required?: boolean;
}

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** Names of the arguments that are given by their places, all required. */
  readonly places: readonly string[];
  readonly options: Readonly<Record<string, Option>>;
  readonly examples: readonly string[];
  run(given: Arguments): Promise<void>;
}

/** What the user gave, with presets filled in. */
export class Arguments {
  readonly places: readonly string[];
  readonly #values: Readonly<Record<string, unknown>>;

  /** @throws UsageError */
  constructor(command: Command, given: readonly string[]) {
    const { values, positionals } = parse(command, given);
    const { places } = command;
    const missing = places[positionals.length];
    if (missing !== undefined) throw new UsageError(`the argument ${missing} is missing`);
    if (positionals.length > places.length) {
      throw new UsageError(`"${positionals[places.length]}" is one argument too many`);
    }
    for (const [name, { required }] of Object.entries(command.options)) {
      if (required && values[name] === undefined) throw new UsageError(`--${name} is missing`);
    }
    this.places = positionals;
    this.#values = values;
  }

  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  /** An option that is given or has a preset. */
  text(name: string): string {
    return this.optional(name) as string;
  }

  optional(name: string): string | undefined {
    return this.#values[name] as string | undefined;
  }

  wholeNumber(name: string, minimum: number): number {
    const text = this.text(name);
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= minimum && Number.isSafeInteger(value)) return value;
    throw wrong(name, `a whole number ≥ ${minimum}`, text);
  }

  number(name: string, expected: string, holds: (value: number) => boolean): number {
    const text = this.text(name);
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (Number.isFinite(value) && holds(value)) return value;
    throw wrong(name, expected, text);
  }

  choice<N extends string>(name: string, choices: readonly N[]): N {
    const text = this.text(name);
    if ((choices as readonly string[]).includes(text)) return text as N;
    throw wrong(name, `one of ${choices.join(", ")}`, text, guess(text, choices));
  }

  /** Names between commas, in quotes where they have commas themselves; none where the option was not given. */
  names(name: string): string[] {
    const parts = (this.optional(name) ?? "").matchAll(/\s*(?:"((?:[^"]|"")*)"\s*(?=,|$)|([^,]+))/g);
    return [...parts]
      .map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? (plain as string).trim())
      .filter((part) => part !== "");
  }
}

export function wrong(name: string, expected: string, text: string, hint = ""): UsageError {
  return new UsageError(`--${name} expected ${expected}, got "${text}"${hint}`);
}

function parse(
  { options }: Command,
  given: readonly string[],
): { values: Record<string, unknown>; positionals: string[] } {
  const known = Object.entries(options).map(([name, { value, preset }]) => {
    return [name, value === undefined ? { type: "boolean" as const } : { type: "string" as const, default: preset }];
  });
  try {
    return parseArgs({ args: [...given], options: Object.fromEntries(known), allowPositionals: true });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (!code?.startsWith("ERR_PARSE_ARGS")) throw error;
    // What follows the first sentence is advice for odd cases, on lines of their own for likely ones.
    const [problem] = message.replaceAll("\n", " ").split(". To specify a positional") as [string];
    const unknown = code === "ERR_PARSE_ARGS_UNKNOWN_OPTION" ? /--[^']+/.exec(problem)?.[0] : undefined;
    const names = Object.keys(options).map((name) => `--${name}`);
    throw new UsageError(problem + (unknown === undefined ? "" : guess(unknown, names)));
  }
}

export function usageOf({ name, places, options }: Command): string {
  const required = Object.entries(options).filter(([, option]) => option.required);
  const parts = required.map(([option, { value }]) => `--${option} ${value}`);
  const rest = required.length < Object.keys(options).length ? ["[options]"] : [];
  return ["lanegrad", name, ...places, ...parts, ...rest].join(" ");
}

export function helpOf(command: Command): string {
  const { options, summary, examples } = command;
  const heads = Object.entries(options).map(
    ([name, { value }]) => `  --${name}${value === undefined ? "" : ` ${value}`}`,
  );
  const width = Math.max(...heads.map((head) => head.length)) + 2;
  const lines = Object.values(options).map(({ help, preset }, index) => {
    const note = preset === undefined ? "" : ` (${preset})`;
    return indented(help + note, (heads[index] as string).padEnd(width));
  });
  const section = (title: string, content: string[]) => (content.length === 0 ? [] : ["", `${title}:`, ...content]);
  return [
    indented(summary, ""),
    ...section("Usage", [`  ${usageOf(command)}`]),
    ...section("Options", lines),
    ...section(
      "Examples",
      examples.map((example) => `  ${example}`),
    ),
  ].join("\n");
}
