// The tab of points in the plane.
import { Session } from "../session.js";
import { readSettings } from "../settings.js";
import { onThemeChange } from "../theme.js";
import { drawBoundary } from "./boundary.js";
import { HiddenLayers } from "./layers.js";
import { addShapes } from "./shapes.js";

/** Fields that change a network in training; another choice in the others needs a new one. */
const ADJUSTABLE = ["optimizer", "learningRate", "pace"];

export class PlanePanel {
  #remote;
  #form;
  #layers;
  #canvas;
  #points;
  #map;
  #seed = 1;

  constructor(panel, remote) {
    this.#remote = remote;
    this.#form = panel.querySelector("form");
    this.#canvas = panel.querySelector("[data-boundary]");
    this.#layers = new HiddenLayers(panel, () => this.session.reset(true));
    addShapes(panel.querySelector("[data-shapes]"));
    this.session = new Session({
      panel,
      remote,
      restart: async () => {
        this.#points = await remote.reset({ ...this.#settings, seed: this.#seed++ });
      },
      draw: ({ map }) => {
        this.#map = map;
        this.#paint();
      },
      accuracies: ["testAccuracy", "trainAccuracy"],
      interval: 0,
    });
    this.#form.addEventListener("change", ({ target }) => {
      if (ADJUSTABLE.includes(target.name)) this.#remote.adjust(this.#settings);
      else if (target.name !== "") this.session.reset(true);
    });
    onThemeChange(() => this.#paint());
    this.session.reset(false);
  }

  get #settings() {
    return { ...readSettings(this.#form), hidden: this.#layers.units };
  }

  #paint() {
    if (this.#map !== undefined) drawBoundary(this.#canvas, this.#map, this.#points);
  }
}
