// Tables: CSV read as a stream, row by row with the numbers of their lines, and written.
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { type CsvError, parse } from "csv-parse";
import { readBeginning } from "./beginning.js";
import { asFileError, count, quoted, shownPath, UserError } from "./messages.js";
import { type Decimal, numberIn } from "./numerals.js";

export interface Row {
  readonly fields: readonly string[];
  /** Where the row begins, counted from 1. */
  readonly line: number;
}

/** How a file is written. */
export interface Form {
  /** Between fields; found out by the header where it is not given. */
  readonly separator: string | undefined;
  readonly decimal: Decimal;
}

export interface Table extends Form {
  readonly separator: string;
  /** Whether a byte order mark stands before the header, by which spreadsheets know UTF-8. */
  readonly isMarked: boolean;
  /** The file as messages name it. */
  readonly name: string;
  /** Names of the columns, all different; empty where a column has none. */
  readonly header: readonly string[];
  /** The rows below the header, as many fields in each; to be read once. */
  readonly rows: AsyncIterable<Row>;
}

/** Longest row in bytes: a quote that is never closed does not take the whole file into memory. */
const LONGEST_ROW = 2 ** 24;

const MISSING = new Set(["", "?", "-", "NA", "<NA>", "N/A", "n/a", "#N/A", "NaN", "nan", "null", "NULL"]);

export function isMissing(field: string): boolean {
  return MISSING.has(field);
}

/**
 * Opens a CSV file and reads its header.
 *
 * @param path "-" for the standard input
 * @throws UserError where it cannot be read, or the header does not name columns
 */
export async function openTable(path: string, form: Form): Promise<Table> {
  const name = path === "-" ? "stdin" : shownPath(path);
  const source: Readable = path === "-" ? process.stdin : createReadStream(path);
  const { isText, isMarked, bytes, ...found } = await readBeginning(source).catch((error) => {
    throw asFileError("read", path, error);
  });
  if (!isText) throw new UserError(`${name} is no text; save the table as CSV in UTF-8`);
  const separator = form.separator ?? found.separator;
  const rows = readRows({ path, name, separator, source, bytes });
  const first = await rows.next();
  if (first.done) throw new UserError(`${name} is empty: the first line is to name the columns`);
  const { fields, line } = first.value;
  checkHeader(fields, `${name}:${line}`);
  const { decimal } = form;
  return { name, separator, decimal, isMarked, header: fields, rows: checkRows(rows, name, fields.length) };
}

interface File {
  readonly path: string;
  readonly name: string;
  readonly separator: string;
  readonly source: Readable;
  /** All that the source has. */
  readonly bytes: AsyncIterable<Buffer>;
}

async function* readRows({ path, name, separator, source, bytes }: File): AsyncGenerator<Row> {
  let last = 0;
  // Within quotes the parser counts a line end of two characters twice.
  let excess = 0;
  // Called before the parser goes on, and may find an error.
  const place = (fields: string[], { lines }: { lines: number }): Row => {
    let line = lines - excess;
    if (lines > last + 1) {
      // The parser tells where a row ends.
      const text = fields.join();
      line -= text.match(/[\r\n]/g)?.length ?? 0;
      excess += text.match(/\r\n/g)?.length ?? 0;
    }
    last = lines;
    return { fields, line };
  };
  const parser = parse({
    bom: true,
    delimiter: separator,
    max_record_size: LONGEST_ROW,
    // Its type knows no rows but lists of texts.
    on_record: place as never,
    record_delimiter: ["\r\n", "\n", "\r"],
    relax_column_count: true,
    skip_empty_lines: true,
    trim: true,
  });
  const input = Readable.from(bytes).on("error", (error) => parser.destroy(error));
  try {
    for await (const row of input.pipe(parser)) {
      const { fields, line }: Row = row;
      const foreign = fields.find((field) => field.includes("\ufffd"));
      if (foreign !== undefined)
        throw new UserError(`${name}:${line}: ${quoted(foreign)} is not UTF-8; save the table as CSV in UTF-8`);
      yield row;
    }
  } catch (error) {
    throw asTableError(error, path, name, last, excess);
  } finally {
    source.destroy();
  }
}

function asTableError(error: unknown, path: string, name: string, last: number, excess: number): unknown {
  const { code, lines } = error as CsvError & { lines?: number };
  switch (code as string) {
    case "CSV_QUOTE_NOT_CLOSED":
    case "CSV_MAX_RECORD_SIZE":
      return new UserError(`${name}:${last - excess + 1}: a quote that opens in this line or below is never closed`);
    case "CSV_INVALID_CLOSING_QUOTE":
    case "INVALID_OPENING_QUOTE":
      return new UserError(
        `${name}:${Number(lines) - excess}: a quote in the middle of a field; fields with quotes are written "like ""this"" one"`,
      );
    default:
      return asFileError("read", path, error);
  }
}

/** A reminder, where the header looks like a row. */
export function headerHint(isNumeric: boolean): string {
  return isNumeric ? "; the first line is to name the columns" : "";
}

function checkHeader(header: readonly string[], place: string): void {
  const hint = headerHint(header.every((name) => numberIn(name) !== undefined));
  for (const [index, name] of header.entries()) {
    const first = header.indexOf(name);
    if (first === index || name === "") continue;
    throw new UserError(`${place}: columns ${first + 1} and ${index + 1} are both named "${name}"${hint}`);
  }
}

async function* checkRows(rows: AsyncGenerator<Row>, name: string, columns: number): AsyncGenerator<Row> {
  for await (const row of rows) {
    const { length } = row.fields;
    if (length === columns) yield row;
    // A line of nothing but spaces is empty.
    else if (length > 1 || row.fields[0] !== "") {
      throw new UserError(
        `${name}:${row.line}: ${count(length, "field")}, where the header names ${count(columns, "column")}`,
      );
    }
  }
}

/** Fields as a line of a CSV file. */
export function csvLine(fields: readonly string[], separator: string): string {
  const quoted = fields.map((field) => {
    const isPlain = !/["\r\n]|^\s|\s$/.test(field) && !field.includes(separator);
    return isPlain ? field : `"${field.replaceAll('"', '""')}"`;
  });
  // A line of one empty field would be read as none.
  return `${quoted.length === 1 && quoted[0] === "" ? '""' : quoted.join(separator)}\n`;
}
