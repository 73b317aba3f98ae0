// Types of the public names as callers see them, checked by tsc, beside the values that they describe: what types refuse is refused
// at run time too.
import { expectTypeOf } from "expect-type";
import { beforeAll, describe, expect, test } from "vitest";
import {
  type Activation,
  accuracy,
  adam,
  add,
  type BuildName,
  type CrossValidationResult,
  crossValidate,
  type DenseLayer,
  type DType,
  dense,
  dropout,
  Engine,
  type EngineOptions,
  type EpochRecord,
  type Evaluation,
  type FitOptions,
  type FloatArray,
  type GradCheckReport,
  Graph,
  type GraphDefinition,
  gradCheck,
  graph,
  type History,
  type Inputs,
  type Jacobian,
  type JacobianMode,
  kFold,
  type Layer,
  type LayerState,
  type Loss,
  type Matrix,
  Network,
  type NetworkOptions,
  type Optimizer,
  type Parameter,
  type Rows,
  type SampleGradients,
  type Schedule,
  Standardization,
  sgd,
  split,
  standardize,
  stepDecay,
  type Targets,
  type VectorJacobianProduct,
} from "../src/index.js";
import { type RemoteFitOptions, Trainer, type TrainerOptions, trainInWorker } from "../src/worker.js";

const X = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
];
const Y = [0, 1, 1, 0];

let net: Network;

beforeAll(async () => {
  net = await Network.create({ inputs: 2, layers: [dense(3, "tanh"), dense(2)], loss: "softmaxCrossEntropy" });
});

describe("networks are made", () => {
  test("of options that need a loss only", async () => {
    expectTypeOf(Network.create).parameters.toEqualTypeOf<[NetworkOptions]>();
    expectTypeOf(Network.create).returns.resolves.toEqualTypeOf<Network>();
    expectTypeOf<{ graph: Graph; loss: "huber" }>().toExtend<NetworkOptions>();
    expectTypeOf<NetworkOptions["layers"]>().toEqualTypeOf<readonly Layer[] | undefined>();
    expectTypeOf<NetworkOptions["dtype"]>().toEqualTypeOf<"float32" | "float64" | undefined>();
    expectTypeOf<NetworkOptions["checkpoint"]>().toEqualTypeOf<boolean | number | undefined>();
    // @ts-expect-error the loss is required
    await expect(Network.create({ inputs: 2, layers: [dense(1)] })).rejects.toThrow(TypeError);
    // @ts-expect-error not the name of an option
    await expect(Network.create({ inputs: 2, layers: [dense(1)], loss: "huber", rate: 1 })).rejects.toThrow(TypeError);
    // @ts-expect-error a junction belongs into a graph
    await expect(Network.create({ inputs: 2, layers: [add()], loss: "huber" })).rejects.toThrow(TypeError);
  });

  test("of layers, whose activations and losses are named or have their parameters", async () => {
    expectTypeOf(dense).parameter(0).toBeNumber();
    expectTypeOf(dense(3)).toEqualTypeOf<DenseLayer>();
    expectTypeOf(dropout(0.5)).toExtend<Layer>();
    expectTypeOf<"relu">().toExtend<Activation>();
    expectTypeOf<{ type: "elu"; alpha: 2 }>().toExtend<Activation>();
    expectTypeOf<{ type: "huber"; delta: 2 }>().toExtend<Loss>();
    expectTypeOf<"softmax">().not.toExtend<Loss>();
    // @ts-expect-error not the name of an activation
    const layers = [dense(1, "rely")];
    await expect(Network.create({ inputs: 2, layers, loss: "huber" })).rejects.toThrow(RangeError);
  });

  test("of graphs of named nodes", () => {
    const definition = { inputs: { x: 2 }, nodes: { y: [dense(2), "x"] }, outputs: "y" } satisfies GraphDefinition;
    expectTypeOf(graph).toBeCallableWith(definition);
    expectTypeOf(graph(definition)).toEqualTypeOf<Graph>();
    expect(graph(definition)).toBeInstanceOf(Graph);
    // @ts-expect-error a node says what flows in behind its layer
    expect(() => graph({ ...definition, nodes: { y: ["x", dense(2)] } })).toThrow(TypeError);
    // @ts-expect-error a graph has outputs
    expect(() => graph({ inputs: { x: 2 }, nodes: { y: [dense(2), "x"] } })).toThrow();
  });
});

describe("networks are trained", () => {
  test("by fit, with an optimizer, to a history", async () => {
    expectTypeOf(net.fit).parameters.toEqualTypeOf<[Inputs, Targets, FitOptions]>();
    expectTypeOf<FitOptions["schedule"]>().toEqualTypeOf<Schedule | undefined>();
    expectTypeOf<FitOptions["validation"]>().toEqualTypeOf<readonly [Inputs, Targets] | undefined>();
    expectTypeOf(stepDecay).returns.toEqualTypeOf<Schedule>();
    const onEpochEnd = (record: EpochRecord) => expectTypeOf(record.accuracy).toEqualTypeOf<number | undefined>();
    const history = await net.fit(X, Y, { optimizer: adam({ learningRate: 0.1 }), onEpochEnd });
    expectTypeOf(history).toEqualTypeOf<History>();
    expectTypeOf(history.epochs).items.toEqualTypeOf<EpochRecord>();
    expectTypeOf(history.stoppedBy).toEqualTypeOf<"epochs" | "earlyStopping" | "signal" | "nonFinite" | "converged">();
    expect(history.stoppedBy).toBe("epochs");
    // @ts-expect-error the optimizer is required
    await expect(net.fit(X, Y, { epochs: 1 })).rejects.toThrow(TypeError);
    // @ts-expect-error an optimizer is made by its function
    await expect(net.fit(X, Y, { optimizer: "adam" })).rejects.toThrow(TypeError);
    // @ts-expect-error rows are numbers
    await expect(net.fit(["0", "1"], Y, { optimizer: sgd({ learningRate: 1 }) })).rejects.toThrow(TypeError);
  });

  test("by single updates", () => {
    expectTypeOf(net.trainBatch).parameters.toEqualTypeOf<[Inputs, Targets, Optimizer]>();
    expectTypeOf(net.trainBatch).returns.toBeNumber();
    expectTypeOf(adam).returns.toEqualTypeOf<Optimizer>();
    // @ts-expect-error the learning rate is required
    expect(() => sgd({ momentum: 0.9 })).toThrow(TypeError);
  });
});

describe("networks are read", () => {
  test("as arrays of the network's precision", () => {
    expectTypeOf(net.predict).parameters.toEqualTypeOf<[Inputs]>();
    expectTypeOf(net.predict).returns.toEqualTypeOf<Float32Array | Float64Array>();
    expectTypeOf(net.forward).returns.toEqualTypeOf<FloatArray>();
    expectTypeOf(net.dtype).toEqualTypeOf<DType>();
    expectTypeOf<Rows>().toExtend<Targets>();
    expectTypeOf<Matrix>().toExtend<Rows>();
    expectTypeOf<BigInt64Array>().not.toExtend<Targets>();
    expect(net.predict(X)).toBeInstanceOf(Float32Array);
    // @ts-expect-error rows are numbers
    expect(() => net.predict(["0", "1"])).toThrow(TypeError);
  });

  test("as parameters that cannot be assigned, and are set by name", () => {
    expectTypeOf(net.parameters).toEqualTypeOf<Parameter[]>();
    expectTypeOf<Parameter>().toEqualTypeOf<{
      readonly name: string;
      readonly shape: readonly number[];
      readonly values: FloatArray;
      readonly gradient: FloatArray;
    }>();
    expectTypeOf(net.layers).items.toEqualTypeOf<LayerState>();
    expectTypeOf(net.setParameters).parameters.toEqualTypeOf<[Record<string, ArrayLike<number>>]>();
    expectTypeOf(net.inputGradient).toEqualTypeOf<FloatArray | null>();
    // @ts-expect-error parameters are by name
    expect(() => net.setParameters([[1, 2]])).toThrow();
  });

  test("as losses and metrics", () => {
    expectTypeOf(net.evaluate(X, Y)).toEqualTypeOf<Evaluation>();
    expectTypeOf(net.backward(X, Y, { inputGradient: true })).toBeNumber();
    expectTypeOf(accuracy(net.predict(X), Y)).toBeNumber();
    expectTypeOf(gradCheck).returns.toEqualTypeOf<GradCheckReport>();
  });

  test("as derivatives: a Jacobian by inputs is one tensor, by parameters one for each name", () => {
    expectTypeOf(net.jacobian(X)).toEqualTypeOf<Jacobian>();
    expectTypeOf(net.jacobian(X, { mode: "forward" })).toEqualTypeOf<Jacobian>();
    expectTypeOf(net.jacobian(X, { by: "inputs", mode: "reverse" })).toEqualTypeOf<Jacobian>();
    expectTypeOf(net.jacobian(X, { by: "parameters" })).toEqualTypeOf<Record<string, SampleGradients>>();
    expectTypeOf<JacobianMode>().toEqualTypeOf<"auto" | "forward" | "reverse">();
    expectTypeOf(net.vjp).returns.toEqualTypeOf<VectorJacobianProduct>();
    expectTypeOf(net.jvp).returns.toEqualTypeOf<FloatArray>();
    expectTypeOf(net.hvp).returns.toEqualTypeOf<Record<string, FloatArray>>();
    // @ts-expect-error by parameters there is no forward mode
    expect(() => net.jacobian(X, { by: "parameters", mode: "forward" })).toThrow(RangeError);
  });
});

describe("models are selected", () => {
  test("by settings whose types follow from the grid", async () => {
    const maker = (setting: { readonly units: 1 | 2; readonly activation: "relu" | "tanh" }) => {
      const layers = [dense(setting.units, setting.activation), dense(2)];
      return Network.create({ inputs: 2, layers, loss: "softmaxCrossEntropy" });
    };
    const { results, best } = await crossValidate(maker, [X, Y], {
      grid: { units: [1, 2], activation: ["relu", "tanh"] },
      folds: 2,
      fit: (setting) => {
        expectTypeOf(setting).toEqualTypeOf<{ units: 1 | 2; activation: "relu" | "tanh" }>();
        return { optimizer: sgd({ learningRate: 0.1 / setting.units }) };
      },
      onProgress: ({ setting, score }) => {
        expectTypeOf(setting.activation).toEqualTypeOf<"relu" | "tanh">();
        expectTypeOf(score).toEqualTypeOf<Evaluation>();
      },
    });
    expectTypeOf(best).toEqualTypeOf<CrossValidationResult<{ units: 1 | 2; activation: "relu" | "tanh" }>>();
    expectTypeOf(results).items.toEqualTypeOf<typeof best>();
    expect(results.map(({ setting }) => setting.units)).toEqual([1, 1, 2, 2]);
    // @ts-expect-error not a name of the grid
    expect(best.setting.width).toBeUndefined();
  });

  test("on parts of the kind that was given", () => {
    const { train, test: rest } = split(X, new Uint8Array(Y), { test: 0.5 });
    expectTypeOf(train[0]).toEqualTypeOf<number[][]>();
    expectTypeOf(rest[1]).toExtend<Uint8Array>();
    expectTypeOf(kFold).toBeCallableWith(4, { folds: 2, stratify: Y });
    expectTypeOf(standardize(X)).toEqualTypeOf<Standardization>();
    expect(rest[1]).toBeInstanceOf(Uint8Array);
    expect(standardize(X)).toBeInstanceOf(Standardization);
  });
});

describe("networks are trained in workers", () => {
  test("by the options of fit, to its history", async () => {
    expectTypeOf(trainInWorker).parameters.toEqualTypeOf<[Network, Inputs, Targets, RemoteFitOptions]>();
    expectTypeOf(trainInWorker).returns.resolves.toEqualTypeOf<History>();
    expectTypeOf<FitOptions>().toExtend<RemoteFitOptions>();
    expectTypeOf<Omit<RemoteFitOptions, "transfer">>().toEqualTypeOf<FitOptions>();
    expectTypeOf<RemoteFitOptions["transfer"]>().toEqualTypeOf<boolean | undefined>();
    // @ts-expect-error the optimizer is required
    await expect(trainInWorker(net, X, Y)).rejects.toThrow(TypeError);
    // @ts-expect-error a network, not the options of one
    await expect(trainInWorker({}, X, Y, { optimizer: adam({ learningRate: 0.1 }) })).rejects.toThrow(TypeError);
  });

  test("which have engines of their own, and answer by promises of what a network answers", async () => {
    expectTypeOf<Omit<TrainerOptions, "engine">>().toEqualTypeOf<Omit<NetworkOptions, "engine">>();
    expectTypeOf<TrainerOptions["engine"]>().toEqualTypeOf<EngineOptions | undefined>();
    expectTypeOf(Trainer.create).parameters.toEqualTypeOf<[TrainerOptions]>();
    expectTypeOf(Trainer.create).returns.resolves.toEqualTypeOf<Trainer>();
    expectTypeOf(Trainer.restore).parameters.toEqualTypeOf<[Uint8Array, { engine?: EngineOptions }?]>();
    expectTypeOf<Trainer["fit"]>().parameters.toEqualTypeOf<[Inputs, Targets, RemoteFitOptions]>();
    expectTypeOf<Trainer["fit"]>().returns.resolves.toEqualTypeOf<History>();
    expectTypeOf<Trainer["predict"]>().parameters.toEqualTypeOf<Parameters<Network["predict"]>>();
    expectTypeOf<Trainer["predict"]>().returns.resolves.toEqualTypeOf<FloatArray>();
    expectTypeOf<Trainer["evaluate"]>().returns.resolves.toEqualTypeOf<Evaluation>();
    expectTypeOf<Trainer["checkpoint"]>().returns.resolves.toEqualTypeOf<Uint8Array>();
    expectTypeOf<Trainer["network"]>().parameters.toEqualTypeOf<[{ engine?: Engine }?]>();
    expectTypeOf<Trainer["network"]>().returns.resolves.toEqualTypeOf<Network>();
    expectTypeOf<Trainer["dispose"]>().toEqualTypeOf<() => void>();
    const engine = await Engine.create();
    // @ts-expect-error an engine stays in its thread
    await expect(Trainer.create({ inputs: 2, layers: [dense(1)], loss: "huber", engine })).rejects.toThrow(TypeError);
  });
});

test("engines have a build, threads and matrices", async () => {
  const engine = await Engine.create({ deterministic: true });
  expectTypeOf(engine.build).toEqualTypeOf<BuildName | "custom">();
  expectTypeOf(engine.threadsReason).toEqualTypeOf<string | undefined>();
  expectTypeOf(engine.matrix(2, 2, { dtype: "float64" })).toEqualTypeOf<Matrix>();
  // @ts-expect-error engines are made by Engine.create
  expect(() => new Engine()).toThrow();
  // @ts-expect-error not the name of a build
  await expect(Engine.create({ build: "fast" })).rejects.toThrow(RangeError);
});
