// Charts as SVG text: ratios as dots in rows, and curves over two logarithmic axes. Colours follow the reader's theme.

const WIDTH = 860;
const MARGIN = 24;
const ROW = 22;

/** Okabe and Ito's colours, told apart on light and dark ground and by colour-blind readers. */
const COLORS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00"];

const STYLE = `
  svg { font: 13px system-ui, sans-serif }
  .title { font-size: 16px; font-weight: 600 } .heading { font-weight: 600 }
  .end { text-anchor: end } .middle { text-anchor: middle }
  .ground { fill: #ffffff } text { fill: #1f2328 } .faint { fill: #59636e } .grid { stroke: #d1d9e0 } .one { stroke: #59636e }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117 } text { fill: #f0f6fc } .faint { fill: #9198a1 } .grid { stroke: #3d444d } .one { stroke: #9198a1 }
  }`;

/**
 * One row for each name, one dot for each series that has a value there, on a logarithmic axis of ratios.
 *
 * @param series `{ [name]: what the legend says of it }`
 * @param groups `[{ title, rows: [{ name, values: { [series]: ratio } }] }]`
 */
export function ratioChart({ title, subtitle, series, groups }) {
  const names = Object.keys(series);
  const left = 220;
  const right = WIDTH - 110;
  const ratios = groups.flatMap(({ rows }) => rows.flatMap(({ values }) => Object.values(values)));
  const axis = logarithmicAxis([1, ...ratios], left, right, decades(1, 2, 5));
  const top = MARGIN + 92;
  const rows = [];
  let y = top;
  for (const group of groups) {
    y += ROW + 8;
    rows.push(text(MARGIN, y, group.title, "heading"));
    for (const row of group.rows) {
      y += ROW;
      rows.push(ratioRow(row, names, axis, y, right));
    }
  }
  const bottom = y + ROW / 2;
  const grid = axis.ticks.map((tick) => {
    const x = axis.at(tick);
    return line(x, top, x, bottom, tick === 1 ? "one" : "grid") + text(x, top - 8, `${tick}×`, "faint middle");
  });
  const legend = names.map((name) => `${name}: ${series[name]}`);
  const column = text(WIDTH - MARGIN, top - 8, names[0], "faint end");
  return picture(bottom + MARGIN, title, subtitle, legend, [...grid, column, ...rows]);
}

/**
 * Curves of points [x, y] over two logarithmic axes.
 *
 * @param curves `[{ name, points }]`
 */
export function curveChart({ title, subtitle, xLabel, yLabel, curves }) {
  const top = MARGIN + 100;
  const bottom = top + 380;
  const [left, right] = [MARGIN + 60, WIDTH - MARGIN];
  const points = curves.flatMap((curve) => curve.points);
  const [xs, ys] = [0, 1].map((axis) => points.map((point) => point[axis]));
  const x = logarithmicAxis(xs, left, right, xs);
  const y = logarithmicAxis(ys, bottom, top, decades(1));
  const columns = curves[0].points.map(([tick]) => {
    return line(x.at(tick), top, x.at(tick), bottom) + text(x.at(tick), bottom + 20, tick, "faint middle");
  });
  const rows = y.ticks.map((tick) => {
    return (
      line(left, y.at(tick), right, y.at(tick)) + text(left - 8, y.at(tick) + 4, tick.toLocaleString("en"), "faint end")
    );
  });
  const labels = [text(right, bottom + 42, xLabel, "end"), text(MARGIN, top - 12, yLabel)];
  const lines = curves.map((curve, index) => {
    const places = curve.points.map(([px, py]) => [x.at(px).toFixed(1), y.at(py).toFixed(1)]);
    const stroke = { fill: "none", stroke: COLORS[index], "stroke-width": 2 };
    const dots = places.map(([cx, cy]) => dot(cx, cy, COLORS[index]));
    return element("polyline", { points: places.join(" "), ...stroke }) + dots.join("");
  });
  const names = curves.map(({ name }) => name);
  return picture(bottom + 42 + MARGIN, title, subtitle, names, [...columns, ...rows, ...labels, ...lines]);
}

function ratioRow({ name, values }, series, axis, y, right) {
  const extremes = [1, ...Object.values(values)];
  const span = line(axis.at(Math.min(...extremes)), y, axis.at(Math.max(...extremes)), y);
  const dots = series.map((one, index) =>
    one in values ? dot(axis.at(values[one]).toFixed(1), y, COLORS[index]) : "",
  );
  const number = series[0] in values ? `${Number(values[series[0]].toPrecision(2))}×` : "–";
  // Drawn from the last to the first, so that the first series lies on top.
  return text(MARGIN, y + 4, name) + span + dots.reverse().join("") + text(right + 86, y + 4, number, "end");
}

/** An axis that spans the values, from tick to tick. @param candidates where ticks may be, in ascending order */
function logarithmicAxis(values, from, to, candidates) {
  const first = candidates.findLast((tick) => tick <= Math.min(...values));
  const last = candidates.find((tick) => tick >= Math.max(...values));
  const scale = (to - from) / Math.log(last / first);
  return {
    at: (value) => from + scale * Math.log(value / first),
    ticks: candidates.filter((tick) => tick >= first && tick <= last),
  };
}

/** The given multiples of the powers of ten from 10⁻⁹ to 10⁹. */
function decades(...steps) {
  return Array.from({ length: 19 }, (_, power) => steps.map((step) => Number(`${step}e${power - 9}`))).flat();
}

function picture(height, title, subtitle, names, children) {
  const size = { xmlns: "http://www.w3.org/2000/svg", viewBox: `0 0 ${WIDTH} ${height}`, width: WIDTH, height };
  return element(
    "svg",
    { ...size, role: "img", "aria-label": title },
    element("style", {}, STYLE),
    element("rect", { class: "ground", width: WIDTH, height, rx: 8 }),
    text(MARGIN, MARGIN + 12, title, "title"),
    text(MARGIN, MARGIN + 34, subtitle, "faint"),
    legendOf(names, MARGIN + 60),
    ...children,
  );
}

function legendOf(names, y) {
  let x = MARGIN;
  return names
    .map((name, index) => {
      const entry = dot(x + 6, y - 4, COLORS[index]) + text(x + 18, y, name);
      x += 36 + 7 * name.length;
      return entry;
    })
    .join("");
}

function dot(cx, cy, fill) {
  return element("circle", { cx, cy, r: 5, fill });
}

function line(x1, y1, x2, y2, style = "grid") {
  return element("line", { x1: x1.toFixed(1), y1: y1.toFixed(1), x2: x2.toFixed(1), y2: y2.toFixed(1), class: style });
}

function text(x, y, content, style) {
  return element("text", { x: x.toFixed(1), y: y.toFixed(1), ...(style && { class: style }) }, escapeText(content));
}

function escapeText(content) {
  return String(content).replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function element(name, attributes, ...children) {
  const written = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${value}"`)
    .join("");
  return `<${name}${written}>${children.join("\n")}</${name}>`;
}
