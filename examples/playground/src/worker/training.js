// One network in training: batches in short turns, an evaluation now and then, and what the page is told of it.
import { Loop } from "./loop.js";

/** Milliseconds of one turn, at most. */
const TURN = 20;

/** Share of the time that evaluations may take. */
const EVALUATION_SHARE = 0.2;

export class Training {
  #net;
  #batches;
  #evaluate;
  #loop = new Loop(() => this.#turn());
  #pace = { steps: Number.POSITIVE_INFINITY, rest: 0 };
  #steps = 0;
  #speed = 0;
  #losses = { sum: 0, count: 0 };
  #records = [];
  #nextEvaluation = 0;
  #recordedSteps = 0;
  #failure;

  /**
   * @param net a network of this object's own
   * @param batches a Batches
   * @param evaluate returns what is recorded of the network, beside the loss in training
   */
  constructor(net, optimizer, batches, evaluate) {
    this.#net = net;
    this.optimizer = optimizer;
    this.#batches = batches;
    this.#evaluate = evaluate;
    this.#record();
  }

  /** @param pace `{ steps, rest }`: steps of a turn at most, and milliseconds between turns */
  set pace(pace) {
    this.#pace = pace;
  }

  get isRunning() {
    return this.#loop.isRunning;
  }

  play() {
    this.#loop.start();
  }

  pause() {
    this.#loop.stop();
    if (this.#losses.count > 0) this.#record();
  }

  step() {
    this.#guard(() => {
      this.#train(1);
      this.#record();
    });
  }

  dispose() {
    this.#loop.stop();
    this.#net.dispose();
  }

  /** Where training stands, with the records since the last call. */
  progress() {
    return {
      isRunning: this.isRunning,
      failure: this.#failure,
      steps: this.#steps,
      epochs: this.#epochs,
      samplesPerSecond: this.#speed,
      records: this.#records.splice(0),
    };
  }

  get #epochs() {
    return this.#steps / this.#batches.perEpoch;
  }

  #turn() {
    this.#guard(() => {
      // The first steps change most: a record at the latest where their number has doubled.
      const doubled = Math.max(1, 2 * this.#recordedSteps);
      this.#train(Math.min(this.#pace.steps, doubled - this.#steps));
      if (this.#steps >= doubled || performance.now() >= this.#nextEvaluation) this.#record();
    });
    return this.#pace.rest;
  }

  /** Numbers that grow beyond all bounds end the training, and the page is told. */
  #guard(work) {
    this.#failure = undefined;
    try {
      work();
    } catch (error) {
      this.#failure = error.message;
      this.#loop.stop();
    }
  }

  /** Trains for a turn or for so many steps, whichever is over first. */
  #train(limit) {
    const started = performance.now();
    let rows = 0;
    let now = started;
    for (let step = 0; step < limit && now - started < TURN; step++) {
      const { x, y } = this.#batches.next();
      this.#losses.sum += this.#net.trainBatch(x, y, this.optimizer);
      this.#losses.count++;
      this.#steps++;
      rows += y.length;
      now = performance.now();
    }
    this.#measure(rows, (now - started) / 1000);
  }

  /** The mean of about ten turns; a clock too coarse for a turn says nothing. */
  #measure(rows, seconds) {
    if (seconds === 0 || rows === 0) return;
    const speed = rows / seconds;
    this.#speed = this.#speed === 0 ? speed : 0.9 * this.#speed + 0.1 * speed;
  }

  #record() {
    const started = performance.now();
    const { sum, count } = this.#losses;
    this.#records.push({ epochs: this.#epochs, loss: count > 0 ? sum / count : null, ...this.#evaluate(this.#net) });
    this.#losses = { sum: 0, count: 0 };
    this.#recordedSteps = this.#steps;
    const now = performance.now();
    this.#nextEvaluation = now + (now - started) * (1 / EVALUATION_SHARE - 1);
  }
}
