// Every build in both precisions: what a suite is repeated over.
import type { DType, Engine } from "../../src/index.js";
import { BUILDS, engineOf, type TestedBuild } from "./builds.js";

export interface Variant {
  build: TestedBuild;
  dtype: DType;
  engine: Engine;
}

const DTYPES: readonly DType[] = ["float32", "float64"];

const perBuild = await Promise.all(
  BUILDS.map(async (build): Promise<Variant[]> => {
    const engine = await engineOf(build);
    return DTYPES.map((dtype) => ({ build, dtype, engine }));
  }),
);

/** One engine a build; both precisions share it. */
export const VARIANTS: readonly Variant[] = perBuild.flat();

/** Those in double precision. */
export const FLOAT64_VARIANTS: readonly Variant[] = VARIANTS.filter(({ dtype }) => dtype === "float64");
