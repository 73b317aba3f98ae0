// The kernels' module out of columns: bytes of one kind next to each other, which deflate to 70 % of what its own do.
//
// A token names a form: bytes as they stand in the module, such as an opcode, and the kind of what comes behind them, which is in
// the column of that kind. Sections and functions are blocks of tokens, whose sizes are found here. This is a module of its own:
// in JavaScript, a loop that runs once would be interpreted for most of its time.
import { DOUBLES, END, FORMS, INDICES, MODULE, RAW, SINGLE_VECTORS, TOKENS, VARIANTS, VECTORS } from "./kinds";

/** Addresses. The columns lie at 0: where each begins, in 16 bits, then all of them. The module is written from MODULE on. */
const FORM_ADDRESSES = 0x20000;
/** The locals of INDICES and of LOCALS, the one last used first. */
const RECENT = 0x20400;

let end = MODULE;
let twins = 0;

function position(column: i32): i32 {
  return load<u16>(2 * column);
}

function next(column: i32): i32 {
  const at = position(column);
  store<u16>(2 * column, at + 1);
  return load<u8>(at);
}

function append(column: i32, count: i32): void {
  const at = position(column);
  memory.copy(end, at, count);
  store<u16>(2 * column, at + count);
  end += count;
}

function block(): void {
  for (let local = 0; local < 128; local++) {
    store<u8>(RECENT + local, local);
    store<u8>(RECENT + local + 128, local);
  }
  let exchanged = 0;
  while (true) {
    let token = next(TOKENS);
    if (token < twins) token ^= exchanged;
    const form: i32 = load<u16>(FORM_ADDRESSES + 2 * token);
    const header: i32 = load<u8>(form);
    const kind = header >> 4;
    store<u16>(2 * FORMS, form + 1);
    append(FORMS, header & 15);
    if (kind == END) return;
    if (kind == DOUBLES) exchanged = 1;
    else if (kind == TOKENS) {
      const start = end;
      block();
      insertSize(start);
    } else if (kind >= INDICES) {
      const recent = RECENT + 128 * (kind - INDICES);
      const rank = next(kind);
      const local = load<u8>(recent + rank);
      memory.copy(recent + 1, recent, rank);
      store<u8>(recent, local);
      store<u8>(end++, local);
    } else if (kind >= SINGLE_VECTORS && kind <= VECTORS) {
      const size = 4 << (kind - SINGLE_VECTORS);
      append(kind, size);
      for (let written = size; written < 16; written += size, end += size) memory.copy(end, end - size, size);
    } else if (kind != FORMS) append(kind, kind == RAW ? next(RAW) : 1);
  }
}

/** In LEB128, before the bytes that are counted. */
function insertSize(start: i32): void {
  for (let size = end - start; ; size >>>= 7) {
    memory.copy(start + 1, start, end++ - start);
    if (size < 128) {
      store<u8>(start, size);
      return;
    }
    store<u8>(start++, size | 128);
  }
}

/** Writes the module of one build, whose memory is shared or not; returns where it ends. */
export function assemble(relaxed: bool, shared: bool): i32 {
  let count = 0;
  const others = relaxed ? 0 : VARIANTS;
  const first = position(TOKENS);
  for (let at = position(FORMS), index = 0; at < first; at += (load<u8>(at) & 15) + 1, index++) {
    if (index >= others && index < others + VARIANTS) continue;
    store<u16>(FORM_ADDRESSES + 2 * count++, at);
  }
  if (shared) store<u16>(FORM_ADDRESSES + 2 * count - 4, load<u16>(FORM_ADDRESSES + 2 * count - 2));
  twins = next(TOKENS);
  block();
  return end;
}
