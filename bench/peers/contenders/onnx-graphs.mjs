// ONNX graphs of a product, of a net, and of a whole training step: forward, backward and Adam in plain operators.
import { encodeModel } from "./onnx.mjs";

const [RATE, BETA1, BETA2, EPSILON] = [1e-3, 0.9, 0.999, 1e-8];

export function productGraph({ m, n, k, transposeA, transposeB }) {
  const isPlain = !transposeA && !transposeB;
  const attributes = isPlain ? {} : { transA: Number(transposeA), transB: Number(transposeB) };
  return encodeModel({
    nodes: [[isPlain ? "MatMul" : "Gemm", ["A", "B"], ["C"], attributes]],
    inputs: { A: transposeA ? [k, m] : [m, k], B: transposeB ? [n, k] : [k, n] },
    outputs: { C: [m, n] },
  });
}

/** X → logits Z, with the weights inside the model, so that the runtime may pack them beforehand. */
export function netGraph({ sizes, batch }, weights) {
  const constants = {};
  for (const [layer, values] of weights.entries()) {
    constants[`W${layer}`] = { shape: sizes.slice(layer, layer + 2), values };
    constants[`b${layer}`] = { shape: [sizes[layer + 1]], values: new Float32Array(sizes[layer + 1]) };
  }
  const last = weights.length - 1;
  return encodeModel({
    nodes: forward(last),
    inputs: { H0: [batch, sizes[0]] },
    outputs: { [`Z${last}`]: [batch, sizes.at(-1)] },
    constants,
  });
}

/** The names and shapes of what is trained. */
export function parametersOf(sizes) {
  return sizes.slice(1).flatMap((units, layer) => [
    [`W${layer}`, [sizes[layer], units]],
    [`b${layer}`, [units]],
  ]);
}

/**
 * One training step. Inputs: H0 and one-hot Y, every parameter P with its moments mP and vP, `rate` and `epsilon` of
 * this step (see `stepSizes`). Outputs: the loss, and nextP, next_mP, next_vP.
 */
export function trainingGraph({ sizes, batch }) {
  const last = sizes.length - 2;
  const parameters = parametersOf(sizes);
  const nodes = [
    ...forward(last),
    ...crossEntropy(last, sizes.at(-1) === 1),
    ...backward(last),
    ...parameters.flatMap(([name]) => adam(name)),
  ];
  const inputs = { H0: [batch, sizes[0]], Y: [batch, sizes.at(-1)], rate: [], epsilon: [] };
  const outputs = { loss: [] };
  for (const [name, shape] of parameters) {
    for (const state of [name, `m${name}`, `v${name}`]) {
      inputs[state] = shape;
      outputs[`next${state}`] = shape;
    }
  }
  const scalar = (value) => ({ shape: [], values: Float32Array.of(value) });
  const constants = {
    perSample: scalar(1 / batch),
    minusPerSample: scalar(-1 / batch),
    zero: scalar(0),
    gain1: scalar(1 - BETA1),
    gain2: scalar(1 - BETA2),
    rows: { shape: [1], values: BigInt64Array.of(0n) },
  };
  return encodeModel({ nodes, inputs, outputs, constants });
}

/** Adam's bias corrections drawn together: w ← w − rate · m / (√v + epsilon). @param step from 1 */
export function stepSizes(step) {
  const correction = Math.sqrt(1 - BETA2 ** step);
  return { rate: (RATE * correction) / (1 - BETA1 ** step), epsilon: EPSILON * correction };
}

/** Z = H·W + b, and H of the next layer = max(Z, 0). */
function forward(last) {
  const nodes = [];
  for (let layer = 0; layer <= last; layer++) {
    nodes.push(["Gemm", [`H${layer}`, `W${layer}`, `b${layer}`], [`Z${layer}`]]);
    if (layer < last) nodes.push(["Relu", [`Z${layer}`], [`H${layer + 1}`]]);
  }
  return nodes;
}

/** The mean loss, and δ = (prediction − Y) / batch of the last layer. */
function crossEntropy(last, isBinary) {
  const logits = `Z${last}`;
  const loss = isBinary
    ? [
        ["Sigmoid", [logits], ["prediction"]],
        ["Softplus", [logits], ["rise"]],
        ["Mul", [logits, "Y"], ["credit"]],
        ["Sub", ["rise", "credit"], ["losses"]],
        ["ReduceSum", ["losses"], ["sum"], { keepdims: 0 }],
        ["Mul", ["sum", "perSample"], ["loss"]],
      ]
    : [
        ["LogSoftmax", [logits], ["logarithms"], { axis: 1 }],
        ["Exp", ["logarithms"], ["prediction"]],
        ["Mul", ["logarithms", "Y"], ["credit"]],
        ["ReduceSum", ["credit"], ["sum"], { keepdims: 0 }],
        ["Mul", ["sum", "minusPerSample"], ["loss"]],
      ];
  return [...loss, ["Sub", ["prediction", "Y"], ["error"]], ["Mul", ["error", "perSample"], [`D${last}`]]];
}

/** dW = Hᵀ·δ, db = Σ δ over the rows, δ of the layer below = (δ·Wᵀ) where H > 0. */
function backward(last) {
  const nodes = [];
  for (let layer = last; layer >= 0; layer--) {
    nodes.push(["Gemm", [`H${layer}`, `D${layer}`], [`dW${layer}`], { transA: 1 }]);
    nodes.push(["ReduceSum", [`D${layer}`, "rows"], [`db${layer}`], { keepdims: 0 }]);
    if (layer === 0) break;
    nodes.push(["Gemm", [`D${layer}`, `W${layer}`], [`dH${layer}`], { transB: 1 }]);
    nodes.push(["Greater", [`H${layer}`, "zero"], [`alive${layer}`]]);
    nodes.push(["Where", [`alive${layer}`, `dH${layer}`, "zero"], [`D${layer - 1}`]]);
  }
  return nodes;
}

function adam(name) {
  const of = (step) => `${step}_${name}`;
  return [
    ["Sub", [`d${name}`, `m${name}`], [of("pull")]],
    ["Mul", [of("pull"), "gain1"], [of("pulled")]],
    ["Add", [`m${name}`, of("pulled")], [`nextm${name}`]],
    ["Mul", [`d${name}`, `d${name}`], [of("square")]],
    ["Sub", [of("square"), `v${name}`], [of("stretch")]],
    ["Mul", [of("stretch"), "gain2"], [of("stretched")]],
    ["Add", [`v${name}`, of("stretched")], [`nextv${name}`]],
    ["Sqrt", [`nextv${name}`], [of("root")]],
    ["Add", [of("root"), "epsilon"], [of("scale")]],
    ["Div", [`nextm${name}`, of("scale")], [of("direction")]],
    ["Mul", [of("direction"), "rate"], [of("move")]],
    ["Sub", [name, of("move")], [`next${name}`]],
  ];
}
