// ONNX Runtime, native and in WebAssembly, in a folder of its own, as the two take 440 MB.
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { DType, FloatArray } from "../../src/index.js";
import { installPackages } from "./install.js";

interface Tensor {
  readonly dims: readonly number[];
  readonly data: FloatArray;
}

interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(feeds: Record<string, Tensor>): Promise<Record<string, Tensor>>;
}

export interface Runtime {
  readonly InferenceSession: { create(file: Uint8Array, options: { logSeverityLevel: number }): Promise<Session> };
  readonly Tensor: new (type: DType, data: FloatArray, dims: readonly number[]) => Tensor;
}

const FOLDER = fileURLToPath(new URL("../runtimes/", import.meta.url));

export const RUNTIME_NAMES = ["onnxruntime-node", "onnxruntime-web"] as const;

/** Errors alone. */
const LOG_LEVEL = 3;

/** Their install scripts, which fetch parts for GPUs, are not run. */
export function installRuntimes(): Promise<void> {
  return installPackages(FOLDER);
}

export function loadRuntime(name: (typeof RUNTIME_NAMES)[number]): Runtime {
  return createRequire(`${FOLDER}package.json`)(name) as Runtime;
}

/** What a file computes from the rows of each input. */
export async function runFile(
  { InferenceSession, Tensor }: Runtime,
  file: Uint8Array,
  dtype: DType,
  rows: number,
  inputs: Record<string, readonly number[]>,
): Promise<{ outputs: string[]; dims: number[]; data: number[] }> {
  const session = await InferenceSession.create(file, { logSeverityLevel: LOG_LEVEL });
  const feeds = Object.entries(inputs).map(([name, values]) => {
    const data = dtype === "float32" ? Float32Array.from(values) : Float64Array.from(values);
    return [name, new Tensor(dtype, data, [rows, values.length / rows])] as const;
  });
  const results = await session.run(Object.fromEntries(feeds));
  const { dims, data } = results[session.outputNames[0] as string] as Tensor;
  return { outputs: [...session.outputNames], dims: [...dims], data: [...data] };
}
