// brain.js: a net of ReLUs to the last layer, trained on squared errors with one Adam update for every single sample.
import { createRequire } from "node:module";
import brain from "brain.js";

const { version } = createRequire(import.meta.url)("brain.js/package.json");

export function open() {
  return {
    about: { version },
    ownLoss: true,
    output: (logit) => Math.max(logit, 0),

    /** A step is one pass over the batch, as many updates as samples. */
    training(workload, weights, batches) {
      const net = network(workload, weights);
      const { sizes } = workload;
      const samples = batches.map(({ x, y }) => {
        const inputs = rowsOf(x, sizes[0]);
        return inputs.map((input, row) => ({ input, output: target(y[row], sizes.at(-1)) }));
      });
      return {
        step(index) {
          let error = 0;
          for (const sample of samples[index]) error += net.trainPattern(sample, true);
          return error / samples[index].length;
        },
      };
    },

    inference(workload, weights, x) {
      const net = network(workload, weights);
      const { sizes, batch } = workload;
      const inputs = rowsOf(x, sizes[0]);
      const result = new Float32Array(batch * sizes.at(-1));
      return {
        run() {
          for (const [row, input] of inputs.entries()) result.set(net.runInput(input), row * sizes.at(-1));
          return result;
        },
      };
    },
  };
}

function network({ sizes }, weights) {
  const activation = sizes.at(-1) === 1 ? "sigmoid" : "relu";
  const net = new brain.NeuralNetwork({
    activation,
    hiddenLayers: sizes.slice(1, -1),
    praxis: "adam",
    learningRate: 1e-3,
  });
  net.sizes = sizes;
  net.initialize();
  for (const [layer, weight] of weights.entries()) {
    const [inputs, outputs] = [sizes[layer], sizes[layer + 1]];
    net.biases[layer + 1].fill(0);
    for (let j = 0; j < outputs; j++) {
      for (let i = 0; i < inputs; i++) net.weights[layer + 1][j][i] = weight[i * outputs + j];
    }
  }
  return net;
}

function rowsOf(x, columns) {
  return Array.from({ length: x.length / columns }, (_, row) => x.slice(row * columns, (row + 1) * columns));
}

function target(label, outputs) {
  return outputs === 1 ? [label] : Array.from({ length: outputs }, (_, index) => Number(index === label));
}
