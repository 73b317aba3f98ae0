// Points in the square [-1, 1]² that belong to one of two classes, and the grid over which decisions are mapped.

/** Points of one data set. */
const COUNT = 300;

/** Points on a side of the grid. */
export const GRID = 120;

/** Each makes one point `[x, y]` of a class, 0 or 1, from random numbers from 0 to 1. */
const SHAPES = {
  spirals(label, random) {
    const along = Math.sqrt(random());
    const angle = 2.6 * Math.PI * along + Math.PI * label;
    const radius = 0.06 + 0.84 * along;
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  },
  circles(label, random) {
    const radius = label === 1 ? 0.4 * Math.sqrt(random()) : 0.65 + 0.22 * random();
    const angle = 2 * Math.PI * random();
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  },
  moons(label, random) {
    const angle = Math.PI * random();
    const [x, y] = [0.56 * Math.cos(angle), 0.56 * Math.sin(angle)];
    return label === 0 ? [x - 0.28, y - 0.14] : [x + 0.28, 0.14 - y];
  },
  xor(label, random) {
    const side = random() < 0.5 ? -1 : 1;
    const x = side * (0.08 + 0.8 * random());
    const y = side * (label === 1 ? -1 : 1) * (0.08 + 0.8 * random());
    return [x, y];
  },
};

/** Points of a named shape in equal shares: `{ rows: Float32Array [count, 2], labels: Uint8Array [count] }`. */
export function makePoints(name, noise, random, count = COUNT) {
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 2);
  const shake = () => noise * (random() + random() + random() - 1.5);
  const points = Array.from(labels, (label) => SHAPES[name](label, random).map((value) => value + shake()));
  return { rows: Float32Array.from(points.flat()), labels };
}

/** The middles of the grid's cells, row by row from the top, `[GRID², 2]`. */
export function gridPoints() {
  const middle = (i) => (2 * (i + 0.5)) / GRID - 1;
  const points = Array.from({ length: GRID * GRID }, (_, i) => [middle(i % GRID), -middle(Math.floor(i / GRID))]);
  return Float32Array.from(points.flat());
}
