// The register-tiled pure JavaScript of ../../baselines.
import { Mlp } from "../../baselines/mlp.mjs";
import { tiledGemm } from "../../baselines/tiled.mjs";

export function open() {
  return {
    about: {},

    product(workload, a, b) {
      const c = new Float32Array(workload.m * workload.n);
      return { run: () => tiledGemm(workload, a, b, c), read: () => c };
    },

    training({ sizes, batch }, weights, batches) {
      const net = new Mlp(tiledGemm, sizes, weights, batch);
      return { step: (index) => net.train(batches[index].x, batches[index].y) };
    },

    inference({ sizes, batch }, weights, x) {
      const net = new Mlp(tiledGemm, sizes, weights, batch);
      return { run: () => net.forward(x) };
    },
  };
}
