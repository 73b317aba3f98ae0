// The tables of a report: one a build, a column for each engine.
import { formatNumber, formatPercent, markdownTable, printTable } from "../report.mjs";
import { SECTIONS } from "./work.mjs";

/** What is put before the names of workloads. */
const PREFIXES = { gemm: "", train: "training ", infer: "inference " };

export function printTables(report) {
  for (const { title, columns, rows } of tablesOf(report)) printTable(title, columns, rows);
}

export function markdownOf(report) {
  const tables = tablesOf(report).map(({ title, columns, rows }) => markdownTable(title, columns, rows));
  return [heading(report), ...tables].join("\n\n");
}

function heading({ date, lanegrad, machine, engines, rounds, seconds, load }) {
  const versions = engines.map(({ name, version, missing }) => {
    const builds = Object.entries(missing).map(([build, why]) => ` (not ${build}: ${why})`);
    return `${name.split(" ")[0]} ${version}${builds.join("")}`;
  });
  return [
    `lanegrad ${lanegrad.version}, ${machine.cpu}, ${machine.cores} cores, ${machine.platform}; ${date.slice(0, 10)}.`,
    `${versions.join(", ")}. Best of ${rounds} rounds of ${seconds} s in turns;`,
    `load average at the start and at the end ${load.before.toFixed(2)} and ${load.after.toFixed(2)}.`,
  ].join("\n");
}

function tablesOf(report) {
  const builds = Object.keys(report.ceiling);
  return builds.map((build) => {
    const engines = report.engines.filter(({ missing }) => !(build in missing));
    const ceiling = report.ceiling[build];
    return {
      title: `Build ${build}: products in GFLOP/s${ceiling ? ` and share of the ceiling of ${formatNumber(ceiling)}` : ""}, nets in samples/s`,
      columns: ["", ...engines.map(({ name }) => name)],
      rows: SECTIONS.flatMap((section) => {
        return report[section].map(({ name, work, times }) => [
          `${PREFIXES[section]}${name}`,
          ...engines.map((engine) => cell(times[`${engine.name} ${build}`], work, section === "gemm" && ceiling)),
        ]);
      }),
    };
  });
}

function cell({ best, error }, work, ceiling) {
  if (error) return "failed";
  const rate = work / best;
  return ceiling ? `${formatNumber(rate)} (${formatPercent(rate / ceiling)})` : formatNumber(rate);
}
