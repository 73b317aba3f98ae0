// The paper to draw on: strokes of mouse, pen or finger, or a test image, and the pixels that the network gets of them.
import { colour } from "../theme.js";
import { showPixels } from "./pixels.js";
import { rasterize, trace } from "./raster.js";

/** Width of a stroke as a share of the paper's. */
const PEN = 0.075;

export class Drawing {
  #canvas;
  #onChange;
  /** Arrays of points [x, y], as shares of the paper's width. */
  #strokes = [];
  #image;
  #pixels;

  /** @param onChange called when `pixels` are others */
  constructor(canvas, onChange) {
    this.#canvas = canvas;
    this.#onChange = onChange;
    canvas.addEventListener("pointerdown", (event) => this.#begin(event));
    canvas.addEventListener("pointermove", (event) => this.#extend(event));
  }

  /** 28 × 28 pixels from 0 to 1, as MNIST's are; undefined where nothing is drawn. */
  get pixels() {
    return this.#pixels;
  }

  clear() {
    this.#set([], undefined);
  }

  /** Puts an image of 28 × 28 pixels in place of what was drawn. */
  show(image) {
    this.#set([], image);
  }

  paint() {
    const { width, height } = this.#canvas;
    const context = this.#canvas.getContext("2d");
    context.clearRect(0, 0, width, height);
    if (this.#image !== undefined) {
      const small = new OffscreenCanvas(28, 28);
      showPixels(small, this.#image);
      context.drawImage(small, 0, 0, width, height);
    }
    context.strokeStyle = colour("--ink");
    context.lineWidth = PEN * width;
    trace(context, this.#strokes, ([x, y]) => [x * width, y * height]);
  }

  #begin(event) {
    if (event.button !== 0 || !event.isPrimary) return;
    event.preventDefault();
    this.#canvas.setPointerCapture(event.pointerId);
    this.#set(this.#image === undefined ? [...this.#strokes, []] : [[]], undefined, [event]);
  }

  #extend(event) {
    if (!event.isPrimary || !this.#canvas.hasPointerCapture(event.pointerId)) return;
    this.#set(this.#strokes, undefined, event.getCoalescedEvents?.() ?? [event]);
  }

  /** Takes strokes and image, and adds the events' points to the last stroke; outside of the paper, where they leave it. */
  #set(strokes, image, events = []) {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    this.#strokes = strokes;
    for (const { clientX, clientY } of events)
      strokes.at(-1).push([(clientX - left) / width, (clientY - top) / height].map(onPaper));
    this.#image = image;
    this.#pixels = image ?? rasterize(strokes);
    this.paint();
    this.#onChange();
  }
}

function onPaper(share) {
  return Math.min(Math.max(share, 0), 1);
}
