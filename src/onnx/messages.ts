// The messages of an ONNX file, as far as they are read and written here: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
import type { DType } from "../engine/dtype.js";
import type { Loss } from "../index.js";
import { type Fields, readMessage, writeMessage } from "./wire.js";

export interface TensorProto {
  dims?: number[];
  dataType?: number;
  /** Packed little-endian numbers, like rawData. */
  floatData?: Uint8Array;
  int64Data?: number[];
  name?: string;
  rawData?: Uint8Array;
  /** Packed little-endian numbers, like rawData. */
  doubleData?: Uint8Array;
  /** 1 where the numbers are in another file. */
  dataLocation?: number;
}

export interface AttributeProto {
  name?: string;
  f?: number;
  i?: number;
  s?: string;
  t?: TensorProto;
  ints?: number[];
  /** What the attribute is: ATTRIBUTE_TYPES. */
  type?: number;
}

export interface NodeProto {
  input?: string[];
  output?: string[];
  name?: string;
  opType?: string;
  attribute?: AttributeProto[];
  domain?: string;
}

export interface DimensionProto {
  value?: number;
  parameter?: string;
}

export interface ValueInfoProto {
  name?: string;
  type?: { tensor?: { elementType?: number; shape?: { dimensions?: DimensionProto[] } } };
}

export interface GraphProto {
  node?: NodeProto[];
  name?: string;
  initializer?: TensorProto[];
  input?: ValueInfoProto[];
  output?: ValueInfoProto[];
}

export interface ModelProto {
  irVersion?: number;
  producerName?: string;
  graph?: GraphProto;
  opsets?: { domain?: string; version?: number }[];
  metadata?: { key?: string; value?: string }[];
}

const TENSOR: Fields = {
  dims: { number: 1, kind: "int", repeated: true },
  dataType: { number: 2, kind: "int" },
  floatData: { number: 4, kind: "bytes" },
  int64Data: { number: 7, kind: "int", repeated: true },
  name: { number: 8, kind: "string" },
  rawData: { number: 9, kind: "bytes" },
  doubleData: { number: 10, kind: "bytes" },
  dataLocation: { number: 14, kind: "int" },
};

const ATTRIBUTE: Fields = {
  name: { number: 1, kind: "string" },
  f: { number: 2, kind: "float" },
  i: { number: 3, kind: "int" },
  s: { number: 4, kind: "string" },
  t: { number: 5, kind: TENSOR },
  ints: { number: 8, kind: "int", repeated: true },
  type: { number: 20, kind: "int" },
};

const NODE: Fields = {
  input: { number: 1, kind: "string", repeated: true },
  output: { number: 2, kind: "string", repeated: true },
  name: { number: 3, kind: "string" },
  opType: { number: 4, kind: "string" },
  attribute: { number: 5, kind: ATTRIBUTE, repeated: true },
  domain: { number: 7, kind: "string" },
};

const DIMENSION: Fields = {
  value: { number: 1, kind: "int" },
  parameter: { number: 2, kind: "string" },
};

const SHAPE: Fields = { dimensions: { number: 1, kind: DIMENSION, repeated: true } };

const VALUE_INFO: Fields = {
  name: { number: 1, kind: "string" },
  type: {
    number: 2,
    kind: {
      tensor: { number: 1, kind: { elementType: { number: 1, kind: "int" }, shape: { number: 2, kind: SHAPE } } },
    },
  },
};

const GRAPH: Fields = {
  node: { number: 1, kind: NODE, repeated: true },
  name: { number: 2, kind: "string" },
  initializer: { number: 5, kind: TENSOR, repeated: true },
  input: { number: 11, kind: VALUE_INFO, repeated: true },
  output: { number: 12, kind: VALUE_INFO, repeated: true },
};

const MODEL: Fields = {
  irVersion: { number: 1, kind: "int" },
  producerName: { number: 2, kind: "string" },
  graph: { number: 7, kind: GRAPH },
  opsets: {
    number: 8,
    kind: { domain: { number: 1, kind: "string" }, version: { number: 2, kind: "int" } },
    repeated: true,
  },
  metadata: {
    number: 14,
    kind: { key: { number: 1, kind: "string" }, value: { number: 2, kind: "string" } },
    repeated: true,
  },
};

/** TensorProto.DataType */
export const DATA_TYPES: Record<DType, number> = { float32: 1, float64: 11 };
export const INT64 = 7;

/** AttributeProto.AttributeType */
export const ATTRIBUTE_TYPES = { float: 1, int: 2 };

/** The key of what a file of lanegrad's says beside the graph, as JSON. */
export const METADATA = "lanegrad";

export interface Metadata {
  readonly loss: Loss;
  readonly seed: number;
  /** What the graph computes: with or without what the loss applies to logits. */
  readonly output: "predictions" | "logits";
}

/** @throws FormatError */
export function decodeModel(bytes: Uint8Array): ModelProto {
  return readMessage(bytes, MODEL);
}

export function encodeModel(model: ModelProto): Uint8Array {
  return writeMessage(model, MODEL);
}
