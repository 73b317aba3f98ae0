// The pure-JavaScript contenders: for each workload of a section, checked functions to be timed.
import { Mlp } from "../baselines/mlp.mjs";
import { naiveGemm } from "../baselines/naive.mjs";
import { tiledGemm, tiledSingleGemm } from "../baselines/tiled.mjs";
import { checkLearning, checkLogits, checkProduct } from "../checks.mjs";
import { mapValues } from "../measure.mjs";
import { batchesOf, inTurns, operandsOf, weightsOf, workloadsOf } from "../workloads.mjs";

const BASELINES = { tiled: tiledGemm, "tiled f32": tiledSingleGemm, naive: naiveGemm };

const MAKE = { gemm: product, train: training, infer: inference };

export function contenders(section, quick) {
  return workloadsOf(section, quick).map((workload) => {
    return mapValues(BASELINES, (gemm, who) => MAKE[section](who, gemm, workload));
  });
}

function product(who, gemm, workload) {
  const { a, b } = operandsOf(workload);
  const c = new Float32Array(workload.m * workload.n).fill(Number.NaN);
  gemm(workload, a, b, c);
  checkProduct(who, workload, c);
  return () => gemm(workload, a, b, c);
}

function training(who, gemm, workload) {
  const net = network(who, gemm, workload);
  checkLearning(who, workload, (x, y) => net.train(x, y));
  const next = inTurns(batchesOf(workload));
  return () => {
    const { x, y } = next();
    return net.train(x, y);
  };
}

function inference(who, gemm, workload) {
  const net = network(who, gemm, workload);
  const [{ x }] = batchesOf(workload);
  return () => net.forward(x);
}

function network(who, gemm, workload) {
  const net = new Mlp(gemm, workload.sizes, weightsOf(workload), workload.batch);
  checkLogits(who, workload, net.forward(batchesOf(workload)[0].x));
  return net;
}
