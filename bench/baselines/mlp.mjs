// Baseline: a multilayer perceptron by hand on any of the baselines' products. ReLU between layers; one output means
// sigmoid with binary cross-entropy, several mean softmax with cross-entropy; Adam with PyTorch's defaults.

const LEARNING_RATE = 1e-3;
const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;

export class Mlp {
  #gemm;
  #batch;
  #layers;
  #step = 0;

  /**
   * @param gemm C ← op(A)·op(B), as `naiveGemm`
   * @param sizes widths from the inputs to the outputs
   * @param weights one [in, out] matrix a layer; biases start at zero
   */
  constructor(gemm, sizes, weights, batch) {
    this.#gemm = gemm;
    this.#batch = batch;
    this.#layers = weights.map((weight, index) => createLayer(sizes[index], sizes[index + 1], weight, batch));
  }

  /** @returns the logits [batch, outputs], overwritten by the next call */
  forward(x) {
    const last = this.#layers.at(-1);
    let input = x;
    for (const layer of this.#layers) {
      this.#gemm(layer.product, input, layer.weight.values, layer.output);
      addBias(layer.output, layer.bias.values, layer !== last);
      input = layer.output;
    }
    return last.output;
  }

  /** One step of Adam. @returns the loss before it */
  train(x, labels) {
    const logits = this.forward(x);
    const { delta, outputs } = this.#layers.at(-1);
    const loss =
      outputs === 1 ? binaryCrossEntropy(logits, labels, delta) : softmaxCrossEntropy(logits, labels, delta, outputs);
    this.#backward(x);
    this.#step++;
    for (const { weight, bias } of this.#layers) {
      adam(weight, this.#step);
      adam(bias, this.#step);
    }
    return loss / this.#batch;
  }

  #backward(x) {
    for (let index = this.#layers.length - 1; index >= 0; index--) {
      const layer = this.#layers[index];
      const below = this.#layers[index - 1];
      this.#gemm(layer.weightProduct, below ? below.output : x, layer.delta, layer.weight.gradient);
      sumRows(layer.delta, layer.bias.gradient);
      if (!below) return;
      this.#gemm(layer.inputProduct, layer.delta, layer.weight.values, below.delta);
      maskByRelu(below.delta, below.output);
    }
  }
}

function createLayer(inputs, outputs, weight, batch) {
  return {
    outputs,
    weight: createParameter(weight),
    bias: createParameter(new Float32Array(outputs)),
    output: new Float32Array(batch * outputs),
    delta: new Float32Array(batch * outputs),
    product: { m: batch, n: outputs, k: inputs, transposeA: false, transposeB: false }, // X·W
    weightProduct: { m: inputs, n: outputs, k: batch, transposeA: true, transposeB: false }, // Xᵀ·δ
    inputProduct: { m: batch, n: inputs, k: outputs, transposeA: false, transposeB: true }, // δ·Wᵀ
  };
}

function createParameter(initial) {
  const zeros = () => new Float32Array(initial.length);
  return { values: initial.slice(), gradient: zeros(), moment1: zeros(), moment2: zeros() };
}

function addBias(z, bias, rectify) {
  for (let row = 0; row < z.length; row += bias.length) {
    for (let j = 0; j < bias.length; j++) {
      const value = z[row + j] + bias[j];
      z[row + j] = rectify && value < 0 ? 0 : value;
    }
  }
}

function maskByRelu(delta, output) {
  for (let i = 0; i < delta.length; i++) if (output[i] <= 0) delta[i] = 0;
}

function sumRows(delta, sums) {
  sums.fill(0);
  for (let row = 0; row < delta.length; row += sums.length) {
    for (let j = 0; j < sums.length; j++) sums[j] += delta[row + j];
  }
}

/** @returns the sum of the losses; fills δ = (softmax(z) − onehot(label)) / batch */
function softmaxCrossEntropy(logits, labels, delta, outputs) {
  const batch = labels.length;
  let loss = 0;
  for (let i = 0, row = 0; i < batch; i++, row += outputs) {
    let largest = -Infinity;
    for (let j = row; j < row + outputs; j++) if (logits[j] > largest) largest = logits[j];
    let sum = 0;
    for (let j = row; j < row + outputs; j++) sum += delta[j] = Math.exp(logits[j] - largest);
    for (let j = row; j < row + outputs; j++) delta[j] /= sum * batch;
    delta[row + labels[i]] -= 1 / batch;
    loss += Math.log(sum) + largest - logits[row + labels[i]];
  }
  return loss;
}

/** @returns the sum of the losses; fills δ = (sigmoid(z) − label) / batch */
function binaryCrossEntropy(logits, labels, delta) {
  let loss = 0;
  for (let i = 0; i < labels.length; i++) {
    const z = logits[i];
    loss += Math.max(z, 0) - z * labels[i] + Math.log1p(Math.exp(-Math.abs(z)));
    delta[i] = (1 / (1 + Math.exp(-z)) - labels[i]) / labels.length;
  }
  return loss;
}

function adam({ values, gradient, moment1, moment2 }, step) {
  const rate = LEARNING_RATE / (1 - BETA1 ** step);
  const scale = 1 / (1 - BETA2 ** step);
  for (let i = 0; i < values.length; i++) {
    const g = gradient[i];
    const m = BETA1 * moment1[i] + (1 - BETA1) * g;
    const v = BETA2 * moment2[i] + (1 - BETA2) * g * g;
    moment1[i] = m;
    moment2[i] = v;
    values[i] -= (rate * m) / (Math.sqrt(v * scale) + EPSILON);
  }
}
