// Strokes as MNIST has its digits: scaled into a box of 20 × 20 pixels, which lies in 28 × 28 with the ink's mass in the middle.

const SIDE = 28;
const BOX = 20;
/** Width of a stroke in pixels, about that of MNIST's. */
const PEN = 2.6;
/** What is smaller than this share of the paper is a dot, and not enlarged to fill the box. */
const SMALLEST = 0.12;

/** @param strokes arrays of points [x, y]; @returns pixels from 0 to 1; undefined without a point */
export function rasterize(strokes) {
  const points = strokes.flat();
  if (points.length === 0) return undefined;
  const [left, right] = range(points.map(([x]) => x));
  const [top, bottom] = range(points.map(([, y]) => y));
  const scale = (BOX - PEN) / Math.max(right - left, bottom - top, SMALLEST);
  const middle = [(left + right) / 2, (top + bottom) / 2];

  const context = new OffscreenCanvas(SIDE, SIDE).getContext("2d", { willReadFrequently: true });
  context.lineWidth = PEN;
  const draw = ([dx, dy]) => {
    context.clearRect(0, 0, SIDE, SIDE);
    trace(context, strokes, ([x, y]) => [
      SIDE / 2 + (x - middle[0]) * scale + dx,
      SIDE / 2 + (y - middle[1]) * scale + dy,
    ]);
    const { data } = context.getImageData(0, 0, SIDE, SIDE);
    return Float32Array.from({ length: SIDE * SIDE }, (_, i) => data[4 * i + 3] / 255);
  };
  const [x, y] = centreOfMass(draw([0, 0]));
  return draw([SIDE / 2 - x, SIDE / 2 - y]);
}

/** Draws the strokes with a round pen. @param place maps a point into the context's coordinates */
export function trace(context, strokes, place) {
  context.lineCap = "round";
  context.lineJoin = "round";
  context.beginPath();
  for (const stroke of strokes) {
    context.moveTo(...place(stroke[0]));
    for (const point of stroke) context.lineTo(...place(point));
  }
  context.stroke();
}

function range(values) {
  return [Math.min(...values), Math.max(...values)];
}

function centreOfMass(pixels) {
  let [mass, x, y] = [0, 0, 0];
  pixels.forEach((ink, i) => {
    mass += ink;
    x += ink * ((i % SIDE) + 0.5);
    y += ink * (Math.floor(i / SIDE) + 0.5);
  });
  return [x / mass, y / mass];
}
