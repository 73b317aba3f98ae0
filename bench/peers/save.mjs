// What stays of a run: results/node<major>.json and .svg, and its tables between the markers in docs/performance.md.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ratioChart } from "../chart.mjs";
import { paste } from "../document.mjs";
import { markdownOf } from "./tables.mjs";

const RESULTS = new URL("results/", import.meta.url);

const TITLES = { gemm: "Matrix products m×k×n", train: "Training steps with Adam", infer: "Inference" };
const CHARTED = ["PyTorch", "onnxruntime-web", "jax-js", "tfjs-wasm", "pure JS"];

export function save(report) {
  const name = `node${report.machine.node.match(/\d+/)[0]}`;
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(new URL(`${name}.json`, RESULTS), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(new URL(`${name}.svg`, RESULTS), ratioChart(chartOf(report)));
  console.log(`\nWritten to ${fileURLToPath(RESULTS)}${name}.json and .svg`);
  paste(`bench:peers ${name}`, `${heading(report)}\n\n${markdownOf(report)}`);
}

/** Writes the tables of earlier runs anew, after their wording has changed. */
export function pasteAgain() {
  for (const file of readdirSync(RESULTS).filter((one) => one.endsWith(".json"))) {
    const report = JSON.parse(readFileSync(new URL(file, RESULTS), "utf8"));
    const name = file.replace(".json", "");
    writeFileSync(new URL(`${name}.svg`, RESULTS), ratioChart(chartOf(report)));
    paste(`bench:peers ${name}`, `${heading(report)}\n\n${markdownOf(report)}`);
  }
}

function heading({ date, lanegrad, machine, contenders, rounds, seconds, load }) {
  const versions = contenders
    .filter(({ about }) => about?.version)
    .map(({ name, about }) => `${name} ${about.version}${about.cpu ? ` (${about.cpu})` : ""}`);
  return [
    `Node ${machine.node}, lanegrad ${lanegrad.version} (best build: \`${lanegrad.build}\`), ${machine.cpu}, ${machine.cores} cores,`,
    `${machine.platform}; ${date.slice(0, 10)}. ${versions.join(", ")}. Best of ${rounds} rounds of ${seconds} s in turns;`,
    `load average at the start and at the end ${load.before.toFixed(2)} and ${load.after.toFixed(2)}.`,
  ].join("\n");
}

function chartOf({ machine, lanegrad, contenders, ...report }) {
  const series = contenders.filter(({ name }) => CHARTED.includes(name));
  const sections = Object.keys(TITLES).filter((section) => report[section]?.length > 0);
  return {
    title: "lanegrad’s speed as a multiple of other systems’",
    subtitle: `One core, build “${lanegrad.build}”, Node ${machine.node}, ${machine.cpu}; higher is better`,
    series: Object.fromEntries(series.map(({ name, about }) => [name, about?.version ?? "4×4 tile"])),
    groups: sections.map((section) => ({
      title: TITLES[section],
      rows: report[section].filter(({ own }) => !own).map(({ name, times }) => ({ name, values: ratios(times) })),
    })),
  };
}

function ratios(times) {
  const measured = CHARTED.filter((name) => times[name]?.best && times.lanegrad?.best);
  return Object.fromEntries(measured.map((name) => [name, times[name].best / times.lanegrad.best]));
}
