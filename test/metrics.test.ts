// Metrics: against scikit-learn's numbers, cases worked by hand, and what holds for any predictions.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  accuracy,
  confusionMatrix,
  dense,
  logLoss,
  type MetricOptions,
  meanAbsoluteError,
  meanSquaredError,
  Network,
  type NetworkOptions,
  type RowMajor,
  rocAuc,
  rootMeanSquaredError,
  rSquared,
  ShapeError,
  topKAccuracy,
} from "../src/index.js";
import { engineOf } from "./support/builds.js";
import { absoluteError, expectWithin, toleranceError } from "./support/close.js";
import { loadFixtures } from "./support/fixtures.js";

interface Averages<T> {
  precision: T;
  recall: T;
  f1: T;
}

interface Classification {
  name: string;
  outputs: number;
  predictions: number[];
  /** Class indices. */
  targets: number[];
  accuracy: number;
  matrix: number[][];
  support: number[];
  per_class: Averages<number[]>;
  macro: Averages<number>;
  weighted: Averages<number>;
  log_loss: number;
  top_k: Record<string, number>;
}

interface Ranking {
  name: string;
  scores: number[];
  targets: number[];
  roc_auc: number;
}

interface Regression {
  name: string;
  outputs: number;
  predictions: number[];
  targets: number[];
  mean_absolute_error: number;
  mean_squared_error: number;
  root_mean_squared_error: number;
  r2: number;
}

const fixtures = loadFixtures<{ classification: Classification[]; ranking: Ranking[]; regression: Regression[] }>(
  "metrics.json",
);

const TOLERANCE = { relative: 1e-13, absolute: 1e-14 };

function expectClose(what: string, actual: number[], expected: number[]): void {
  expectWithin(what, toleranceError(actual, expected, TOLERANCE), 1);
}

/** One array a row. */
function rowsOf(values: readonly number[], width: number): number[][] {
  return Array.from({ length: values.length / width }, (_, row) => values.slice(row * width, (row + 1) * width));
}

function oneHot(labels: readonly number[], classes: number): number[][] {
  return labels.map((label) => Array.from({ length: classes }, (_, index) => Number(index === label)));
}

/** `topKAccuracy` with the parameters of the other metrics. */
function top1(predictions: RowMajor, targets: RowMajor, options?: MetricOptions): number {
  return topKAccuracy(predictions, targets, 1, options);
}

describe.each(fixtures.classification)("as scikit-learn: $name", (one) => {
  const { outputs, predictions, targets } = one;

  test("accuracy and log loss", () => {
    expectClose("accuracy", [accuracy(predictions, targets)], [one.accuracy]);
    // scikit-learn's ones are 1 − 2⁻⁵².
    expectWithin("log loss", absoluteError([logLoss(predictions, targets)], [one.log_loss]), 1e-13);
  });

  test("the confusion matrix with precision, recall and F1", () => {
    const seen = confusionMatrix(predictions, targets);
    expect(seen.matrix).toEqual(one.matrix);
    expect(seen.support).toEqual(one.support);
    expect(seen.classes).toBe(one.matrix.length);
    expectClose("accuracy", [seen.accuracy], [one.accuracy]);
    for (const score of ["precision", "recall", "f1"] as const) {
      expectClose(score, seen[score], one.per_class[score]);
      expectClose(`${score}, macro`, [seen.macro[score]], [one.macro[score]]);
      expectClose(`${score}, weighted`, [seen.weighted[score]], [one.weighted[score]]);
    }
  });

  test.each(Object.entries(one.top_k))("top %s", (k, expected) => {
    expectClose("share", [topKAccuracy(predictions, targets, Number(k))], [expected]);
  });

  test("is the same from rows, one-hot targets and typed arrays", () => {
    const rows = rowsOf(predictions, outputs);
    const hot = outputs === 1 ? targets.map((target) => [target]) : oneHot(targets, outputs);
    for (const metric of [accuracy, top1, confusionMatrix, logLoss]) {
      const expected = metric(predictions, targets);
      expect(metric(rows, targets)).toEqual(expected);
      expect(metric(rows, hot)).toEqual(expected);
      expect(metric(predictions, hot)).toEqual(expected);
      expect(metric(rows, hot.flat())).toEqual(expected);
      expect(metric(new Float64Array(predictions), Uint8Array.from(hot.flat()), { outputs })).toEqual(expected);
      expect(metric(predictions, Int32Array.from(targets), { outputs })).toEqual(expected);
    }
  });
});

test.each(fixtures.ranking)("ROC-AUC as scikit-learn: $name", ({ scores, targets, roc_auc: expected }) => {
  expectClose("area", [rocAuc(scores, targets)], [expected]);
});

test.each(fixtures.regression)("errors and R² as scikit-learn: $name", (one) => {
  const { outputs, predictions, targets } = one;
  const forms: [RowMajor, RowMajor][] = [
    [predictions, targets],
    [rowsOf(predictions, outputs), targets],
    [predictions, rowsOf(targets, outputs)],
  ];
  for (const [y, t] of forms) {
    const options = y === predictions && t === targets ? { outputs } : {};
    expectClose("MAE", [meanAbsoluteError(y, t, options)], [one.mean_absolute_error]);
    expectClose("MSE", [meanSquaredError(y, t, options)], [one.mean_squared_error]);
    expectClose("RMSE", [rootMeanSquaredError(y, t, options)], [one.root_mean_squared_error]);
    expectClose("R²", [rSquared(y, t, options)], [one.r2]);
  }
});

describe("worked by hand", () => {
  test("the largest output decides, the first of equals", () => {
    const scores = [
      [5, -1, 2],
      [3, 3, 0],
      [3, 3, 0],
      [0, 1, 4],
    ];
    expect(accuracy(scores, [0, 0, 1, 1])).toBe(2 / 4);
    expect(topKAccuracy(scores, [0, 0, 1, 1], 2)).toBe(4 / 4);
    expect(topKAccuracy(scores, [1, 2, 2, 0], 1)).toBe(0);
    expect(topKAccuracy(scores, [1, 2, 2, 0], 2)).toBe(0);
    expect(topKAccuracy(scores, [1, 2, 2, 0], 3)).toBe(1);
  });

  test("one output is the probability of class 1, and ½ is class 0", () => {
    expect(accuracy([0.9, 0.5, 0.2, 0.51], [1, 0, 1, 0])).toBe(2 / 4);
    expect(topKAccuracy([0.9, 0.5, 0.2, 0.51], [1, 0, 1, 0], 1)).toBe(2 / 4);
    expect(confusionMatrix([0.9, 0.5, 0.2, 0.51, 1], [1, 0, 1, 0, 1]).matrix).toEqual([
      [1, 1],
      [1, 2],
    ]);
  });

  test("a confusion matrix of three classes, one of which nobody is", () => {
    const seen = confusionMatrix(oneHot([0, 0, 1, 2, 0], 3), [0, 0, 0, 1, 1]);
    expect(seen).toEqual({
      matrix: [
        [2, 1, 0],
        [1, 0, 1],
        [0, 0, 0],
      ],
      classes: 3,
      support: [3, 2, 0],
      precision: [2 / 3, 0, 0],
      recall: [2 / 3, 0, 0],
      f1: [4 / 6, 0, 0],
      accuracy: 2 / 5,
      macro: { precision: 2 / 9, recall: 2 / 9, f1: 2 / 9 },
      weighted: { precision: 2 / 5, recall: 2 / 5, f1: 2 / 5 },
    });
  });

  test("log loss of classes, of probability rows and of one output", () => {
    const rows = [
      [0.5, 0.25, 0.25],
      [0.125, 0.75, 0.125],
    ];
    expectClose("classes", [logLoss(rows, [0, 2])], [2 * Math.LN2]);
    const soft = [
      [0.5, 0.5, 0],
      [0.5, 0, 0.5],
    ];
    expectClose("probabilities", [logLoss(rows, soft)], [((1 + 2) / 4 + 3 / 2) * Math.LN2]);
    expectClose("one output", [logLoss([0.25, 0.5], [0, 1])], [(Math.log(4 / 3) + Math.LN2) / 2]);
    expectClose("impossible", [logLoss([0, 1], [1, 0])], [52 * Math.LN2]);
    expect(logLoss([0, 1], [0, 1])).toBe(0);
  });

  test("the pairs that an area counts", () => {
    expect(rocAuc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])).toBe(3 / 4);
    expect(rocAuc([1, 2, 2, 2, 3], [0, 1, 0, 1, 0])).toBe((1 + 0.5 + 0 + 1 + 0.5 + 0) / 6);
    expect(rocAuc([0, -0], [0, 1])).toBe(1 / 2);
    expect(rocAuc([[0.2], [0.7]], [[0], [1]])).toBe(1);
  });

  test("errors of values", () => {
    expect(meanAbsoluteError([1, 2, 6], [1, 4, 2])).toBe(2);
    expect(meanSquaredError([1, 2, 6], [1, 4, 1])).toBe(29 / 3);
    expect(rootMeanSquaredError([1, 5], [1, 9])).toBe(Math.sqrt(8));
    const y = [
      [1, 0],
      [1, 4],
    ];
    const t = [
      [3, 0],
      [3, 0],
    ];
    expect(rootMeanSquaredError(y, t)).toBe((2 + Math.sqrt(8)) / 2);
    expect(meanAbsoluteError([0.5, 0.5, 1, 0], [1, 0])).toBe(0.25);
    expect(meanSquaredError([0.5, 0.5, 0.5, 0.5], [1, 0])).toBe(0.25);
  });

  test("R²", () => {
    expect(rSquared([2, 2, 4], [1, 2, 3])).toBe(0);
    expect(rSquared([1, 2, 2], [1, 2, 3])).toBe(1 / 2);
    expect(rSquared([3, 2, 1], [1, 2, 3])).toBe(-3);
    expect(rSquared(new Array(10).fill(0.2), new Array(10).fill(0.1))).toBe(0);
    expect(rSquared([1], [1])).toBeNaN();
  });
});

describe("of networks", async () => {
  const engine = await engineOf("simd");
  const x = Array.from({ length: 60 }, (_, index) => Math.sin(index * index));
  const create = (outputs: number, loss: NetworkOptions["loss"]) =>
    Network.create({ inputs: 2, layers: [dense(4, "tanh"), dense(outputs)], loss, engine, seed: 1 });

  test("classes: accuracy and loss are those of evaluate", async () => {
    const net = await create(3, "softmaxCrossEntropy");
    const labels = Array.from({ length: 30 }, (_, row) => row % 3);
    const { loss, accuracy: expected } = net.evaluate(x, labels);
    expect(accuracy(net.predict(x), labels)).toBe(expected);
    expect(accuracy(net.forward(x), labels)).toBe(expected);
    expectWithin("loss", absoluteError([logLoss(net.predict(x), labels)], [loss]), 1e-6);
  });

  test.each([1, 2])("%i independent outputs: number by number", async (outputs) => {
    const net = await create(outputs, "binaryCrossEntropy");
    const labels = Array.from({ length: 30 * outputs }, (_, index) => Number(index % 3 === 0));
    const { loss, accuracy: expected } = net.evaluate(x, labels);
    expect(accuracy(net.predict(x), labels)).toBe(expected);
    expectWithin("loss", absoluteError([logLoss(net.predict(x), labels)], [loss]), 1e-6);
  });

  test.each(["meanSquaredError", "meanAbsoluteError"] as const)("%s is the loss of that name", async (loss) => {
    const net = await create(3, loss);
    const metric = { meanSquaredError, meanAbsoluteError }[loss];
    const labels = Array.from({ length: 30 }, (_, row) => row % 3);
    const values = Array.from({ length: 90 }, (_, index) => Math.cos(index));
    expectWithin("values", absoluteError([metric(net.predict(x), values)], [net.evaluate(x, values).loss]), 1e-6);
    expectWithin("classes", absoluteError([metric(net.predict(x), labels)], [net.evaluate(x, labels).loss]), 1e-6);
  });
});

/** Scores of few different values, so that many are equal, and a class for each row. */
const scored = fc.integer({ min: 1, max: 5 }).chain((outputs) =>
  fc.array(
    fc.record({
      scores: fc.array(
        fc.integer({ min: 0, max: 4 }).map((quarters) => quarters / 4),
        { minLength: outputs, maxLength: outputs },
      ),
      label: fc.nat({ max: Math.max(2, outputs) - 1 }),
    }),
    { minLength: 1, maxLength: 30 },
  ),
);

/** Binary scores of few different values; both classes occur. */
const ranked = fc
  .array(fc.record({ score: fc.integer({ min: -3, max: 3 }), label: fc.nat({ max: 1 }) }), { maxLength: 30 })
  .map((rows) => [...rows, { score: 1, label: 0 }, { score: 0, label: 1 }]);

const paired = fc.array(fc.record({ y: fc.integer({ min: -50, max: 50 }), t: fc.integer({ min: -50, max: 50 }) }), {
  minLength: 2,
  maxLength: 30,
});

describe("for any predictions", () => {
  test("the confusion matrix adds up: rows to the support, the diagonal to the accuracy", () => {
    fc.assert(
      fc.property(scored, (rows) => {
        const labels = rows.map(({ label }) => label);
        const predictions = rows.map(({ scores }) => scores);
        const seen = confusionMatrix(predictions, labels);
        expect(seen.support).toEqual(seen.matrix.map((counts) => counts.reduce((a, b) => a + b)));
        expect(seen.support).toEqual(seen.matrix.map((_, label) => labels.filter((one) => one === label).length));
        const right = seen.matrix.reduce((total, counts, label) => total + (counts[label] as number), 0);
        expect(seen.accuracy).toBe(right / rows.length);
        expect(accuracy(predictions, labels)).toBe(seen.accuracy);
        expectWithin("weighted recall", absoluteError([seen.weighted.recall], [seen.accuracy]), 1e-12);
        for (const [label, f1] of seen.f1.entries()) {
          const precision = seen.precision[label] as number;
          const recall = seen.recall[label] as number;
          const harmonic = (2 * precision * recall) / (precision + recall) || 0;
          expectWithin("F1", absoluteError([f1], [harmonic]), 1e-12);
        }
      }),
    );
  });

  test("top k starts at the accuracy, never falls, and ends at 1", () => {
    fc.assert(
      fc.property(scored, (rows) => {
        const outputs = rows[0]?.scores.length as number;
        const labels = rows.map(({ label }) => label);
        const predictions = rows.map(({ scores }) => scores);
        let last = accuracy(predictions, labels);
        expect(topKAccuracy(predictions, labels, 1)).toBe(last);
        for (let k = 2; k <= outputs; k++) {
          const share = topKAccuracy(predictions, labels, k);
          expect(share).toBeGreaterThanOrEqual(last);
          last = share;
        }
        if (outputs > 1) expect(last).toBe(1);
      }),
    );
  });

  test("the area is the share of pairs in the right order, whatever increasing function the scores go through", () => {
    fc.assert(
      fc.property(ranked, (rows) => {
        const labels = rows.map(({ label }) => label);
        const scores = rows.map(({ score }) => score);
        const positives = rows.filter(({ label }) => label === 1);
        const negatives = rows.filter(({ label }) => label === 0);
        let wins = 0;
        for (const { score: p } of positives) for (const { score: n } of negatives) wins += (Math.sign(p - n) + 1) / 2;
        const area = rocAuc(scores, labels);
        expect(area).toBe(wins / (positives.length * negatives.length));
        expect(rocAuc(scores.map(Math.exp), labels)).toBe(area);
        const reversed = rocAuc(
          scores.map((score) => -score),
          labels,
        );
        expectWithin("reversed", absoluteError([reversed], [1 - area]), 1e-15);
      }),
    );
  });

  test("the order of the rows does not matter", () => {
    const shuffled = ranked.chain((rows) => {
      const all = { minLength: rows.length, maxLength: rows.length };
      return fc.tuple(fc.constant(rows), fc.shuffledSubarray(rows, all));
    });
    fc.assert(
      fc.property(shuffled, (orders) => {
        const [first, second] = orders.map((rows) => {
          const labels = rows.map(({ label }) => label);
          const scores = rows.map(({ score }) => score);
          const chances = scores.map((score) => (score + 3) / 8);
          return {
            exact: [rocAuc(scores, labels), accuracy(chances, labels), meanSquaredError(scores, labels)],
            matrix: confusionMatrix(chances, labels),
            close: [logLoss(chances, labels), rSquared(scores, labels)],
          };
        });
        expect(second?.exact).toEqual(first?.exact);
        expect(second?.matrix).toEqual(first?.matrix);
        expectWithin(
          "sums in another order",
          toleranceError(second?.close as number[], first?.close as number[], { relative: 1e-12, absolute: 1e-12 }),
          1,
        );
      }),
    );
  });

  test("MAE ≤ RMSE = √MSE, and R² stays when targets and predictions are shifted and scaled", () => {
    fc.assert(
      fc.property(paired, (rows) => {
        const y = rows.map((row) => row.y);
        const t = rows.map((row) => row.t);
        const root = rootMeanSquaredError(y, t);
        expect(root).toBe(Math.sqrt(meanSquaredError(y, t)));
        expect(meanAbsoluteError(y, t)).toBeLessThanOrEqual(root * (1 + 1e-12));
        const moved = (values: number[]) => values.map((value) => 4 * value - 8);
        const expected = rSquared(y, t);
        const bounds = { relative: 1e-10, absolute: 1e-10 };
        expectWithin("R²", toleranceError([rSquared(moved(y), moved(t))], [expected], bounds), 1);
      }),
    );
  });
});

describe("bad arguments", () => {
  const metrics: [string, (predictions: never, targets: never, options?: never) => unknown][] = [
    ["accuracy", accuracy],
    ["topKAccuracy", top1],
    ["confusionMatrix", confusionMatrix],
    ["logLoss", logLoss],
    ["meanAbsoluteError", meanAbsoluteError],
    ["meanSquaredError", meanSquaredError],
    ["rootMeanSquaredError", rootMeanSquaredError],
    ["rSquared", rSquared],
    ["rocAuc", rocAuc],
  ];
  type ErrorType = abstract new (...parameters: never[]) => Error;
  type Bad = [what: string, predictions: unknown, targets: unknown, type: ErrorType, message: RegExp];

  function expectRefusal(call: () => unknown, type: ErrorType, message: RegExp): void {
    expect(call).toThrow(message);
    expect(call).toThrow(type as new () => Error);
  }

  describe.each(metrics)("%s", (name, metric) => {
    test.each<Bad>([
      ["no predictions", undefined, [1, 0], TypeError, /^"predictions" expected a typed array.*, got undefined$/],
      ["no targets", [1, 0], undefined, TypeError, /^"targets" expected a typed array.*, got undefined$/],
      ["text", "10", [1, 0], TypeError, /^"predictions" expected a typed array.*, got "10"$/],
      ["strings", [1, 0], ["1", "0"], TypeError, /^"targets\[0\]" expected a number, got "1"$/],
      ["a hole", [0.5, undefined], [1, 0], TypeError, /^"predictions\[1\]" expected a number, got undefined$/],
      ["NaN", [0.5, Number.NaN], [1, 0], RangeError, /^"predictions\[1\]" expected a finite number, got NaN$/],
      ["NaN in a row", [[0.5], [Number.NaN]], [1, 0], RangeError, /^"predictions\[1\]\[0\]" expected .*, got NaN$/],
      ["an infinity", new Float32Array([-1 / 0, 1]), [1, 0], RangeError, /^"predictions\[0\]" .*, got -Infinity$/],
      ["a NaN target", [0.5, 0.5], [1, Number.NaN], RangeError, /^"targets\[1\]" expected .*, got NaN$/],
      ["no rows", [], [], ShapeError, /^"predictions" expected one or more rows of 1 numbers, got 0 numbers$/],
      ["empty rows", [[], []], [1, 0], ShapeError, /^"predictions\[0\]" expected 1 numbers, got 0$/],
      ["empty targets", [0.5, 0.5], [], ShapeError, /^"targets" expected \d × \d numbers.*, got 0 numbers$/],
      ["too many targets", [0.5], [1, 0], ShapeError, /^"targets" expected 1 × 1 numbers, got 2 numbers$/],
      ["ragged rows", [[0.5], [0.5, 0.5]], [1, 0], ShapeError, /^"predictions\[1\]" expected 1 numbers, got 2$/],
    ])("%s", (_, predictions, targets, type, message) => {
      expectRefusal(() => metric(predictions as never, targets as never), type, message);
    });

    if (name === "rocAuc") return;
    test.each<[string, unknown, ErrorType, RegExp]>([
      ["an unknown option", { classes: 2 }, TypeError, /^"options" expected only outputs, got "classes"$/],
      ["no object", 2, TypeError, /^"options" expected an object, got 2$/],
      ["no outputs", { outputs: 0 }, RangeError, /^"outputs" expected an integer ≥ 1, got 0$/],
      ["text", { outputs: "2" }, TypeError, /^"outputs" expected an integer ≥ 1, got "2"$/],
      ["outputs that do not divide", { outputs: 4 }, ShapeError, /^"predictions" expected one or more rows of 4/],
    ])("options: %s", (_, options, type, message) => {
      expectRefusal(() => metric([1, 0] as never, [1, 0] as never, options as never), type, message);
    });

    test.each<Bad>([
      [
        "sizes that do not fit",
        [1, 0, 1, 0, 1],
        [1, 0],
        ShapeError,
        /^"predictions" expected .* of 2 .*, got 5 numbers$/,
      ],
      [
        "too few classes",
        [
          [1, 0],
          [0, 1],
          [1, 0],
        ],
        [1, 0],
        ShapeError,
        /^"targets" expected 3 × 2 numbers, or 3 class/,
      ],
      [
        "a class too high",
        [1, 0, 0, 1],
        [0, 2],
        RangeError,
        /^"targets\[1\]" expected a class index from 0 to 1, got 2$/,
      ],
      [
        "a class between",
        [1, 0, 0, 1],
        [0.5, 1],
        RangeError,
        /^"targets\[0\]" expected a class index from 0 to 1, got 0.5$/,
      ],
    ])("%s", (_, predictions, targets, type, message) => {
      expectRefusal(() => metric(predictions as never, targets as never), type, message);
    });
  });

  test("what is no probability where one is meant", () => {
    expectRefusal(
      () => accuracy([0.5, 2], [0, 1]),
      RangeError,
      /^"predictions\[1\]" expected a number from 0 to 1, got 2$/,
    );
    expectRefusal(
      () => accuracy([0.5, 1], [0, 2]),
      RangeError,
      /^"targets\[1\]" expected a number from 0 to 1, got 2$/,
    );
    expectRefusal(
      () => logLoss([[1.5, -0.5]], [0]),
      RangeError,
      /^"predictions\[0\]\[0\]" expected a number from 0 to 1/,
    );
    expectRefusal(
      () => logLoss([[0.5, 0.5]], [[1, -1]]),
      RangeError,
      /^"targets\[0\]\[1\]" expected a number from 0 to 1/,
    );
  });

  test("k", () => {
    const rows = [[0.2, 0.8]];
    for (const k of [0, 3, 1.5, Number.NaN]) {
      expectRefusal(() => topKAccuracy(rows, [1], k), RangeError, /^"k" expected an integer from 1 to 2, got/);
    }
    expectRefusal(() => topKAccuracy(rows, [1], undefined as never), TypeError, /^"k" expected an integer from 1 to 2/);
  });

  test("an area of one class, of other labels, or of several outputs", () => {
    expectRefusal(
      () => rocAuc([1, 2], [1, 1]),
      RangeError,
      /^"targets" expected rows of both classes, got Array of length 2$/,
    );
    expectRefusal(() => rocAuc([1, 2], [0, 0]), RangeError, /^"targets" expected rows of both classes/);
    expectRefusal(() => rocAuc([1, 2], [0, 0.5]), RangeError, /^"targets\[1\]" expected 0 or 1, got 0.5$/);
    expectRefusal(
      () =>
        rocAuc(
          [
            [1, 2],
            [2, 1],
          ],
          [0, 1],
        ),
      ShapeError,
      /^"predictions\[0\]" expected 1 numbers, got 2$/,
    );
  });
});
