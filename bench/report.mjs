// Words for humans: aligned tables on the terminal, numbers with as many digits as mean something.

import { readFileSync } from "node:fs";
import { cpus } from "node:os";

/** Prints rows of cells under a heading; the first column is left-aligned, the others right. */
export function printTable(heading, columns, rows) {
  const lines = [columns, ...rows];
  const widths = columns.map((_, index) => Math.max(...lines.map((cells) => cells[index].length)));
  console.log(`\n${heading}`);
  for (const cells of lines) {
    const padded = cells.map((cell, index) => (index ? cell.padStart(widths[index]) : cell.padEnd(widths[index])));
    console.log(`  ${padded.join("   ")}`);
  }
}

/** The same table in Markdown. */
export function markdownTable(heading, columns, rows) {
  return [`**${heading}**`, "", ...markdownLines(columns, rows)].join("\n");
}

export function markdownLines(columns, rows) {
  const rule = columns.map((_, index) => (index ? "---:" : "---"));
  return [columns, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`);
}

/** Three digits, and none of a whole number lost: 0.123, 4.56, 78.9, 12,345. */
export function formatNumber(value) {
  const rounded = Math.abs(value) < 100 ? Number(value.toPrecision(3)) : Math.round(value);
  return rounded.toLocaleString("en");
}

export function formatRatio(value) {
  return `${formatNumber(Number(value.toPrecision(value < 100 ? 2 : 3)))}×`;
}

/** A share of 1 in whole percent. */
export function formatPercent(value) {
  return `${Math.round(100 * value)} %`;
}

/** Where and with what the numbers were made. */
export function describeRun(engine) {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return {
    date: new Date().toISOString(),
    lanegrad: { version, build: engine.build },
    machine: {
      cpu: cpus()[0].model,
      cores: cpus().length,
      platform: `${process.platform} ${process.arch}`,
      node: process.version,
    },
  };
}
