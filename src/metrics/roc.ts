// The area under the receiver operating characteristic.
import { rangeError } from "../validate.js";
import { parsePairs, type RowMajor } from "./pairs.js";

/**
 * The share of pairs of a row of class 1 and a row of class 0 in which the former scores higher; equal scores count ½. With
 * r the ranks by score from 1 on, equals sharing their mean rank, and P and N the numbers of rows of class 1 and 0:
 * (Σ over class 1 of r − P(P + 1)/2) / (P · N). Hanley and McNeil 1982.
 *
 * @param predictions `[rows]`, any scores: the output of a net with one output, or one column of a net's with several
 * @param targets `[rows]`, each 0 or 1; both must occur
 * @throws ShapeError, RangeError (NaN and infinities too), TypeError
 */
export function rocAuc(predictions: RowMajor, targets: RowMajor): number {
  const { rows, predictions: scores, targets: labels } = parsePairs(predictions, targets, { outputs: 1 });
  let positives = 0;
  for (let row = 0; row < rows; row++) {
    const label = labels[row] as number;
    if (label !== 0 && label !== 1) throw rangeError(`targets[${row}]`, "0 or 1", label);
    positives += label;
  }
  const negatives = rows - positives;
  if (positives * negatives === 0) throw rangeError("targets", "rows of both classes", targets);
  const rankSum = sumRanks(scores, labels);
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}

/** The sum of the ranks of the rows of class 1; exact, since it is a multiple of ½. */
function sumRanks(scores: ArrayLike<number>, labels: ArrayLike<number>): number {
  const order = Uint32Array.from(labels, (_, row) => row);
  order.sort((a, b) => (scores[a] as number) - (scores[b] as number));
  let total = 0;
  for (let first = 0, next = 0; first < order.length; first = next) {
    let positives = 0;
    const score = scores[order[first] as number];
    for (; next < order.length && scores[order[next] as number] === score; next++) {
      positives += labels[order[next] as number] as number;
    }
    total += (positives * (first + 1 + next)) / 2;
  }
  return total;
}
