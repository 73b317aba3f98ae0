// The two precisions: how many bytes an element takes and which typed array shows it.

/** The precision that a network or a matrix computes in. */
export type DType = "float32" | "float64";

/** Numbers of either precision. */
export type FloatArray = Float32Array | Float64Array;

export const DTYPES: readonly DType[] = ["float32", "float64"];

export function bytesOf(dtype: DType): number {
  return dtype === "float32" ? 4 : 8;
}

export function newArray(dtype: DType, length: number): FloatArray {
  return dtype === "float32" ? new Float32Array(length) : new Float64Array(length);
}
