// What is measured: sizes and data of the products and the networks, the same for every contender.
import { labels, uniform } from "./random.mjs";

const SQUARES = [32, 64, 128, 256, 512, 1024].map((size) => product(size, size, size));

/** Products of MLP layers: X·W, Xᵀ·δ (TN, weight gradients), δ·Wᵀ (NT, the layer below). */
const LAYERS = [
  product(128, 784, 512),
  product(784, 128, 512, "TN"),
  product(128, 512, 512, "NT"),
  product(128, 512, 10),
  product(32, 784, 128),
];

const XOR = [2, 8, 1];
const SMALL = [4, 16, 3];
const MNIST = [784, 128, 10];
const DEEP = [784, 512, 512, 10];

const GEMM = [...SQUARES, ...LAYERS];
const TRAIN = [network(XOR, 4), network(SMALL, 16), network(MNIST, 32), network(MNIST, 128), network(DEEP, 128)];
const INFER = [XOR, SMALL, MNIST, DEEP].flatMap((sizes) => [network(sizes, 1), network(sizes, 128)]);
const CEILING = ["NN", "TN", "NT", "TT"].map((layout) => product(512, 512, 512, layout));

const SECTIONS = { gemm: GEMM, train: TRAIN, infer: INFER, ceiling: CEILING };

const BATCHES = 16;

/** Above this much work a product is left out of a quick run. */
const QUICK_GFLOP = 0.3;

/** @param section "gemm", "train", "infer" or "ceiling" */
export function workloadsOf(section, quick) {
  return SECTIONS[section].filter(({ unit, work }) => !(quick && unit === "GFLOP/s" && work > QUICK_GFLOP));
}

/** The operands A and B, stored as the layout says. */
export function operandsOf({ m, n, k }) {
  return { a: uniform(m * k, 1), b: uniform(k * n, 2) };
}

/**
 * Inputs and labels of several batches: for 2-8-1 in batches of 4 the tables of XOR and of its opposite, else random
 * numbers of mean 0. Training steps go round the batches, so that no units die and no gradient vanishes: what Adam
 * remembers of those decays into denormal numbers, which processors are slow at.
 */
export function batchesOf({ sizes, batch }) {
  if (sizes === XOR && batch === 4) {
    const x = Float32Array.of(0, 0, 0, 1, 1, 0, 1, 1);
    return [Uint8Array.of(0, 1, 1, 0), Uint8Array.of(1, 0, 0, 1)].map((y) => ({ x, y }));
  }
  return Array.from({ length: BATCHES }, (_, index) => ({
    x: uniform(batch * sizes[0], 100 + index),
    y: labels(batch, 200 + index, Math.max(2, sizes.at(-1))),
  }));
}

/** A function that gives one item after the other, round and round. */
export function inTurns(items) {
  let turn = -1;
  return () => {
    turn = (turn + 1) % items.length;
    return items[turn];
  };
}

/** One He-uniform [in, out] matrix a layer. */
export function weightsOf({ sizes }) {
  return sizes.slice(1).map((outputs, index) => {
    const bound = Math.sqrt(6 / sizes[index]);
    return uniform(sizes[index] * outputs, 5 + index, -bound, bound);
  });
}

/** op(A) is m × k and op(B) is k × n; `layout` says which of them is stored transposed. */
export function product(m, k, n, layout = "NN") {
  return {
    name: `${m}×${k}×${n}${layout === "NN" ? "" : ` ${layout}`}`,
    unit: "GFLOP/s",
    work: (2 * m * n * k) / 1e9,
    m,
    n,
    k,
    transposeA: layout[0] === "T",
    transposeB: layout[1] === "T",
  };
}

function network(sizes, batch) {
  return { name: `${sizes.join("-")}, batch ${batch}`, unit: "samples/s", work: batch, sizes, batch };
}
