// The kernels for a shared memory: the same module, with one import rewritten.

const MEMORY_IMPORT = 2;
const IMPORT_SECTION = 2;
const HEADER_BYTES = 8;

/** Memory limits: shared, with a maximum; 0 and 65536 pages (LEB128). */
const SHARED_LIMITS = [0x03, 0x00, 0x80, 0x80, 0x04];

/**
 * A module that imports its memory as shared and is otherwise the same. Kernels hold no atomic operation, so nothing else
 * tells the two apart.
 *
 * @param wasm a module whose only import is one memory of 0 pages without maximum
 */
export function withSharedMemory(wasm: Uint8Array): Uint8Array<ArrayBuffer> {
  let start = HEADER_BYTES;
  while (start < wasm.length && wasm[start] !== IMPORT_SECTION) {
    const size = readInteger(wasm, start + 1);
    start = size.end + size.value;
  }
  const size = readInteger(wasm, start + 1);
  const end = size.end + size.value;
  const limits = end - 2;
  if (wasm[limits - 1] !== MEMORY_IMPORT || wasm[limits] !== 0 || wasm[limits + 1] !== 0) {
    throw new Error("the module does not end its imports with an unshared memory");
  }
  const content = [...wasm.subarray(size.end, limits), ...SHARED_LIMITS];
  return Uint8Array.from([
    ...wasm.subarray(0, start),
    IMPORT_SECTION,
    ...integer(content.length),
    ...content,
    ...wasm.subarray(end),
  ]);
}

/** An unsigned LEB128 integer, and where it ends; 0 behind the last byte. */
function readInteger(bytes: Uint8Array, start: number): { value: number; end: number } {
  let value = 0;
  let shift = 0;
  for (let at = start; ; at++, shift += 7) {
    const byte = bytes[at] ?? 0;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return { value, end: at + 1 };
  }
}

function integer(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...integer(value >>> 7)];
}
