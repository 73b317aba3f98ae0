// The library as a contender: for each workload of a section, a checked function to be timed.
import { adam, dense, Network } from "lanegrad";
import { checkLearning, checkLogits, checkProduct } from "../checks.mjs";
import { batchesOf, inTurns, operandsOf, weightsOf, workloadsOf } from "../workloads.mjs";

const MAKE = { gemm: product, ceiling: product, train: training, infer: inference };

/** @param name what the table calls it */
export function contenders(section, quick, engine, name = "lanegrad") {
  const made = workloadsOf(section, quick).map(async (workload) => {
    return { [name]: await contenderOf(section, workload, engine) };
  });
  return Promise.all(made);
}

/** The function to be timed of one workload. */
export function contenderOf(section, workload, engine) {
  return MAKE[section](engine, workload);
}

function product(engine, workload) {
  const { m, n, k, transposeA, transposeB } = workload;
  const { a, b } = operandsOf(workload);
  const options = {
    a: engine.matrix(transposeA ? k : m, transposeA ? m : k, { values: a }),
    b: engine.matrix(transposeB ? n : k, transposeB ? k : n, { values: b }),
    c: engine.matrix(m, n),
    transposeA,
    transposeB,
  };
  engine.gemm(options);
  checkProduct("lanegrad", workload, options.c.values);
  return () => engine.gemm(options);
}

async function training(engine, workload) {
  const net = await network(engine, workload);
  const optimizer = adam({ learningRate: 1e-3 });
  checkLearning("lanegrad", workload, (x, y) => net.trainBatch(x, y, optimizer));
  const next = inTurns(batchesOf(workload));
  return () => {
    const { x, y } = next();
    return net.trainBatch(x, y, optimizer);
  };
}

async function inference(engine, workload) {
  const net = await network(engine, workload);
  const [{ x }] = batchesOf(workload);
  return () => net.forward(x);
}

async function network(engine, workload) {
  const { sizes, batch } = workload;
  const outputs = sizes.at(-1);
  const net = await Network.create({
    engine,
    inputs: sizes[0],
    layers: [...sizes.slice(1, -1).map((units) => dense(units, "relu")), dense(outputs)],
    loss: outputs === 1 ? "binaryCrossEntropy" : "softmaxCrossEntropy",
    batchSize: batch,
  });
  const parameters = weightsOf(workload).flatMap((weight, index) => [
    [`${index}.weight`, transpose(weight, sizes[index], sizes[index + 1])],
    [`${index}.bias`, new Float32Array(sizes[index + 1])],
  ]);
  net.setParameters(Object.fromEntries(parameters));
  checkLogits("lanegrad", workload, net.forward(batchesOf(workload)[0].x));
  return net;
}

/** [rows, columns] → [columns, rows] */
function transpose(values, rows, columns) {
  return Float32Array.from(values, (_, index) => values[(index % rows) * columns + Math.floor(index / rows)]);
}
