// npm run bench:peers: lanegrad beside other systems on the same work, each checked, in turns, on one core.
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { compileCeiling } from "../ceiling.mjs";
import { installIn } from "../install.mjs";
import { median } from "../measure.mjs";
import { describeRun } from "../report.mjs";
import { measureColdStarts } from "./cold.mjs";
import { compare } from "./compare.mjs";
import { CONTENDERS, isOwn } from "./contenders.mjs";
import { CORE, startContender } from "./process.mjs";
import { pasteAgain, save } from "./save.mjs";
import { printTables } from "./tables.mjs";
import { SECTIONS, workOf } from "./work.mjs";

/** Milliseconds of the ceiling's loops in every round. */
const CEILING_TIME = 40;

const ALL = [...SECTIONS, "profile", "cold"];

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    section: { type: "string", multiple: true, default: ALL },
    only: { type: "string", default: "" },
    with: { type: "string", default: "" },
    save: { type: "boolean", default: false },
    paste: { type: "boolean", default: false },
  },
});
const { rounds, seconds } = flags.quick ? { rounds: 3, seconds: 0.03 } : { rounds: 9, seconds: 0.1 };
const isWhole = !flags.quick && !flags.only && !flags.with && flags.section === ALL;

if (flags.paste) {
  pasteAgain();
  process.exit();
}
installIn(new URL(".", import.meta.url));
const loadBefore = loadavg()[0];
const running = await start(CONTENDERS.filter((one) => isOwn(one) || one.name.includes(flags.with)));
if (running[0].about.error) throw new Error(running[0].about.error);
const contenders = running.map(({ contender, about }) => ({ ...contender, about }));
const report = {
  ...describeRun({ build: contenders[0].about.build }),
  core: CORE ?? null,
  rounds,
  seconds,
  contenders,
};
const runCeiling = compileCeiling();
const ceilings = [];
for (const section of SECTIONS.filter((one) => flags.section.includes(one))) {
  const eachRound = () => section === "gemm" && runCeiling && ceilings.push(runCeiling(CEILING_TIME));
  report[section] = await compare(section, running, { rounds, only: flags.only, eachRound });
}
if (flags.section.includes("profile")) report.profile = await profileSteps(running[0]);
for (const { end } of running) end();
report.ceiling = ceilings.length > 0 ? { simd: summarize("mulAdd"), relaxed: summarize("fma") } : null;
if (flags.section.includes("cold")) {
  const started = contenders.filter(({ name }) => name === "lanegrad" || !name.startsWith("lanegrad"));
  report.cold = measureColdStarts(started, rounds);
}
report.load = { before: loadBefore, after: loadavg()[0] };
printTables(report);
if (isWhole || flags.save) save(report);
process.exit();

/** Starts every contender; those that cannot start stay in the report with their error. */
async function start(list) {
  const started = [];
  for (const contender of list) {
    const child = await startContender(contender, seconds);
    const { value, error } = await child.ask("about");
    const about = error ? { error } : value;
    console.log(`${contender.name}: ${error ?? JSON.stringify(about)}`);
    if (isRedundant(contender, about, started)) child.end();
    else started.push({ ...child, contender, about });
  }
  return started;
}

/** A host without relaxed SIMD has only one build, and an engine may refuse a second thread. */
function isRedundant(contender, about, started) {
  if (!isOwn(contender) || started.length === 0 || about.error) return false;
  if (contender.threads) return about.threads !== contender.threads;
  return about.build === started[0].about.build;
}

/** Where lanegrad's own training steps spend their time. */
async function profileSteps({ ask }) {
  const profiles = [];
  for (const [index, { name }] of workOf("train").entries()) {
    if (!name.includes(flags.only)) continue;
    const { value, error } = await ask("profile", { index, rounds });
    profiles.push({ name, stages: value, error });
  }
  return profiles;
}

function summarize(kind) {
  const rates = ceilings.map((ceiling) => ceiling[kind]).filter((rate) => rate !== null);
  return rates.length > 0 ? { best: Math.max(...rates), median: median(rates) } : null;
}
