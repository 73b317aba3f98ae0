// What Node and browsers run alike: a classifier in float32, a regression in float64, and the schedules.
import {
  adam,
  cosineDecay,
  dense,
  dropout,
  Engine,
  exponentialDecay,
  inverseTimeDecay,
  Network,
  oneCycle,
  sgd,
  stepDecay,
} from "../../dist/index.js";

const ROWS = 150;
const SEED = 2024;

/** Numbers in [-1, 1) from a linear congruential generator; integers below 2⁵³ only, so that all hosts agree. */
function randomNumbers(seed) {
  let state = seed;
  return () => {
    state = (1664525 * state + 1013904223) % 2 ** 32;
    return state / 2 ** 31 - 1;
  };
}

/** Noisy rows around three corners of the four-dimensional cube; the corner is the class. */
function clusters() {
  const random = randomNumbers(1);
  const y = Array.from({ length: ROWS }, (_, i) => i % 3);
  return { x: y.map((label) => [0, 1, 2, 3].map((j) => (j === label ? 1 : 0) + 0.5 * random())), y };
}

/** Two smooth functions of three variables, made of sums and products: what IEEE 754 rounds alike everywhere. */
function surfaces() {
  const random = randomNumbers(2);
  const x = Array.from({ length: ROWS }, () => [random(), random(), random()]);
  return { x, y: x.map(([a, b, c]) => [a * b - 0.5 * c, 0.5 * a + b * c]) };
}

/** The bits in hexadecimal, which no wire changes. Single precision widens to double without loss. */
function bitsOf(values) {
  const words = new BigUint64Array(Float64Array.from(values).buffer);
  return Array.from(words, (word) => word.toString(16).padStart(16, "0"));
}

async function train(network, { x, y }, fit) {
  const net = await Network.create({ ...network, seed: SEED });
  const { epochs } = await net.fit(x, y, { ...fit, epochs: 6, shuffle: true, validation: [x, y] });
  const outcome = {
    loss: bitsOf(epochs.map((epoch) => epoch.loss)),
    validationLoss: bitsOf(epochs.map((epoch) => epoch.validationLoss)),
    predictions: bitsOf(net.predict(x)),
    ...Object.fromEntries(net.parameters.map(({ name, values }) => [name, bitsOf(values)])),
  };
  net.dispose();
  return outcome;
}

const schedules = {
  stepDecay: stepDecay({ base: 0.1, stepSize: 7, gamma: 0.9 }),
  exponentialDecay: exponentialDecay({ base: 0.1, gamma: 0.99 }),
  inverseTimeDecay: inverseTimeDecay({ base: 0.1, decay: 0.3 }),
  cosineDecay: cosineDecay({ base: 0.1, period: 1000 }),
  oneCycle: oneCycle({ max: 0.1, totalSteps: 1000 }),
};

function ratesOf(schedule) {
  return bitsOf(Array.from({ length: 1000 }, (_, step) => schedule(step, step)));
}

/** Trains both networks on an engine with these options; returns every number that came of it, and long runs of rates. */
export async function runScenario(engineOptions) {
  const engine = await Engine.create(engineOptions);
  const classifier = await train(
    {
      engine,
      inputs: 4,
      layers: [dense(16, "relu", { weightInit: "heNormal" }), dropout(0.25), dense(3)],
      loss: "softmaxCrossEntropy",
    },
    clusters(),
    { optimizer: adam({ learningRate: 0.02 }), batchSize: 16 },
  );
  const regression = await train(
    {
      engine,
      dtype: "float64",
      inputs: 3,
      layers: [dense(12, "tanh"), dense(8, "gelu"), dense(2)],
      loss: "halfSquaredError",
    },
    surfaces(),
    {
      optimizer: sgd({ learningRate: 0.05, momentum: 0.9, nesterov: true }),
      schedule: exponentialDecay({ base: 0.05, gamma: 0.9 }),
      clipNorm: 1,
      batchSize: 16,
    },
  );
  const rates = Object.fromEntries(Object.entries(schedules).map(([name, schedule]) => [name, ratesOf(schedule)]));
  return { build: engine.build, classifier, regression, rates };
}
