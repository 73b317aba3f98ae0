// PyTorch computes what lanegrad does from lanegrad's safetensors files, and lanegrad what PyTorch does from PyTorch's.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readSafetensors } from "../src/format/safetensors.js";
import {
  type Activation,
  add,
  concatenate,
  dense,
  dropout,
  graph,
  Network,
  type NetworkOptions,
  standardize,
} from "../src/index.js";
import { ACTIVATIONS } from "../src/network/activation.js";
import { engineOf } from "./support/builds.js";
import { contentsOf, createGuideProject, examplesOf, runExamples } from "./support/guides.js";
import { randomNumbers } from "./support/matrices.js";
import { hasTorch, runDistributed, runTorch, type TorchOutputs } from "./support/torch.js";

const engine = await engineOf("simd");

const INPUTS = 5;
const ROWS = 7;
const x = randomNumbers(INPUTS * ROWS, 1).map((value) => 3 * value);

const withActivation = (activation: Activation): NetworkOptions => ({
  inputs: INPUTS,
  layers: [dense(6, activation), dropout(0.4), dense(4, activation, { bias: false }), dense(3)],
  loss: "meanSquaredError",
  engine,
});

const NETS: Record<string, NetworkOptions> = {
  ...Object.fromEntries(ACTIVATIONS.map((name) => [name, withActivation(name)])),
  sloped: withActivation({ type: "leakyRelu", alpha: 0.3 }),
  scaled: withActivation({ type: "elu", alpha: 0.7 }),
  ended: { ...withActivation("tanh"), layers: [dense(4, "relu"), dense(3, "softmax")] },
  single: { ...withActivation("tanh"), layers: [dense(2)] },
  standardized: { ...withActivation("relu"), standardization: standardize(x, INPUTS), loss: "softmaxCrossEntropy" },
  graph: {
    graph: graph({
      inputs: { left: 2, right: INPUTS - 2 },
      nodes: {
        wide: [dense(4, "gelu"), "left"],
        deep: [dense(4, "silu", { bias: false }), "wide"],
        sum: [add(), "wide", "deep"],
        all: [concatenate(), "right", "sum"],
        y: [dense(2, "sigmoid"), "all"],
      },
      outputs: "y",
    }),
    loss: "meanSquaredError",
    engine,
  },
};

const CASES = Object.entries(NETS).flatMap(([name, options]) => {
  return (["float32", "float64"] as const).map((dtype) => ({
    name: `${name}-${dtype}`,
    options: { ...options, dtype },
  }));
});

function expectClose(actual: ArrayLike<number>, expected: readonly number[]): void {
  const differences = expected.map((number, index) => Math.abs((actual[index] as number) - number));
  expect(actual.length).toBe(expected.length);
  expect(Math.max(...differences)).toBeLessThanOrEqual(1e-6);
}

/** `forward` of the network in a file. */
async function outputsIn(path: string, options: NetworkOptions): Promise<ArrayLike<number>> {
  const net = await Network.fromSafetensors(readFileSync(path), options);
  const outputs = net.forward(x);
  net.dispose();
  return outputs;
}

test("a file that PyTorch wrote gives PyTorch's outputs", async () => {
  const file = readFileSync(new URL("fixtures/torch.safetensors", import.meta.url));
  const { metadata } = readSafetensors(file);
  const [rows, outputs] = ["x", "outputs"].map((name) => JSON.parse(metadata.get(name) as string) as number[][]);
  const layers = [dense(4, "gelu"), dropout(0.5), dense(5, { type: "elu", alpha: 0.5 }, { bias: false }), dense(2)];
  const net = await Network.fromSafetensors(file, { inputs: 3, layers, loss: "meanSquaredError", engine });
  expect(net.dtype).toBe("float32");
  expectClose(net.forward(rows as number[][]), (outputs as number[][]).flat());
  net.dispose();
});

const isPresent = hasTorch();
if (process.env.CI === "true") {
  test("CI has PyTorch", () => expect(isPresent).toBe(true));
} else if (!isPresent) {
  process.stderr.write("PyTorch not found: its tests are left out; apt-get install python3-torch\n");
}

const describeTorch = isPresent ? describe : () => undefined;

describeTorch("PyTorch", () => {
  const folder = mkdtempSync(join(tmpdir(), "lanegrad-torch-"));
  const pathOf = (name: string, kind: string) => join(folder, `${name}${kind}`);
  const own: Record<string, ArrayLike<number>> = {};
  let outputs: Record<string, TorchOutputs>;

  beforeAll(async () => {
    for (const { name, options } of CASES) {
      const net = await Network.create({ ...options, seed: 1 });
      const biases = net.parameters.filter((parameter) => parameter.name.endsWith("bias"));
      net.setParameters(Object.fromEntries(biases.map(({ name, values }) => [name, randomNumbers(values.length, 2)])));
      writeFileSync(pathOf(name, ".safetensors"), net.toSafetensors());
      writeFileSync(pathOf(name, ".json"), JSON.stringify(rowsOf(x)));
      own[name] = net.forward(x);
      net.dispose();
    }
    outputs = runTorch(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(CASES)("loads $name, and computes the same", ({ name }) => {
    expectClose(own[name] as ArrayLike<number>, (outputs[name] as TorchOutputs).loaded);
  });

  test.each(CASES)("writes $name, which computes the same here", async ({ name, options }) => {
    const { fresh } = outputs[name] as TorchOutputs;
    expectClose(await outputsIn(pathOf(name, ".torch.safetensors"), { ...options, dtype: undefined }), fresh);
    if (options.graph !== undefined) return;
    expectClose(await outputsIn(pathOf(name, ".named.safetensors"), { ...options, dtype: undefined }), fresh);
  });

  test("goes on from the guide's network with two processes, and lanegrad from what they come to", async () => {
    const page = "docs/moving-on.md";
    const consumer = await createGuideProject();
    const [script] = contentsOf(page, "python") as [string];
    const [printed] = contentsOf(page, "console") as [string];
    const [back] = contentsOf(page, "ts") as [string, string];
    const examples = examplesOf(page);
    try {
      await runExamples(consumer, examples);
      expect(await runDistributed(consumer.project, script, 2)).toBe(printed);
      const results = await runExamples(consumer, [...examples, { code: back, output: undefined }]);
      expect(results.at(-1)).toBe("loss 0.004\n");
    } finally {
      consumer.remove();
    }
  }, 120_000);

  test("writes any model's linear layers by the guide's lines, which lanegrad reads", async () => {
    const [, lines] = contentsOf("docs/moving-on.md", "python") as [string, string];
    const check =
      "\nx = torch.tensor([[1.0, -2.0]])\nprint(json.dumps(model.head(model.trunk(x).relu()).tolist()[0]))\n";
    const printed = await runDistributed(folder, FOREIGN + lines + check, 1);
    const layers = [dense(3, "relu"), dense(2, "identity", { bias: false })];
    const options = { inputs: 2, layers, loss: "meanSquaredError", engine } as const;
    const net = await Network.fromSafetensors(readFileSync(join(folder, "linears.safetensors")), options);
    expectClose(net.forward([1, -2]), JSON.parse(printed));
    net.dispose();
  });
});

/** Names that say nothing of the order, tensors that are no layer's, and half precision. */
const FOREIGN = `
import json
import torch
from torch import nn
from safetensors.torch import save_file

class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Linear(2, 3)
        self.norm = nn.BatchNorm1d(3)
        self.head = nn.Linear(3, 2, bias=False)

model = Model().half()
`;

function rowsOf(flat: readonly number[]): number[][] {
  return Array.from({ length: ROWS }, (_, row) => flat.slice(row * INPUTS, (row + 1) * INPUTS));
}
