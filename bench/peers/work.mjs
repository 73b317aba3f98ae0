// What the peers are compared on: a choice of ../workloads.mjs, and what only lanegrad runs for its own targets.
import { product, workloadsOf } from "../workloads.mjs";

const PRODUCTS = "64×64×64, 128×128×128, 512×512×512, 1024×1024×1024, 128×784×512, 784×128×512 TN, 128×512×10";

/** The other layouts, and a small batch: measured against the ceiling only. */
const OWN = [512, 1024].flatMap((size) => ["TN", "NT", "TT"].map((layout) => product(size, size, size, layout)));
OWN.push(product(32, 784, 128));

const INFERENCE = ["784-128-10", "784-512-512-10"].flatMap((net) => [1, 128].map((batch) => `${net}, batch ${batch}`));

const WORK = {
  gemm: [...pick("gemm", PRODUCTS.split(", ")), ...OWN.map((workload) => ({ ...workload, own: true }))],
  train: workloadsOf("train"),
  infer: pick("infer", INFERENCE),
};

export const SECTIONS = Object.keys(WORK);

/** @param section "gemm", "train" or "infer" @param only part of the names of those wanted */
export function workOf(section, only = "") {
  return WORK[section].filter(({ name }) => name.includes(only));
}

/** Operations that products need for one sample: two a weight forwards, and in training four backwards (two in layer 0). */
export function flopPerSample(section, sizes) {
  const perWeight = (layer) => (section === "infer" ? 2 : layer === 0 ? 4 : 6);
  return sizes.slice(1).reduce((sum, outputs, layer) => sum + perWeight(layer) * sizes[layer] * outputs, 0);
}

function pick(section, names) {
  return names.map((name) => workloadsOf(section).find((workload) => workload.name === name));
}
