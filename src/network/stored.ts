// What all files of networks have in common: parameters as tensors, and options as JSON in the metadata.
import { bytesOf, type DType, type FloatArray } from "../engine/dtype.js";
import { FormatError, ShapeError } from "../errors.js";
import type { StoredTensor, TensorFile } from "../format/safetensors.js";
import { checkObject } from "../validate.js";
import type { Model } from "./model.js";
import type { Tensor } from "./plan.js";

/** The version of the metadata. */
const VERSION = "1";

const STORED: Record<DType, string> = { float32: "F32", float64: "F64" };

/** A value as JSON, with the numbers that JSON has no words for. */
export function encode(value: unknown): string {
  return JSON.stringify(value, (_, part) => {
    if (typeof part !== "number" || (Number.isFinite(part) && !Object.is(part, -0))) return part;
    return { number: Object.is(part, -0) ? "-0" : String(part) };
  });
}

/** The value that `encode` wrote. */
export function decode(name: string, metadata: TensorFile["metadata"]): Record<string, unknown> {
  const value: unknown = JSON.parse(metadata.get(name) ?? "null", (_, part) => {
    return typeof part?.number === "string" ? Number(part.number) : part;
  });
  return checkObject(name, value) as Record<string, unknown>;
}

/** @param network the network's options, as `encode` writes them */
export function metadataOf(network: string): Map<string, string> {
  return new Map([
    ["lanegrad", VERSION],
    ["network", network],
  ]);
}

/**
 * Options of the network, not checked yet.
 *
 * @throws FormatError, SyntaxError, TypeError
 */
export function networkIn(metadata: TensorFile["metadata"]): Record<string, unknown> {
  if (metadata.get("lanegrad") !== VERSION) {
    throw new FormatError("__metadata__.lanegrad", `not "${VERSION}", as in lanegrad's own files`);
  }
  return decode("network", metadata);
}

/** What a check finds wrong with an argument is the file's fault; other errors stay what they are. */
export function asFormatError(error: unknown): unknown {
  const isArgument = [RangeError, TypeError, ShapeError, SyntaxError].some((type) => error instanceof type);
  return isArgument ? new FormatError("__metadata__", (error as Error).message, { cause: error }) : error;
}

/** The tensors of a mirror of the parameter block, not copied. */
export function storedTensors(
  { parameterPlan, dtype }: Model,
  block: FloatArray,
  nameOf: (tensor: Tensor) => string,
): [string, StoredTensor][] {
  return parameterPlan.tensors.map((tensor) => {
    const { shape, length, offset } = tensor;
    const bytes = new Uint8Array(block.buffer, block.byteOffset + offset, length * bytesOf(dtype));
    return [nameOf(tensor), { dtype: STORED[dtype], shape, bytes }];
  });
}

/**
 * A copy of the numbers of a tensor.
 *
 * @throws FormatError where there is none of this name, shape and one of these precisions
 */
export function valuesOf(
  tensors: TensorFile["tensors"],
  name: string,
  shape: readonly number[],
  dtypes: readonly DType[],
): FloatArray {
  const tensor = tensors.get(name);
  const dtype = dtypes.find((dtype) => STORED[dtype] === tensor?.dtype);
  if (tensor === undefined || dtype === undefined || `${tensor.shape}` !== `${shape}`) {
    const expected = dtypes.map((dtype) => STORED[dtype]).join(" or ");
    const got = tensor && `${tensor.dtype} [${tensor.shape}]`;
    throw new FormatError(name, `expected ${expected} [${shape}], got ${got ?? "none"}`);
  }
  const { buffer } = new Uint8Array(tensor.bytes);
  return dtype === "float32" ? new Float32Array(buffer) : new Float64Array(buffer);
}

/** The precision that loses nothing of any tensor. */
export function dtypeOf(tensors: TensorFile["tensors"]): DType {
  return [...tensors.values()].some(({ dtype }) => dtype === STORED.float64) ? "float64" : "float32";
}
