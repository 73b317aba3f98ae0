// Model selection: standardization alone and in a network, splits and folds, cross-validation.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  adam,
  add,
  type CrossValidationOptions,
  crossValidate,
  DisposedError,
  dense,
  type FoldRecord,
  type Grid,
  gradCheck,
  graph,
  kFold,
  Network,
  type NetworkOptions,
  type Rows,
  ShapeError,
  Standardization,
  sgd,
  split,
  standardize,
  type Targets,
} from "../src/index.js";
import { FOLD_STREAM } from "../src/network/streams.js";
import { permutation } from "../src/selection/random.js";
import { engineOf } from "./support/builds.js";
import { expectWithin, toleranceError } from "./support/close.js";
import { columnStatistics, pick, readTable, standardize as scaledByHand } from "./support/data.js";
import { loadFixtures } from "./support/fixtures.js";
import { VARIANTS } from "./support/variants.js";

const engine = await engineOf("simd");
const wine = readTable("wine");
const diabetes = readTable("diabetes");

interface Run {
  name: string;
  dataset: string;
  input_mean: number[];
  input_std: number[];
  target_mean?: number;
  target_std?: number;
  train_index: number[];
}

const { runs } = loadFixtures<{ runs: Run[] }>("training.json");
/** digits.csv is divided by 16 in the fixtures, and not standardized. */
const standardizedRuns = runs.filter(({ input_std }) => new Set(input_std).size > 1);

/** Some units in the last place. */
const MOMENTS = { relative: 1e-14, absolute: 1e-300 };

describe("standardize", () => {
  test.each(standardizedRuns)("gives the fixture's means and deviations: $name", (run) => {
    const { inputs, targets } = readTable(run.dataset);
    const { means, deviations } = standardize(pick(inputs, run.train_index));
    expectWithin(`${run.name}: means`, toleranceError(means, run.input_mean, MOMENTS), 1);
    expectWithin(`${run.name}: deviations`, toleranceError(deviations, run.input_std, MOMENTS), 1);
    if (run.target_mean === undefined || run.target_std === undefined) return;
    const target = standardize(pick(targets, run.train_index));
    expectWithin(`${run.name}: target's mean`, toleranceError(target.means, [run.target_mean], MOMENTS), 1);
    expectWithin(`${run.name}: target's deviation`, toleranceError(target.deviations, [run.target_std], MOMENTS), 1);
  });

  test("several runs of the fixtures are standardized, one with its target", () => {
    expect(standardizedRuns.length).toBeGreaterThanOrEqual(3);
    expect(standardizedRuns.some(({ target_mean }) => target_mean !== undefined)).toBe(true);
  });

  test("by hand: population deviation, column by column", () => {
    const { means, deviations } = standardize([
      [1, 10],
      [3, 10],
      [5, 40],
      [7, 40],
    ]);
    expect([...means]).toEqual([4, 25]);
    expect([...deviations]).toEqual([Math.sqrt(5), 15]);
  });

  test("agrees with the naive twin on any rows", () => {
    const row = fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 40 }), (rows) => {
        const { means, deviations } = standardize(rows);
        const expected = columnStatistics(rows);
        for (let j = 0; j < 3; j++) {
          expect(means[j]).toBeCloseTo(expected.means[j] as number, 9);
          const naive = expected.deviations[j] as number;
          // What is left of a constant column in the twin, by its rounding errors, is 1 here.
          if (naive > 1e-9) expect(deviations[j]).toBeCloseTo(naive, 9);
          else expect(deviations[j] === 1 || (deviations[j] as number) <= 1e-9).toBe(true);
        }
      }),
    );
  });

  test("takes rows of every form alike, and one column of a flat array by default", () => {
    const rows = [
      [1, 5, 2],
      [4, 4, 4],
      [9, 0, 4],
      [3, 1, 8],
    ];
    const expected = standardize(rows);
    const matrix = engine.matrix(4, 3, { values: rows.flat() });
    const forms: [Rows, number?][] = [
      [rows, 3],
      [rows.map((row) => Float32Array.from(row))],
      [rows.flat(), 3],
      [Uint8Array.from(rows.flat()), 3],
      [Float64Array.from(rows.flat()), 3],
      [matrix],
    ];
    for (const [form, columns] of forms) expect(standardize(form, columns)).toEqual(expected);
    matrix.free();
    expect(standardize([2, 4])).toEqual(new Standardization([3], [1]));
  });

  test("a constant column gets the deviation 1, and becomes 0 exactly", () => {
    const rows = [0.1, -1e17 / 3, 1 / 3, 0].map((value) => new Array<number>(7).fill(value));
    for (const values of rows) {
      const scaling = standardize(values);
      expect(scaling).toEqual(new Standardization([values[0] as number], [1]));
      expect([...scaling.apply(values)]).toEqual(new Array(7).fill(0));
    }
  });

  test("a column that is constant but for rounding errors gets the deviation 1, a narrow one does not", () => {
    const rounding = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 0.3 : 0.1 + 0.2));
    expect(new Set(rounding).size).toBe(2);
    expect([...standardize(rounding).deviations]).toEqual([1]);
    const narrow = Array.from({ length: 20 }, (_, i) => 1e6 + (i % 2) * 1e-3);
    expect(standardize(narrow).deviations[0]).toBeCloseTo(5e-4, 9);
  });

  test("loses nothing far from 0", () => {
    const values = Array.from({ length: 1000 }, (_, i) => 2 ** 50 + i);
    const { means, deviations } = standardize(values);
    expect(means[0]).toBe(2 ** 50 + 499.5);
    expect(deviations[0]).toBeCloseTo(Math.sqrt((1000 ** 2 - 1) / 12), 10);
  });

  test("apply and invert are each other's inverse; the result has mean 0 and deviation 1", () => {
    const scaling = standardize(wine.inputs);
    const scaled = scaling.apply(wine.inputs);
    expect(
      toleranceError(scaling.invert(scaled), wine.inputs.flat(), { relative: 1e-14, absolute: 1e-14 }).error,
    ).toBeLessThanOrEqual(1);
    const again = standardize(scaled, 13);
    for (let j = 0; j < 13; j++) {
      expect(Math.abs(again.means[j] as number)).toBeLessThan(1e-14);
      expect(again.deviations[j]).toBeCloseTo(1, 13);
    }
  });

  test("apply is (x − mean) / deviation and invert mean + deviation · x, row by row", () => {
    const scaling = new Standardization([1, -2], [2, 0.5]);
    expect([...scaling.apply([1, -2, 5, 0])]).toEqual([0, 0, 2, 4]);
    expect([
      ...scaling.invert([
        [0, 0],
        [2, 4],
      ]),
    ]).toEqual([1, -2, 5, 0]);
  });

  test("refuses what is no table of finite numbers", () => {
    const refused: [() => unknown, new (message: string) => Error, RegExp][] = [
      [() => standardize([]), ShapeError, /"x" expected one or more rows of 1 numbers/],
      [() => standardize([[]]), ShapeError, /"x" expected one or more rows of 0 numbers/],
      [() => standardize([[1, 2], [3]]), ShapeError, /"x\[1\]" expected 2 numbers, got 1/],
      [() => standardize([1, 2, 3], 2), ShapeError, /"x" expected one or more rows of 2 numbers, got 3/],
      [() => standardize([[1, 2]], 3), ShapeError, /"x\[0\]" expected 3 numbers, got 2/],
      [() => standardize([1, 2], 0), RangeError, /"columns" expected an integer ≥ 1, got 0/],
      [() => standardize("12" as never), TypeError, /"x" expected .*, got "12"/],
      [() => standardize([["1"]] as never), TypeError, /"x\[0\]\[0\]" expected a number, got "1"/],
      [
        () =>
          standardize([
            [1, 2],
            [3, Number.NaN],
          ]),
        RangeError,
        /"means\[1\]" expected a finite number, got NaN/,
      ],
      [() => standardize([1, Number.POSITIVE_INFINITY]), RangeError, /"means\[0\]" expected a finite number/],
      [() => new Standardization([1, 2], [1]), ShapeError, /"deviations" expected 2 numbers, got 1/],
      [() => new Standardization([1], [0]), RangeError, /"deviations\[0\]" expected a finite number > 0, got 0/],
      [() => new Standardization([Number.NaN], [1]), RangeError, /"means\[0\]" expected a finite number, got NaN/],
      [() => new Standardization(3 as never, [1]), TypeError, /"means" expected an array of numbers, got 3/],
      [() => new Standardization([1, 2], [1, 1]).apply([1, 2, 3]), ShapeError, /"x" expected .* rows of 2/],
      [() => new Standardization([1, 2], [1, 1]).invert([[1]]), ShapeError, /"x\[0\]" expected 2 numbers, got 1/],
    ];
    for (const [call, type, message] of refused) {
      expect(call).toThrow(message);
      expect(call).toThrow(type);
    }
  });
});

describe.each(VARIANTS)("a network with a standardization: $build, $dtype", ({ dtype, engine }) => {
  const standardization = standardize(wine.inputs);
  const options: NetworkOptions = {
    inputs: 13,
    layers: [dense(6, "tanh"), dense(3)],
    loss: "softmaxCrossEntropy",
    seed: 3,
    dtype,
    engine,
  };
  const scaled = standardization.apply(wine.inputs);
  const raw = wine.inputs;
  const y = wine.targets;
  const pair = () => Promise.all([Network.create({ ...options, standardization }), Network.create(options)] as const);

  test("takes raw rows everywhere as one without takes standardized ones, bit for bit", async () => {
    const [net, plain] = await pair();
    expect(net.standardization).toBe(standardization);
    expect(plain.standardization).toBeUndefined();
    expect(net.forward(raw)).toEqual(plain.forward(scaled));
    expect(net.predict(raw)).toEqual(plain.predict(scaled));
    expect(net.backward(raw, y)).toBe(plain.backward(scaled, y));
    const optimizer = adam({ learningRate: 0.01 });
    expect(net.trainBatch(raw, y, optimizer)).toBe(plain.trainBatch(scaled, y, optimizer));
    const fit = { optimizer, epochs: 3, batchSize: 20 };
    const losses = async (x: Rows, one: Network) => {
      const { epochs } = await one.fit(x, y, { ...fit, validation: [x, y] });
      return epochs.map(({ seconds, ...record }) => record);
    };
    expect(await losses(raw, net)).toEqual(await losses(scaled, plain));
    expect(net.evaluate(raw, y)).toEqual(plain.evaluate(scaled, y));
    expect(net.parameters.map(({ values }) => values)).toEqual(plain.parameters.map(({ values }) => values));
    expect(net.evaluate(raw, y).loss).toBeLessThan(Math.log(3) / 2);
    for (const one of [net, plain]) one.dispose();
  });

  test("takes rows of every form", async () => {
    const [net, plain] = await pair();
    const expected = plain.backward(scaled, y);
    const matrices = (["float32", "float64"] as const).map((type) => {
      return engine.matrix(raw.length, 13, { dtype: type, values: raw.flat() });
    });
    const single = Float32Array.from(raw.flat());
    const expectedOfSingle = plain.backward(standardization.apply(single), y);
    expect(net.backward(raw.flat(), y)).toBe(expected);
    expect(net.backward(Float64Array.from(raw.flat()), y)).toBe(expected);
    expect(net.backward(matrices[1] as never, y)).toBe(expected);
    expect(net.backward(single, y)).toBe(expectedOfSingle);
    expect(net.backward(matrices[0] as never, y)).toBe(expectedOfSingle);
    expect(matrices[1]?.values).toEqual(Float64Array.from(raw.flat()));
    for (const one of [net, plain]) one.dispose();
    for (const matrix of matrices) matrix.free();
  });

  test("gives the derivative by the raw inputs, and right gradients", async () => {
    const [net, plain] = await pair();
    const [x, labels] = [raw.slice(0, 5), y.slice(0, 5)];
    net.backward(x, labels, { inputGradient: true });
    plain.backward(standardization.apply(x), labels, { inputGradient: true });
    const gradient = net.inputGradient as Float32Array;
    const expected = (plain.inputGradient as Float32Array).map(
      (value, i) => value / (standardization.deviations[i % 13] as number),
    );
    expect(gradient).toEqual(expected);
    if (dtype === "float64") {
      expect(gradCheck(net, x, labels).maxRelativeError).toBeLessThan(1e-6);
      const numeric = x.flat().map((value, i) => {
        const step = 1e-4 * (standardization.deviations[i % 13] as number);
        const lossAt = (moved: number) => net.backward(x.flat().with(i, moved), labels);
        return (lossAt(value + step) - lossAt(value - step)) / (2 * step);
      });
      expectWithin("∂loss/∂x", toleranceError(gradient, numeric, { relative: 1e-5, absolute: 1e-8 }), 1);
    }
    for (const one of [net, plain]) one.dispose();
  });
});

test("a graph's inputs are standardized as its rows hold them, one behind the other", async () => {
  const standardization = standardize(wine.inputs);
  const options = {
    graph: graph({
      inputs: { first: 4, others: 9 },
      nodes: { a: [dense(3, "tanh"), "first"], b: [dense(3, "tanh"), "others"], y: [add(), "a", "b"] },
      outputs: "y",
    }),
    loss: "softmaxCrossEntropy",
    engine,
  } as const;
  const net = await Network.create({ ...options, standardization });
  const plain = await Network.create(options);
  const expected = plain.predict(standardization.apply(wine.inputs));
  expect(net.predict(wine.inputs)).toEqual(expected);
  const named = {
    first: wine.inputs.map((row) => row.slice(0, 4)),
    others: wine.inputs.map((row) => row.slice(4)),
  };
  expect(net.predict(named)).toEqual(expected);
  expect(net.backward(named, wine.targets)).toBe(plain.backward(standardization.apply(wine.inputs), wine.targets));
  for (const one of [net, plain]) one.dispose();
});

describe("the standardization of Network.create", () => {
  const create = (standardization: unknown) =>
    Network.create({ inputs: 2, layers: [dense(1)], loss: "huber", engine, standardization } as NetworkOptions);

  test("has as many columns as the network has inputs", async () => {
    await expect(create(standardize([1, 2, 3]))).rejects.toThrow(ShapeError);
    await expect(create(standardize([1, 2, 3]))).rejects.toThrow('"standardization" expected 2 columns, got 1');
  });

  test("is one", async () => {
    for (const value of [null, 3, { means: [0, 0], deviations: [1, 1] }]) {
      await expect(create(value)).rejects.toThrow(TypeError);
      await expect(create(value)).rejects.toThrow('"standardization" expected a Standardization, got');
    }
  });
});

test("orders are those of the engine's shuffle", () => {
  for (const seed of [0, 1, 42, 2 ** 31, 2 ** 32 + 5, Number.MAX_SAFE_INTEGER]) {
    for (const length of [1, 2, 17, 1000]) {
      for (const stream of [0, FOLD_STREAM, 0xffffffff]) {
        const address = engine.arena.allocate(4 * length);
        const place = engine.arena.integers.subarray(address / 4, address / 4 + length);
        place.set(Array.from({ length }, (_, i) => i));
        engine.shuffle(length, address, seed, stream, 0);
        expect(permutation(length, seed, stream)).toEqual(place.slice());
        engine.arena.free(address);
      }
    }
  }
});

const ascending = (numbers: ArrayLike<number>) => [...Array.from(numbers)].sort((a, b) => a - b);

/** How often each class stands among those rows. */
function countsOf(labels: ArrayLike<number>, rows: Iterable<number>): Map<number, number> {
  const counts = new Map<number, number>();
  for (const row of rows) counts.set(labels[row] as number, (counts.get(labels[row] as number) ?? 0) + 1);
  return counts;
}

describe("kFold", () => {
  const sizes = fc.integer({ min: 2, max: 60 }).chain((rows) => {
    return fc.record({ rows: fc.constant(rows), folds: fc.integer({ min: 2, max: rows }), seed: fc.maxSafeNat() });
  });

  test("every row is tested once, and trains all other folds; sizes differ by one at most", () => {
    fc.assert(
      fc.property(sizes, ({ rows, folds, seed }) => {
        const all = Array.from({ length: rows }, (_, i) => i);
        const parts = kFold(rows, { folds, seed });
        expect(parts).toHaveLength(folds);
        expect(ascending(parts.flatMap(({ test }) => [...test]))).toEqual(all);
        for (const { train, test } of parts) {
          expect(ascending([...train, ...test])).toEqual(all);
          expect([...train]).toEqual(ascending(train));
          expect([...test]).toEqual(ascending(test));
        }
        const counts = parts.map(({ test }) => test.length);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      }),
    );
  });

  test("the same seed gives the same folds, another one others", () => {
    expect(kFold(50, { seed: 7 })).toEqual(kFold(50, { seed: 7, folds: 5 }));
    expect(kFold(50, { seed: 7 })).not.toEqual(kFold(50, { seed: 8 }));
    expect(kFold(50)).toEqual(kFold(50, { seed: 0 }));
    // Today's folds, written down, so that those of a release are those of the next.
    expect(kFold(10, { folds: 2, seed: 1 }).map(({ test }) => [...test])).toEqual([
      [0, 2, 4, 7, 8],
      [1, 3, 5, 6, 9],
    ]);
  });

  test("stratified, every fold has each class in its share to within one row, and is as large as the others", () => {
    const labelled = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 8, maxLength: 60 });
    fc.assert(
      fc.property(labelled, fc.integer({ min: 2, max: 8 }), fc.maxSafeNat(), (stratify, folds, seed) => {
        const rows = stratify.length;
        const parts = kFold(rows, { folds, seed, stratify });
        const total = countsOf(
          stratify,
          Array.from({ length: rows }, (_, i) => i),
        );
        for (const { test } of parts) {
          const counts = countsOf(stratify, test);
          for (const [label, count] of total) {
            expect(Math.abs((counts.get(label) ?? 0) - count / folds)).toBeLessThan(1);
          }
          expect(Math.abs(test.length - rows / folds)).toBeLessThan(1);
        }
        expect(ascending(parts.flatMap(({ test }) => [...test]))).toEqual(Array.from({ length: rows }, (_, i) => i));
      }),
    );
  });

  test("stratified folds depend on the seed as well", () => {
    const stratify = Uint8Array.from(wine.targets);
    const folds = (seed: number) => kFold(178, { seed, stratify });
    expect(folds(1)).toEqual(folds(1));
    expect(folds(1)).not.toEqual(folds(2));
  });

  test("each row is as likely in each fold", () => {
    const turns = 2000;
    const hits = new Array<number>(10).fill(0);
    for (let seed = 0; seed < turns; seed++) {
      for (const row of kFold(10, { folds: 5, seed })[0]?.test ?? []) hits[row] = (hits[row] as number) + 1;
    }
    // Binomial with share 1/5: six deviations.
    for (const count of hits) expect(Math.abs(count - turns / 5)).toBeLessThan(6 * Math.sqrt(turns * 0.16));
  });

  test("refuses folds that cannot be", () => {
    const refused: [() => unknown, new (message: string) => Error, RegExp][] = [
      [() => kFold(1), RangeError, /"rows" expected an integer ≥ 2, got 1/],
      [() => kFold("9" as never), TypeError, /"rows" expected an integer ≥ 2, got "9"/],
      [() => kFold(3), RangeError, /"folds" expected an integer from 2 to 3, got 5/],
      [() => kFold(9, { folds: 1 }), RangeError, /"folds" expected an integer from 2 to 9, got 1/],
      [() => kFold(9, { seed: -1 }), RangeError, /"seed" expected an integer from 0 /],
      [() => kFold(9, { fold: 3 } as never), TypeError, /"options" expected only folds, seed, stratify, got "fold"/],
      [() => kFold(9, { stratify: [1, 2] }), ShapeError, /"stratify" expected 9 numbers, got 2/],
      [() => kFold(2, { folds: 2, stratify: ["a", "b"] as never }), TypeError, /"stratify\[0\]" expected a number/],
      [() => kFold(9, { stratify: true as never }), TypeError, /"stratify" expected .* array of numbers, got true/],
    ];
    for (const [call, type, message] of refused) {
      expect(call).toThrow(message);
      expect(call).toThrow(type);
    }
  });
});

describe("split", () => {
  const rows = Array.from({ length: 10 }, (_, i) => [i, -i]);
  const labels = rows.map(([i]) => i as number);

  test("parts the rows, with their targets, in their order and in the form that they have", () => {
    const forms: [Rows, Targets, number?][] = [
      [rows, labels],
      [rows, labels.map((label) => [label, label])],
      [rows.flat(), Int16Array.from(labels), 2],
      [Float32Array.from(rows.flat()), labels, 2],
      [Buffer.from(rows.flat().map(Math.abs)), labels, 2],
    ];
    const indices = split(rows, labels, { test: 0.3, seed: 5 }).test[1];
    expect(indices).toHaveLength(3);
    expect(indices).toEqual(ascending(indices));
    for (const [x, y, inputs] of forms) {
      const { train, test } = split(x, y, { test: 0.3, seed: 5, inputs });
      for (const [part, chosen] of [
        [test, indices],
        [train, labels.filter((row) => !indices.includes(row))],
      ] as const) {
        expect(part[0].constructor).toBe(x.constructor);
        expect(part[1].constructor).toBe(y.constructor);
        const numbers = Array.from(part[0] as number[])
          .flat()
          .map(Math.abs);
        expect(numbers).toEqual(chosen.flatMap((row) => [row, row]));
        expect(ascending(new Set(Array.from(part[1] as number[]).flat()) as never as number[]).length).toBe(
          new Set(chosen).size,
        );
      }
    }
  });

  test("takes a matrix, and gives flat arrays", () => {
    const matrix = engine.matrix(10, 2, { dtype: "float64", values: rows.flat() });
    const { train, test } = split(matrix, labels, { seed: 5 });
    const expected = split(rows, labels, { seed: 5 });
    expect([...train[0]]).toEqual(expected.train[0].flat());
    expect([...test[0]]).toEqual(expected.test[0].flat());
    matrix.values.fill(0);
    expect([...test[0]]).toEqual(expected.test[0].flat());
    matrix.free();
    expect(() => split(matrix, labels)).toThrow(DisposedError);
  });

  test("puts that share aside: rounded, at least one row, never all", () => {
    for (const [test, count] of [
      [0.25, 3],
      [0.2, 2],
      [0.01, 1],
      [0.99, 9],
    ] as const) {
      const parts = split(rows, labels, { test });
      expect(parts.test[1]).toHaveLength(count);
      expect(ascending([...parts.train[1], ...parts.test[1]])).toEqual(labels);
    }
    expect(split(rows, labels).test[1]).toHaveLength(3);
  });

  test("the same seed gives the same split, another one another", () => {
    expect(split(rows, labels, { seed: 3 })).toEqual(split(rows, labels, { seed: 3 }));
    expect(split(rows, labels, { seed: 3 })).not.toEqual(split(rows, labels, { seed: 4 }));
  });

  test("stratified, both parts have each class in its share to within one row", () => {
    const labelled = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 2, maxLength: 60 });
    fc.assert(
      fc.property(labelled, fc.double({ min: 0.05, max: 0.95, noNaN: true }), fc.maxSafeNat(), (y, share, seed) => {
        const x = y.map((_, row) => [row]);
        const { test } = split(x, y, { test: share, seed, stratify: true });
        const taken = test[1].length / y.length;
        const counts = countsOf(y, test[0].flat());
        for (const [label, count] of countsOf(y, y.keys())) {
          expect(Math.abs((counts.get(label) ?? 0) - count * taken)).toBeLessThan(1 + 1e-9);
        }
      }),
    );
  });

  test("is ready for fit, validation and standardize", async () => {
    const { train, test } = split(wine.inputs, wine.targets, { test: 0.3, seed: 1, stratify: true });
    const net = await Network.create({
      inputs: 13,
      layers: [dense(8, "tanh"), dense(3)],
      loss: "softmaxCrossEntropy",
      engine,
      standardization: standardize(train[0]),
    });
    const { epochs } = await net.fit(...train, {
      optimizer: adam({ learningRate: 0.02 }),
      epochs: 20,
      validation: test,
    });
    expect(epochs.at(-1)?.validationAccuracy).toBeGreaterThan(0.9);
    net.dispose();
  });

  test("refuses what cannot be split", () => {
    const refused: [() => unknown, new (message: string) => Error, RegExp][] = [
      [() => split([[1]], [1]), RangeError, /"rows" expected an integer ≥ 2, got 1/],
      [() => split(rows, labels.slice(1)), ShapeError, /"y" expected targets of 10 rows, got 9 numbers/],
      [() => split(rows, [[1, 2]]), ShapeError, /"y" expected targets of 10 rows, got 2 numbers/],
      [() => split(rows, []), ShapeError, /"y" expected targets of 10 rows, got 0 numbers/],
      [() => split(rows.flat(), labels), ShapeError, /"y" expected targets of 20 rows, got 10 numbers/],
      [() => split(rows.flat(), labels, { inputs: 3 }), ShapeError, /"x" expected one or more rows of 3 numbers/],
      [() => split(rows, labels, { inputs: 0 }), RangeError, /"inputs" expected an integer ≥ 1, got 0/],
      [() => split(rows, labels, { test: 0 }), RangeError, /"test" expected a number > 0 and < 1, got 0/],
      [() => split(rows, labels, { test: 3 }), RangeError, /"test" expected a number > 0 and < 1, got 3/],
      [() => split(rows, labels, { seed: 0.5 }), RangeError, /"seed" expected an integer/],
      [() => split(rows, labels, { stratify: labels as never }), TypeError, /"stratify" expected true or false/],
      [() => split(rows, labels, { share: 0.2 } as never), TypeError, /"options" expected only test, seed, .*"share"/],
      [() => split("abc" as never, labels), TypeError, /"x" expected .*, got "abc"/],
    ];
    for (const [call, type, message] of refused) {
      expect(call).toThrow(message);
      expect(call).toThrow(type);
    }
  });
});

describe("crossValidate", () => {
  const wineData = [wine.inputs, wine.targets] as const;
  const fit = { optimizer: adam({ learningRate: 0.02 }), epochs: 4 };

  async function classifier(options: Partial<NetworkOptions> = {}): Promise<Network> {
    return Network.create({
      inputs: 13,
      layers: [dense(4, "tanh"), dense(3)],
      loss: "softmaxCrossEntropy",
      seed: 1,
      engine,
      ...options,
    });
  }

  test("gives mean and deviation of each setting, and calls back after each fold", async () => {
    const records: FoldRecord<{ l2: number; units: number }>[] = [];
    const { used } = engine.memory;
    const { results, best } = await crossValidate(
      ({ l2, units }, { standardization }) =>
        classifier({ l2, layers: [dense(units, "tanh"), dense(3)], standardization }),
      wineData,
      {
        grid: { l2: [0, 0.3], units: [2, 5, 8] },
        folds: 3,
        seed: 4,
        stratify: true,
        fit,
        onProgress: (record) => void records.push(record),
      },
    );
    expect(engine.memory.used).toBe(used);
    const settings = [0, 0.3].flatMap((l2) => [2, 5, 8].map((units) => ({ l2, units })));
    expect(results.map(({ setting }) => setting)).toEqual(settings);
    expect(records.map(({ run, runs, fold, folds }) => [run, runs, fold, folds])).toEqual(
      Array.from({ length: 18 }, (_, i) => [i + 1, 18, (i % 3) + 1, 3]),
    );
    for (const [index, { setting, scores, mean, deviation }] of results.entries()) {
      const own = records.slice(3 * index, 3 * index + 3);
      expect(own.map((record) => record.setting)).toEqual([setting, setting, setting]);
      expect(own.map((record) => record.score)).toEqual(scores);
      for (const name of ["loss", "accuracy"] as const) {
        const values = scores.map((score) => score[name] as number);
        const { means, deviations } = columnStatistics(values.map((value) => [value]));
        expect(mean[name]).toBeCloseTo(means[0] as number, 12);
        const spread = new Set(values).size > 1;
        expect(deviation[name]).toBeCloseTo(spread ? (deviations[0] as number) : 0, 12);
        expect(values.every(Number.isFinite)).toBe(true);
      }
    }
    expect(best).toBe(results.toSorted((a, b) => a.mean.loss - b.mean.loss)[0]);
    expect(best.mean.accuracy).toBeGreaterThan(0.8);
  });

  test("is what training on each fold by hand gives", async () => {
    const { results } = await crossValidate((_, { standardization }) => classifier({ standardization }), wineData, {
      folds: 4,
      seed: 9,
      fit,
    });
    const scores = [];
    for (const { train, test } of kFold(178, { folds: 4, seed: 9 })) {
      const x = pick(wine.inputs, [...train]);
      const { means, deviations } = standardize(x);
      const scaled = (rows: number[][]) => scaledByHand(rows, [...means], [...deviations]);
      const net = await classifier();
      await net.fit(scaled(x), pick(wine.targets, [...train]), fit);
      scores.push(net.evaluate(scaled(pick(wine.inputs, [...test])), pick(wine.targets, [...test])));
      net.dispose();
    }
    expect(results).toHaveLength(1);
    expect(results[0]).toMatchObject({ setting: {}, scores });
  });

  test("chooses λ for a regression: neither none nor too much, with many weights and few rows", async () => {
    const x = diabetes.inputs.slice(0, 60);
    const target = standardize(diabetes.targets.slice(0, 60));
    const { results, best } = await crossValidate(
      ({ l2 }, { standardization }) =>
        Network.create({
          inputs: 10,
          layers: [dense(16, "tanh"), dense(1)],
          loss: "meanSquaredError",
          l2,
          seed: 2,
          engine,
          standardization,
        }),
      [x, target.apply(diabetes.targets.slice(0, 60))],
      {
        grid: { l2: [0, 0.1, 100] },
        fit: ({ l2 }) => ({ ...fit, optimizer: adam({ learningRate: l2 > 1 ? 1e-3 : 0.01 }), epochs: 60 }),
      },
    );
    expect(results.map(({ scores }) => scores.length)).toEqual([5, 5, 5]);
    expect(results.flatMap(({ mean, deviation }) => [mean.loss, deviation.loss]).every(Number.isFinite)).toBe(true);
    expect(results.every(({ mean }) => !("accuracy" in mean))).toBe(true);
    expect(best.setting).toEqual({ l2: 0.1 });
  });

  test("does the same twice, and on flat arrays and matrices", async () => {
    const matrix = engine.matrix(178, 13, { dtype: "float64", values: wine.inputs.flat() });
    const options = { folds: 2, fit: { ...fit, epochs: 1 } };
    const run = (x: Rows, more: object = {}) =>
      crossValidate((_, { standardization }) => classifier({ standardization, dtype: "float64" }), [x, wine.targets], {
        ...options,
        ...more,
      });
    const expected = await run(wine.inputs);
    expect(await run(wine.inputs)).toEqual(expected);
    expect(await run(wine.inputs.flat(), { inputs: 13 })).toEqual(expected);
    expect(await run(matrix)).toEqual(expected);
    matrix.free();
  });

  test("takes rows from an arena that the networks make grow", async () => {
    const own = await engineOf("simd");
    const matrix = own.matrix(178, 13, { values: wine.inputs.flat() });
    const before = own.memory.reserved;
    const layers = [dense(3000, "tanh"), dense(3)];
    const make = (on: typeof engine) =>
      crossValidate(
        (_, { standardization }) => classifier({ engine: on, layers, standardization }),
        [matrix.values, wine.targets],
        {
          inputs: 13,
          folds: 2,
          fit: { ...fit, epochs: 1 },
        },
      );
    const expected = await make(engine);
    expect(await make(own)).toEqual(expected);
    expect(own.memory.reserved).toBeGreaterThan(before);
    matrix.free();
    expect(own.memory.used).toBe(0);
  });

  /** Networks whose loss and accuracy on every fold are known: they learn nothing, and always give these outputs. */
  async function constant(outputs: number[]): Promise<Network> {
    const net = await Network.create({ inputs: 1, layers: [dense(2)], loss: "softmaxCrossEntropy", engine });
    net.setParameters({ "0.weight": [0, 0], "0.bias": outputs });
    return net;
  }

  test("the best has the lowest mean loss, the first of equals", async () => {
    const outputs = { tooSure: [0, 50], unsure: [0.01, 0], same: [0.01, 0] };
    const { results, best } = await crossValidate(
      ({ name }) => constant(outputs[name]),
      [
        [1, 2, 3, 4, 5, 6, 7, 8],
        [0, 1, 1, 1, 0, 1, 1, 1],
      ],
      {
        grid: { name: ["tooSure", "unsure", "same"] },
        folds: 2,
        stratify: true,
        fit: { optimizer: sgd({ learningRate: 1e-30 }) },
      },
    );
    expect(best).toBe(results[1]);
    // A row in four is of class 0, in every fold.
    expect(results[0]?.mean.accuracy).toBe(0.75);
    expect(results[0]?.mean.loss).toBeCloseTo(50 / 4, 5);
    expect(results[0]?.deviation).toEqual({ loss: 0, accuracy: 0 });
  });

  test("a setting whose weights overflow the outputs is not the best", async () => {
    const { results, best } = await crossValidate(() => classifier({ layers: [dense(3)] }), wineData, {
      grid: { learningRate: [1e35, 0.01] },
      fit: ({ learningRate }) => ({ optimizer: sgd({ learningRate }), batchSize: 178 }),
    });
    expect(results[0]?.mean.loss).toBeNaN();
    expect(best.setting).toEqual({ learningRate: 0.01 });
  });

  describe("keeps no network", () => {
    const reason = new Error("enough");
    const throws = () => {
      throw reason;
    };
    const cases: [string, Partial<CrossValidationOptions<Grid>>, RegExp][] = [
      ["fit fails", { fit: { ...fit, epochs: 0 } }, /"epochs" expected an integer ≥ 1, got 0/],
      ["the function for fit fails", { fit: throws }, /enough/],
      ["onProgress fails", { onProgress: throws }, /enough/],
      ["onProgress rejects", { onProgress: async () => throws() }, /enough/],
      ["the signal came before", { fit: { ...fit, signal: AbortSignal.abort(reason) } }, /enough/],
      ["training diverges", { fit: { ...fit, optimizer: sgd({ learningRate: 1e38 }) } }, /NaN or infinity/],
    ];
    test.each(cases)("where %s", async (_, options, message) => {
      const { used } = engine.memory;
      await expect(crossValidate(() => classifier(), wineData, { fit, ...options })).rejects.toThrow(message);
      expect(engine.memory.used).toBe(used);
    });

    test("where a signal comes in mid-run, which starts no other fold", async () => {
      const { used } = engine.memory;
      const controller = new AbortController();
      let made = 0;
      const make = () => {
        made++;
        return classifier();
      };
      const run = crossValidate(make, wineData, {
        fit: { ...fit, signal: controller.signal },
        onProgress: ({ run }) => run === 2 && setImmediate(() => controller.abort(reason)),
      });
      await expect(run).rejects.toBe(reason);
      expect(made).toBeLessThanOrEqual(3);
      expect(engine.memory.used).toBe(used);
    });

    test("where makeNet fails in a later fold", async () => {
      const { used } = engine.memory;
      let made = 0;
      const run = crossValidate(() => (++made === 3 ? throws() : classifier()), wineData, { fit });
      await expect(run).rejects.toBe(reason);
      expect(engine.memory.used).toBe(used);
    });
  });

  test("refuses bad arguments before any network is made", async () => {
    let made = 0;
    const make = () => {
      made++;
      return classifier();
    };
    const call =
      (options: object, data: unknown = wineData, maker: unknown = make) =>
      () =>
        crossValidate(maker as never, data as never, { fit, ...options } as never);
    const refused: [() => Promise<unknown>, new (message: string) => Error, RegExp][] = [
      [call({}, wineData, null), TypeError, /"makeNet" expected a function, got null/],
      [call({}, wine.inputs), TypeError, /"data" expected \[rows, targets\], got Array of length 178/],
      [call({}, [wine.inputs, [1, 2]]), ShapeError, /"y" expected targets of 178 rows, got 2/],
      [call({ fit: undefined }), TypeError, /"fit" expected an object, got undefined/],
      [call({ grid: 3 }), TypeError, /"grid" expected an object, got 3/],
      [call({ grid: { l2: 0.1 } }), TypeError, /"grid.l2" expected an array of values, got 0.1/],
      [call({ grid: { l2: [] } }), TypeError, /"grid.l2" expected an array of values, got Array of length 0/],
      [call({ folds: 1 }), RangeError, /"folds" expected an integer from 2 to 178, got 1/],
      [call({ seed: "1" }), TypeError, /"seed" expected an integer/],
      [call({ stratify: 1 }), TypeError, /"stratify" expected true or false, got 1/],
      [call({ onProgress: true }), TypeError, /"onProgress" expected a function, got true/],
      [call({ inputs: 12 }), ShapeError, /"x\[0\]" expected 12 numbers, got 13/],
      [call({ epochs: 3 }), TypeError, /"options" expected only fit, grid, .*, got "epochs"/],
    ];
    for (const [run, type, message] of refused) {
      await expect(run()).rejects.toThrow(message);
      await expect(run()).rejects.toThrow(type);
    }
    expect(made).toBe(0);
  });
});
