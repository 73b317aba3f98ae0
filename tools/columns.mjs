// Both builds of the kernels as columns, of which assembly/columns makes either.
import * as kinds from "../build/kinds.mjs";

const { FORMS, TOKENS, END, DOUBLES, RAW, SINGLE_VECTORS, DOUBLE_VECTORS, VECTORS } = kinds;
const { INTEGERS, BRANCHES, CALLS, INDICES, LOCALS } = kinds;

const IMPORT_SECTION = 2;
const CODE_SECTION = 10;
const BRANCH_TABLE = 0x0e;

/** Of a memory without a maximum; of a shared one with a maximum of 65536 pages. */
const LIMITS = [0x00, 0x00];
const SHARED_LIMITS = [0x03, 0x00, 0x80, 0x80, 0x04];

/** What is behind opcodes: so many integers, then so many bytes; or what has a column. Opcodes with a prefix are two bytes. */
const IMMEDIATES = [
  { first: 0x02, last: 0x04, integers: 1 },
  { first: 0x0c, last: 0x0d, kind: BRANCHES },
  { first: 0x10, last: 0x10, kind: CALLS },
  { first: 0x20, last: 0x22, kind: LOCALS },
  { first: 0x23, last: 0x24, integers: 1 },
  { first: 0x28, last: 0x3e, integers: 2 },
  { first: 0x3f, last: 0x40, integers: 1 },
  { first: 0x41, last: 0x41, kind: INTEGERS },
  { first: 0x42, last: 0x42, integers: 1 },
  { first: 0x43, last: 0x43, bytes: 4 },
  { first: 0x44, last: 0x44, bytes: 8 },
  { first: 0xfc0a, last: 0xfc0a, integers: 2 },
  { first: 0xfc0b, last: 0xfc0b, integers: 1 },
  { first: 0xfd00, last: 0xfd0b, integers: 2 },
  { first: 0xfd0c, last: 0xfd0d, kind: VECTORS },
  { first: 0xfd15, last: 0xfd22, bytes: 1 },
  { first: 0xfd54, last: 0xfd5b, integers: 2, bytes: 1 },
  { first: 0xfd5c, last: 0xfd5d, integers: 2 },
];

/** Opcodes in double precision, and how far before them the same in single precision are. */
const TWINS = [
  { first: 0x2b, last: 0x2b, distance: 1 },
  { first: 0x39, last: 0x39, distance: 1 },
  { first: 0x61, last: 0x66, distance: 6 },
  { first: 0x99, last: 0xa6, distance: 14 },
  { first: 0xfd14, last: 0xfd14, distance: 1 },
  { first: 0xfd21, last: 0xfd22, distance: 2 },
  { first: 0xfd47, last: 0xfd4c, distance: 6 },
  { first: 0xfd5b, last: 0xfd5b, distance: 1 },
  { first: 0xfd5d, last: 0xfd5d, distance: 1 },
  { first: 0xfdec, last: 0xfdf7, distance: 12 },
];

const rangeOf = (ranges, opcode) => ranges.find(({ first, last }) => opcode >= first && opcode <= last) ?? {};
const opcodeOf = ([byte, code]) => (byte < 0xfc ? byte : byte * 256 + code);
const keyOf = ({ kind, bytes, relaxed }) => String([kind, relaxed !== undefined, ...bytes]);

/**
 * A module as forms and blocks: lists of a form each, with the bytes or the block behind it. A form that differs between the
 * builds has both their bytes.
 */
function read(simd, relaxed, areIntegers) {
  const forms = new Map();
  let at = 0;
  const take = (count) => {
    at += count;
    return [...simd.subarray(at - count, at)];
  };
  const integer = () => take(simd.subarray(at).findIndex((byte) => byte < 0x80) + 1);
  const value = () => integer().reduceRight((sum, byte) => sum * 128 + (byte & 0x7f), 0);
  const part = (kind, bytes = [], behind = [], others = undefined) => {
    const form = { kind, bytes, relaxed: others };
    const key = keyOf(form);
    if (!forms.has(key)) forms.set(key, form);
    return { form: forms.get(key), behind };
  };
  const raw = (count) => (count > 255 ? [...raw(255), ...raw(count - 255)] : [part(RAW, [], [count, ...take(count)])]);

  // Zeros are the same in either precision.
  const vector = (bytes, value) => {
    const isZero = value.every((byte) => byte === 0);
    const repeats = (size) => !isZero && value.every((byte, index) => byte === value[index % size]);
    if (repeats(4)) return part(SINGLE_VECTORS, bytes, value.slice(0, 4));
    return repeats(8) ? part(DOUBLE_VECTORS, bytes, value.slice(0, 8)) : part(VECTORS, bytes, value);
  };
  const instruction = (isInteger) => {
    const start = at;
    const bytes = take(1);
    if (bytes[0] >= 0xfc) bytes.push(...integer());
    const others = relaxed.subarray(start, at);
    if (bytes.some((byte, index) => byte !== others[index])) return part(FORMS, bytes, [], [...others]);
    const opcode = opcodeOf(bytes);
    const { kind = FORMS, integers = 0, bytes: count = 0 } = rangeOf(IMMEDIATES, opcode);
    if (kind === LOCALS) return part(isInteger[simd[at]] ? INDICES : LOCALS, bytes, take(1));
    if (kind === VECTORS) return vector(bytes, take(16));
    if (kind !== FORMS && simd[at] < 0x80) return part(kind, bytes, take(1));
    const more = opcode === BRANCH_TABLE ? simd[at] + 2 : kind === FORMS ? integers : 1;
    for (let index = 0; index < more; index++) bytes.push(...integer());
    return part(FORMS, [...bytes, ...take(count)]);
  };
  const body = (isInteger) => {
    const end = value() + at;
    const start = at;
    for (let groups = value(); groups > 0; groups--) {
      integer();
      take(1);
    }
    const declared = at - start;
    at = start;
    const parts = raw(declared);
    while (at < end - 1) parts.push(instruction(isInteger));
    return [...parts, part(END, take(1))];
  };
  const section = (id) => {
    const size = value();
    if (id === CODE_SECTION) {
      const bodies = () => areIntegers.map((isInteger) => ({ ...part(TOKENS), behind: body(isInteger) }));
      return [...raw(1), ...bodies(), part(END)];
    }
    if (id !== IMPORT_SECTION) return [...raw(size), part(END)];
    return [...raw(size - LIMITS.length), part(FORMS, take(LIMITS.length)), part(END)];
  };

  const module = raw(8);
  while (at < simd.length) module.push(...raw(1), { ...part(TOKENS), behind: section(simd[at - 1]) });
  module.push(part(END));
  return { forms, module, doubles: part(DOUBLES).form };
}

const compare = (a, b) => Buffer.compare(Buffer.from([...a.bytes, a.kind]), Buffer.from([...b.bytes, b.kind]));

/** The form in single precision, were there one, of a form in double precision. */
function singleOf(form) {
  if (form.kind === DOUBLE_VECTORS) return { ...form, kind: SINGLE_VECTORS };
  const opcode = opcodeOf(form.bytes);
  const { distance } = rangeOf(TWINS, opcode);
  if (distance === undefined) return undefined;
  const bytes = [...form.bytes];
  const code = opcode < 0x100 ? 0 : 1;
  bytes[code] -= distance;
  // Their numbers are half as long, and so aligned.
  if (rangeOf(IMMEDIATES, opcode).integers === 2) bytes[code + 1]--;
  return { ...form, bytes };
}

/** Pairs of a form in single precision and the same in double precision, those first that differ between the builds. */
function twinsAmong(forms) {
  const twins = [];
  for (const form of forms.values()) {
    const single = singleOf(form);
    const twin = single && forms.get(keyOf(single));
    if (twin !== undefined) twins.push([twin, form]);
  }
  const isCommon = ([{ relaxed }]) => Number(relaxed === undefined);
  return twins.sort((a, b) => isCommon(a) - isCommon(b) || compare(a[0], b[0])).flat();
}

/**
 * Where each column begins, the decoder, and the columns.
 *
 * @param areIntegers of each function, which of its locals are
 */
export function columnsOf(simd, relaxed, areIntegers, decoder) {
  const { forms, module, doubles } = read(simd, relaxed, areIntegers);
  const limits = forms.get(keyOf({ kind: FORMS, bytes: LIMITS }));
  const twins = twinsAmong(forms);
  const others = [...forms.values()].filter((form) => !twins.includes(form) && form !== limits).sort(compare);
  const tokens = new Map([...twins, ...others, limits].map((form, token) => [form, token]));
  const columns = Array.from({ length: kinds.COLUMNS }, () => []);

  const variants = twins.slice(0, kinds.VARIANTS);
  const relaxedVariants = variants.map((form) => ({ ...form, bytes: form.relaxed }));
  const written = [...variants, ...relaxedVariants, ...twins.slice(kinds.VARIANTS), ...others, limits];
  for (const { kind, bytes } of [...written, { ...limits, bytes: SHARED_LIMITS }]) {
    columns[FORMS].push(kind * 16 + bytes.length, ...bytes);
  }
  columns[TOKENS].push(twins.length);

  const write = (block) => {
    const ofTwins = block.map(({ form }) => tokens.get(form)).filter((token) => token < twins.length);
    const exchanged = ofTwins.filter((token) => token % 2 === 1).length > ofTwins.length / 2 ? 1 : 0;
    if (exchanged) columns[TOKENS].push(tokens.get(doubles));
    const recent = { [INDICES]: [...Array(128).keys()], [LOCALS]: [...Array(128).keys()] };
    for (const { form, behind } of block) {
      const token = tokens.get(form);
      columns[TOKENS].push(token < twins.length ? token ^ exchanged : token);
      if (form.kind === TOKENS) write(behind);
      else if (form.kind >= INDICES) {
        const locals = recent[form.kind];
        const rank = locals.indexOf(behind[0]);
        columns[form.kind].push(rank);
        locals.unshift(...locals.splice(rank, 1));
      } else columns[form.kind].push(...behind);
    }
  };
  write(module);

  let start = 2 * kinds.COLUMNS + decoder.length;
  const positions = columns.flatMap((column) => {
    const bytes = [start & 0xff, start >> 8];
    start += column.length;
    return bytes;
  });
  return Uint8Array.from([...positions, ...decoder, ...columns.flat()]);
}
