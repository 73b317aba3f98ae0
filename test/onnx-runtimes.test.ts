// Exported files in other runtimes: ONNX Runtime native and in WebAssembly, and the checker of the ONNX project where Python has it.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dense, type Loss, Network, Standardization } from "../src/index.js";
import { toOnnx } from "../src/onnx.js";
import { contentsOf } from "./support/guides.js";
import { ACTIVATIONS, chain, DTYPES, GRAPHS } from "./support/onnx-nets.js";
import { installRuntimes, loadRuntime, RUNTIME_NAMES, runFile } from "./support/runtimes.js";

const ROWS = 5;
const TOLERANCE = 1e-5;

const AsyncFunction = (async () => {}).constructor as new (
  ...code: string[]
) => (...given: unknown[]) => Promise<{ data: number[] }>;

const folder = mkdtempSync(join(tmpdir(), "lanegrad-onnx-"));

/** An interpreter that has the `onnx` package; undefined where the machine has none. */
const python = ["python3", "/usr/bin/python3"].find((command) => {
  try {
    execFileSync(command, ["-c", "import onnx"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
});

beforeAll(installRuntimes, 300_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Numbers of both signs, some large. */
function rowsOf(width: number): number[] {
  return Array.from({ length: ROWS * width }, (_, i) => 4 * Math.sin(7 * i + 1));
}

function expectSame({ outputs, dims, data }: Awaited<ReturnType<typeof runFile>>, expected: ArrayLike<number>): void {
  expect(outputs).toEqual(["y"]);
  expect(dims).toEqual([ROWS, expected.length / ROWS]);
  const differences = data.map((value, i) => Math.abs(value - (expected[i] as number)));
  expect(Math.max(...differences)).toBeLessThanOrEqual(TOLERANCE);
}

describe.each(RUNTIME_NAMES)("%s computes what predict does", (runtime) => {
  describe.each(DTYPES)("in %s", (dtype) => {
    test.each(ACTIVATIONS)("with the activation %j", async (activation) => {
      const net = await chain(activation, dtype);
      const x = rowsOf(3);
      expectSame(await runFile(loadRuntime(runtime), toOnnx(net), dtype, ROWS, { x }), net.predict(x));
      net.dispose();
    });

    test.each<Loss>(["softmaxCrossEntropy", "binaryCrossEntropy"])(
      "with the loss %s, or what forward does",
      async (loss) => {
        const standardization = new Standardization([1, -2, 1000], [1 / 3, 7, 300]);
        const layers = [dense(4, "tanh"), dense(2, "sigmoid")];
        const net = await Network.create({ inputs: 3, layers, loss, dtype, standardization });
        const x = rowsOf(3);
        const ort = loadRuntime(runtime);
        expectSame(await runFile(ort, toOnnx(net), dtype, ROWS, { x }), net.predict(x));
        expectSame(await runFile(ort, toOnnx(net, { output: "logits" }), dtype, ROWS, { x }), net.forward(x));
        net.dispose();
      },
    );

    test.each(Object.keys(GRAPHS))("of a graph: %s", async (name) => {
      const options = GRAPHS[name] as (typeof GRAPHS)[string];
      const net = await Network.create({ ...options, loss: "softmaxCrossEntropy", dtype, seed: 3 });
      const widths = Object.entries(options.graph?.definition.inputs ?? {});
      const inputs = Object.fromEntries(widths.map(([input, width]) => [input, rowsOf(width)]));
      const expected = net.predict(
        Object.fromEntries(Object.entries(inputs).map(([input, values]) => [input, Float64Array.from(values)])),
      );
      expectSame(await runFile(loadRuntime(runtime), toOnnx(net), dtype, ROWS, inputs), expected);
      net.dispose();
    });
  });
});

test("the guide's code predicts", async () => {
  const net = await Network.create({ inputs: 2, layers: [dense(3, "tanh"), dense(2)], loss: "softmaxCrossEntropy" });
  const code = contentsOf("docs/moving-on.md", "ts").at(-1) as string;
  const guide = new AsyncFunction("InferenceSession", "Tensor", "onnx", `${code.replace(/^import .*\n/, "")}return y;`);
  const { InferenceSession, Tensor } = loadRuntime("onnxruntime-web");
  const { data } = await guide(InferenceSession, Tensor, toOnnx(net));
  for (const [i, value] of net.predict([0.3, 0.4]).entries()) expect(data[i]).toBeCloseTo(value, 5);
  net.dispose();
});

if (python === undefined) {
  process.stderr.write("no python3 with the package onnx: the test by its checker is left out\n");
} else {
  test("the ONNX checker accepts every file", async () => {
    const files: string[] = [];
    const write = (net: Network) => {
      const path = join(folder, `${files.length}.onnx`);
      writeFileSync(path, toOnnx(net));
      files.push(path);
      net.dispose();
    };
    for (const dtype of DTYPES) {
      for (const activation of ACTIVATIONS) write(await chain(activation, dtype));
      for (const options of Object.values(GRAPHS)) {
        write(await Network.create({ ...options, loss: "softmaxCrossEntropy", dtype }));
      }
    }
    const check =
      "import onnx, sys\nfor path in sys.argv[1:]: onnx.checker.check_model(onnx.load(path), full_check=True)";
    expect(execFileSync(python, ["-c", check, ...files], { encoding: "utf8" })).toBe("");
  });
}
