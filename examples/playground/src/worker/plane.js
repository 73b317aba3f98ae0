// The classifier of points in the plane: its data, its network, and the map of its decisions.
import { transfer } from "comlink";
import { adagrad, adam, adamw, dense, dropout, Network, rmsprop, sgd } from "lanegrad";
import { GRID, gridPoints, makePoints } from "../plane/data.js";
import { randomNumbers } from "../random.js";
import { Batches } from "./batches.js";
import { Training } from "./training.js";

const BATCH = 10;
const MAP_POINTS = gridPoints();

const OPTIMIZERS = {
  sgd,
  momentum: ({ learningRate }) => sgd({ learningRate, momentum: 0.9 }),
  adagrad,
  rmsprop,
  adam,
  adamw,
};

export class Plane {
  #net;
  #training;
  #chosen;

  /**
   * New points and a new network.
   *
   * @param settings `{ data, noise, hidden: [units, …], activation, dropout, l1, l2, optimizer, learningRate, pace, seed }`
   * @returns the points to train and to test with, each `{ rows: Float32Array [count, 2], labels: Uint8Array [count] }`
   */
  async reset(settings) {
    const { data, noise, hidden, activation, l1, l2, pace, seed } = settings;
    const train = makePoints(data, noise, randomNumbers(seed));
    const test = makePoints(data, noise, randomNumbers(seed + 1));
    const drop = settings.dropout > 0 ? [dropout(settings.dropout)] : [];
    const net = await Network.create({
      inputs: 2,
      layers: [...hidden.flatMap((units) => [dense(units, activation), ...drop]), dense(1)],
      loss: "binaryCrossEntropy",
      batchSize: GRID,
      l1,
      l2,
      seed,
    });
    this.#training?.dispose();
    this.#net = net;
    const batches = new Batches({ ...train, width: 2, scale: 1 }, BATCH, randomNumbers(seed + 2));
    this.#training = new Training(net, this.#optimizer(settings), batches, () => this.#evaluate(train, test));
    this.#training.pace = pace;
    return { train, test };
  }

  /** Changes what can change while the network learns. */
  adjust(settings) {
    const { optimizer, learningRate } = this.#chosen;
    if (settings.optimizer !== optimizer || settings.learningRate !== learningRate) {
      this.#training.optimizer = this.#optimizer(settings);
    }
    this.#training.pace = settings.pace;
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

  /** How training goes, with the probability of class 1 at every point of the grid. */
  progress() {
    const map = this.#net.predict(MAP_POINTS);
    return transfer({ ...this.#training.progress(), map }, [map.buffer]);
  }

  #optimizer({ optimizer, learningRate }) {
    this.#chosen = { optimizer, learningRate };
    return OPTIMIZERS[optimizer]({ learningRate });
  }

  #evaluate(train, test) {
    const { accuracy } = this.#net.evaluate(train.rows, train.labels);
    const held = this.#net.evaluate(test.rows, test.labels);
    return { trainAccuracy: accuracy, testLoss: held.loss, testAccuracy: held.accuracy };
  }
}
