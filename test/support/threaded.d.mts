// Types of the threaded work.
import type { EngineOptions } from "../../src/index.js";

export interface ThreadedOutcome {
  threads: number;
  threadsReason?: string;
  threadsAfterwards: number;
  /** What was said while the engine was made. */
  warnings: string[];
  /** Hashes of all results. */
  results: unknown;
}

export function runThreaded(options: EngineOptions): Promise<ThreadedOutcome>;
export function runThreadedInWorker(options: EngineOptions): Promise<ThreadedOutcome>;
export function killThread(options: EngineOptions): Promise<(number | string)[]>;
