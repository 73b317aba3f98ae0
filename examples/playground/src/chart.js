// Curves against epochs, in the colours of the theme and as wide as the page leaves room for.
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { colour, onThemeChange } from "./theme.js";

const HEIGHT = 150;
const FONT = "12px system-ui, sans-serif";

/** @param columns names in the records of one or two accuracies; the first colour is that of test data everywhere */
export function accuracyChart(element, curve, columns) {
  return new Chart(element, curve, columns, {
    range: (_, lowest) => [Math.max(0, Math.min(lowest, 0.9) - 0.02), 1.005],
    format: (share) => `${Math.round(100 * share)} %`,
  });
}

export function lossChart(element, curve) {
  return new Chart(element, curve, ["testLoss", "loss"], {
    range: (_, __, highest) => [0, Math.max(0.1, 1.05 * highest)],
    format: (loss) => `${+loss.toFixed(2)}`,
  });
}

class Chart {
  #curve;
  #columns;
  #plot;

  constructor(element, curve, columns, { range, format }) {
    this.#curve = curve;
    this.#columns = ["epochs", ...columns];
    const axis = {
      font: FONT,
      stroke: () => colour("--quiet"),
      grid: { stroke: () => colour("--line"), width: 1 },
      ticks: { show: false },
    };
    const strokes = ["--first", "--second"];
    this.#plot = new uPlot(
      {
        width: 300,
        height: HEIGHT,
        padding: [8, 8, 0, 0],
        cursor: { show: false },
        legend: { show: false },
        scales: { x: { time: false, range: (_, __, latest) => [0, Math.max(latest, 0.1)] }, y: { range } },
        axes: [
          { ...axis, size: 26, gap: 4 },
          { ...axis, size: 48, gap: 4, values: (_, values) => values.map(format) },
        ],
        series: [
          {},
          ...columns.map((_, i) => ({
            stroke: () => colour(strokes[i]),
            width: 2,
            points: { show: false },
            spanGaps: true,
          })),
        ],
      },
      this.#data,
      element,
    );
    new ResizeObserver(([{ contentRect }]) => {
      if (contentRect.width > 0) this.#plot.setSize({ width: contentRect.width, height: HEIGHT });
    }).observe(element);
    onThemeChange(() => this.#plot.redraw(false));
  }

  update() {
    this.#plot.setData(this.#data);
  }

  get #data() {
    return this.#curve.columns(this.#columns);
  }
}
