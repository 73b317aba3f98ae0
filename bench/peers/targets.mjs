// The targets that lanegrad set itself, evaluated on a report: each by its worst case.

import { flopPerSample, workOf } from "./work.mjs";

const WASM_PEERS = ["onnxruntime-web", "jax-js", "tfjs-wasm"];
const LARGE = /^(512×512×512|1024×1024×1024|128×784×512|784×128×512 TN)/;
const SMALL = ["64×64×64", "128×128×128", "32×784×128"];
const NARROW = ["128×512×10"];
const MNIST = ["784-128-10, batch 32", "784-128-10, batch 128"];
const DEEP = ["784-512-512-10, batch 128"];
const TINY = ["2-8-1, batch 4", "4-16-3, batch 16"];

/** @returns `[{ work, against, wanted, atMost, measured, worst, limit, isShare }]` of the sections that were run */
export function evaluateTargets(report) {
  return [
    ...products(report, "large products", (name) => LARGE.test(name), { simd: 0.8, relaxed: 0.9 }),
    ...products(report, "64, 128 and 32×784×128", (name) => SMALL.includes(name), { simd: 0.6, relaxed: 0.75 }),
    ...products(report, "narrow products", (name) => NARROW.includes(name), { simd: 0.45, relaxed: 0.45 }),
    speed(report, "train", "training 784-128-10", MNIST, ["PyTorch"], 1),
    speed(report, "train", "training 784-128-10", MNIST, WASM_PEERS, 3),
    speed(report, "train", "training 784-512-512-10", DEEP, ["PyTorch"], 0.8),
    speed(report, "train", "training 784-512-512-10", DEEP, WASM_PEERS, 3),
    speed(report, "train", "training tiny nets", TINY, ["pure JS"], 3),
    speed(report, "train", "training tiny nets", TINY, ["tfjs-wasm", "tfjs-cpu", "jax-js"], 50),
    speed(report, "infer", "inference, batch 1", / 1$/, ["onnxruntime-web", "PyTorch"], 2),
    speed(report, "infer", "inference, batch 128", / 128$/, WASM_PEERS, 3),
    threads(report),
    coldStart(report),
  ].filter(Boolean);
}

/** Shares of the ceiling, for each build that ran on one thread. */
function products({ gemm, ceiling, contenders }, work, isMeant, wanted) {
  if (!gemm || !ceiling) return [];
  const builds = contenders.filter(({ about }) => about.threads === 1 && ceiling[about.build]);
  return builds.map(({ name, about: { build } }) => {
    const shares = gemm
      .filter((result) => isMeant(result.name) && result.times[name]?.best)
      .map((result) => {
        return { value: result.work / result.times[name].best / ceiling[build].best, where: result.name };
      });
    return {
      work: `${work}, ${build}`,
      against: "of the ceiling",
      wanted: wanted[build],
      isShare: true,
      ...least(shares),
    };
  });
}

/** Multiples of what peers reach: the least over all workloads and peers, and the least that the ceiling would allow. */
function speed(report, section, work, names, peers, wanted) {
  const results = report[section]?.filter(({ name }) => (names.test ? names.test(name) : names.includes(name)));
  if (!results?.length) return undefined;
  const ratios = results.flatMap(({ name, times }) => {
    const measured = peers.filter((peer) => times[peer]?.best && times.lanegrad?.best);
    return measured.map((peer) => ({ value: times[peer].best / times.lanegrad.best, where: `${name}: ${peer}` }));
  });
  const limits = ratesAtCeiling(report, section, results).flatMap(({ name, rate }) => {
    const { work: samples, times } = results.find((result) => result.name === name);
    return peers.filter((peer) => times[peer]?.best).map((peer) => (rate * times[peer].best) / samples);
  });
  const limit = limits.length > 0 ? Math.min(...limits) : undefined;
  return { work, against: peers.join(", "), wanted, limit, ...least(ratios) };
}

/** Samples per second of nothing but products at the ceiling, where batches are large enough for products to be the work. */
function ratesAtCeiling({ ceiling, lanegrad }, section, results) {
  const best = ceiling?.[lanegrad.build]?.best;
  if (!best) return [];
  const meant = workOf(section).filter(({ name, batch }) => batch >= 32 && results.some((one) => one.name === name));
  return meant.map(({ name, sizes }) => ({ name, rate: (best * 1e9) / flopPerSample(section, sizes) }));
}

function threads({ gemm, train }) {
  const meant = [...(gemm ?? []), ...(train ?? [])].filter(({ name }) => {
    return DEEP.includes(name) || name === "1024×1024×1024";
  });
  if (meant.length === 0) return undefined;
  const ratios = meant
    .filter(({ times }) => times["lanegrad, 2 threads"]?.best && times.lanegrad?.best)
    .map(({ name, times }) => ({ value: times.lanegrad.best / times["lanegrad, 2 threads"].best, where: name }));
  return { work: "two threads", against: "one thread", wanted: 1.7, ...least(ratios) };
}

function coldStart({ cold }) {
  if (!cold?.lanegrad) return undefined;
  const [[, empty]] = Object.entries(cold);
  const ratio = { measured: cold.lanegrad.best / empty.best, worst: "best of all starts" };
  return { work: "cold start", against: "an empty ES module", wanted: 1.5, atMost: true, ...ratio };
}

function least(values) {
  if (values.length === 0) return { atMost: false };
  const { value, where } = values.reduce((one, other) => (other.value < one.value ? other : one));
  return { atMost: false, measured: value, worst: where };
}
