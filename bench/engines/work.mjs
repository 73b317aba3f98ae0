// What is measured in every engine: a few of ../workloads.mjs, large and small.
import { workloadsOf } from "../workloads.mjs";

const NAMES = {
  gemm: ["64×64×64", "512×512×512", "1024×1024×1024", "128×784×512"],
  train: ["784-128-10, batch 128", "2-8-1, batch 4"],
  infer: ["784-128-10, batch 1"],
};

export const SECTIONS = Object.keys(NAMES);

/** @param section "gemm", "train" or "infer" */
export function workOf(section) {
  return NAMES[section].map((name) => workloadsOf(section).find((workload) => workload.name === name));
}
