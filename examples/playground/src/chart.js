// Curves against epochs, in the colours of the theme and as wide as the page leaves room for.
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { colour, onThemeChange } from "./theme.js";

const HEIGHT = 166;
const FONT = "12px system-ui, sans-serif";

/** @param columns names in the records of one or two accuracies; the first colour is that of test data everywhere */
export function accuracyChart(element, curve, columns) {
  return new Chart(element, curve, columns, {
    range: ([lowest]) => [Math.max(0, Math.min(lowest, 0.9) - 0.02), 1.005],
    format: (share) => `${+(100 * share).toFixed(1)} %`,
  });
}

export function lossChart(element, curve) {
  return new Chart(element, curve, ["testLoss", "loss"], {
    range: ([, highest]) => [0, Math.max(0.1, 1.05 * highest)],
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
        // Half of the last label lies right of the plot.
        padding: [8, 20, 0, 0],
        cursor: { show: false },
        legend: { show: false },
        scales: {
          x: { time: false, range: ({ data: [epochs] }) => [0, Math.max(epochs.at(-1) ?? 0, 0.1)] },
          y: { range: ({ data }) => range(extent(data)) },
        },
        axes: [
          { ...axis, size: 24, gap: 4, space: 60, label: "epochs", labelFont: FONT, labelSize: 16, labelGap: 0 },
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

/** Lowest and highest value after the first tenth of the epochs, beside which all that comes later would look flat. */
function extent([epochs, ...curves]) {
  const first = epochs.findIndex((epoch) => epoch >= epochs.at(-1) / 10);
  const values = curves.flatMap((curve) => curve.slice(first)).filter((value) => value !== null);
  return [Math.min(...values), Math.max(...values)];
}
