// Types of the training scenario.
import type { EngineOptions } from "../../src/index.js";

/** By name (of a loss, parameter or schedule), the bits of each number as 16 hexadecimal digits of a double. */
export type Bits = Record<string, string[]>;

export interface Outcome {
  build: string;
  classifier: Bits;
  regression: Bits;
  rates: Bits;
}

export function runScenario(engineOptions: EngineOptions): Promise<Outcome>;
