// npm run bench:modes: what derivatives cost in forward and in reverse mode, as multiples of one forward pass.
import { mkdirSync, writeFileSync } from "node:fs";
import { dense, Engine, Network } from "lanegrad";
import { curveChart } from "./chart.mjs";
import { checkNear } from "./checks.mjs";
import { paste } from "./document.mjs";
import { mapValues, measure, timeHere } from "./measure.mjs";
import { uniform } from "./random.mjs";
import { describeRun, formatRatio, markdownLines, printTable } from "./report.mjs";

const WIDTHS = [1, 4, 16, 64, 256];
const HIDDEN = 64;
const BATCHES = [1, 32];
/** Inputs of the chart's networks. */
const CHARTED = 16;
const PRODUCT_SIZES = [
  [64, 64, 64],
  [784, 128, 10],
];
const PRODUCT_BATCH = 32;
const ROUNDS = 5;
const TIME = 10;
const RESULTS = new URL("results/", import.meta.url);

const engine = await Engine.create();

const shapes = BATCHES.flatMap((rows) => {
  return WIDTHS.flatMap((inputs) => WIDTHS.map((outputs) => ({ rows, inputs, outputs })));
});
const jacobians = await ratios(await Promise.all(shapes.map(jacobianCalls)));
const products = await ratios(await Promise.all(PRODUCT_SIZES.map(productCalls)));
print();
save();

/** The Jacobian in both modes, checked against each other, and one forward pass. */
async function jacobianCalls({ rows, inputs, outputs }) {
  const net = await createNetwork([inputs, HIDDEN, outputs], rows);
  const x = uniform(rows * inputs, 1);
  const [forward, reverse] = ["forward", "reverse"].map((mode) => () => net.jacobian(x, { mode }));
  const expected = reverse().values;
  for (const [index, value] of forward().values.entries()) {
    checkNear(`${inputs}-${HIDDEN}-${outputs}: derivative ${index}`, value, expected[index], 1e-4);
  }
  return { "forward pass": () => net.forward(x), forward, reverse };
}

/** Every product and gradient, and one forward pass. */
async function productCalls(sizes) {
  const net = await createNetwork(sizes, PRODUCT_BATCH);
  const x = uniform(PRODUCT_BATCH * sizes[0], 1);
  const y = uniform(PRODUCT_BATCH * sizes.at(-1), 2);
  const parameters = Object.fromEntries(net.parameters.map(({ name, values }) => [name, uniform(values.length, 3)]));
  return {
    "forward pass": () => net.forward(x),
    gradient: () => net.backward(x, y),
    "jvp by x": () => net.jvp(x, { x }),
    "jvp by parameters": () => net.jvp(x, { parameters }),
    vjp: () => net.vjp(x, y),
    hvp: () => net.hvp(x, y, parameters),
    perSampleGradients: () => net.perSampleGradients(x, y),
  };
}

function createNetwork(sizes, batchSize) {
  const [inputs, ...units] = sizes;
  const layers = units.map((count, index) => dense(count, index < units.length - 1 ? "tanh" : "identity"));
  return Network.create({ engine, inputs, layers, loss: "halfSquaredError", batchSize });
}

/** For each workload the best time of each call over that of its forward pass. */
async function ratios(workloads) {
  const results = await measure(workloads.length, [timeHere(workloads, TIME)], { rounds: ROUNDS });
  return results.map((times) => mapValues(times, ({ best }) => best / times["forward pass"].best));
}

function print() {
  for (const rows of BATCHES) {
    printTable(
      `Jacobian of n-${HIDDEN}-m for ${rows} rows, forward | reverse mode: multiples of a forward pass`,
      ["n \\ m", ...WIDTHS.map(String)],
      WIDTHS.map((inputs) => [String(inputs), ...WIDTHS.map((outputs) => cell(ratioOf(rows, inputs, outputs)))]),
    );
  }
  const [first] = products;
  printTable(
    `Products and gradients for ${PRODUCT_BATCH} rows: multiples of a forward pass`,
    ["", ...PRODUCT_SIZES.map((sizes) => sizes.join("-"))],
    Object.keys(first).map((name) => [name, ...products.map((ratio) => formatRatio(ratio[name]))]),
  );
}

function cell({ forward, reverse }) {
  return `${formatRatio(forward)} | ${formatRatio(reverse)}`;
}

function ratioOf(rows, inputs, outputs) {
  return jacobians[shapes.findIndex((one) => one.rows === rows && one.inputs === inputs && one.outputs === outputs)];
}

function save() {
  const run = describeRun(engine);
  const result = {
    ...run,
    unit: "forward pass",
    hidden: HIDDEN,
    jacobians: shapes.map((shape, index) => ({ ...shape, ...jacobians[index] })),
    products: PRODUCT_SIZES.map((sizes, index) => ({ sizes, rows: PRODUCT_BATCH, ...products[index] })),
  };
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(new URL("modes.json", RESULTS), `${JSON.stringify(result, null, 2)}\n`);
  const chart = curveChart({
    title: "Cost of the Jacobian in forward and reverse mode",
    subtitle: `${CHARTED}-${HIDDEN}-m; build “${engine.build}”, Node ${run.machine.node}, ${run.machine.cpu}`,
    xLabel: "outputs m",
    yLabel: "multiples of a forward pass",
    curves: BATCHES.flatMap((rows) => {
      return ["forward", "reverse"].map((mode) => ({
        name: `${mode}, ${rows === 1 ? "1 row" : `${rows} rows`}`,
        points: WIDTHS.map((outputs) => [outputs, ratioOf(rows, CHARTED, outputs)[mode]]),
      }));
    }),
  });
  writeFileSync(new URL("modes.svg", RESULTS), chart);
  const rows = BATCHES.at(-1);
  const heading = `${rows} rows, forward \\| reverse mode, in multiples of one forward pass; what \`auto\` takes is bold. ${run.machine.cpu}, Node ${run.machine.node}, build \`${engine.build}\`; ${run.date.slice(0, 10)}.`;
  const cells = WIDTHS.map((inputs) => {
    return [String(inputs), ...WIDTHS.map((outputs) => markedCell(ratioOf(rows, inputs, outputs), inputs < outputs))];
  });
  const lines = markdownLines(["n \\ m", ...WIDTHS.map(String)], cells);
  paste("bench:modes", [heading, "", ...lines].join("\n"), "docs/forward-and-reverse-mode.md");
}

function markedCell({ forward, reverse }, takesForward) {
  const bold = (text, isBold) => (isBold ? `**${text}**` : text);
  return `${bold(formatRatio(forward), takesForward)} \\| ${bold(formatRatio(reverse), !takesForward)}`;
}
