// Shows what a reader of digits does on test images: a confusion matrix, and images drawn with what was read in them.
import { SIDE } from "./idx.mjs";

const DIGITS = 10;

/** A digit and its probability for each row of `probabilities` [images, 10]. */
export function readDigits(probabilities) {
  return Array.from({ length: probabilities.length / DIGITS }, (_, image) => {
    const row = probabilities.subarray(image * DIGITS, (image + 1) * DIGITS);
    const probability = Math.max(...row);
    return { digit: row.indexOf(probability), probability };
  });
}

/** Counts of images, a row for each true digit and a column for each digit read; recall and precision at the edges. */
export function confusionMatrix(labels, readings) {
  const digits = Array.from({ length: DIGITS }, (_, digit) => digit);
  const counts = digits.map(() => new Array(DIGITS).fill(0));
  labels.forEach((label, image) => {
    counts[label][readings[image].digit]++;
  });

  const columns = digits.map((digit) => counts.map((row) => row[digit]));
  const recall = digits.map((digit) => percent(counts[digit][digit], sum(counts[digit])));
  const precision = digits.map((digit) => percent(counts[digit][digit], sum(columns[digit])));
  const table = [
    ["", ...digits, "  recall"],
    ...digits.map((digit) => [digit, ...counts[digit].map((count) => count || "·"), recall[digit].padStart(8)]),
    ["precision", ...precision],
  ];
  const line = (cells) => cells.map((cell, i) => `${cell}`.padStart(i === 0 ? 9 : 6)).join("");
  return table.map(line).join("\n");
}

/** Draws three images that were read right, and the three mistakes that the network was most sure of. */
export function drawExamples({ images, labels }, readings) {
  const all = readings.map((_, image) => image);
  const right = all.filter((i) => readings[i].digit === labels[i]);
  const wrong = all.filter((i) => readings[i].digit !== labels[i]);
  wrong.sort((i, j) => readings[j].probability - readings[i].probability);

  const block = (i) => {
    const { digit, probability } = readings[i];
    const caption = [`read ${digit} (${(100 * probability).toFixed(2)}%)`, `is   ${labels[i]}`, ""];
    return [...caption, ...drawImage(images.subarray(i * SIDE * SIDE, (i + 1) * SIDE * SIDE))];
  };
  const section = (title, chosen) => `${title}\n\n${sideBySide(chosen.map(block))}`;
  return [
    section("Read right:", right.slice(0, 3)),
    section("Read wrong, and most sure of it:", wrong.slice(0, 3)),
  ].join("\n\n");
}

const BOX = 20; // MNIST fits each digit into 20 × 20 pixels and centers it by its mass
const INK = 0.4;

/** Lines of text, each with two rows of pixels: a terminal's cell is about twice as high as it is wide. */
function drawImage(pixels) {
  const ink = [...pixels.keys()].filter((i) => pixels[i] > INK);
  const top = Math.floor(ink[0] / SIDE);
  const left = Math.min(...ink.map((i) => i % SIDE));
  const width = Math.min(BOX, SIDE - left);

  const lines = [];
  for (let y = top; y < top + BOX; y += 2) {
    let line = "";
    for (let x = left; x < left + width; x++) {
      const upper = pixels[y * SIDE + x] > INK;
      const lower = pixels[(y + 1) * SIDE + x] > INK;
      line += upper ? (lower ? "█" : "▀") : lower ? "▄" : " ";
    }
    lines.push(line);
  }
  return lines;
}

function sideBySide(blocks) {
  const lines = (blocks[0] ?? []).map((_, i) => blocks.map((block) => block[i].padEnd(BOX + 6)).join(""));
  return lines.map((line) => line.trimEnd()).join("\n");
}

function percent(part, whole) {
  if (whole === 0) return "–";
  return part === whole ? "100%" : `${((100 * part) / whole).toFixed(1)}%`;
}

function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}
