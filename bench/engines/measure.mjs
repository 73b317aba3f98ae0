// What every engine runs, without the APIs of any: opens a workload, checks its result, then times one round at a time.
import { Engine } from "lanegrad";
import { contenderOf } from "../contenders/library.mjs";
import { createRounds } from "../peers/clock.mjs";
import { workOf } from "./work.mjs";

/** By build. */
const engines = {};
const rounds = {};

const COMMANDS = {
  async about({ build }) {
    engines[build] = await Engine.create({ build });
    return { build };
  },
  async prepare({ build, section, index, seconds }) {
    const run = await contenderOf(section, workOf(section)[index], engines[build]);
    rounds[build] = await createRounds((calls) => timeCalls(run, calls), seconds, true);
    return { absent: false };
  },
  round: ({ build }) => rounds[build](),
};

/** @returns `{ value }` or `{ error }` */
export async function answer({ command, ...values }) {
  try {
    return { value: await COMMANDS[command](values) };
  } catch (error) {
    return { error: String(error?.message ?? error) };
  }
}

/** Wall-clock time only: browsers know no other. */
function timeCalls(run, calls) {
  const start = performance.now();
  for (let call = 0; call < calls; call++) run();
  return { wall: (performance.now() - start) / 1e3 };
}
