// Baseline: gradients of a chain of tanh layers by two orders of the chain rule, to show what backpropagation saves.
// f = φ(W_T … φ(W_2 φ(W_1 x))), loss ½‖f − y‖², mean over the batch.

export class Chain {
  /** @param weights one [width, width] matrix a layer, row j holding what goes into unit j */
  constructor(width, batch, weights) {
    const activity = () => new Float32Array(batch * width);
    this.width = width;
    this.weights = weights;
    this.gradients = weights.map((weight) => new Float32Array(weight.length));
    this.outputs = weights.map(activity);
    this.deltas = [activity(), activity()];
  }

  /** Every layer's gradient from the δ that the layer above has left: O(T). */
  backpropagate(x, y) {
    this.#forward(x);
    let delta = this.#outputDelta(y);
    for (let layer = this.weights.length - 1; layer >= 0; layer--) {
      this.#weightGradient(layer, delta, x);
      if (layer > 0) delta = this.#downward(layer, delta);
    }
  }

  /** Every layer's gradient by the whole product from the loss down to that layer: O(T²). */
  multiplyOut(x, y) {
    this.#forward(x);
    for (let layer = 0; layer < this.weights.length; layer++) {
      let delta = this.#outputDelta(y);
      for (let above = this.weights.length - 1; above > layer; above--) delta = this.#downward(above, delta);
      this.#weightGradient(layer, delta, x);
    }
  }

  #forward(x) {
    const { width, weights, outputs } = this;
    for (const [layer, weight] of weights.entries()) {
      const input = layer > 0 ? outputs[layer - 1] : x;
      const output = outputs[layer];
      for (let row = 0; row < output.length; row += width) {
        for (let j = 0; j < width; j++) {
          let sum = 0;
          for (let i = 0; i < width; i++) sum += weight[j * width + i] * input[row + i];
          output[row + j] = Math.tanh(sum);
        }
      }
    }
  }

  /** δ_T = (f − y) / batch ⊙ φ′ */
  #outputDelta(y) {
    const output = this.outputs.at(-1);
    const delta = this.deltas[0];
    const batch = output.length / this.width;
    for (let i = 0; i < delta.length; i++) delta[i] = ((output[i] - y[i]) / batch) * (1 - output[i] ** 2);
    return delta;
  }

  /** δ_{l−1} = W_lᵀ δ_l ⊙ φ′ */
  #downward(layer, delta) {
    const { width } = this;
    const weight = this.weights[layer];
    const output = this.outputs[layer - 1];
    const below = delta === this.deltas[0] ? this.deltas[1] : this.deltas[0];
    below.fill(0);
    for (let row = 0; row < delta.length; row += width) {
      for (let j = 0; j < width; j++) {
        const factor = delta[row + j];
        for (let i = 0; i < width; i++) below[row + i] += factor * weight[j * width + i];
      }
    }
    for (let i = 0; i < below.length; i++) below[i] *= 1 - output[i] ** 2;
    return below;
  }

  /** dW_l = Σ over the batch of δ_l · inputᵀ */
  #weightGradient(layer, delta, x) {
    const { width } = this;
    const input = layer > 0 ? this.outputs[layer - 1] : x;
    const gradient = this.gradients[layer];
    gradient.fill(0);
    for (let row = 0; row < delta.length; row += width) {
      for (let j = 0; j < width; j++) {
        const factor = delta[row + j];
        for (let i = 0; i < width; i++) gradient[j * width + i] += factor * input[row + i];
      }
    }
  }
}
