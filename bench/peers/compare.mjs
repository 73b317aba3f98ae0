// Runs all contenders on all workloads: each checked first, then one round of each in turns.
import { median } from "../measure.mjs";
import { isOwn } from "./contenders.mjs";
import { workOf } from "./work.mjs";

/** Calls longer than this many seconds get only a few rounds. */
const SLOW = 0.4;
const FEW = 3;

/**
 * @param running `[{ contender, about, ask }]`
 * @param workloads those of work.mjs by default; `prepare` names them by index
 * @param eachRound called before every round
 * @returns for each workload `{ name, unit, work, times: { [contender]: { best, median, rounds, disturbed } or { error } } }`
 */
export async function compare(
  section,
  running,
  { workloads = workOf(section), rounds, only = "", eachRound = () => {} },
) {
  const results = [];
  for (const [index, workload] of workloads.entries()) {
    const { name, unit, work, own = false } = workload;
    if (!name.includes(only)) continue;
    const times = {};
    const measured = [];
    for (const one of running) {
      if (own && !isOwn(one.contender)) continue;
      const { value, error } = one.about.error ? one.about : await one.ask("prepare", { section, index });
      if (error) times[one.contender.name] = { error };
      else if (!value.absent) measured.push({ ...one, rounds: [] });
    }
    for (let round = 0; round < rounds; round++) {
      eachRound();
      for (const one of round % 2 ? measured.toReversed() : measured) await measureRound(one);
    }
    for (const one of measured) times[one.contender.name] = one.error ? { error: one.error } : summarize(one.rounds);
    results.push({ name, unit, work, own, times: inOrder(running, times) });
    process.stderr.write(".");
  }
  return results;
}

async function measureRound(one) {
  if (one.error || (one.rounds.length >= FEW && one.rounds[0].seconds > SLOW)) return;
  const { value, error } = await one.ask("round");
  if (error) one.error = error;
  else one.rounds.push(value);
}

function summarize(rounds) {
  const seconds = rounds.map((round) => round.seconds);
  return {
    best: Math.min(...seconds),
    median: median(seconds),
    rounds: rounds.length,
    disturbed: rounds.filter(({ disturbed }) => disturbed).length,
  };
}

function inOrder(running, times) {
  const names = running.map(({ contender }) => contender.name).filter((name) => name in times);
  return Object.fromEntries(names.map((name) => [name, times[name]]));
}
