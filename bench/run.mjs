// npm run bench: the library against pure JavaScript and against the core's SIMD ceiling, side by side in one run.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Engine, UnsupportedHostError } from "lanegrad";
import { compileCeiling } from "./ceiling.mjs";
import { ratioChart } from "./chart.mjs";
import { contenders } from "./contenders/library.mjs";
import { paste } from "./document.mjs";
import { mapValues, measure, median, timeHere, timeInWorker } from "./measure.mjs";
import { describeRun, formatNumber, formatPercent, formatRatio, markdownLines, printTable } from "./report.mjs";
import { workloadsOf } from "./workloads.mjs";

const BASELINES = new URL("contenders/baselines.mjs", import.meta.url);

const TITLES = {
  gemm: "Matrix products m×k×n",
  train: "Training steps with Adam",
  infer: "Inference",
  ceiling: "Products against 128-bit SIMD ceiling",
};

const WORDS = { gemm: "product", train: "training", infer: "inference" };

/** What stands in the README. */
const SUMMARY = [
  ["gemm", "512×512×512"],
  ["train", "784-128-10, batch 128"],
  ["train", "784-512-512-10, batch 128"],
  ["train", "4-16-3, batch 16"],
  ["infer", "784-128-10, batch 1"],
  ["infer", "784-128-10, batch 128"],
];

/** What the baselines' names mean, in the order of the columns. */
const BASELINE_NOTES = {
  tiled: "4×4 register tile, sums in doubles",
  "tiled f32": "the same with Math.fround",
  naive: "three loops",
};

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    out: { type: "string" },
  },
});
if (flags.only && !(flags.only in TITLES)) throw new Error(`--only expected one of ${Object.keys(TITLES).join(", ")}`);

const { rounds, time } = flags.quick ? { rounds: 2, time: 10 } : { rounds: 7, time: 60 };
const engine = await Engine.create();
const report = { ...describeRun(engine), rounds, time };
console.log(
  `lanegrad ${report.lanegrad.version} (${engine.build}), node ${report.machine.node}, ${report.machine.cpu}`,
);

if (flags.only !== "ceiling") {
  for (const [name, note] of Object.entries(BASELINE_NOTES)) console.log(`  ${name.padEnd(9)}   ${note}`);
}

for (const section of flags.only ? [flags.only] : Object.keys(TITLES)) {
  report[section] = section === "ceiling" ? await compareWithCeiling() : await compareWithBaselines(section);
}

const isWhole = !flags.quick && !flags.only;
const folder = flags.out ?? (isWhole ? fileURLToPath(new URL("results", import.meta.url)) : undefined);
if (folder) save(folder);

/** Library and baselines over all workloads of a section. */
async function compareWithBaselines(section) {
  const workloads = workloadsOf(section, flags.quick);
  const library = timeHere(await contenders(section, flags.quick, engine), time);
  const baselines = timeInWorker(BASELINES, [section, flags.quick], time);
  const results = withRates(workloads, await measure(workloads.length, [library, baselines], { rounds }));

  const names = Object.keys(results[0].contenders);
  const others = names.filter((name) => name !== "lanegrad");
  for (const result of results) {
    const { lanegrad, ...rest } = result.contenders;
    result.ratios = mapValues(rest, ({ rate }) => lanegrad.rate / rate);
  }
  printTable(
    `${TITLES[section]}: ${workloads[0].unit}, and lanegrad's multiple of each baseline`,
    ["", ...names, ...others.map((name) => `÷ ${name}`)],
    results.map((result) => [
      result.name,
      ...names.map((name) => formatNumber(result.contenders[name].rate)),
      ...others.map((name) => formatRatio(result.ratios[name])),
    ]),
  );
  return results;
}

/** `gemm` at 512 in every build of the host, in turns with a C loop of nothing but arithmetic. */
async function compareWithCeiling() {
  const workloads = workloadsOf("ceiling");
  const engines = await enginesOfHost();
  const runners = [];
  for (const one of engines) runners.push(timeHere(await contenders("ceiling", false, one, one.build), time));

  const runCeiling = compileCeiling();
  if (!runCeiling) console.log("\nNo gcc here, so no ceiling: products are shown without their share of it.");
  const ceilings = [];
  const eachRound = () => runCeiling && ceilings.push(runCeiling(2 * time));
  const results = withRates(workloads, await measure(workloads.length, runners, { rounds, eachRound }));

  const ceiling = { simd: summarize(ceilings, "mulAdd"), relaxed: summarize(ceilings, "fma") };
  for (const result of results) {
    result.shares = mapValues(result.contenders, ({ rate }, build) => ceiling[build] && rate / ceiling[build].best);
  }
  const builds = engines.map(({ build }) => build);
  const share = (value) => (value ? `${Math.round(100 * value)} %` : "–");
  const rate = (value) => (value ? formatNumber(value) : "–");
  printTable(
    `${TITLES.ceiling}: GFLOP/s (simd against mul + add, relaxed against FMA)`,
    ["", ...builds.flatMap((build) => [build, "of ceiling"])],
    [
      ...results.map(({ name, contenders: times, shares }) => {
        return [name, ...builds.flatMap((build) => [formatNumber(times[build].rate), share(shares[build])])];
      }),
      ["ceiling", ...builds.flatMap((build) => [rate(ceiling[build]?.best), ""])],
    ],
  );
  return { ceiling, products: results };
}

async function enginesOfHost() {
  const engines = [await Engine.create({ build: "simd" })];
  try {
    engines.push(await Engine.create({ build: "relaxed" }));
  } catch (error) {
    if (!(error instanceof UnsupportedHostError)) throw error;
    console.log(`\nThe relaxed build is left out: ${error.message}.`);
  }
  return engines;
}

function withRates(workloads, results) {
  return workloads.map(({ name, unit, work }, index) => ({
    name,
    unit,
    contenders: mapValues(results[index], (times) => ({ ...times, rate: work / times.best })),
  }));
}

function summarize(ceilings, kind) {
  const rates = ceilings.map((ceiling) => ceiling[kind]).filter((rate) => rate !== null);
  return rates.length > 0 ? { best: Math.max(...rates), median: median(rates) } : undefined;
}

function save(folder) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "bench.json"), `${JSON.stringify(report, null, 2)}\n`);
  const sections = ["gemm", "train", "infer"].filter((section) => section in report);
  if (sections.length > 0) writeFileSync(join(folder, "bench.svg"), ratioChart(chartOf(sections)));
  console.log(`\nWritten to ${folder}`);
  if (isWhole) paste("bench", summary(), "README.md");
}

/** The table of the README. */
function summary() {
  const { date, lanegrad, machine } = report;
  const rows = SUMMARY.map(([section, name]) => {
    const { unit, contenders: times, ratios } = report[section].find((result) => result.name === name);
    const own = `${formatNumber(times.lanegrad.rate)} ${unit}`;
    return [
      `${WORDS[section]} ${name}`,
      own,
      ...Object.keys(BASELINE_NOTES).map((other) => formatRatio(ratios[other])),
    ];
  });
  const columns = ["", "lanegrad", ...Object.keys(BASELINE_NOTES).map((name) => `÷ ${name}`)];
  const shares = report.ceiling.products.map((product) => product.shares[lanegrad.build]).filter(Boolean);
  const share =
    shares.length > 0
      ? ` Products of 512 reach ${formatPercent(Math.min(...shares))} of what 128-bit SIMD can do there.`
      : "";
  return [
    ...markdownLines(columns, rows),
    "",
    `\`npm run bench\` on ${date.slice(0, 10)}, Node ${machine.node}, ${machine.cpu}, ${machine.cores} cores, build \`${lanegrad.build}\`.${share}`,
  ].join("\n");
}

function chartOf(sections) {
  const { lanegrad, machine } = report;
  return {
    title: "lanegrad’s speed as a multiple of pure JavaScript’s",
    subtitle: `One thread, build “${lanegrad.build}”, Node ${machine.node}, ${machine.cpu}; higher is better`,
    series: BASELINE_NOTES,
    groups: sections.map((section) => ({
      title: TITLES[section],
      rows: report[section].map(({ name, ratios }) => ({ name, values: ratios })),
    })),
  };
}
