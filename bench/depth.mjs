// npm run bench:depth: time of forward + backward against depth, beside a chain rule that starts anew for every layer.
import { mkdirSync, writeFileSync } from "node:fs";
import { Engine } from "lanegrad";
import { curveChart } from "./chart.mjs";
import { checkNear } from "./checks.mjs";
import { BATCH, createChain, createNetwork, DEPTHS, WIDTH, x, y } from "./contenders/depth.mjs";
import { measure, timeHere, timeInWorker } from "./measure.mjs";
import { describeRun, formatNumber, formatRatio, printTable } from "./report.mjs";

const ROUNDS = 7;
const TIME = 60;
const RESULTS = new URL("results/", import.meta.url);

const engine = await Engine.create();
const networks = [];
for (const depth of DEPTHS) networks.push(await createNetwork(engine, depth));
for (const [index, net] of networks.entries()) checkGradients(net, createChain(DEPTHS[index]));

const library = timeHere(
  networks.map((net) => ({ lanegrad: () => net.backward(x, y) })),
  TIME,
);
const baselines = timeInWorker(new URL("contenders/depth.mjs", import.meta.url), [], TIME);
const results = await measure(DEPTHS.length, [library, baselines], { rounds: ROUNDS });

const curves = Object.keys(results[0]).map((name) => {
  const points = results.map((times, index) => [DEPTHS[index], 1e6 * times[name].best]);
  return { name, points, exponent: slope(points.slice(points.length / 2)) };
});
print();
save();

/** The library's gradients against those of both orders of the chain rule. */
function checkGradients(net, chain) {
  net.backward(x, y);
  const gradients = net.parameters.map(({ gradient }) => gradient);
  for (const method of ["backpropagate", "multiplyOut"]) {
    chain[method](x, y);
    for (const [layer, expected] of chain.gradients.entries()) {
      const tolerance = 1e-4 * expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
      for (const [index, value] of expected.entries()) {
        const what = `depth ${gradients.length}, layer ${layer}: gradient ${index} against ${method}`;
        checkNear(what, gradients[layer][index], value, tolerance);
      }
    }
  }
}

/** The exponent p of time ∝ depth^p: least squares over the logarithms. */
function slope(points) {
  const logs = points.map((point) => point.map(Math.log));
  const [meanX, meanY] = [0, 1].map((axis) => logs.reduce((sum, point) => sum + point[axis], 0) / logs.length);
  const products = logs.map(([px, py]) => [(px - meanX) * (py - meanY), (px - meanX) ** 2]);
  return products.reduce((sum, [xy]) => sum + xy, 0) / products.reduce((sum, [, xx]) => sum + xx, 0);
}

function print() {
  const [first, ...others] = curves;
  printTable(
    `Forward + backward of T tanh layers, width ${WIDTH}, batch ${BATCH}: µs, and multiples of lanegrad's time`,
    ["T", ...curves.map(({ name }) => name), ...others.map(({ name }) => `÷ ${name}`)],
    DEPTHS.map((depth, index) => [
      String(depth),
      ...curves.map(({ points }) => formatNumber(points[index][1])),
      ...others.map(({ points }) => formatRatio(points[index][1] / first.points[index][1])),
    ]),
  );
  const [from, to] = [DEPTHS[DEPTHS.length / 2], DEPTHS.at(-1)];
  console.log(`\nTime grows from T = ${from} to ${to} as T to the power of`);
  for (const { name, exponent } of curves) console.log(`  ${exponent.toFixed(2)}   ${name}`);
}

function save() {
  const run = describeRun(engine);
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(
    new URL("depth.json", RESULTS),
    `${JSON.stringify({ ...run, width: WIDTH, batch: BATCH, curves }, null, 2)}\n`,
  );
  const chart = curveChart({
    title: "Time of all gradients against the depth of the network",
    subtitle: `T tanh layers of width ${WIDTH}, batch ${BATCH}; build “${engine.build}”, Node ${run.machine.node}, ${run.machine.cpu}`,
    xLabel: "layers T",
    yLabel: "µs, forward + backward",
    curves: curves.map(({ name, points, exponent }) => ({ name: `${name}: T^${exponent.toFixed(2)}`, points })),
  });
  writeFileSync(new URL("depth.svg", RESULTS), chart);
}
