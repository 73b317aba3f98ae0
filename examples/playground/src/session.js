// The page's side of a training: its buttons, its numbers, its curves, and the frames in which they are drawn.
import { accuracyChart, lossChart } from "./chart.js";
import { Curve } from "./curve.js";

/** Milliseconds between two progresses, at least, where motion is not wanted. */
const CALM_INTERVAL = 500;

/** Milliseconds between what a screen reader is told while training goes on. */
const SPOKEN_EVERY = 10_000;

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

export class Session {
  #panel;
  #remote;
  #restart;
  #draw;
  #interval;
  #curve = new Curve();
  #charts;
  #latest;
  #isWatching = false;
  #spoken = 0;

  /**
   * @param panel the element that holds the buttons, numbers and charts
   * @param remote the worker's `play`, `pause`, `step` and `progress`
   * @param restart makes the worker begin anew
   * @param draw draws what a progress shows beside numbers and curves
   * @param accuracies the names in the worker's records of the accuracies to show as curves
   * @param interval milliseconds between two progresses, at least; a frame where it is 0
   */
  constructor({ panel, remote, restart, draw, accuracies, interval }) {
    this.#panel = panel;
    this.#remote = remote;
    this.#restart = restart;
    this.#draw = draw;
    this.#interval = matchMedia("(prefers-reduced-motion: reduce)").matches ? CALM_INTERVAL : interval;
    this.#charts = [
      accuracyChart(panel.querySelector("[data-chart=accuracy]"), this.#curve, accuracies),
      lossChart(panel.querySelector("[data-chart=loss]"), this.#curve),
    ];
    this.#button("play").addEventListener("click", () => (this.#isPlaying ? this.pause() : this.#play()));
    this.#button("step").addEventListener("click", () => this.#step());
    this.#button("reset").addEventListener("click", () => this.reset(false));
  }

  /** Begins anew, and goes on playing where that is wanted and it was playing. */
  async reset(goesOn) {
    const wasPlaying = this.#isPlaying;
    await this.#restart();
    this.#curve.clear();
    for (const name of ["play", "step", "reset"]) this.#button(name).disabled = false;
    if (goesOn && wasPlaying) await this.#play();
    else this.#showPlaying(false);
    await this.#refresh();
  }

  async pause() {
    if (!this.#isPlaying) return;
    this.#showPlaying(false);
    await this.#remote.pause();
    await this.#refresh();
    this.#speak();
  }

  async #play() {
    this.#showPlaying(true);
    this.#spoken = performance.now();
    await this.#remote.play();
    if (!this.#isWatching) this.#watch();
  }

  async #step() {
    await this.pause();
    await this.#remote.step();
    await this.#refresh();
    this.#speak();
  }

  /** Asks for the next progress when the last one has been drawn, so that a slow page slows nothing but itself. */
  async #watch() {
    this.#isWatching = true;
    while (this.#isPlaying) {
      const asked = performance.now();
      await this.#refresh();
      do await nextFrame();
      while (performance.now() - asked < this.#interval);
      if (performance.now() - this.#spoken > SPOKEN_EVERY) this.#speak();
    }
    this.#isWatching = false;
  }

  async #refresh() {
    const progress = await this.#remote.progress();
    if (progress.failure !== undefined) this.#showPlaying(false);
    for (const record of progress.records) this.#curve.add(record);
    this.#latest = { ...this.#latest, ...progress.records.at(-1) };
    this.#showFailure(progress.failure);
    this.#showNumbers(progress);
    if (progress.records.length > 0) for (const chart of this.#charts) chart.update();
    this.#draw(progress);
  }

  #showNumbers({ steps, epochs, samplesPerSecond }) {
    const { testAccuracy, testLoss } = this.#latest;
    const texts = {
      accuracy: percent(testAccuracy),
      loss: testLoss.toFixed(4),
      epochs: epochs.toFixed(epochs < 100 ? 2 : 0),
      steps: whole.format(steps),
      speed: samplesPerSecond > 0 ? whole.format(samplesPerSecond) : "–",
    };
    for (const [name, text] of Object.entries(texts)) {
      this.#panel.querySelector(`[data-number=${name}]`).textContent = text;
    }
  }

  #showFailure(failure) {
    const element = this.#panel.querySelector("[data-failure]");
    element.hidden = failure === undefined;
    element.textContent =
      failure === undefined ? "" : `Training ended: ${failure}. Try a smaller learning rate, and reset.`;
  }

  #speak() {
    const { testAccuracy, epochs } = this.#latest;
    this.#spoken = performance.now();
    const text = `Test accuracy ${percent(testAccuracy)} after ${epochs.toFixed(1)} epochs`;
    this.#panel.querySelector("[data-status]").textContent = text;
  }

  get #isPlaying() {
    return this.#button("play").dataset.playing === "true";
  }

  #showPlaying(isPlaying) {
    const button = this.#button("play");
    button.dataset.playing = `${isPlaying}`;
    button.textContent = isPlaying ? "Pause" : "Play";
  }

  #button(name) {
    return this.#panel.querySelector(`[data-${name}]`);
  }
}

function percent(share) {
  return `${(100 * share).toFixed(2)} %`;
}

function nextFrame() {
  return new Promise((resolve) => requestAnimationFrame(resolve));
}
