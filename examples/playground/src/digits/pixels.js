// Shows 28 × 28 pixels of ink on a canvas of that size.
import { channels } from "../theme.js";

const SIDE = 28;

/** @param pixels from 0 to 1; undefined for none */
export function showPixels(canvas, pixels) {
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, SIDE, SIDE);
  if (pixels === undefined) return;
  const ink = channels("--ink");
  const image = new ImageData(SIDE, SIDE);
  pixels.forEach((value, i) => {
    image.data.set([...ink, 255 * value], 4 * i);
  });
  context.putImageData(image, 0, 0);
}
