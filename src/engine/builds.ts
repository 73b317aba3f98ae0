// The kernels' builds, embedded in the source, and the choice between them.
import { template } from "../../build/embedded.js";
import { UnsupportedHostError } from "../errors.js";
import { nodeModule } from "./host.js";
import { withSharedMemory } from "./shared.js";
import { specialize } from "./template.js";

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

/**
 * The compiled kernels: of the build that is named, or of the fastest one that the host validates.
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
  const embedded = await inflate(template);
  for (const name of candidates) {
    const bytes = specialize(embedded.slice(), name);
    if (!WebAssembly.validate(bytes)) continue;
    return { name, module: await WebAssembly.compile(shared ? withSharedMemory(bytes) : bytes) };
  }
  throw new UnsupportedHostError(wanted === "relaxed" ? "WebAssembly relaxed SIMD" : "WebAssembly SIMD");
}
