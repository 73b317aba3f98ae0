/**
 * Networks as ONNX files, for other runtimes and frameworks, and back.
 *
 * @module lanegrad/onnx
 */
export { type ExportOptions, toOnnx } from "./onnx/export.js";
export { fromOnnx, type ImportOptions } from "./onnx/import.js";
