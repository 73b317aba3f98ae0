// ONNX models as protobuf bytes: only the fields of onnx.proto that a graph of float tensors needs.

/** Field numbers of onnx.proto (github.com/onnx/onnx, IR version 8). */
const MODEL = { irVersion: 1, producer: 2, graph: 7, opset: 8 };
const GRAPH = { node: 1, name: 2, initializer: 5, input: 11, output: 12 };
const NODE = { input: 1, output: 2, operator: 4, attribute: 5 };
const ATTRIBUTE = { name: 1, int: 3, type: 20 };
const TENSOR = { dimension: 1, type: 2, name: 8, bytes: 9 };

const OPSET_VERSION = 17;
const INT_ATTRIBUTE = 2;

/** Wire types of protobuf. */
const VARINT = 0;
const BYTES = 2;

/**
 * @param nodes `[operator, inputs, outputs, { attribute: integer }]`
 * @param inputs,outputs `{ [name]: shape }`
 * @param constants `{ [name]: { shape, values } }`, float32 or (BigInt64Array) int64
 */
export function encodeModel({ nodes, inputs, outputs, constants = {} }) {
  const graph = [
    ...nodes.map((node) => message(GRAPH.node, encodeNode(...node))),
    text(GRAPH.name, "graph"),
    ...Object.entries(constants).map(([name, tensor]) => message(GRAPH.initializer, encodeTensor(name, tensor))),
    ...Object.entries(inputs).map(([name, shape]) => message(GRAPH.input, encodeValue(name, shape))),
    ...Object.entries(outputs).map(([name, shape]) => message(GRAPH.output, encodeValue(name, shape))),
  ];
  return Buffer.concat([
    integer(MODEL.irVersion, 8),
    text(MODEL.producer, "lanegrad-peers"),
    message(MODEL.graph, graph),
    message(MODEL.opset, [integer(2, OPSET_VERSION)]),
  ]);
}

function encodeNode(operator, inputs, outputs, attributes = {}) {
  return [
    ...inputs.map((name) => text(NODE.input, name)),
    ...outputs.map((name) => text(NODE.output, name)),
    text(NODE.operator, operator),
    ...Object.entries(attributes).map(([name, value]) =>
      message(NODE.attribute, [
        text(ATTRIBUTE.name, name),
        integer(ATTRIBUTE.int, value),
        integer(ATTRIBUTE.type, INT_ATTRIBUTE),
      ]),
    ),
  ];
}

function encodeTensor(name, { shape, values }) {
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  const dimensions = shape.map((size) => integer(TENSOR.dimension, size));
  return [
    ...dimensions,
    integer(TENSOR.type, elementType(values)),
    text(TENSOR.name, name),
    field(TENSOR.bytes, bytes),
  ];
}

/** A float tensor of that shape: ValueInfoProto { name, type: { tensor: { element type, shape } } }. */
function encodeValue(name, shape) {
  const dimensions = shape.map((size) => message(1, [integer(1, size)]));
  const tensor = [integer(1, elementType(new Float32Array())), message(2, dimensions)];
  return [text(1, name), message(2, [message(1, tensor)])];
}

function elementType(values) {
  return values instanceof BigInt64Array ? 7 : 1;
}

function text(number, value) {
  return field(number, Buffer.from(value));
}

function message(number, fields) {
  return field(number, Buffer.concat(fields));
}

function field(number, bytes) {
  return Buffer.concat([varint(number * 8 + BYTES), varint(bytes.length), bytes]);
}

function integer(number, value) {
  return Buffer.concat([varint(number * 8 + VARINT), varint(value)]);
}

/** Seven bits a byte, lowest first; all bytes but the last have their top bit set. For integers from 0 to 2³¹ − 1. */
function varint(value) {
  const bytes = [];
  for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128);
  return Buffer.from([...bytes, value]);
}
