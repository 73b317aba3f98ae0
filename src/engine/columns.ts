// The kernels' module out of columns: bytes of one kind next to each other, which deflate a quarter shorter than its own.
//
// A token names a form: bytes as they stand in the module, such as an opcode, and the kind of what comes behind them, which is in
// the column of that kind. Sections and functions are blocks of tokens, whose sizes are found here.

/** Nothing. The column holds the forms themselves: 16 · kind + number of bytes, then the bytes. */
export const FORMS = 0;
/** A block. The column begins with the number of twins: forms in single precision, each before the same in double. */
export const TOKENS = 1;
/** Nothing, and the block ends. */
export const END = 2;
/** The rest of a block in double precision, whose tokens of twins are exchanged. */
export const DOUBLES = 3;
/** A number of bytes, and these. */
export const RAW = 4;
/** Sixteen bytes. */
export const VECTORS = 5;
/** One byte. */
export const INTEGERS = 6;
export const BRANCHES = 7;
export const CALLS = 8;
/** An integer's local, and any other: how many of its column the block has used since it used this one. */
export const INDICES = 9;
export const LOCALS = 10;

export const COLUMNS = 11;

/** How many forms differ between the builds: simd's stand first, then relaxed's. The last two forms are limits of the memory. */
export const VARIANTS = 4;

/** The bytes of a module are fewer. */
const LARGEST_MODULE = 0x10000;

const NUMBERS = Uint8Array.from({ length: 128 }, (_, index) => index);

/**
 * The module of one build.
 *
 * @param columns from tools/columns.mjs: where each begins, in 16 bits, then all of them
 * @param shared whether the memory that it imports is shared
 */
export function assemble(columns: Uint8Array, build: "simd" | "relaxed", shared: boolean): Uint8Array<ArrayBuffer> {
  const byteAt = (at: number) => columns[at] as number;
  const positions = Array.from({ length: COLUMNS }, (_, column) => byteAt(2 * column) + 256 * byteAt(2 * column + 1));
  let [form, token] = positions as [number, number];
  const forms: number[] = [];
  for (const end = token; form < end; form += 1 + (byteAt(form) & 15)) forms.push(form);
  forms.splice(build === "simd" ? VARIANTS : 0, VARIANTS);
  forms.splice(shared ? -2 : -1, 1);
  const twins = byteAt(token++);

  const module = new Uint8Array(LARGEST_MODULE);
  let size = 0;
  /** Where the open blocks begin. */
  const blocks: number[] = [];
  let recent: Uint8Array[] = [];
  let exchanged = 0;
  // One loop, and no calls: most of it is run before the host has compiled it.
  for (;;) {
    const number = columns[token++] as number;
    let at = forms[number < twins ? number ^ exchanged : number] as number;
    const header = columns[at++] as number;
    const kind = header >> 4;
    for (const end = at + (header & 15); at < end; at++) module[size++] = columns[at] as number;
    if (kind >= INDICES) {
      const locals = recent[kind - INDICES] as Uint8Array;
      const rank = columns[(positions[kind] as number)++] as number;
      const local = locals[rank] as number;
      locals.copyWithin(1, 0, rank);
      locals[0] = local;
      module[size++] = local;
    } else if (kind >= RAW) {
      at = positions[kind] as number;
      const count = kind === RAW ? (columns[at++] as number) : kind === VECTORS ? 16 : 1;
      for (const end = at + count; at < end; at++) module[size++] = columns[at] as number;
      positions[kind] = at;
    } else if (kind === DOUBLES) exchanged = 1;
    else if (kind === TOKENS) {
      blocks.push(size);
      recent = [NUMBERS.slice(), NUMBERS.slice()];
      exchanged = 0;
    } else if (kind === END) {
      const start = blocks.pop();
      if (start === undefined) return module.slice(0, size);
      const prefix = integer(size - start);
      module.copyWithin(start + prefix.length, start, size);
      module.set(prefix, start);
      size += prefix.length;
    }
  }
}

/** An unsigned integer in LEB128. */
function integer(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...integer(value >>> 7)];
}
