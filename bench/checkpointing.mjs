// npm run bench:checkpointing: memory and time of a training step against depth, with and without checkpointing.
import { mkdirSync, writeFileSync } from "node:fs";
import { adam, dense, Engine, Network } from "lanegrad";
import { curveChart } from "./chart.mjs";
import { checkNear } from "./checks.mjs";
import { paste } from "./document.mjs";
import { measure, timeHere } from "./measure.mjs";
import { uniform } from "./random.mjs";
import { describeRun, formatNumber, formatRatio, markdownLines, printTable } from "./report.mjs";

const DEPTHS = [4, 9, 16, 36, 64, 100, 256];
const WIDTH = 64;
const BATCH = 64;
const ROUNDS = 7;
const TIME = 60;
const WAYS = { "all activations kept": false, "√T segments": true };
const COLUMNS = ["T", "KiB", "KiB, √T segments", "share", "µs", "µs, √T segments", "ratio"];
const RESULTS = new URL("results/", import.meta.url);

const x = uniform(BATCH * WIDTH, 1);
const y = uniform(BATCH * WIDTH, 2);
const optimizer = adam({ learningRate: 1e-4 });

const engine = await Engine.create();
const workloads = [];
for (const depth of DEPTHS) workloads.push(await createNetworks(depth));
for (const [index, nets] of workloads.entries()) checkGradients(DEPTHS[index], Object.values(nets));

const steps = workloads.map((nets) => {
  return Object.fromEntries(Object.entries(nets).map(([name, net]) => [name, () => net.trainBatch(x, y, optimizer)]));
});
const times = await measure(DEPTHS.length, [timeHere(steps, TIME)], { rounds: ROUNDS });

const results = DEPTHS.map((depth, index) => {
  const ways = Object.keys(WAYS).map((name) => {
    const { best, median } = times[index][name];
    const { activations } = workloads[index][name].memory;
    return [name, { activations, microseconds: { best: 1e6 * best, median: 1e6 * median } }];
  });
  return { depth, ...Object.fromEntries(ways) };
});
print();
save();

async function createNetworks(depth) {
  const nets = {};
  for (const [name, checkpoint] of Object.entries(WAYS)) {
    const layers = Array.from({ length: depth }, () => dense(WIDTH, "tanh"));
    nets[name] = await Network.create({
      engine,
      inputs: WIDTH,
      layers,
      loss: "meanSquaredError",
      batchSize: BATCH,
      checkpoint,
    });
  }
  return nets;
}

/** Both ways give the same bits. */
function checkGradients(depth, [plain, checkpointed]) {
  checkNear(`depth ${depth}: loss`, checkpointed.backward(x, y), plain.backward(x, y), 0);
  const expected = plain.parameters;
  for (const [index, { name, gradient }] of checkpointed.parameters.entries()) {
    const wanted = expected[index].gradient;
    for (const [k, value] of gradient.entries()) checkNear(`depth ${depth}: ${name} ${k}`, value, wanted[k], 0);
  }
}

/** Rows of words: for the terminal and for docs/checkpointing.md alike. */
function rowsOfTable() {
  const [plain, checkpointed] = Object.keys(WAYS);
  return results.map((result) => {
    const [all, few] = [result[plain], result[checkpointed]];
    return [
      String(result.depth),
      formatNumber(all.activations / 1024),
      formatNumber(few.activations / 1024),
      `${Math.round((100 * few.activations) / all.activations)} %`,
      formatNumber(all.microseconds.best),
      formatNumber(few.microseconds.best),
      formatRatio(few.microseconds.best / all.microseconds.best),
    ];
  });
}

function print() {
  printTable(`A training step of T tanh layers, width ${WIDTH}, batch ${BATCH}`, COLUMNS, rowsOfTable());
}

function save() {
  const run = describeRun(engine);
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(
    new URL("checkpointing.json", RESULTS),
    `${JSON.stringify({ ...run, width: WIDTH, batch: BATCH, results }, null, 2)}\n`,
  );
  const chart = curveChart({
    title: "Memory of a training step against the depth of the network",
    subtitle: `T tanh layers of width ${WIDTH}, batch ${BATCH}, float32; lanegrad ${run.lanegrad.version}`,
    xLabel: "layers T",
    yLabel: "KiB of activations",
    curves: Object.keys(WAYS).map((name) => {
      return { name, points: results.map((result) => [result.depth, result[name].activations / 1024]) };
    }),
  });
  writeFileSync(new URL("checkpointing.svg", RESULTS), chart);
  const about = `${run.machine.cpu}, one thread, Node ${run.machine.node}, lanegrad ${run.lanegrad.version}`;
  const heading = `${about}, build \`${run.lanegrad.build}\`; ${run.date.slice(0, 10)}. Best of ${ROUNDS} rounds in turns.`;
  paste(
    "bench:checkpointing",
    [heading, "", ...markdownLines(COLUMNS, rowsOfTable())].join("\n"),
    "docs/checkpointing.md",
  );
}
