// Chains of tanh layers from 2 to 64 deep, as plain JavaScript and as networks of the library.
import { dense, Network } from "lanegrad";
import { Chain } from "../baselines/chain-rule.mjs";
import { uniform } from "../random.mjs";

export const DEPTHS = [2, 4, 8, 16, 32, 64];
export const WIDTH = 32;
export const BATCH = 8;

export const x = uniform(BATCH * WIDTH, 1);
export const y = uniform(BATCH * WIDTH, 2);

/** The two orders of the chain rule in plain JavaScript, for each depth. */
export function contenders() {
  return DEPTHS.map((depth) => {
    const chain = createChain(depth);
    return {
      "backpropagation in JS": () => chain.backpropagate(x, y),
      "product per layer in JS": () => chain.multiplyOut(x, y),
    };
  });
}

export function createChain(depth) {
  return new Chain(WIDTH, BATCH, weightsOf(depth));
}

export async function createNetwork(engine, depth) {
  const net = await Network.create({
    engine,
    inputs: WIDTH,
    layers: Array.from({ length: depth }, () => dense(WIDTH, "tanh", { bias: false })),
    loss: "halfSquaredError",
    batchSize: BATCH,
  });
  net.setParameters(Object.fromEntries(weightsOf(depth).map((weight, layer) => [`${layer}.weight`, weight])));
  return net;
}

/** Uniform weights a little above Glorot's bound: neither signals nor gradients die out over 64 layers. */
function weightsOf(depth) {
  const bound = 1.3 * Math.sqrt(3 / WIDTH);
  return Array.from({ length: depth }, (_, layer) => uniform(WIDTH * WIDTH, 3 + layer, -bound, bound));
}
