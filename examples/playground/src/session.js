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
  #settings;
  #adjustable;
  #onReset;
  #draw;
  #interval;
  #curve = new Curve();
  #charts;
  #latest;
  #seed = 1;
  #isWatching = false;
  #spoken = 0;

  /**
   * @param panel the element that gets the buttons and numbers, and holds the charts and the form of settings
   * @param remote the worker's `reset`, `adjust`, `play`, `pause`, `step` and `progress`
   * @param settings returns what is chosen
   * @param adjustable names of the fields that change a network in training; another choice elsewhere makes a new one
   * @param onReset gets what the worker's `reset` returns
   * @param draw draws what a progress shows beside numbers and curves
   * @param accuracies the names in the worker's records of the accuracies to show as curves
   * @param interval milliseconds between two progresses, at least; a frame where it is 0
   */
  constructor({ panel, remote, settings, adjustable, onReset, draw, accuracies, interval }) {
    this.#panel = panel;
    this.#remote = remote;
    this.#settings = settings;
    this.#adjustable = adjustable;
    this.#onReset = onReset;
    this.#draw = draw;
    this.#interval = matchMedia("(prefers-reduced-motion: reduce)").matches ? CALM_INTERVAL : interval;
    panel.querySelector("[data-transport]").prepend(copyOf("transport"));
    panel.querySelector("[data-numbers]").replaceWith(copyOf("numbers"));
    this.#charts = [
      accuracyChart(panel.querySelector("[data-chart=accuracy]"), this.#curve, accuracies),
      lossChart(panel.querySelector("[data-chart=loss]"), this.#curve),
    ];
    this.#button("play").addEventListener("click", () => (this.#isPlaying ? this.pause() : this.#play()));
    this.#button("step").addEventListener("click", () => this.#step());
    this.#button("reset").addEventListener("click", () => this.#restart());
    panel.querySelector("form").addEventListener("change", ({ target }) => this.#apply(target.name));
  }

  /** Begins anew with the same seed, so that settings can be compared; goes on playing where that is wanted by then. */
  async reset() {
    const made = await this.#remote.reset({ ...this.#settings(), seed: this.#seed });
    this.#onReset(made);
    this.#curve.clear();
    for (const name of ["play", "step", "reset"]) this.#button(name).disabled = false;
    if (this.#isPlaying) await this.#play();
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

  /** Another network, and where data are made, other data. */
  #restart() {
    this.#seed++;
    this.#showPlaying(false);
    return this.reset();
  }

  #apply(field) {
    // Without a network yet, the first one is made by what is chosen then.
    if (this.#button("reset").disabled) return;
    if (this.#adjustable.includes(field)) this.#remote.adjust(this.#settings());
    else this.reset();
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
      epochs: epochs < 100 ? epochs.toFixed(2) : whole.format(epochs),
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

/** What a template of the page holds. */
function copyOf(id) {
  return document.getElementById(id).content.cloneNode(true);
}

function percent(share) {
  return `${(100 * share).toFixed(2)} %`;
}

function nextFrame() {
  return new Promise((resolve) => requestAnimationFrame(resolve));
}
