// Protobuf messages as bytes, by tables of their fields: `pbf` reads and writes the values, this file checks what is read.
import { PbfReader, PbfWriter } from "pbf";
import { FormatError } from "../index.js";

/** What a field holds. "bytes" stand for packed floats and doubles too, whose bytes they are. */
export type Kind = "int" | "float" | "string" | "bytes" | Fields;

export interface Field {
  readonly number: number;
  readonly kind: Kind;
  /** Whether there may be several. */
  readonly repeated?: true;
}

/** The fields of a message that are read and written, by name. Others are skipped. */
export interface Fields {
  readonly [name: string]: Field;
}

type Message = Record<string, unknown>;

/**
 * How many numbers, texts and messages a file may hold, packed numbers aside: far more than a perceptron takes, and so few that
 * what stands for them in memory stays small, whatever the file says.
 */
const MOST_VALUES = 2 ** 15;

const VARINT = 0;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

/**
 * Nothing is copied but strings and numbers that stand alone: bytes are views on the file.
 *
 * @throws FormatError where the bytes are no message
 */
export function readMessage(bytes: Uint8Array, fields: Fields): Message {
  const reader = new Reader(bytes);
  try {
    return reader.message(bytes.length, fields);
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(`byte ${reader.start}`, (error as Error).message, { cause: error });
  }
}

class Reader {
  readonly #values: PbfReader;
  #count = 0;
  /** Where the field begins that is being read. */
  start = 0;

  constructor(bytes: Uint8Array) {
    this.#values = new PbfReader(bytes);
  }

  /** The message up to `end`. */
  message(end: number, fields: Fields): Message {
    const values = this.#values;
    const message: Message = {};
    const known = Object.entries(fields);
    while (values.pos < end) {
      this.start = values.pos;
      const number = values.nextField(end);
      if (number === 0) this.#refuse("a field with the number 0");
      const [name, field] = known.find(([, candidate]) => candidate.number === number) ?? [];
      if (name === undefined || field === undefined) values.skip(values.type);
      else if (field.repeated) message[name] = this.#repeated(end, (message[name] ?? []) as unknown[], field.kind);
      else if (name in message) this.#refuse(`"${name}" is there twice`);
      else message[name] = this.#value(end, field.kind);
      if (values.pos > end) this.#refuse("ends behind its message");
    }
    return message;
  }

  /** The list, with what the field adds to it: integers come one by one or packed. */
  #repeated(end: number, list: unknown[], kind: Kind): unknown[] {
    if (kind === "int" && this.#values.type === LENGTH_DELIMITED) {
      const last = this.#lengthDelimited(end);
      while (this.#values.pos < last) list.push(this.#integer());
    } else {
      list.push(this.#value(end, kind));
    }
    return list;
  }

  #value(end: number, kind: Kind): unknown {
    const values = this.#values;
    const type = kind === "int" ? VARINT : kind === "float" ? FIXED32 : LENGTH_DELIMITED;
    if (values.type !== type) this.#refuse(`wire type ${values.type}, not ${type}`);
    if (kind === "int") return this.#integer();
    this.#countValue();
    if (kind === "float") return values.readFloat();
    const last = this.#lengthDelimited(end);
    if (typeof kind === "object") return this.message(last, kind);
    const bytes = values.buf.subarray(values.pos, last);
    values.pos = last;
    // A copy, as decoders refuse shared memory.
    return kind === "bytes" ? bytes : new TextDecoder("utf-8", { fatal: true }).decode(bytes.slice());
  }

  /** Signed, exact up to 2⁵³. */
  #integer(): number {
    this.#countValue();
    return this.#values.readVarint(true);
  }

  #countValue(): void {
    if (++this.#count > MOST_VALUES) this.#refuse(`more than ${MOST_VALUES} values`);
  }

  /** @returns the place where what follows ends */
  #lengthDelimited(end: number): number {
    const length = this.#values.readVarint();
    const rest = end - this.#values.pos;
    if (!(length <= rest)) this.#refuse(`${length} bytes where ${rest} are left`);
    return this.#values.pos + length;
  }

  #refuse(problem: string): never {
    throw new FormatError(`byte ${this.start}`, problem);
  }
}

/** Fields in the order of the table; those that are undefined are left out. */
export function writeMessage(message: object, fields: Fields): Uint8Array {
  const writer = new PbfWriter();
  writeFields(message as Message, fields, writer);
  return writer.finish();
}

function writeFields(message: Message, fields: Fields, writer: PbfWriter): void {
  for (const [name, { number, kind, repeated }] of Object.entries(fields)) {
    const value = message[name];
    if (value === undefined) continue;
    for (const single of repeated ? (value as unknown[]) : [value]) {
      if (kind === "int") writer.writeVarintField(number, single as number);
      else if (kind === "float") writer.writeFloatField(number, single as number);
      // Not by the writer's own texts, which are wrong from U+20000 on.
      else if (kind === "string") writer.writeBytesField(number, new TextEncoder().encode(single as string));
      else if (kind === "bytes") writer.writeBytesField(number, single as Uint8Array);
      else writer.writeMessage(number, (part, to) => writeFields(part, kind, to), single as Message);
    }
  }
}
