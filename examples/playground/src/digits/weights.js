// The weights into hidden units as images, side by side.
import { channels } from "../theme.js";

const SIDE = 28;
const COLUMNS = 8;
const GAP = 2;

/** @param weights `[units, 784]` */
export function drawWeights(canvas, weights) {
  const units = weights.length / (SIDE * SIDE);
  const rows = Math.ceil(units / COLUMNS);
  const width = COLUMNS * (SIDE + GAP) - GAP;
  const height = rows * (SIDE + GAP) - GAP;
  // A canvas is emptied by its size, and a page laid out anew.
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });

  const image = new ImageData(width, height);
  const [positive, negative] = [channels("--first"), channels("--second")];
  const strongest = strength(weights);
  weights.forEach((weight, i) => {
    const unit = Math.floor(i / (SIDE * SIDE));
    const x = (unit % COLUMNS) * (SIDE + GAP) + (i % SIDE);
    const y = Math.floor(unit / COLUMNS) * (SIDE + GAP) + (Math.floor(i / SIDE) % SIDE);
    const ink = weight > 0 ? positive : negative;
    const at = 4 * (y * width + x);
    for (let c = 0; c < 3; c++) image.data[at + c] = ink[c];
    image.data[at + 3] = 255 * Math.min(1, Math.abs(weight) / strongest);
  });
  canvas.getContext("2d").putImageData(image, 0, 0);
}

/** Three times the root mean square: few weights are stronger. */
function strength(weights) {
  const squares = weights.reduce((sum, weight) => sum + weight ** 2, 0);
  return 3 * Math.sqrt(squares / weights.length);
}
