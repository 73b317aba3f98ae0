// The tables of a report, as rows of words: for the terminal and for docs/performance.md alike.
import { formatNumber, formatPercent, formatRatio, markdownTable, printTable } from "../report.mjs";
import { isOwn } from "./contenders.mjs";
import { evaluateTargets } from "./targets.mjs";
import { flopPerSample, workOf } from "./work.mjs";

const TITLES = {
  gemm: "Matrix products m×k×n: GFLOP/s",
  train: "Training steps with Adam: samples/s",
  infer: "Inference: samples/s",
};

/** @returns `[{ title, columns, rows }]` */
export function tablesOf(report) {
  const tables = [];
  for (const [section, title] of Object.entries(TITLES)) {
    if (report[section]?.length > 0) tables.push(sectionTable(report, section, title));
  }
  if (report.gemm?.length > 0 && report.ceiling) tables.push(ceilingTable(report));
  if (report.profile?.length > 0) tables.push(profileTable(report));
  if (report.cold) tables.push(coldTable(report));
  const targets = evaluateTargets(report);
  if (targets.length > 0) tables.push(targetTable(targets));
  return tables;
}

export function printTables(report) {
  for (const { title, columns, rows } of tablesOf(report)) printTable(title, columns, rows);
  for (const line of failuresOf(report)) console.log(`\n${line}`);
}

export function markdownOf(report) {
  const tables = tablesOf(report).map(({ title, columns, rows }) => markdownTable(title, columns, rows));
  const failures = failuresOf(report).map((line) => `- ${line}`);
  return [...tables, ...(failures.length > 0 ? [failures.join("\n")] : [])].join("\n\n");
}

/** What did not run, and why. */
function failuresOf(report) {
  const failures = new Map();
  const add = (who, where, { error }) => {
    const what = `${who} failed: ${error}`;
    if (error) failures.set(what, [...(failures.get(what) ?? []), where]);
  };
  for (const section of Object.keys(TITLES)) {
    for (const { name, times } of report[section] ?? []) {
      for (const [who, time] of Object.entries(times)) add(who, name, time);
    }
  }
  for (const [who, time] of Object.entries(report.cold ?? {})) add(who, "cold start", time);
  return [...failures].map(
    ([what, where]) => `${what} (${where.length > 3 ? `${where.length} times` : where.join("; ")})`,
  );
}

function sectionTable(report, section, title) {
  const results = report[section].filter(({ own }) => !own);
  const present = report.contenders.filter(({ name }) => results.some(({ times }) => name in times));
  return {
    title: `${title}, and in brackets lanegrad’s multiple of it`,
    columns: ["", ...present.map(({ name }) => name)],
    rows: results.map((result) => [result.name, ...present.map((contender) => rateCell(result, contender))]),
  };
}

function rateCell({ work, times }, contender) {
  const time = times[contender.name];
  if (!time) return "–";
  if (time.error) return "failed";
  const rate = formatNumber(work / time.best);
  const own = times.lanegrad?.best;
  return isOwn(contender) || !own ? rate : `${rate} (${formatRatio(time.best / own)})`;
}

function ceilingTable({ gemm, ceiling, contenders }) {
  const builds = contenders.filter((contender) => isOwn(contender) && contender.about.threads === 1);
  return {
    title: "lanegrad’s products against the 128-bit ceiling: GFLOP/s and share",
    columns: ["", ...builds.map(({ about }) => about.build)],
    rows: [
      ...gemm.map(({ name, work, times }) => [
        name,
        ...builds.map((contender) => {
          const time = times[contender.name];
          if (!time || time.error) return time ? "failed" : "–";
          const rate = work / time.best;
          return `${formatNumber(rate)} (${formatPercent(rate / ceiling[contender.about.build]?.best)})`;
        }),
      ]),
      [
        "ceiling (simd: mul + add, relaxed: FMA)",
        ...builds.map(({ about }) => formatNumber(ceiling[about.build]?.best ?? Number.NaN)),
      ],
    ],
  };
}

/** Differences of stages that contain one another, and what the step's products take through `engine.gemm`. */
function profileTable({ profile }) {
  return {
    title: "Where lanegrad’s training steps spend their time: µs, and share of the step",
    columns: ["", "step", "forward", "loss and backward", "Adam", "the products alone", "GFLOP/s of the products"],
    rows: profile.map(({ name, stages, error }) => {
      if (error) return [name, "failed", "", "", "", "", ""];
      const [{ sizes, batch }] = workOf("train", name);
      const flop = batch * flopPerSample("train", sizes);
      const { products, forward, backward, step } = stages;
      const parts = [forward, backward - forward, step - backward, products];
      const cells = parts.map((part) => `${formatNumber(1e6 * part)} (${formatPercent(part / step)})`);
      return [name, formatNumber(1e6 * step), ...cells, formatNumber(flop / products / 1e9)];
    }),
  };
}

function coldTable({ cold }) {
  const [[, empty]] = Object.entries(cold);
  return {
    title: "Cold start, whole process to the end of the first training step of 784-128-10",
    columns: ["", "best, ms", "median, ms", "× empty module (best)"],
    rows: Object.entries(cold).map(([name, time]) => {
      if (time.error) return [name, "failed", "", ""];
      const milliseconds = [time.best, time.median].map((value) => formatNumber(1e3 * value));
      return [name, ...milliseconds, formatRatio(time.best / empty.best)];
    }),
  };
}

/** `limit`: what the ratio would be if the products ran at the ceiling and everything else took no time. */
function targetTable(targets) {
  return {
    title: "Targets, and the worst case of each in this run",
    columns: ["work", "target", "measured", "worst in", "limit", "holds"],
    rows: targets.map(({ work, against, atMost, wanted, measured, worst, limit, isShare }) => {
      const format = isShare ? formatPercent : formatRatio;
      const holds = measured === undefined ? "not measured" : atMost === measured <= wanted ? "yes" : "no";
      const bound = `${atMost ? "≤" : "≥"} ${format(wanted)} ${against}`;
      return [
        work,
        bound,
        measured === undefined ? "–" : format(measured),
        worst ?? "–",
        limit ? formatRatio(limit) : "",
        holds,
      ];
    }),
  };
}
