// The kernels' builds, embedded in the source, and the choice between them.
import { columns } from "../../build/embedded.js";
import { UnsupportedHostError } from "../errors.js";
import { assemble } from "./columns.js";
import { nodeModule } from "./host.js";

/** simd: the same bits on every engine. relaxed: fused multiply-add where the processor has it. */
export type BuildName = "simd" | "relaxed";

type Buffers = { Buffer: { from(text: string, encoding: "base64"): Uint8Array } };
type Zlib = { inflateRawSync(bytes: Uint8Array): Uint8Array };

/** The bytes that were embedded. Node's own modules are tens of milliseconds sooner there than the web's. */
async function inflate(base64: string): Promise<Uint8Array<ArrayBuffer>> {
  const buffers = nodeModule<Buffers>("buffer");
  const zlib = nodeModule<Zlib>("zlib");
  if (buffers && zlib) return new Uint8Array(zlib.inflateRawSync(buffers.Buffer.from(base64, "base64")));
  const deflated = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const stream = new Blob([deflated]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Whether the host knows what tells a build: f32x4.add, or f32x4.relaxed_madd. */
function isKnown(build: BuildName): boolean {
  const operation = build === "simd" ? [0xe4, 1] : [0x85, 2];
  const body = [0, 0, 0xfd, ...operation, 0x1a, 0x0b];
  const sections = [1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, 9, 1, 7, ...body];
  return WebAssembly.validate(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...sections));
}

/**
 * The compiled kernels: of the build that is named, or of the fastest one that the host knows.
 *
 * @param shared whether they are to work on a shared memory
 * @throws UnsupportedHostError
 */
export async function compileBuild(
  wanted: "auto" | BuildName,
  shared: boolean,
): Promise<{ name: BuildName; module: WebAssembly.Module }> {
  if (typeof WebAssembly === "undefined") throw new UnsupportedHostError("WebAssembly");
  const candidates: BuildName[] = wanted === "auto" ? ["relaxed", "simd"] : [wanted];
  const name = candidates.find(isKnown);
  if (!name) throw new UnsupportedHostError(`WebAssembly ${wanted === "relaxed" ? "relaxed " : ""}SIMD`);
  return { name, module: await WebAssembly.compile(assemble(await inflate(columns), name, shared)) };
}
