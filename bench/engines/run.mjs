// npm run bench:engines: the same work in every engine of the machine, in both builds, in turns, on one core.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { compileCeiling } from "../ceiling.mjs";
import { paste } from "../document.mjs";
import { installIn } from "../install.mjs";
import { compare } from "../peers/compare.mjs";
import { CORE } from "../peers/process.mjs";
import { describeRun } from "../report.mjs";
import { bundle } from "./bundles.mjs";
import { startEngines } from "./engines.mjs";
import { markdownOf, printTables } from "./tables.mjs";
import { SECTIONS, workOf } from "./work.mjs";

const BUILDS = ["simd", "relaxed"];

const RESULTS = new URL("results/engines.json", import.meta.url);

/** Milliseconds of the ceiling's loops in every round of products. */
const CEILING_TIME = 40;

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    with: { type: "string", default: "" },
    paste: { type: "boolean", default: false },
  },
});
const { rounds, seconds } = flags.quick ? { rounds: 3, seconds: 0.03 } : { rounds: 9, seconds: 0.1 };
const isWhole = !flags.quick && !flags.with && !process.env.LANEGRAD;

if (flags.paste) {
  paste("bench:engines", markdownOf(JSON.parse(readFileSync(RESULTS, "utf8"))));
  process.exit();
}
installIn(new URL(".", import.meta.url));
const loadBefore = loadavg()[0];
// Engines inherit the core: a browser's processes are not this program's to place.
if (CORE !== undefined) spawnSync("taskset", ["-cp", String(CORE), String(process.pid)]);
const engines = await startEngines(await bundle(), flags.with);
const running = [];
for (const engine of engines) running.push(...(await contendersOf(engine)));
const runCeiling = compileCeiling();
const ceilings = [];
const report = {
  ...describeRun({}),
  core: CORE ?? null,
  rounds,
  seconds,
  engines: engines.map(({ name, version, missing }) => ({ name, version, missing })),
};
try {
  for (const section of SECTIONS) {
    const eachRound = () => section === "gemm" && runCeiling && ceilings.push(runCeiling(CEILING_TIME));
    report[section] = await compare(section, running, { workloads: workOf(section), rounds, eachRound });
  }
} finally {
  for (const { end } of engines) await end();
}
report.ceiling = { simd: best("mulAdd"), relaxed: best("fma") };
report.load = { before: loadBefore, after: loadavg()[0] };
printTables(report);
if (isWhole) save();
process.exit();

/** An engine in each build that it validates; of the others it keeps the reason. */
async function contendersOf(engine) {
  engine.missing = {};
  const contenders = [];
  for (const build of BUILDS) {
    const ask = (command, values) => engine.ask(command, { build, seconds, ...values });
    const { error } = await ask("about");
    if (error) engine.missing[build] = error;
    else contenders.push({ contender: { name: `${engine.name} ${build}` }, about: { build }, ask });
  }
  console.log(`${engine.name}: ${engine.version} ${JSON.stringify(engine.missing)}`);
  return contenders;
}

function best(kind) {
  const rates = ceilings.map((ceiling) => ceiling[kind]).filter((rate) => rate !== null);
  return rates.length > 0 ? Math.max(...rates) : null;
}

function save() {
  mkdirSync(new URL(".", RESULTS), { recursive: true });
  writeFileSync(RESULTS, `${JSON.stringify(report, null, 2)}\n`);
  console.log(`\nWritten to ${fileURLToPath(RESULTS)}`);
  paste("bench:engines", markdownOf(report));
}
