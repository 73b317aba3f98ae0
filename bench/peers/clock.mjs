// Rounds of one contender: as many calls as fill a round, their mean, and whether another program disturbed them.

/** Below this share of the wall-clock time a process did not have its core for itself. */
const UNDISTURBED = 0.97;

/** Seconds until optimizing compilers are expected to be done. */
const WARM_UP = 0.5;

/** Calls that warm up are at least this many. */
const FEWEST = 2;

/**
 * @param time (calls) → seconds `{ wall, cpu }` of that many calls
 * @param seconds how long a round is meant to be
 * @param useWall for contenders of several threads, whose CPU time says nothing
 * @returns a function that times one round: `{ seconds }` a call, `calls`, and `disturbed`
 */
export async function createRounds(time, seconds, useWall) {
  let calls = 1;
  let spent = 0;
  let cost = 0;
  for (let done = 0; spent < WARM_UP || done < FEWEST; done += calls) {
    const { wall } = await time(calls);
    spent += wall;
    cost = wall / calls;
    if (wall < seconds / 10) calls *= 2;
    if (cost > WARM_UP) break;
  }
  return async () => {
    calls = Math.max(1, Math.round(seconds / cost));
    const { wall, cpu } = await time(calls);
    const disturbed = !useWall && cpu < UNDISTURBED * wall;
    cost = (disturbed ? cpu : wall) / calls;
    return { seconds: cost, calls, disturbed };
  };
}

/** Runs that often in a row; what runs asynchronously is waited for each time. */
export async function timeCalls(run, calls) {
  const usage = process.cpuUsage();
  const start = performance.now();
  for (let call = 0; call < calls; call++) {
    const result = run();
    if (result instanceof Promise) await result;
  }
  const wall = (performance.now() - start) / 1e3;
  const { user, system } = process.cpuUsage(usage);
  return { wall, cpu: (user + system) / 1e6 };
}
