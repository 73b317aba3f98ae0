// The process of one contender: opens a workload when told to, checks its result, then times one round at a time.
import { checkLogits, checkNear, checkProduct } from "../checks.mjs";
import { mapValues } from "../measure.mjs";
import { batchesOf, inTurns, operandsOf, weightsOf } from "../workloads.mjs";
import { createRounds, timeCalls } from "./clock.mjs";
import { workOf } from "./work.mjs";

/** Steps on one batch after which the loss must be lower. */
const STEPS = 5;

const { name, module, options, seconds } = JSON.parse(process.argv[2]);
const { open } = await import(`./contenders/${module}.mjs`);
const contender = await open(options);
let workload;
let round;

const MAKE = { gemm: product, train: training, infer: inference };
const NEEDS = { gemm: "product", train: "training", infer: "inference" };

const COMMANDS = {
  about: () => contender.about,
  async prepare({ section, index }) {
    await workload?.close?.();
    workload = undefined;
    if (!contender[NEEDS[section]]) return { absent: true };
    workload = await MAKE[section](workOf(section)[index]);
    const time = workload.time ?? ((calls) => timeCalls(workload.run, calls));
    round = await createRounds(time, seconds, (contender.about.threads ?? 1) > 1);
    return { absent: false };
  },
  round: () => round(),
  profile: ({ index, rounds }) => profile(workOf("train")[index], rounds),
};

process.on("message", async (message) => {
  try {
    process.send({ value: await COMMANDS[message.command](message) });
  } catch (error) {
    process.send({ error: String(error?.message ?? error).slice(0, 300) });
  }
});
process.on("disconnect", () => process.exit());
process.send({ value: "ready" });

async function product(work) {
  const { a, b } = operandsOf(work);
  const made = await contender.product(work, a, b);
  await made.run();
  checkProduct(name, work, await made.read());
  return made;
}

async function training(work) {
  const batches = batchesOf(work);
  const made = await contender.training(work, weightsOf(work), batches);
  const losses = [];
  for (let step = 0; step <= STEPS; step++) losses.push(await made.step(0));
  if (!(losses[STEPS] < losses[0])) throw new Error(`${work.name}: ${STEPS} steps brought the loss ${losses}`);
  if (!contender.ownLoss) checkNear(`${name}, ${work.name}: loss`, losses[0], firstLoss(work), 1e-3);
  const next = inTurns([...batches.keys()]);
  return { ...made, run: () => made.step(next()) };
}

/** The best seconds of each stage of a training step, in turns. */
async function profile(work, rounds) {
  const stages = await contender.stages(work, weightsOf(work), batchesOf(work));
  const timed = {};
  for (const [stage, run] of Object.entries(stages)) {
    timed[stage] = { round: await createRounds((calls) => timeCalls(run, calls), seconds, false), best: Infinity };
  }
  for (let turn = 0; turn < rounds; turn++) {
    for (const stage of Object.values(timed)) stage.best = Math.min(stage.best, (await stage.round()).seconds);
  }
  return mapValues(timed, ({ best }) => best);
}

async function inference(work) {
  const [{ x }] = batchesOf(work);
  const made = await contender.inference(work, weightsOf(work), x);
  checkLogits(name, work, await made.run(), contender.output);
  return made;
}

/** The mean cross-entropy of the first batch under the initial weights, in float64. */
function firstLoss(work) {
  const { sizes, batch } = work;
  const [{ x, y }] = batchesOf(work);
  let h = Float64Array.from(x);
  for (const [layer, weight] of weightsOf(work).entries()) {
    const [k, n] = [sizes[layer], sizes[layer + 1]];
    const isLast = layer === sizes.length - 2;
    const z = new Float64Array(batch * n);
    for (let i = 0; i < batch; i++) {
      for (let p = 0; p < k; p++) for (let j = 0; j < n; j++) z[i * n + j] += h[i * k + p] * weight[p * n + j];
    }
    h = isLast ? z : z.map((value) => Math.max(value, 0));
  }
  const outputs = sizes.at(-1);
  let sum = 0;
  for (const [i, label] of y.entries()) {
    const row = outputs === 1 ? [0, h[i]] : h.subarray(i * outputs, (i + 1) * outputs);
    sum += Math.log(row.reduce((total, value) => total + Math.exp(value), 0)) - row[label];
  }
  return sum / batch;
}
