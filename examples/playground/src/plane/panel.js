// The tab of points in the plane.
import { Session } from "../session.js";
import { readSettings } from "../settings.js";
import { onThemeChange } from "../theme.js";
import { drawBoundary } from "./boundary.js";
import { HiddenLayers } from "./layers.js";
import { addShapes } from "./shapes.js";

export class PlanePanel {
  #canvas;
  #points;
  #map;

  constructor(panel, remote) {
    const form = panel.querySelector("form");
    const layers = new HiddenLayers(form);
    addShapes(panel.querySelector("[data-shapes]"));
    this.#canvas = panel.querySelector("[data-boundary]");
    this.session = new Session({
      panel,
      remote,
      settings: () => ({ ...readSettings(form), hidden: layers.units }),
      adjustable: ["optimizer", "learningRate", "pace"],
      onReset: (points) => {
        this.#points = points;
      },
      draw: ({ map }) => {
        this.#map = map;
        this.#paint();
      },
      accuracies: ["testAccuracy", "trainAccuracy"],
      interval: 0,
    });
    onThemeChange(() => this.#paint());
    this.session.reset();
  }

  #paint() {
    if (this.#map !== undefined) drawBoundary(this.#canvas, this.#map, this.#points);
  }
}
