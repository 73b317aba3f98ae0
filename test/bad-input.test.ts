// Every public call with every kind of bad argument: the error says which, what was expected and what came; nothing changes.
import { describe, expect, test } from "vitest";
import {
  adagrad,
  adam,
  adamw,
  cosineDecay,
  DisposedError,
  dense,
  dropout,
  Engine,
  exponentialDecay,
  type FitOptions,
  gradCheck,
  inverseTimeDecay,
  Network,
  type NetworkOptions,
  OutOfMemoryError,
  oneCycle,
  rmsprop,
  ShapeError,
  sgd,
  stepDecay,
} from "../src/index.js";
import { engineOf } from "./support/builds.js";

const engine = await engineOf("simd", { maximumMemory: 2 ** 20 });
const options = { inputs: 2, layers: [dense(3, "tanh"), dense(3)], loss: "softmaxCrossEntropy", engine } as const;
const net = await Network.create(options);
const untouched = await Network.create({ ...options, engine: await engineOf("simd") });
const optimizer = adam({ learningRate: 0.01 });
const x = [1, 2, 3, 4];
const y = [0, 2];
for (const one of [net, untouched]) one.trainBatch(x, y, optimizer);

/** A value as an error shows it. */
function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return `Array of length ${value.length}`;
  return typeof value === "object" && value !== null ? value.constructor.name : String(value);
}

/** Values that an option cannot have, and what is expected of it instead. */
interface Kind {
  expected: RegExp;
  /** Of the right type: RangeError. */
  range: unknown[];
  /** Of another type: TypeError. */
  type: unknown[];
}

const numbers = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
const kinds = {
  count: { expected: /an integer (≥|from) 1/, range: [0, -1, 2.5, 1e12, ...numbers], type: ["8", [8], {}, true, 8n] },
  integer: { expected: /an integer from 0/, range: [-1, 0.5, 2 ** 53, ...numbers], type: ["1", [], true] },
  number: { expected: /a finite number/, range: numbers, type: ["1", [1], {}, false] },
  positive: { expected: /a finite number > 0/, range: [-1e-3, 0, ...numbers], type: ["0.1", [0.1], {}, true] },
  notNegative: { expected: /a finite number ≥ 0/, range: [-1e-9, ...numbers], type: ["0.1", [0.1], {}, true] },
  share: { expected: /a number ≥ 0 and < 1/, range: [-0.1, 1, 50, ...numbers], type: ["0.5", [], true] },
  inside: { expected: /a number > 0 and < 1/, range: [0, 1, -1, ...numbers], type: ["0.5", []] },
  flag: { expected: /true or false/, range: [], type: [1, 0, "yes", {}] },
  name: { expected: /one of /, range: ["nonsense", "", "toString"], type: [3, true] },
  function: { expected: /a function/, range: [], type: [3, "f", {}] },
  object: { expected: /an object/, range: [], type: [3, "abc", true] },
} satisfies Record<string, Kind>;

type ErrorType = abstract new (...parameters: never[]) => Error;

/** Asserts that the call fails with that error and changes nothing, neither parameters nor memory. */
async function expectRefusal(call: () => unknown, type: ErrorType, message: RegExp): Promise<void> {
  const state = () => ({ parameters: net.parameters.map(({ values }) => values), memory: engine.memory });
  const before = state();
  const error = await (async () => call())().then(
    () => expect.unreachable("no error"),
    (reason: unknown) => reason as Error,
  );
  expect(error.message).toMatch(message);
  expect(error).toBeInstanceOf(type);
  expect(state()).toEqual(before);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

type Bad = [argument: string, kind: keyof typeof kinds, call: (value: never) => unknown];

function refuses(name: string, cases: Bad[]): void {
  describe(name, () => {
    for (const [argument, kind, call] of cases) {
      const { expected, range, type }: Kind = kinds[kind];
      test(`"${argument}" expected ${expected.source}`, async () => {
        for (const [values, errorType] of [
          [range, RangeError],
          [type, TypeError],
        ] as const) {
          for (const value of values) {
            const message = new RegExp(
              `^"${escaped(argument)}" expected ${expected.source}.*, got ${escaped(shown(value))}$`,
            );
            await expectRefusal(() => call(value as never), errorType, message);
          }
        }
      });
    }
  });
}

const create = (changes: object) => Network.create({ ...options, ...changes } as NetworkOptions);
const layer = (...parameters: unknown[]) => create({ layers: [(dense as (...p: unknown[]) => never)(...parameters)] });

refuses("Network.create", [
  ["options", "object", (value) => Network.create(value)],
  ["inputs", "count", (inputs) => create({ inputs })],
  ["batchSize", "count", (batchSize) => create({ batchSize })],
  ["seed", "integer", (seed) => create({ seed })],
  ["dtype", "name", (dtype) => create({ dtype })],
  ["l1", "notNegative", (l1) => create({ l1 })],
  ["l2", "notNegative", (l2) => create({ l2 })],
  ["loss", "name", (loss) => create({ loss })],
  ["loss.type", "name", (type) => create({ loss: { type } })],
  ["loss.reduction", "name", (reduction) => create({ loss: { type: "huber", reduction } })],
  ["loss.delta", "positive", (delta) => create({ loss: { type: "huber", delta } })],
  ["loss.from", "name", (from) => create({ loss: { type: "binaryCrossEntropy", from } })],
  [
    "loss.labelSmoothing",
    "share",
    (labelSmoothing) => create({ loss: { type: "softmaxCrossEntropy", labelSmoothing } }),
  ],
]);

refuses("the layers of Network.create", [
  ["layers[0].units", "count", (units) => layer(units)],
  ["layers[0].activation", "name", (activation) => layer(2, activation)],
  ["layers[0].activation.type", "name", (type) => layer(2, { type })],
  ["layers[0].activation.alpha", "number", (alpha) => layer(2, { type: "elu", alpha })],
  ["layers[0].options", "object", (value) => layer(2, "relu", value)],
  ["layers[0].bias", "flag", (bias) => layer(2, "relu", { bias })],
  ["layers[0].weightInit", "name", (weightInit) => layer(2, "relu", { weightInit })],
  ["layers[0].biasInit", "name", (biasInit) => layer(2, "relu", { biasInit })],
  ["layers[0].biasInit.value", "number", (value) => layer(2, "relu", { biasInit: { type: "constant", value } })],
  ["layers[0].weightInit.low", "number", (low) => layer(2, "relu", { weightInit: { type: "uniform", low, high: 1 } })],
  [
    "layers[0].weightInit.high",
    "number",
    (high) => layer(2, "relu", { weightInit: { type: "uniform", low: 0, high } }),
  ],
  [
    "layers[0].weightInit.deviation",
    "notNegative",
    (deviation) => layer(2, "relu", { weightInit: { type: "normal", deviation } }),
  ],
  ["layers[1].rate", "share", (rate) => create({ layers: [dense(2), dropout(rate), dense(3)] })],
]);

refuses("the optimizers", [
  ["options", "object", (value) => sgd(value)],
  ["learningRate", "positive", (learningRate) => sgd({ learningRate })],
  ["momentum", "notNegative", (momentum) => sgd({ learningRate: 1, momentum })],
  ["dampening", "number", (dampening) => sgd({ learningRate: 1, dampening })],
  ["nesterov", "flag", (nesterov) => sgd({ learningRate: 1, momentum: 0.5, nesterov })],
  ["weightDecay", "notNegative", (weightDecay) => sgd({ learningRate: 1, weightDecay })],
  ["learningRate", "positive", (learningRate) => adagrad({ learningRate })],
  ["epsilon", "notNegative", (epsilon) => adagrad({ learningRate: 1, epsilon })],
  ["weightDecay", "notNegative", (weightDecay) => adagrad({ learningRate: 1, weightDecay })],
  ["learningRate", "positive", (learningRate) => rmsprop({ learningRate })],
  ["alpha", "share", (alpha) => rmsprop({ learningRate: 1, alpha })],
  ["epsilon", "notNegative", (epsilon) => rmsprop({ learningRate: 1, epsilon })],
  ["momentum", "notNegative", (momentum) => rmsprop({ learningRate: 1, momentum })],
  ["centered", "flag", (centered) => rmsprop({ learningRate: 1, centered })],
  ["weightDecay", "notNegative", (weightDecay) => rmsprop({ learningRate: 1, weightDecay })],
  ["learningRate", "positive", (learningRate) => adam({ learningRate })],
  ["beta1", "share", (beta1) => adam({ learningRate: 1, beta1 })],
  ["beta2", "share", (beta2) => adam({ learningRate: 1, beta2 })],
  ["epsilon", "notNegative", (epsilon) => adam({ learningRate: 1, epsilon })],
  ["amsgrad", "flag", (amsgrad) => adam({ learningRate: 1, amsgrad })],
  ["learningRate", "positive", (learningRate) => adamw({ learningRate })],
  ["weightDecay", "notNegative", (weightDecay) => adamw({ learningRate: 1, weightDecay })],
]);

refuses("the schedules", [
  ["base", "positive", (base) => stepDecay({ base, stepSize: 1, gamma: 0.5 })],
  ["stepSize", "count", (stepSize) => stepDecay({ base: 1, stepSize, gamma: 0.5 })],
  ["gamma", "positive", (gamma) => stepDecay({ base: 1, stepSize: 1, gamma })],
  ["base", "positive", (base) => exponentialDecay({ base, gamma: 0.5 })],
  ["gamma", "positive", (gamma) => exponentialDecay({ base: 1, gamma })],
  ["base", "positive", (base) => inverseTimeDecay({ base, decay: 1 })],
  ["decay", "notNegative", (decay) => inverseTimeDecay({ base: 1, decay })],
  ["base", "positive", (base) => cosineDecay({ base, period: 3 })],
  ["minimum", "notNegative", (minimum) => cosineDecay({ base: 1, minimum, period: 3 })],
  ["period", "count", (period) => cosineDecay({ base: 1, period })],
  ["max", "positive", (max) => oneCycle({ max, totalSteps: 9 })],
  ["warmup", "inside", (warmup) => oneCycle({ max: 1, totalSteps: 9, warmup })],
  ["divisor", "positive", (divisor) => oneCycle({ max: 1, totalSteps: 9, divisor })],
  ["finalDivisor", "positive", (finalDivisor) => oneCycle({ max: 1, totalSteps: 9, finalDivisor })],
]);

const fit = (changes: object) => net.fit(x, y, { optimizer, ...changes } as FitOptions);

refuses("fit", [
  ["options", "object", (value) => net.fit(x, y, value)],
  ["epochs", "count", (epochs) => fit({ epochs })],
  ["batchSize", "count", (batchSize) => fit({ batchSize })],
  ["shuffle", "flag", (shuffle) => fit({ shuffle })],
  ["clipNorm", "positive", (clipNorm) => fit({ clipNorm })],
  ["clipValue", "positive", (clipValue) => fit({ clipValue })],
  ["schedule", "function", (schedule) => fit({ schedule })],
  ["onBatchEnd", "function", (onBatchEnd) => fit({ onBatchEnd })],
  ["onEpochEnd", "function", (onEpochEnd) => fit({ onEpochEnd })],
  ["onNonFinite", "name", (onNonFinite) => fit({ onNonFinite })],
  ["resume", "flag", (resume) => fit({ resume })],
  ["earlyStopping", "object", (earlyStopping) => fit({ earlyStopping })],
  ["earlyStopping.minDelta", "notNegative", (minDelta) => fit({ earlyStopping: { patience: 1, minDelta } })],
  ["earlyStopping.restoreBest", "flag", (restoreBest) => fit({ earlyStopping: { patience: 1, restoreBest } })],
]);

refuses("the other calls", [
  ["options", "object", (value) => Engine.create(value)],
  ["build", "name", (build) => Engine.create({ build })],
  ["deterministic", "flag", (deterministic) => Engine.create({ deterministic })],
  ["threads", "count", (threads) => Engine.create({ threads })],
  ["rows", "count", (rows) => engine.matrix(rows, 1)],
  ["cols", "count", (cols) => engine.matrix(1, cols)],
  ["options", "object", (value) => engine.matrix(1, 1, value)],
  ["dtype", "name", (dtype) => engine.matrix(1, 1, { dtype })],
  ["options", "object", (value) => net.backward(x, y, value)],
  ["inputGradient", "flag", (inputGradient) => net.backward(x, y, { inputGradient })],
  ["values", "object", (value) => net.setParameters(value)],
  ["options", "object", (value) => gradCheck(net, x, y, value)],
  ["direction", "object", (direction) => net.jvp(x, direction)],
  ["direction.parameters", "object", (parameters) => net.jvp(x, { parameters })],
  ["options", "object", (value) => net.jacobian(x, value)],
  ["mode", "name", (mode) => net.jacobian(x, { mode })],
  ["by", "name", (by) => net.jacobian(x, { by })],
  ["direction", "object", (direction) => net.hvp(x, y, direction)],
  ["epsilon", "positive", (epsilon) => gradCheck(net, x, y, { epsilon })],
  ["seed", "integer", (seed) => gradCheck(net, x, y, { seed })],
  ["inputs", "flag", (inputs) => gradCheck(net, x, y, { inputs })],
]);

type One = [what: string, call: () => unknown, type: ErrorType, message: RegExp];

describe("single values", () => {
  test.each<One>([
    [
      "no options",
      () => Network.create(undefined as never),
      TypeError,
      /^"options" expected an object, got undefined$/,
    ],
    ["no inputs", () => create({ inputs: undefined }), TypeError, /^"inputs" expected an integer ≥ 1, got undefined$/],
    ["no loss", () => create({ loss: undefined }), TypeError, /^"loss" expected one of .*, got undefined$/],
    [
      "no layers",
      () => create({ layers: undefined }),
      TypeError,
      /^"layers" expected an array of layers, got undefined$/,
    ],
    [
      "an empty list of layers",
      () => create({ layers: [] }),
      RangeError,
      /^"layers" expected at least one layer, got Array of length 0$/,
    ],
    [
      "layers that are none",
      () => create({ layers: ["dense"] }),
      TypeError,
      /^"layers\[0\]" expected an object, got "dense"$/,
    ],
    [
      "a layer of an unknown kind",
      () => create({ layers: [{ kind: "conv" }] }),
      TypeError,
      /^"layers\[0\]" expected dense\(…\) or dropout\(…\), got Object$/,
    ],
    [
      "dropout at the end",
      () => create({ layers: [dense(2), dropout(0.5)] }),
      TypeError,
      /^"layers" expected a dense layer at the end, got "dropout"$/,
    ],
    [
      "an unknown option",
      () => create({ learningRate: 1 }),
      TypeError,
      /^"options" expected only inputs, .*, got "learningRate"$/,
    ],
    [
      "an unknown option of a layer",
      () => layer(2, "relu", { biased: false }),
      TypeError,
      /^"layers\[0\].*expected only bias, weightInit, biasInit, got "biased"$/,
    ],
    [
      "a parameter that a loss has not",
      () => create({ loss: { type: "huber", from: "logits" } }),
      TypeError,
      /^"loss" expected only type, reduction, delta, got "from"$/,
    ],
    [
      "alpha of an activation without",
      () => layer(2, { type: "relu", alpha: 1 }),
      TypeError,
      /^"layers\[0\].activation.alpha" expected no parameter for relu, got 1$/,
    ],
    [
      "an unknown initializer",
      () => layer(2, "relu", { weightInit: { type: "magic" } }),
      TypeError,
      /^"layers\[0\].weightInit.type" expected constant, uniform or normal, got "magic"$/,
    ],
    [
      "high < low",
      () => layer(2, "relu", { weightInit: { type: "uniform", low: 1, high: 0 } }),
      RangeError,
      /^"layers\[0\].weightInit.high" expected a finite number ≥ 1, got 0$/,
    ],
    ["no engine", () => create({ engine: {} }), TypeError, /^"engine" expected an Engine, got Object$/],
    [
      "no learning rate",
      () => sgd({} as never),
      TypeError,
      /^"learningRate" expected a finite number > 0, got undefined$/,
    ],
    [
      "a learning rate that overflows",
      () => adam({ learningRate: 1e300 }),
      RangeError,
      /^"learningRate" expected .*, got 1e\+300$/,
    ],
    [
      "Nesterov without momentum",
      () => sgd({ learningRate: 1, nesterov: true }),
      RangeError,
      /^"nesterov" expected momentum > 0 and dampening 0, got/,
    ],
    [
      "an unknown option of an optimizer",
      () => adam({ learningRate: 1, decay: 0 } as never),
      TypeError,
      /^"options" expected only .*, got "decay"$/,
    ],
    [
      "an unknown option of a schedule",
      () => stepDecay({ base: 1, stepSize: 1, gamma: 1, rate: 1 } as never),
      TypeError,
      /^"options" expected only .*, got "rate"$/,
    ],
    [
      "a cycle of one step",
      () => oneCycle({ max: 1, totalSteps: 1 }),
      RangeError,
      /^"totalSteps" expected an integer ≥ 2, got 1$/,
    ],
    [
      "fit without optimizer",
      () => fit({ optimizer: undefined }),
      TypeError,
      /^"optimizer" expected an optimizer.*, got undefined$/,
    ],
    [
      "an optimizer's name",
      () => net.trainBatch(x, y, "adam" as never),
      TypeError,
      /^"optimizer" expected an optimizer.*, got "adam"$/,
    ],
    [
      "an optimizer's maker",
      () => net.trainBatch(x, y, adam as never),
      TypeError,
      /^"optimizer" expected an optimizer.*, got function$/,
    ],
    [
      "an unknown option of fit",
      () => fit({ batchsize: 8 }),
      TypeError,
      /^"options" expected only .*, got "batchsize"$/,
    ],
    [
      "validation without targets",
      () => fit({ validation: [x] }),
      TypeError,
      /^"validation" expected \[rows, targets\], got Array of length 1$/,
    ],
    [
      "validation of wrong width",
      () => fit({ validation: [[1, 2, 3], y] }),
      ShapeError,
      /^"validation\[0\]" expected one or more rows of 2 numbers, got 3 numbers$/,
    ],
    [
      "validation with a wrong label",
      () => fit({ validation: [x, [0, 3]] }),
      RangeError,
      /^"validation\[1\]\[1\]" expected a class index from 0 to 2, got 3$/,
    ],
    ["no signal", () => fit({ signal: {} }), TypeError, /^"signal" expected an AbortSignal, got Object$/],
    ["yieldEvery −1", () => fit({ yieldEvery: -1 }), RangeError, /^"yieldEvery" expected a finite number ≥ 0, got -1$/],
    [
      "yieldEvery NaN",
      () => fit({ yieldEvery: Number.NaN }),
      RangeError,
      /^"yieldEvery" expected a finite number ≥ 0, got NaN$/,
    ],
    [
      "no early stopping",
      () => fit({ earlyStopping: null }),
      TypeError,
      /^"earlyStopping" expected an object, got null$/,
    ],
    [
      "early stopping without patience",
      () => fit({ earlyStopping: {} }),
      TypeError,
      /^"earlyStopping.patience" expected an integer ≥ 0, got undefined$/,
    ],
    [
      "patience −1",
      () => fit({ earlyStopping: { patience: -1 } }),
      RangeError,
      /^"earlyStopping.patience" expected an integer ≥ 0, got -1$/,
    ],
    [
      "too little memory",
      () => Engine.create({ maximumMemory: 1000 }),
      RangeError,
      /^"maximumMemory" expected a number of bytes .*, got 1000$/,
    ],
    [
      "too much memory",
      () => Engine.create({ maximumMemory: 1e12 }),
      RangeError,
      /^"maximumMemory" expected a number of bytes .*, got 1000000000000$/,
    ],
    [
      "relaxed and deterministic",
      () => Engine.create({ build: "relaxed", deterministic: true }),
      RangeError,
      /^"build" expected .*deterministic, got "relaxed"$/,
    ],
    [
      "bytes for a module",
      () => Engine.create({ module: new Uint8Array(8) as never }),
      TypeError,
      /^"module" expected a WebAssembly.Module, got Uint8Array of length 8$/,
    ],
    [
      "a matrix of too few values",
      () => engine.matrix(2, 2, { values: [1, 2, 3] }),
      ShapeError,
      /^"values" expected 2 × 2 numbers, got 3$/,
    ],
    [
      "a matrix of strings",
      () => engine.matrix(1, 2, { values: [1, "2"] as never }),
      TypeError,
      /^"values\[1\]" expected a number, got "2"$/,
    ],
    [
      "a matrix of text",
      () => engine.matrix(1, 2, { values: "12" as never }),
      TypeError,
      /^"values" expected an array of numbers, got "12"$/,
    ],
    [
      "a matrix of big integers",
      () => engine.matrix(1, 2, { values: new BigInt64Array(2) as never }),
      TypeError,
      /^"values" expected an array of numbers, got BigInt64Array of length 2$/,
    ],
    ["a network that is none", () => gradCheck({} as never, x, y), TypeError, /^"net" expected a Network, got Object$/],
    [
      "a sample of none",
      () => gradCheck(net, x, y, { sampleSize: 0 }),
      RangeError,
      /^"sampleSize" expected an integer .*, got 0$/,
    ],
    [
      "an unknown option of jvp",
      () => net.jvp(x, { y } as never),
      TypeError,
      /^"direction" expected only x, parameters, got "y"$/,
    ],
    [
      "a direction of too few rows",
      () => net.jvp(x, { x: [1, 2] }),
      ShapeError,
      /^"direction.x" expected 2 × 2 numbers, got 2$/,
    ],
    [
      "a direction of more rows than the plan has",
      () => net.jvp(new Float32Array(2 * 1000), { x: [1, 2] }),
      ShapeError,
      /^"direction.x" expected 1000 × 2 numbers, got 2$/,
    ],
    [
      "a direction of ragged rows",
      () => net.jvp(x, { x: [[1, 2], [3]] }),
      ShapeError,
      /^"direction.x\[1\]" expected 2 numbers, got 1$/,
    ],
    [
      "a direction of text",
      () => net.jvp(x, { x: "12" as never }),
      TypeError,
      /^"direction.x" expected a typed array or an array of numbers, got "12"$/,
    ],
    [
      "a direction along a parameter that there is not",
      () => net.jvp(x, { parameters: { "2.weight": [1] } }),
      ShapeError,
      /^no parameter "2.weight"; there are 0.weight, 0.bias, 1.weight, 1.bias$/,
    ],
    [
      "a direction along a parameter of another size",
      () => net.hvp(x, y, { "0.bias": [1, 2] }),
      ShapeError,
      /^"0.bias" expected 3 = 3 numbers, got 2$/,
    ],
    [
      "a direction of strings",
      () => net.hvp(x, y, { "0.bias": [1, 2, "3"] as never }),
      TypeError,
      /^"0.bias\[2\]" expected a number, got "3"$/,
    ],
    ["u of too few numbers", () => net.vjp(x, [1, 2, 3]), ShapeError, /^"u" expected 2 × 3 numbers, got 3$/],
    [
      "u of too few numbers for more rows than the plan has",
      () => net.vjp(new Float32Array(2 * 1000), [1, 2, 3]),
      ShapeError,
      /^"u" expected 1000 × 3 numbers, got 3$/,
    ],
    ["u of classes", () => net.vjp(x, [0, 2]), ShapeError, /^"u" expected 2 × 3 numbers, got 2$/],
    [
      "u of text",
      () => net.vjp(x, "123456" as never),
      TypeError,
      /^"u" expected a typed array or an array of numbers, got "123456"$/,
    ],
    [
      "an unknown option of the Jacobian",
      () => net.jacobian(x, { modus: "forward" } as never),
      TypeError,
      /^"options" expected only mode, by, got "modus"$/,
    ],
    [
      "a Jacobian by parameters in forward mode",
      () => net.jacobian(x, { mode: "forward", by: "parameters" } as never),
      RangeError,
      /^"mode" expected one of auto, reverse, got "forward"$/,
    ],
    [
      "parameters of text",
      () => net.setParameters({ "0.bias": "123" as never }),
      TypeError,
      /^"0.bias" expected a typed array or an array of numbers, got "123"$/,
    ],
    [
      "a parameter of strings",
      () => net.setParameters({ "0.bias": [1, 2, "3"] as never }),
      TypeError,
      /^"0.bias\[2\]" expected a number, got "3"$/,
    ],
  ])("%s", async (_, call, type, message) => {
    await expectRefusal(call, type, message);
  });
});

/** Every call that takes rows, by what it calls them. */
const takingRows: [string, (rows: never) => unknown][] = [
  ["forward", (rows) => net.forward(rows)],
  ["predict", (rows) => net.predict(rows)],
  ["backward", (rows) => net.backward(rows, y)],
  ["trainBatch", (rows) => net.trainBatch(rows, y, optimizer)],
  ["fit", (rows) => net.fit(rows, y, { optimizer })],
  ["evaluate", (rows) => net.evaluate(rows, y)],
  ["gradCheck", (rows) => gradCheck(net, rows, y)],
  ["vjp", (rows) => net.vjp(rows, new Float32Array(6))],
  ["jvp", (rows) => net.jvp(rows, {})],
  ["jacobian", (rows) => net.jacobian(rows)],
  ["hvp", (rows) => net.hvp(rows, y, {})],
  ["perSampleGradients", (rows) => net.perSampleGradients(rows, y)],
];

const threeColumns = engine.matrix(2, 3);
const freed = engine.matrix(2, 2);
freed.free();

describe.each(takingRows)("rows of %s", (_, call) => {
  test.each<[string, unknown, ErrorType, RegExp]>([
    ["of wrong width", [1, 2, 3], ShapeError, /^"x" expected one or more rows of 2 numbers, got 3 numbers$/],
    ["none", [], ShapeError, /^"x" expected one or more rows of 2 numbers, got 0 numbers$/],
    ["none, typed", new Float32Array(), ShapeError, /^"x" expected one or more rows of 2 numbers, got 0 numbers$/],
    ["ragged", [[1, 2], [3]], ShapeError, /^"x\[1\]" expected 2 numbers, got 1$/],
    [
      "one too long",
      [
        [1, 2, 3],
        [1, 2],
      ],
      ShapeError,
      /^"x\[0\]" expected 2 numbers, got 3$/,
    ],
    ["a row missing", [[1, 2], null], TypeError, /^"x\[1\]" expected an array of numbers, got null$/],
    ["a number among rows", [[1, 2], 3], TypeError, /^"x\[1\]" expected an array of numbers, got 3$/],
    ["a row among numbers", [1, [2, 3]], TypeError, /^"x\[1\]" expected a number, got Array of length 2$/],
    ["text", "1, 2", TypeError, /^"x" expected a typed array or an array of numbers.*, got "1, 2"$/],
    ["strings", ["1", "2"], TypeError, /^"x\[0\]" expected a number, got "1"$/],
    ["a string in a row", [[1, "2"]], TypeError, /^"x\[0\]\[1\]" expected a number, got "2"$/],
    ["a hole", [1, undefined], TypeError, /^"x\[1\]" expected a number, got undefined$/],
    ["null", null, TypeError, /^"x" expected a typed array or an array of numbers.*, got null$/],
    ["undefined", undefined, TypeError, /^"x" expected a typed array or an array of numbers.*, got undefined$/],
    ["a number", 5, TypeError, /^"x" expected a typed array or an array of numbers.*, got 5$/],
    ["an object", { length: 2 }, TypeError, /^"x" expected a typed array or an array of numbers.*, got Object$/],
    [
      "a buffer",
      new ArrayBuffer(8),
      TypeError,
      /^"x" expected a typed array or an array of numbers.*, got ArrayBuffer$/,
    ],
    [
      "a view without type",
      new DataView(new ArrayBuffer(8)),
      TypeError,
      /^"x" expected a typed array or an array of numbers.*, got DataView/,
    ],
    [
      "big integers",
      new BigInt64Array(2),
      TypeError,
      /^"x" expected a typed array or an array of numbers.*, got BigInt64Array of length 2$/,
    ],
    [
      "rows of big integers",
      [[1, 2], new BigInt64Array(2)],
      TypeError,
      /^"x\[1\]" expected an array of numbers, got BigInt64Array/,
    ],
    ["a matrix of wrong width", threeColumns, ShapeError, /^"x" expected a matrix with 2 columns, got 3$/],
    ["a freed matrix", freed, DisposedError, /^this matrix was disposed$/],
  ])("%s", async (__, rows, type, message) => {
    await expectRefusal(() => call(rows as never), type, message);
  });
});

const takingTargets: [string, (targets: never) => unknown][] = [
  ["backward", (targets) => net.backward(x, targets)],
  ["trainBatch", (targets) => net.trainBatch(x, targets, optimizer)],
  ["fit", (targets) => net.fit(x, targets, { optimizer })],
  ["evaluate", (targets) => net.evaluate(x, targets)],
  ["gradCheck", (targets) => gradCheck(net, x, targets)],
  ["hvp", (targets) => net.hvp(x, targets, {})],
  ["perSampleGradients", (targets) => net.perSampleGradients(x, targets)],
];

describe.each(takingTargets)("targets of %s", (_, call) => {
  test.each<[string, unknown, ErrorType, RegExp]>([
    ["too few", [1], ShapeError, /^"y" expected 2 × 3 numbers, or 2 class indices, got 1 numbers$/],
    ["too many", [1, 2, 3, 4, 5, 6, 7], ShapeError, /^"y" expected 2 × 3 numbers, or 2 class indices, got 7 numbers$/],
    ["none", [], ShapeError, /^"y" expected 2 × 3 numbers, or 2 class indices, got 0 numbers$/],
    [
      "rows of wrong width",
      [
        [0, 1],
        [1, 0],
      ],
      ShapeError,
      /^"y\[0\]" expected 3 numbers, got 2$/,
    ],
    ["a label too large", [0, 3], RangeError, /^"y\[1\]" expected a class index from 0 to 2, got 3$/],
    ["a negative label", Int8Array.of(-1, 0), RangeError, /^"y\[0\]" expected a class index from 0 to 2, got -1$/],
    ["a fractional label", [0, 1.5], RangeError, /^"y\[1\]" expected a class index from 0 to 2, got 1.5$/],
    ["NaN for a label", [Number.NaN, 0], RangeError, /^"y\[0\]" expected a class index from 0 to 2, got NaN$/],
    ["names", ["cat", "dog"], TypeError, /^"y\[0\]" expected a number, got "cat"$/],
    ["text", "01", TypeError, /^"y" expected a typed array or an array of numbers.*, got "01"$/],
    ["undefined", undefined, TypeError, /^"y" expected a typed array or an array of numbers.*, got undefined$/],
  ])("%s", async (__, targets, type, message) => {
    await expectRefusal(() => call(targets as never), type, message);
  });
});

test("one output has no classes: targets are as many as rows", async () => {
  const one = await create({ layers: [dense(1)], loss: "meanSquaredError" });
  await expectRefusal(() => one.backward(x, [1]), ShapeError, /^"y" expected 2 × 1 numbers, got 1 numbers$/);
  one.dispose();
});

describe("a network too large for memory", () => {
  test.each<[string, object]>([
    ["by its weights", { inputs: 2 ** 20 }],
    ["by its batch", { batchSize: 2 ** 20 }],
    ["by far", { inputs: 2 ** 30, layers: [dense(2 ** 30)], dtype: "float64" }],
  ])("%s is refused with both numbers", async (_, changes) => {
    const { used } = engine.memory;
    const error: OutOfMemoryError = await create(changes).then(
      () => expect.unreachable("no error"),
      (reason) => reason,
    );
    expect(error).toBeInstanceOf(OutOfMemoryError);
    expect(error.asked).toBeGreaterThan(error.available);
    expect(error.available).toBeGreaterThan(0);
    expect(error.available).toBeLessThan(2 ** 20);
    expect(error.message).toContain(`asked for ${error.asked} bytes, ${error.available} available`);
    expect(engine.memory.used).toBe(used);
    const small = await create({});
    expect(small.predict(x)).toHaveLength(6);
    small.dispose();
    expect(engine.memory.used).toBe(used);
  });

  test("or one whose optimizer is: the network goes on", async () => {
    const own = await engineOf("simd", { maximumMemory: 1.5 * 2 ** 20 });
    const large = await create({
      engine: own,
      inputs: 200,
      layers: [dense(500)],
      batchSize: 1,
      loss: "meanSquaredError",
    });
    const row = new Float32Array(200).fill(1);
    const targets = new Float32Array(500);
    const { used } = own.memory;
    const before = large.parameters.map(({ values }) => values);
    expect(() => large.trainBatch(row, targets, optimizer)).toThrow(OutOfMemoryError);
    await expect(large.fit(row, targets, { optimizer })).rejects.toThrow(OutOfMemoryError);
    expect(own.memory.used).toBe(used);
    expect(large.parameters.map(({ values }) => values)).toEqual(before);
    expect(large.trainBatch(row, targets, sgd({ learningRate: 0.01 }))).toBeGreaterThan(0);
  });

  test("or a batch: predictions go on in smaller ones, and a step is refused", async () => {
    const own = await engineOf("simd", { maximumMemory: 2 ** 17 });
    const wide = await create({ engine: own, layers: [dense(100)], batchSize: 1, loss: "meanSquaredError" });
    const rows = new Float32Array(2 * 1000);
    const { used } = own.memory;
    expect(() => wide.backward(rows, new Float32Array(100 * 1000))).toThrow(OutOfMemoryError);
    expect(own.memory.used).toBe(used);
    expect(wide.predict([1, 2])).toHaveLength(100);
  });
});

test("the step after all of this is that of a network which has seen none of it", () => {
  expect(net.trainBatch(x, y, optimizer)).toBe(untouched.trainBatch(x, y, optimizer));
  expect(net.parameters.map(({ values }) => values)).toEqual(untouched.parameters.map(({ values }) => values));
});
