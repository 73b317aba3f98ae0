// The tab of handwritten digits.
import { Session } from "../session.js";
import { readSettings } from "../settings.js";
import { onThemeChange } from "../theme.js";
import { Bars } from "./bars.js";
import { ConfusionTable } from "./confusion.js";
import { Drawing } from "./drawing.js";
import { showPixels } from "./pixels.js";
import { drawWeights } from "./weights.js";

export class DigitsPanel {
  #panel;
  #remote;
  #drawing;
  #bars;
  #confusion;
  #weights;
  #isReading = false;
  #isReady = false;

  constructor(panel, remote) {
    this.#panel = panel;
    this.#remote = remote;
    this.#bars = new Bars(panel.querySelector("[data-bars]"), panel.querySelector("[data-verdict]"));
    this.#confusion = new ConfusionTable(panel.querySelector("[data-confusion]"));
    this.#drawing = new Drawing(panel.querySelector("[data-drawing]"), () => this.#read());
    this.session = new Session({
      panel,
      remote,
      settings: () => readSettings(panel.querySelector("form")),
      adjustable: ["learningRate", "pace"],
      onReset: () => {
        this.#isReady = true;
        this.#panel.querySelector("[data-examples]").disabled = false;
      },
      draw: (progress) => this.#draw(progress),
      accuracies: ["testAccuracy"],
      interval: 80,
    });
    panel.querySelector("[data-clear]").addEventListener("click", () => this.#drawing.clear());
    this.#addExamples();
    onThemeChange(() => this.#paint());
    this.#start();
  }

  async #start() {
    const about = this.#panel.querySelector("[data-about]");
    try {
      const counts = await this.#remote.load(new URL("mnist/", document.baseURI).href);
      const [train, test] = [counts.train, counts.test].map((count) => count.toLocaleString("en"));
      about.textContent = `MNIST: learns from ${train} handwritten digits, and is tested with ${test} others.`;
    } catch (error) {
      about.textContent = `The digits could not be fetched: ${error.message}`;
      return;
    }
    await this.session.reset();
  }

  #addExamples() {
    const group = this.#panel.querySelector("[data-examples]");
    for (let digit = 0; digit < 10; digit++) {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: `${digit}` });
      button.ariaLabel = `A test digit ${digit}`;
      button.addEventListener("click", async () => {
        this.#drawing.show(await this.#remote.example(digit));
      });
      group.append(button);
    }
  }

  #draw({ weights, records }) {
    this.#weights = weights;
    const confusion = records.at(-1)?.confusion;
    if (confusion !== undefined) this.#confusion.update(confusion);
    drawWeights(this.#panel.querySelector("[data-weights]"), weights);
    this.#read();
  }

  /** Draws again in the colours of the theme. */
  #paint() {
    this.#drawing.paint();
    showPixels(this.#panel.querySelector("[data-seen]"), this.#drawing.pixels);
    if (this.#weights !== undefined) drawWeights(this.#panel.querySelector("[data-weights]"), this.#weights);
  }

  /** Has the drawing read; where it changes meanwhile, once more. */
  async #read() {
    const { pixels } = this.#drawing;
    this.#panel.querySelector("[data-hint]").hidden = pixels !== undefined;
    showPixels(this.#panel.querySelector("[data-seen]"), pixels);
    if (pixels === undefined) this.#bars.clear();
    if (pixels === undefined || this.#isReading || !this.#isReady) return;
    this.#isReading = true;
    const probabilities = await this.#remote.predict(pixels);
    this.#isReading = false;
    if (this.#drawing.pixels !== undefined) this.#bars.update(probabilities);
    if (this.#drawing.pixels !== pixels) this.#read();
  }
}
