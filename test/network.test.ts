// What a network promises: its parameters, memory, lifetime, the numbers that its passes leave, and the penalties.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  adagrad,
  adam,
  adamw,
  DisposedError,
  type DType,
  dense,
  dropout,
  gradCheck,
  Network,
  type NetworkOptions,
  type Parameter,
  rmsprop,
  ShapeError,
  sgd,
} from "../src/index.js";
import { sameBits } from "./support/blocks.js";
import { engineOf } from "./support/builds.js";
import { expectWithin, tensorError } from "./support/close.js";
import { randomNumbers } from "./support/matrices.js";
import {
  activations,
  type ElementwiseName,
  gemm,
  type Numbers,
  rowMajor,
  softmax,
  softmaxBackward,
  softmaxCrossEntropy,
  transposed,
} from "./support/twins.js";
import { VARIANTS } from "./support/variants.js";

const BOUND: Record<DType, number> = { float32: 1e-5, float64: 1e-13 };

const engine = await engineOf("simd");

function create(options: Partial<NetworkOptions> = {}): Promise<Network> {
  return Network.create({
    inputs: 3,
    layers: [dense(4, "tanh"), dense(2)],
    loss: "softmaxCrossEntropy",
    engine,
    ...options,
  });
}

/** Random numbers, exact in single precision. */
function random(count: number, seed: number): Float32Array {
  return Float32Array.from(randomNumbers(count, seed));
}

function valuesOf(net: Network): Record<string, Numbers> {
  return Object.fromEntries(net.parameters.map(({ name, values }) => [name, values]));
}

function gradientsOf(net: Network): Record<string, Numbers> {
  return Object.fromEntries(net.parameters.map(({ name, gradient }) => [name, gradient]));
}

function parameter(net: Network, name: string): Parameter {
  return net.parameters.find((one) => one.name === name) ?? expect.unreachable(`no ${name}`);
}

function mean(values: Numbers, of: (value: number, index: number) => number): number {
  return Array.from(values, of).reduce((total, value) => total + value, 0) / values.length;
}

describe("parameters", () => {
  test("are named by dense layer, weights [out, in] before biases", async () => {
    const net = await create({
      layers: [dropout(0.1), dense(4), dropout(0.5), dense(5, "relu", { bias: false }), dense(2)],
    });
    expect(net.parameters.map(({ name, shape }) => [name, shape])).toEqual([
      ["0.weight", [4, 3]],
      ["0.bias", [4]],
      ["1.weight", [5, 4]],
      ["2.weight", [2, 5]],
      ["2.bias", [2]],
    ]);
    for (const { values, gradient, shape } of net.parameters) {
      const length = shape.reduce((product, size) => product * size);
      expect(values).toHaveLength(length);
      expect(gradient).toEqual(new Float32Array(length));
    }
    expect(net).toMatchObject({ inputs: 3, outputs: 2, dtype: "float32", engine });
  });

  test("are copies, of the moment when they are read", async () => {
    const net = await create();
    const weight = parameter(net, "0.weight");
    const before = weight.values;
    weight.values.fill(9);
    expect(weight.values).toEqual(before);
    net.trainBatch([1, 2, 3], [0], sgd({ learningRate: 1 }));
    expect(weight.values).not.toEqual(before);
    expect(weight.values).toEqual(parameter(net, "0.weight").values);
    expect(weight.gradient.some((value) => value !== 0)).toBe(true);
  });

  test("have PyTorch's layout: forward is W·x + b", async () => {
    const net = await create({ layers: [dense(2)] });
    net.setParameters({ "0.weight": [1, 2, 3, 4, 5, 6], "0.bias": Uint8Array.of(10, 20) });
    expect([...parameter(net, "0.weight").values]).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...net.forward([1, 0, 0])]).toEqual([11, 24]);
    expect([...net.forward([0, 0, 1])]).toEqual([13, 26]);
  });

  test.each<DType>(["float32", "float64"])("written in %s are read back; those not named stay", async (dtype) => {
    const net = await create({ dtype });
    const before = valuesOf(net);
    const bias = [Math.PI, -0, 1e-30, 2];
    net.setParameters({ "0.bias": bias });
    const expected = dtype === "float32" ? Float32Array.from(bias) : Float64Array.from(bias);
    expect(valuesOf(net)).toEqual({ ...before, "0.bias": expected });
    net.setParameters({});
    expect(valuesOf(net)).toEqual({ ...before, "0.bias": expected });
  });

  test.each<[string, Record<string, ArrayLike<number>>, RegExp]>([
    ["an unknown name", { "7.weight": [1] }, /"7.weight".*0.weight, 0.bias, 1.weight, 1.bias/],
    ["too few numbers", { "0.weight": [1, 2, 3] }, /"0.weight" expected 4 × 3 = 12 numbers, got 3/],
    ["too many numbers", { "1.bias": [1, 2, 3] }, /"1.bias" expected 2 = 2 numbers, got 3/],
  ])("with %s are refused, and none is written", async (_, wrong, message) => {
    const net = await create();
    const before = valuesOf(net);
    const call = () => net.setParameters({ "0.bias": [1, 2, 3, 4], ...wrong });
    expect(call).toThrow(ShapeError);
    expect(call).toThrow(message);
    expect(valuesOf(net)).toEqual(before);
  });
});

describe("memory", () => {
  test("is used as planned, whatever the shapes, and given back", async () => {
    const optimizers = {
      sgd: sgd({ learningRate: 0.1 }),
      momentum: sgd({ learningRate: 0.1, momentum: 0.9 }),
      rmsprop: rmsprop({ learningRate: 0.1, centered: true, momentum: 0.5 }),
      amsgrad: adam({ learningRate: 0.1, amsgrad: true }),
    };
    const size = fc.integer({ min: 1, max: 40 });
    const shapes = fc.record({
      inputs: size,
      widths: fc.array(size, { minLength: 1, maxLength: 3 }),
      batchSize: fc.integer({ min: 1, max: 70 }),
      rows: fc.integer({ min: 1, max: 100 }),
      dtype: fc.constantFrom<DType>("float32", "float64"),
      name: fc.constantFrom("sgd", "momentum", "rmsprop", "amsgrad"),
    });
    await fc.assert(
      fc.asyncProperty(shapes, async ({ inputs, widths, batchSize, rows, dtype, name }) => {
        const optimizer = optimizers[name];
        const own = await engineOf("simd");
        const layers = widths.flatMap((units) => [dropout(0.1), dense(units, "tanh")]);
        const net = await Network.create({ inputs, layers, loss: "meanSquaredError", engine: own, batchSize, dtype });
        const agree = () => {
          const { total, ...parts } = net.memory;
          expect(Object.values(parts).reduce((sum, bytes) => sum + bytes)).toBe(total);
          expect(total).toBe(own.memory.used);
          return total;
        };
        const planned = agree();
        expect(net.memory.optimizer).toBe(0);
        const x = random(rows * inputs, 1);
        const y = random(rows * (widths.at(-1) as number), 2);
        net.backward(x, y);
        if (rows <= batchSize) expect(agree()).toBe(planned);
        else expect(agree()).toBeGreaterThan(planned);
        net.backward(x, y, { inputGradient: true });
        agree();
        net.trainBatch(x, y, optimizer);
        expect(net.memory.optimizer).toBe(optimizer.states * net.memory.parameters);
        const steady = agree();
        net.trainBatch(x, y, optimizer);
        await net.fit(x, y, { optimizer, batchSize: 7 });
        net.predict(x);
        net.evaluate(x, y);
        gradCheck(net, x, y, { sampleSize: 1 });
        expect(agree()).toBe(steady);
        net.trainBatch(x, y, sgd({ learningRate: 0.1 }));
        expect(net.memory.optimizer).toBe(0);
        agree();
        net.dispose();
        expect(own.memory.used).toBe(0);
      }),
      { seed: 4, numRuns: 60 },
    );
  });

  test("holds several networks apart, and is used again", async () => {
    const own = await engineOf("simd");
    const optimizer = adam({ learningRate: 0.01 });
    const first = await create({ engine: own, seed: 1 });
    const second = await create({ engine: own, seed: 2, dtype: "float64" });
    const alone = await create({ engine: await engineOf("simd"), seed: 2, dtype: "float64" });
    const before = valuesOf(second);
    for (let step = 0; step < 3; step++) first.trainBatch(random(3 * 50, step), new Uint8Array(50), optimizer);
    expect(valuesOf(second)).toEqual(before);
    expect(own.memory.used).toBe(first.memory.total + second.memory.total);
    for (let step = 0; step < 3; step++) {
      const x = random(30, step);
      expect(second.trainBatch(x, new Uint8Array(10), optimizer)).toBe(
        alone.trainBatch(x, new Uint8Array(10), optimizer),
      );
      first.trainBatch(random(150, step), new Uint8Array(50), optimizer);
    }
    expect(valuesOf(second)).toEqual(valuesOf(alone));

    first.dispose();
    expect(own.memory.used).toBe(second.memory.total);
    const { reserved } = own.memory;
    for (let turn = 0; turn < 20; turn++) (await create({ engine: own, batchSize: 50 })).dispose();
    expect(own.memory.reserved).toBe(reserved);
    expect(valuesOf(second)).toEqual(valuesOf(alone));
  });

  test("networks made without an engine share one", async () => {
    const [first, second] = await Promise.all([create({ engine: undefined }), create({ engine: undefined })]);
    expect(first.engine).toBe(second.engine);
    expect(first.engine).not.toBe(engine);
    expect(first.engine.memory.used).toBe(first.memory.total + second.memory.total);
    first.dispose();
    second.dispose();
    expect((await create({ engine: undefined })).engine).toBe(first.engine);
  });
});

describe("a disposed network", async () => {
  const net = await create();
  const weight = parameter(net, "0.weight");
  const x = [1, 2, 3];
  const optimizer = adam({ learningRate: 0.1 });
  net.trainBatch(x, [0], optimizer);
  const { used } = engine.memory;
  const { total } = net.memory;
  net.dispose();
  net.dispose();
  const usedAfterwards = engine.memory.used;

  test("has given back its memory, once", () => {
    expect(usedAfterwards).toBe(used - total);
  });

  test.each<[string, () => unknown]>([
    ["forward", () => net.forward(x)],
    ["predict", () => net.predict(x)],
    ["backward", () => net.backward(x, [0])],
    ["trainBatch", () => net.trainBatch(x, [0], optimizer)],
    ["fit", () => net.fit(x, [0], { optimizer })],
    ["evaluate", () => net.evaluate(x, [0])],
    ["parameters", () => net.parameters],
    ["values of a parameter", () => weight.values],
    ["gradient of a parameter", () => weight.gradient],
    ["setParameters", () => net.setParameters({})],
    ["layers", () => net.layers],
    ["sparsity", () => net.sparsity],
    ["memory", () => net.memory],
    ["gradCheck", () => gradCheck(net, x, [0])],
  ])("refuses %s", async (_, call) => {
    const attempt = async () => call();
    await expect(attempt()).rejects.toThrow(DisposedError);
    await expect(attempt()).rejects.toThrow("this network was disposed");
  });
});

describe.each(VARIANTS)("the passes of $build in $dtype", ({ dtype, engine: own, build }) => {
  const make = (options: Partial<NetworkOptions>) => create({ engine: own, dtype, ...options });
  const rows = 6;
  const x = random(rows * 3, 1);

  test("leave z, a and δ of every layer, and gradients, that satisfy the four equations", async () => {
    const hidden: (ElementwiseName | "softmax")[] = ["relu", "sigmoid", "gelu", "softmax", "tanh", "identity"];
    const widths = [7, 5, 4, 6, 3, 5];
    const net = await make({
      layers: hidden.map((name, i) => dense(widths[i] as number, name)),
      loss: "halfSquaredError",
    });
    for (const { name, shape } of net.parameters)
      if (name.endsWith("bias")) net.setParameters({ [name]: random(shape[0] as number, 5) });
    const y = random(rows * 5, 2);
    const loss = net.backward(x, y, { inputGradient: true });
    const { layers } = net;
    const outputs = layers.at(-1)?.a as Numbers;
    expect(Math.abs(loss / (mean(outputs, (a, i) => (a - (y[i] as number)) ** 2) * 2.5) - 1)).toBeLessThan(
      BOUND[dtype],
    );

    let error: Numbers = Float64Array.from(outputs, (a, i) => (a - (y[i] as number)) / rows);
    for (let l = layers.length - 1; l >= 0; l--) {
      const { z, a, delta, units } = layers[l] as (typeof layers)[number];
      const below = layers[l - 1]?.a ?? x;
      const inputs = below.length / rows;
      const name = hidden[l] as ElementwiseName | "softmax";
      const weight = parameter(net, `${l}.weight`);
      const bias = parameter(net, `${l}.bias`);
      const close = (what: string, actual: Numbers, expected: Numbers) => {
        expectWithin(`${what} of layer ${l} in ${dtype}`, tensorError(actual, expected), BOUND[dtype]);
      };
      const b = { values: bias.values, offset: 0, rs: 0, cs: 1 };
      const w = rowMajor(weight.values, inputs);
      close("z", z, gemm(rows, units, inputs, rowMajor(below, inputs), transposed(w), b, 1, 1).values);
      const f = name === "softmax" ? undefined : activations[name];
      close("a", a, f ? Float64Array.from(z, (value) => f.f(value, 0)) : softmax(rows, units, z));
      const ofZ = f
        ? Float64Array.from(error, (e, i) => e * f.derivative(z[i] as number, 0))
        : softmaxBackward(rows, units, a, error).values;
      close("δ", delta, ofZ);
      const d = rowMajor(delta, units);
      const none = rowMajor([], 1);
      close(
        "∂C/∂W",
        weight.gradient,
        gemm(units, inputs, rows, transposed(d), rowMajor(below, inputs), none, 1, 0).values,
      );
      const ones = { values: [1], offset: 0, rs: 0, cs: 0 };
      close("∂C/∂b", bias.gradient, gemm(1, units, rows, ones, d, none, 1, 0).values);
      error = gemm(rows, inputs, units, d, w, none, 1, 0).values;
    }
    expectWithin("∂C/∂x", tensorError(net.inputGradient as Numbers, error), BOUND[dtype]);
    net.dispose();
  });

  test("give the input's gradient only when asked", async () => {
    const net = await make({});
    expect(net.inputGradient).toBeNull();
    net.backward(x, new Uint8Array(rows), { inputGradient: true });
    expect(net.inputGradient).toHaveLength(rows * 3);
    net.backward(x, new Uint8Array(rows));
    expect(net.inputGradient).toBeNull();
    net.dispose();
  });

  test("give a row the same outputs alone and in any batch, however large", async () => {
    const net = await make({ inputs: 300, layers: [dense(33, "gelu"), dense(7)], batchSize: 4 });
    const many = random(701 * 300, 3);
    const all = net.predict(many);
    expect(all).toHaveLength(701 * 7);
    for (const row of [0, 1, 5, 255, 256, 512, 700]) {
      const alone = net.predict(many.subarray(row * 300, (row + 1) * 300));
      expectWithin(`row ${row}`, tensorError(alone, all.slice(row * 7, (row + 1) * 7)), BOUND[dtype]);
    }
    net.dispose();
  });

  test("take rows in any form", async () => {
    const net = await make({});
    const bytes = Uint8Array.from({ length: rows * 3 }, (_, i) => (i * 37) % 256);
    const flat = Array.from(bytes);
    const nested = Array.from({ length: rows }, (_, i) => flat.slice(3 * i, 3 * i + 3));
    const expected = net.forward(bytes);
    expect(expected).toHaveLength(rows * 2);
    const typedRows = nested.map((row) => Float32Array.from(row));
    const matrix = own.matrix(rows, 3, { values: bytes, dtype: "float64" });
    for (const form of [Float32Array.from(bytes), Float64Array.from(bytes), flat, nested, typedRows, matrix]) {
      expect(net.forward(form)).toEqual(expected);
    }
    matrix.free();
    net.dispose();
  });

  test("take rows from a matrix of the engine, though the arena grows meanwhile", async () => {
    const fresh = await engineOf(build);
    const net = await Network.create({
      inputs: 1,
      layers: [dense(300)],
      loss: "meanSquaredError",
      engine: fresh,
      batchSize: 1,
      dtype,
    });
    const matrix = fresh.matrix(60, 1, { values: random(60, 4) });
    const { reserved } = fresh.memory;
    const outputs = net.forward(matrix.values);
    expect(fresh.memory.reserved).toBeGreaterThan(reserved);
    expect(sameBits(outputs, net.forward(random(60, 4)))).toBe(true);
  });

  test("take classes for one-hot rows", async () => {
    const net = await make({ layers: [dense(5, "relu"), dense(4)] });
    const classes = [3, 0, 1, 1, 2, 3];
    const oneHot = classes.flatMap((label) => [0, 1, 2, 3].map((column) => (column === label ? 1 : 0)));
    const loss = net.backward(x, oneHot);
    const expected = gradientsOf(net);
    const { loss: expectedLoss, accuracy } = net.evaluate(x, oneHot);
    for (const form of [classes, Uint8Array.from(classes), Int32Array.from(classes), Float64Array.from(classes)]) {
      net.setParameters(valuesOf(net));
      expect(net.backward(x, form)).toBe(loss);
      expect(gradientsOf(net)).toEqual(expected);
      expect(net.evaluate(x, form)).toEqual({ loss: expectedLoss, accuracy });
    }
    net.dispose();
  });

  test("predict is forward, then softmax or sigmoid behind a loss from logits", async () => {
    const layers = [dense(4, "tanh"), dense(3)];
    const links: [NetworkOptions["loss"], (outputs: Numbers) => Numbers][] = [
      ["softmaxCrossEntropy", (outputs) => softmax(rows, 3, outputs)],
      ["binaryCrossEntropy", (outputs) => Float64Array.from(outputs, (value) => activations.sigmoid.f(value))],
      [{ type: "binaryCrossEntropy", from: "probabilities" }, (outputs) => outputs],
      ["meanSquaredError", (outputs) => outputs],
      ["huber", (outputs) => outputs],
    ];
    for (const [loss, link] of links) {
      const net = await make({ layers, loss });
      const expected = link(net.forward(x));
      expectWithin(`predict under ${JSON.stringify(loss)}`, tensorError(net.predict(x), expected), BOUND[dtype]);
      net.dispose();
    }
  });

  test("evaluate gives the loss and the share of right rows of what forward gives", async () => {
    const many = 600;
    const inputs = random(many * 3, 7);
    const labels = Uint8Array.from({ length: many }, (_, i) => (i * i) % 3);
    const oneHot = Float32Array.from({ length: many * 3 }, (_, i) => (labels[Math.floor(i / 3)] === i % 3 ? 1 : 0));
    const layers = [dense(4, "tanh"), dense(3)];

    const classifier = await make({ layers });
    const outputs = classifier.forward(inputs);
    const rightRows = Array.from(labels, (label, i) => {
      const row = [...outputs.slice(3 * i, 3 * i + 3)];
      return row.indexOf(Math.max(...row)) === label;
    });
    const { loss, accuracy } = classifier.evaluate(inputs, labels);
    expect(Math.abs((loss * many) / softmaxCrossEntropy(many, 3, outputs, oneHot) - 1)).toBeLessThan(BOUND[dtype]);
    expect(accuracy).toBe(rightRows.filter(Boolean).length / many);
    const summed = await make({ layers, loss: { type: "softmaxCrossEntropy", reduction: "sum" } });
    expect(Math.abs(summed.evaluate(inputs, labels).loss / (loss * many) - 1)).toBeLessThan(BOUND[dtype]);

    const binary = await make({ layers, loss: "binaryCrossEntropy" });
    const right = mean(binary.forward(inputs), (value, i) => Number(value > 0 === (oneHot[i] === 1)));
    expect(Math.abs((binary.evaluate(inputs, oneHot).accuracy as number) - right)).toBeLessThan(1e-12);

    const regressor = await make({ layers, loss: "meanSquaredError" });
    const expected = mean(regressor.forward(inputs), (value, i) => (value - (oneHot[i] as number)) ** 2);
    const evaluation = regressor.evaluate(inputs, oneHot);
    expect(Math.abs(evaluation.loss / expected - 1)).toBeLessThan(BOUND[dtype]);
    expect(evaluation).not.toHaveProperty("accuracy");
    for (const net of [classifier, summed, binary, regressor]) net.dispose();
  });

  test("drop in training only", async () => {
    const width = 400;
    const layers = [dense(width, "identity", { bias: false }), dropout(0.25), dense(1)];
    const net = await make({ inputs: 1, layers, loss: "meanSquaredError" });
    const plain = await make({ inputs: 1, layers: [layers[0] as never, dense(1)], loss: "meanSquaredError" });
    net.setParameters({ "0.weight": new Float32Array(width).fill(3) });
    plain.setParameters(valuesOf(net));
    expect(net.forward([1, 2])).toEqual(plain.forward([1, 2]));
    expect(net.evaluate([1], [1])).toEqual(plain.evaluate([1], [1]));
    net.backward([1], [0]);
    const passed = net.layers[1]?.a as Numbers;
    const dropped = Array.from(passed).filter((value) => value === 0).length;
    expect(Math.abs(dropped / width - 0.25)).toBeLessThan(5 * Math.sqrt((0.25 * 0.75) / width));
    expect(new Set(Array.from(passed))).toEqual(new Set([0, dtype === "float32" ? 4 : 3 * (1 / 0.75)]));
    // the next layer sees what is passed
    const next = parameter(net, "1.weight");
    const sum = mean(passed, (value, i) => value * (next.values[i] as number)) * width;
    expect(Math.abs((net.layers[2]?.z[0] as number) - sum)).toBeLessThan(BOUND[dtype] * width);
    const slope = net.layers[2]?.delta[0] as number;
    const products = Float64Array.from(passed, (value) => slope * value);
    expectWithin("∂C/∂W behind dropout", tensorError(next.gradient, products), BOUND[dtype]);
    // and what is dropped on the way up is dropped on the way down
    const delta = net.layers[0]?.delta as Numbers;
    expect(Array.from(delta, (value) => value === 0)).toEqual(Array.from(passed, (value) => value === 0));
    const first = Array.from(passed);
    net.trainBatch([1], [0], sgd({ learningRate: 1e-9 }));
    expect(Array.from(net.layers[1]?.a as Numbers, (value) => value === 0)).toEqual(first.map((value) => value === 0));
    net.backward([1], [0]);
    expect(Array.from(net.layers[1]?.a as Numbers, (value) => value === 0)).not.toEqual(
      first.map((value) => value === 0),
    );
    net.dispose();
    plain.dispose();
  });
});

describe("training", () => {
  const x = random(60, 1);
  const y = Uint8Array.from({ length: 20 }, (_, i) => i % 2);

  test("trainBatch returns the loss before the update", async () => {
    const net = await create({ dtype: "float64" });
    for (let step = 0; step < 3; step++) {
      const { loss } = net.evaluate(x, y);
      expect(Math.abs(net.trainBatch(x, y, sgd({ learningRate: 0.5 })) / loss - 1)).toBeLessThan(1e-14);
    }
  });

  test.each<DType>(["float32", "float64"])("one seed, one result, to the bit, in %s", async (dtype) => {
    const run = async (seed: number, build: "simd" | "debug" = "simd") => {
      const layers = [dropout(0.1), dense(9, "gelu", { weightInit: "heNormal" }), dropout(0.5), dense(2)];
      const net = await create({ seed, dtype, layers, engine: await engineOf(build) });
      const { epochs } = await net.fit(x, y, { optimizer: adam({ learningRate: 0.02 }), epochs: 4, batchSize: 6 });
      return { losses: epochs.map(({ loss }) => loss), parameters: valuesOf(net) };
    };
    const first = await run(42);
    expect(await run(42)).toEqual(first);
    expect(await run(42, "debug")).toEqual(first);
    const other = await run(43);
    expect(other.losses).not.toEqual(first.losses);
    expect(other.parameters).not.toEqual(first.parameters);
  });

  test("the state of an optimizer goes on with the same object, and starts anew with another", async () => {
    const make = () => adam({ learningRate: 0.1 });
    const [going, starting, fresh] = await Promise.all([create(), create(), create()]);
    const same = make();
    for (const net of [going, starting]) for (let step = 0; step < 3; step++) net.trainBatch(x, y, same);
    fresh.setParameters(valuesOf(going));
    going.trainBatch(x, y, same);
    starting.trainBatch(x, y, make());
    fresh.trainBatch(x, y, make());
    expect(valuesOf(starting)).toEqual(valuesOf(fresh));
    expect(valuesOf(going)).not.toEqual(valuesOf(fresh));
  });

  test("one optimizer serves two networks, each with a state of its own", async () => {
    const shared = adam({ learningRate: 0.1 });
    const [a, b, alone] = await Promise.all([create(), create({ dtype: "float64" }), create()]);
    for (let step = 0; step < 4; step++) {
      a.trainBatch(x, y, shared);
      b.trainBatch(x, y, shared);
    }
    const own = adam({ learningRate: 0.1 });
    for (let step = 0; step < 4; step++) alone.trainBatch(x, y, own);
    expect(valuesOf(a)).toEqual(valuesOf(alone));
  });
});

describe("penalties", () => {
  const x = random(60, 1);
  const y = Uint8Array.from({ length: 20 }, (_, i) => i % 2);

  test.each([
    ["sgd", (weightDecay: number) => sgd({ learningRate: 0.1, momentum: 0.9, weightDecay })],
    ["adagrad", (weightDecay: number) => adagrad({ learningRate: 0.1, weightDecay })],
    ["rmsprop", (weightDecay: number) => rmsprop({ learningRate: 0.01, weightDecay })],
    ["adam", (weightDecay: number) => adam({ learningRate: 0.01, weightDecay })],
  ])("l2 is the weight decay of %s", async (_, make) => {
    const run = async (l2: number, weightDecay: number) => {
      const net = await create({ l2 });
      const optimizer = make(weightDecay);
      for (let step = 0; step < 5; step++) net.trainBatch(x, y, optimizer);
      return valuesOf(net);
    };
    const decayed = await run(0, 0.25);
    expect(await run(0.25, 0)).toEqual(decayed);
    expect(await run(0.125, 0.125)).toEqual(decayed);
    expect(await run(0, 0)).not.toEqual(decayed);
  });

  test("l2 adds to the gradient under adamw, which does not", async () => {
    const net = await create({ l2: 0.25, dtype: "float64", layers: [dense(2)] });
    const plain = await create({ dtype: "float64", layers: [dense(2)] });
    net.trainBatch(x, y, adamw({ learningRate: 0.1, weightDecay: 0 }));
    plain.trainBatch(x, y, adam({ learningRate: 0.1, weightDecay: 0.25 }));
    expect(valuesOf(net)).toEqual(valuesOf(plain));
  });

  test.each<DType>(["float32", "float64"])(
    "l1 moves each weight towards 0 and stops it there, in %s",
    async (dtype) => {
      const [rate, l1] = [0.25, 0.5];
      const layers = [dense(13, "tanh"), dense(5, "identity", { bias: false }), dense(2)];
      const net = await create({ l1, dtype, layers });
      const plain = await create({ dtype, layers });
      net.trainBatch(x, y, sgd({ learningRate: rate }));
      plain.trainBatch(x, y, sgd({ learningRate: rate }));
      let zeros = 0;
      let weights = 0;
      for (const { name, values } of plain.parameters) {
        const shrunk = values.map((w) =>
          name.endsWith("weight") ? Math.sign(w) * Math.max(Math.abs(w) - rate * l1, 0) : w,
        );
        const actual = parameter(net, name).values;
        expectWithin(name, tensorError(actual, shrunk), dtype === "float32" ? 1e-7 : 1e-15);
        if (!name.endsWith("weight")) continue;
        const isZero = Array.from(actual, (w) => w === 0);
        expect(isZero).toEqual(Array.from(shrunk, (w) => w === 0));
        zeros += isZero.filter(Boolean).length;
        weights += actual.length;
      }
      expect(zeros).toBeGreaterThan(10);
      expect(zeros).toBeLessThan(weights);
      expect(net.sparsity).toBe(zeros / weights);
      expect(plain.sparsity).toBe(0);
    },
  );

  test("l1 in the end leaves weights only where the data asks for them", async () => {
    // y depends on the first of three inputs
    const rows = 200;
    const inputs = random(rows * 3, 8);
    const targets = Float32Array.from({ length: rows }, (_, i) => 2 * (inputs[3 * i] as number));
    const net = await create({ layers: [dense(1)], loss: "meanSquaredError", l1: 0.1 });
    await net.fit(inputs, targets, { optimizer: sgd({ learningRate: 0.1 }), epochs: 30 });
    const [first, ...others] = parameter(net, "0.weight").values;
    expect(others).toEqual([0, 0]);
    expect(first).toBeGreaterThan(1.5);
    expect(net.sparsity).toBe(2 / 3);
  });
});
