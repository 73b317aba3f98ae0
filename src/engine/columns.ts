// The kernels' module out of what is embedded: its columns, and a small module that puts them together.
import { COLUMNS, MODULE } from "../../assembly/columns/kinds.js";

/** Behind the positions of the columns, 16 bits each. */
const DECODER = 2 * COLUMNS;

interface Decoder {
  memory: WebAssembly.Memory;
  assemble(relaxed: boolean, shared: boolean): number;
}

/**
 * The module of one build.
 *
 * @param embedded the positions of the columns, the decoder, the columns
 * @param shared whether the memory that it imports is shared
 */
export function assemble(
  embedded: Uint8Array<ArrayBuffer>,
  build: "simd" | "relaxed",
  shared: boolean,
): Uint8Array<ArrayBuffer> {
  const first = new DataView(embedded.buffer).getUint16(0, true);
  const decoder = new WebAssembly.Module(embedded.subarray(DECODER, first));
  const exports = new WebAssembly.Instance(decoder).exports as unknown as Decoder;
  const bytes = new Uint8Array(exports.memory.buffer) as Uint8Array<ArrayBuffer>;
  bytes.set(embedded);
  return bytes.slice(MODULE, exports.assemble(build === "relaxed", shared));
}
