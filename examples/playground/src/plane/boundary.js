// The plane coloured by what the network says, and the points on it.
import { channels, colour } from "../theme.js";
import { GRID } from "./data.js";

/** Share of a class's colour where the network is sure. */
const STRENGTH = 0.55;

/**
 * @param map the probability of class 1 at every point of the grid, `[GRID, GRID]` from the top
 * @param points `{ train, test }`
 */
export function drawBoundary(canvas, map, points) {
  const context = canvas.getContext("2d");
  const surface = colour("--surface");
  const small = new OffscreenCanvas(GRID, GRID);
  small.getContext("2d").putImageData(colourMap(map), 0, 0);
  context.imageSmoothingQuality = "high";
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
  drawPoints(context, points.test, (radius) => {
    context.lineWidth = 0.35 * radius;
    context.stroke();
  });
  drawPoints(context, points.train, (radius) => {
    context.fill();
    context.lineWidth = 0.3 * radius;
    context.strokeStyle = surface;
    context.stroke();
  });
}

/** Of each class its colour where the network is sure, and the page's surface between them. */
function colourMap(map) {
  const image = new ImageData(GRID, GRID);
  const surface = channels("--surface");
  const classes = [channels("--second"), channels("--first")];
  map.forEach((probability, i) => {
    const share = STRENGTH * Math.abs(2 * probability - 1);
    const towards = classes[probability > 0.5 ? 1 : 0];
    surface.forEach((channel, c) => {
      image.data[4 * i + c] = channel + share * (towards[c] - channel);
    });
    image.data[4 * i + 3] = 255;
  });
  return image;
}

function drawPoints(context, { rows, labels }, finish) {
  const { width } = context.canvas;
  const radius = width / 110;
  const colours = [colour("--second"), colour("--first")];
  labels.forEach((label, i) => {
    context.beginPath();
    context.arc((width * (1 + rows[2 * i])) / 2, (width * (1 - rows[2 * i + 1])) / 2, radius, 0, 2 * Math.PI);
    context.fillStyle = colours[label];
    context.strokeStyle = colours[label];
    finish(radius);
  });
}
