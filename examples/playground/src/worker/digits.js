// The reader of handwritten digits: MNIST, a network with one hidden layer, and what the page shows of it.
import { transfer } from "comlink";
import { adam, confusionMatrix, dense, logLoss, Network } from "lanegrad";
import { randomNumbers } from "../random.js";
import { Batches } from "./batches.js";
import { fetchMnist, PIXELS } from "./mnist.js";
import { Training } from "./training.js";

/** How many units have their weights shown. */
const SHOWN_UNITS = 48;

/** Small, so that what is learnt soon stands out from them. */
const FIRST_WEIGHTS = { type: "normal", deviation: 0.01 };

export class Digits {
  #train;
  #test;
  #testImages;
  #net;
  #training;
  #random = randomNumbers(1);

  /** @param folder URL of the IDX files, ending in a slash */
  async load(folder) {
    const { train, test } = await fetchMnist(folder);
    this.#train = { ...train, width: PIXELS, scale: 1 / 255 };
    this.#test = test;
    this.#testImages = Float32Array.from(test.rows, (pixel) => pixel / 255);
    return { train: train.labels.length, test: test.labels.length };
  }

  /** A new network. @param settings `{ hidden, batchSize, learningRate, pace, seed }` */
  async reset({ hidden, batchSize, learningRate, pace, seed }) {
    const net = await Network.create({
      inputs: PIXELS,
      layers: [dense(hidden, "relu", { weightInit: FIRST_WEIGHTS }), dense(10)],
      loss: "softmaxCrossEntropy",
      batchSize,
      seed,
    });
    this.#training?.dispose();
    this.#net = net;
    const batches = new Batches(this.#train, batchSize, randomNumbers(seed));
    this.#training = new Training(net, adam({ learningRate }), batches, () => this.#evaluate());
    this.#training.pace = pace;
  }

  /** Changes what can change while the network learns. */
  adjust({ learningRate, pace }) {
    if (learningRate !== this.#training.optimizer.learningRate) this.#training.optimizer = adam({ learningRate });
    this.#training.pace = pace;
  }

  play() {
    this.#training.play();
  }

  pause() {
    this.#training.pause();
  }

  step() {
    this.#training.step();
  }

  /** How training goes, with the weights into the first hidden units, `[units, 784]`. */
  progress() {
    const [weight] = this.#net.parameters;
    const weights = weight.values.slice(0, SHOWN_UNITS * PIXELS);
    return transfer({ ...this.#training.progress(), weights }, [weights.buffer]);
  }

  /** @returns the probability of each digit */
  predict(pixels) {
    return this.#net.predict(pixels);
  }

  /** A random test image of the digit, pixels from 0 to 1. */
  example(digit) {
    const { labels } = this.#test;
    let image;
    do image = Math.floor(this.#random() * labels.length);
    while (labels[image] !== digit);
    return this.#testImages.slice(image * PIXELS, (image + 1) * PIXELS);
  }

  #evaluate() {
    const { labels } = this.#test;
    const predictions = this.#net.predict(this.#testImages);
    const { matrix, accuracy } = confusionMatrix(predictions, labels);
    return { testLoss: logLoss(predictions, labels), testAccuracy: accuracy, confusion: matrix };
  }
}
