// The kernels as TypeScript sees them: types from the compiler's own declarations, chosen by precision once.
import type { instantiate } from "../../build/kernels.js";
import type { DType } from "./dtype.js";

/** Every export of the wasm module, with its precision prefix. */
export type Exports = Awaited<ReturnType<typeof instantiate>>;

/** The kernels of one precision, without prefix. */
export type Kernels = {
  readonly [K in keyof Exports as K extends `s${infer Name}`
    ? `d${Name}` extends keyof Exports
      ? Name
      : never
    : never]: Exports[K];
};

/** BLAS's letters. */
export const PREFIX: Record<DType, string> = { float32: "s", float64: "d" };

/** Picks the kernels of one precision: `saffine` or `daffine` becomes `affine`. */
export function kernelsOf(exports: Exports, dtype: DType): Kernels {
  const picked: [string, unknown][] = [];
  for (const [name, kernel] of Object.entries(exports)) {
    const bare = name.slice(1);
    if (name[0] === PREFIX[dtype] && `s${bare}` in exports && `d${bare}` in exports) picked.push([bare, kernel]);
  }
  return Object.fromEntries(picked) as Kernels;
}
