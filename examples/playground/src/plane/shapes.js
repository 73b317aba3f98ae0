// The choice of a data set, each with a picture of its points.
import { randomNumbers } from "../random.js";
import { colour, onThemeChange } from "../theme.js";
import { makePoints } from "./data.js";

const NAMES = { spirals: "Spirals", circles: "Circles", moons: "Moons", xor: "XOR" };
const SIDE = 96;

export function addShapes(container) {
  for (const [value, text] of Object.entries(NAMES)) {
    const label = Object.assign(document.createElement("label"), { className: "choice" });
    const input = Object.assign(document.createElement("input"), { type: "radio", name: "data", value });
    input.checked = value === "spirals";
    const canvas = Object.assign(document.createElement("canvas"), { width: SIDE, height: SIDE });
    canvas.ariaHidden = "true";
    label.append(input, canvas, text);
    container.append(label);
    const paint = () => drawPoints(canvas.getContext("2d"), value);
    onThemeChange(paint);
    paint();
  }
}

function drawPoints(context, name) {
  const { rows, labels } = makePoints(name, 0.03, randomNumbers(1), 160);
  const colours = [colour("--second"), colour("--first")];
  context.clearRect(0, 0, SIDE, SIDE);
  labels.forEach((label, i) => {
    context.fillStyle = colours[label];
    context.beginPath();
    context.arc(SIDE * (0.5 + 0.48 * rows[2 * i]), SIDE * (0.5 - 0.48 * rows[2 * i + 1]), 2.4, 0, 2 * Math.PI);
    context.fill();
  });
}
