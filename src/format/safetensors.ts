// The safetensors format: named tensors behind a header in JSON. https://github.com/huggingface/safetensors, "Format"
import { FormatError } from "../errors.js";

export interface StoredTensor {
  /** "F32", "F64", …: a name in DTYPES. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** The elements, row-major and little-endian; of a tensor that was read, a view on the file. */
  readonly bytes: Uint8Array;
}

export interface TensorFile {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: ReadonlyMap<string, string>;
}

/** Types by the bytes of an element: of 1, 2, 4 and 8. */
const DTYPES = ["BOOL U8 I8 F8_E4M3 F8_E5M2", "U16 I16 F16 BF16", "U32 I32 F32", "U64 I64 F64"].map((names) =>
  names.split(" "),
);

/** Bytes of the header's length, which the file begins with; the data start at a multiple of it. */
const LENGTH_BYTES = 8;

const METADATA = "__metadata__";

/** How many values the header may hold, in the metadata's texts too; each takes up to some hundred bytes of memory. */
const MOST_VALUES = 2 ** 20;

/** The tensors one behind the other, in their order in the map. */
export function writeSafetensors({ tensors, metadata }: TensorFile): Uint8Array<ArrayBuffer> {
  const header: [string, object][] = metadata.size > 0 ? [[METADATA, Object.fromEntries(metadata)]] : [];
  let end = 0;
  for (const [name, { dtype, shape, bytes }] of tensors) {
    header.push([name, { dtype, shape, data_offsets: [end, end + bytes.length] }]);
    end += bytes.length;
  }
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const length = Math.ceil(text.length / LENGTH_BYTES) * LENGTH_BYTES;
  const file = new Uint8Array(LENGTH_BYTES + length + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(length), true);
  file.fill(0x20, LENGTH_BYTES);
  file.set(text, LENGTH_BYTES);
  let first = LENGTH_BYTES + length;
  for (const { bytes } of tensors.values()) {
    file.set(bytes, first);
    first += bytes.length;
  }
  return file;
}

/**
 * The tensors in the order of their data. Nothing is copied but the header.
 *
 * @throws FormatError where the file differs from the format in anything, such as a byte that no tensor holds
 */
export function readSafetensors(file: Uint8Array): TensorFile {
  const header = parseHeader(file);
  const data = file.subarray(LENGTH_BYTES + header.length);
  const { [METADATA]: notes = {}, ...entries } = objectOf("header", header.value);
  const parsed = Object.entries(entries).map(([name, entry]) => parseEntry(name, entry));
  // By their ends where several begin at one place: those without elements come first.
  parsed.sort((one, other) => one.begin - other.begin || one.end - other.end);
  const tensors = new Map<string, StoredTensor>();
  let filled = 0;
  for (const { name, dtype, shape, begin, end } of parsed) {
    if (begin !== filled) throw new FormatError(name, `begins at byte ${begin} of the data, not at ${filled}`);
    tensors.set(name, { dtype, shape, bytes: data.subarray(begin, end) });
    filled = end;
  }
  if (filled !== data.length) throw new FormatError("data", `${data.length} bytes, of which tensors hold ${filled}`);
  return { tensors, metadata: parseMetadata(notes) };
}

function parseHeader(file: Uint8Array): { value: unknown; length: number } {
  const room = file.length - LENGTH_BYTES;
  if (room < 0) throw new FormatError("byte 0", `no header in ${file.length} bytes`);
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  if (length > room) throw new FormatError("byte 0", `a header of ${length} bytes in a file with ${room} more`);
  if (file[LENGTH_BYTES] !== 0x7b) throw new FormatError(`byte ${LENGTH_BYTES}`, 'the header does not begin with "{"');
  // A copy, as decoders refuse shared memory.
  const text = file.slice(LENGTH_BYTES, LENGTH_BYTES + length);
  if (countValues(text) > MOST_VALUES) throw new FormatError("header", `more than ${MOST_VALUES} values`);
  try {
    return { value: JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(text)), length };
  } catch (error) {
    throw new FormatError("header", (error as Error).message);
  }
}

/** Lists, objects and commas, in texts too: about as many as there are values. */
function countValues(text: Uint8Array): number {
  return text.reduce((count, byte) => count + Number(byte === 0x2c || byte === 0x5b || byte === 0x7b), 0);
}

function parseMetadata(notes: unknown): Map<string, string> {
  const entries = Object.entries(objectOf(METADATA, notes));
  for (const [key, value] of entries) {
    if (typeof value !== "string") throw new FormatError(`${METADATA}.${key}`, "not a string");
  }
  return new Map(entries as [string, string][]);
}

function parseEntry(name: string, entry: unknown) {
  const { dtype, shape, data_offsets: offsets, ...others } = objectOf(name, entry);
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw new FormatError(`${name}.${unknown}`, "unknown");
  const power = DTYPES.findIndex((names) => names.includes(dtype as string));
  if (power < 0) throw new FormatError(`${name}.dtype`, "unknown");
  if (!isListOfSizes(shape)) throw new FormatError(`${name}.shape`, "not a list of sizes");
  if (!isListOfSizes(offsets) || offsets.length !== 2) throw new FormatError(`${name}.data_offsets`, "not two offsets");
  const [begin, end] = offsets as [number, number];
  const length = shape.reduce((product, count) => product * count, 2 ** power);
  if (end - begin !== length) {
    throw new FormatError(
      `${name}.data_offsets`,
      `${end - begin} bytes for ${dtype} [${shape}], which takes ${length}`,
    );
  }
  return { name, dtype: dtype as string, shape, begin, end };
}

/** Without `__proto__`, which would become the prototype of an object that it is copied into. */
function objectOf(place: string, value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new FormatError(place, "not an object");
  if (Object.hasOwn(value, "__proto__")) throw new FormatError(place, 'key "__proto__"');
  return value as Record<string, unknown>;
}

function isListOfSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
