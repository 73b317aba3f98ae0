// Times contenders side by side with tinybench: short rounds that take turns, so that a drifting machine hits all alike.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { Bench } from "tinybench";

/** Calls are timed in batches of at least this many milliseconds, far above what reading the clock costs. */
const SHORTEST_SAMPLE = 0.5;

/**
 * @param count how many workloads there are
 * @param runners as made by `timeHere` and `timeInWorker`
 * @param rounds how often each workload is timed; every second round lets the runners start in the opposite order
 * @param eachRound called before every round
 * @returns for each workload `{ [contender]: { best, median, samples } }`: every round has a median, in seconds a call;
 * `best` and `median` are the least and the middle one of them
 */
export async function measure(count, runners, { rounds, eachRound = () => {} }) {
  const workloads = Array.from({ length: count }, () => ({}));
  for (let round = 0; round < rounds; round++) {
    const backwards = round % 2 === 1;
    eachRound();
    for (const [index, times] of workloads.entries()) {
      for (const run of backwards ? runners.toReversed() : runners) {
        for (const [name, latency] of Object.entries(await run(index, backwards))) {
          times[name] ??= [];
          times[name].push(latency);
        }
      }
    }
  }
  return workloads.map((times) => mapValues(times, summarize));
}

/**
 * @param contenders for each workload `{ [name]: function }`
 * @param time milliseconds for each of them in a round
 * @returns a function (workload's index, backwards?) → `{ [name]: { median, samples } }` in seconds a call
 */
export function timeHere(contenders, time) {
  const batches = contenders.map(() => ({}));
  return (index, backwards) => {
    const bench = new Bench({ time, iterations: 1, warmup: false, throws: true });
    const calls = Object.entries(contenders[index]);
    for (const [name, call] of backwards ? calls.toReversed() : calls) {
      batches[index][name] ??= batch(call, warmUp(call, time));
      bench.add(name, batches[index][name], { async: false });
    }
    bench.runSync();
    const results = bench.tasks.map(({ name, result }) => [name, result.latency]);
    return mapValues(Object.fromEntries(results), ({ p50, samplesCount }) => {
      return { median: p50 / 1000, samples: samplesCount };
    });
  };
}

/**
 * `timeHere` in a thread of its own, for contenders in pure JavaScript. Once a WebAssembly memory has grown, V8 has to
 * check for detached buffers where code of that thread reads a typed array; plain loops were measured 14 to 25 % slower.
 *
 * @param module URL of a module whose `contenders(...options)` makes them
 */
export function timeInWorker(module, options, time) {
  const worker = new Worker(new URL("worker.mjs", import.meta.url), {
    workerData: { module: module.href, options, time },
  });
  worker.unref();
  return async (index, backwards) => {
    worker.postMessage({ index, backwards });
    worker.ref();
    const [result] = await once(worker, "message");
    worker.unref();
    return result;
  };
}

export function median(numbers) {
  const sorted = [...numbers].sort((x, y) => x - y);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function mapValues(object, map) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value, key)]));
}

/** One sample: many calls in a row, reported as their mean. */
function batch(call, repeats) {
  return () => {
    const elapsed = stopwatch();
    for (let i = 0; i < repeats; i++) call();
    const cost = elapsed();
    return { overriddenDuration: cost / repeats, overriddenIterationCost: cost };
  };
}

/** Milliseconds since now, less those in which other programs held the processor. */
function stopwatch() {
  const start = performance.now();
  const startUsage = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(startUsage);
    return Math.min(performance.now() - start, (user + system) / 1000);
  };
}

/** Calls for the given milliseconds, and counts how many calls make a sample. */
function warmUp(call, time) {
  const start = performance.now();
  let calls = 0;
  let elapsed = 0;
  for (; elapsed < time; calls++) {
    call();
    elapsed = performance.now() - start;
  }
  return Math.ceil((calls * SHORTEST_SAMPLE) / elapsed);
}

function summarize(rounds) {
  const medians = rounds.map((round) => round.median);
  return {
    best: Math.min(...medians),
    median: median(medians),
    samples: rounds.reduce((sum, round) => sum + round.samples, 0),
  };
}
