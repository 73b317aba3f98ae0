// The operators of ONNX that a perceptron is made of, and what each means to the reader of a graph.
import { add, concatenate, dropout, FormatError } from "../index.js";
import { shown } from "../validate.js";
import { applied, constant, type Expression, LONGEST, product, sum, textOf } from "./activations.js";
import type { Flow, Refuse, Value } from "./flows.js";
import type { GraphReader } from "./graph-reader.js";
import { type AttributeProto, DATA_TYPES, type NodeProto } from "./messages.js";
import { Constant } from "./tensors.js";

/** One node, with what its inputs are. */
interface Step {
  readonly position: number;
  readonly node: NodeProto;
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: ReadonlyMap<string, AttributeProto>;
  readonly refuse: Refuse;
}

/** An operator that can be read. */
interface Operator {
  readonly attributes: readonly string[];
  /** The largest number of inputs. */
  readonly inputs: number;
  read(reader: GraphReader, step: Step): Value;
}

const MANY = Number.POSITIVE_INFINITY;

/** SELU's α and λ (Klambauer et al. 2017). */
const SELU = { alpha: 1.6732632423543772, gamma: 1.0507009873554805 };

const OPERATORS: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ["Gemm", { attributes: ["alpha", "beta", "transA", "transB"], inputs: 3, read: readGemm }],
  [
    "MatMul",
    {
      attributes: [],
      inputs: 2,
      read: (reader, step) => reader.linear(step, flow(step, 0), constantAt(step, 1), false),
    },
  ],
  ["Add", { attributes: [], inputs: 2, read: readAdd }],
  ["Sub", { attributes: [], inputs: 2, read: readSub }],
  ["Mul", { attributes: [], inputs: 2, read: readMul }],
  ["Div", { attributes: [], inputs: 2, read: readDiv }],
  ["Sum", { attributes: [], inputs: MANY, read: (reader, step) => reader.layer(step, add(), flows(step)) }],
  ["Concat", { attributes: ["axis"], inputs: MANY, read: readConcat }],
  ["Dropout", { attributes: ["ratio", "seed"], inputs: 3, read: readDropout }],
  ["Reshape", { attributes: ["allowzero"], inputs: 2, read: readReshape }],
  ["Flatten", { attributes: ["axis"], inputs: 1, read: readFlatten }],
  ["Identity", { attributes: [], inputs: 1, read: (_, step) => valueAt(step, 0) }],
  ["Cast", { attributes: ["to"], inputs: 1, read: readCast }],
  ["Constant", { attributes: ["value"], inputs: 0, read: readConstant }],
  ["Selu", { attributes: ["alpha", "gamma"], inputs: 1, read: readSelu }],
  ["Softmax", { attributes: ["axis"], inputs: 1, read: readSoftmax }],
  ["Gelu", { attributes: ["approximate"], inputs: 1, read: readGelu }],
  ["Greater", { attributes: [], inputs: 2, read: readOfOneLayer }],
  ["Where", { attributes: [], inputs: 3, read: readOfOneLayer }],
  ["LeakyRelu", { attributes: ["alpha"], inputs: 1, read: (_, step) => parametric(step, 0.01) }],
  ["Elu", { attributes: ["alpha"], inputs: 1, read: (_, step) => parametric(step, 1) }],
  ...["Relu", "Sigmoid", "Tanh", "Softplus", "Erf"].map((name): [string, Operator] => {
    return [name, { attributes: [], inputs: 1, read: (_, step) => elementwise(step, name) }];
  }),
]);

/**
 * Reads one node, behind those that its inputs come from.
 *
 * @throws FormatError
 */
export function readNode(reader: GraphReader, node: NodeProto, position: number): void {
  const { name = "", opType = "", domain = "", input = [], output = [] } = node;
  const place = name === "" ? `node ${position}` : `node ${shown(name)}`;
  const refuse = (problem: string): never => {
    throw new FormatError(place, problem);
  };
  const isStandard = domain === "" || domain === "ai.onnx";
  const operator =
    (isStandard ? OPERATORS.get(opType) : undefined) ??
    refuse(`operator ${shown(isStandard ? opType : `${domain}.${opType}`)} is none that can be read`);
  const attributes = new Map((node.attribute ?? []).map((attribute) => [attribute.name ?? "", attribute]));
  for (const key of attributes.keys()) {
    if (!operator.attributes.includes(key)) refuse(`attribute ${shown(key)} of ${opType} is none that can be read`);
  }
  if (input.length > operator.inputs) refuse(`${input.length} inputs of ${opType}`);
  const inputs = input.map((key) => (key === "" ? undefined : reader.valueAt(place, key)));
  const value = operator.read(reader, { position, node, inputs, attributes, refuse });
  if (!(value instanceof Constant) && textOf(value.expression).length > LONGEST) refuse("no activation");
  reader.define(place, output[0] ?? "", value);
}

function readGemm(reader: GraphReader, step: Step): Flow {
  for (const key of ["alpha", "beta"]) {
    if (floatOf(step, key, 1) !== 1) step.refuse(`${key} ${floatOf(step, key, 1)}, not 1`);
  }
  if (intOf(step, "transA", 0) !== 0) step.refuse("a transposed input");
  const bias = step.inputs[2] === undefined ? undefined : constantAt(step, 2);
  return reader.linear(step, flow(step, 0), constantAt(step, 1), intOf(step, "transB", 0) !== 0, bias);
}

function readAdd(reader: GraphReader, step: Step): Flow {
  const { refuse } = step;
  const [a, b] = operands(step);
  if (b instanceof Constant) {
    return (
      reader.withBias(a, b, refuse) ??
      reader.scaled(a, b, "means", (value) => -value, refuse) ?? {
        ...a,
        expression: sum(a.expression, scalar(b, refuse)),
      }
    );
  }
  const isJunction = a.base !== b.base || textOf(a.expression) === textOf(b.expression);
  return isJunction ? reader.layer(step, add(), [a, b]) : { ...a, expression: sum(a.expression, b.expression) };
}

function readSub(reader: GraphReader, step: Step): Flow {
  const scaled = reader.scaled(flow(step, 0), constantAt(step, 1), "means", (value) => value, step.refuse);
  return scaled ?? step.refuse("a difference behind the first layer");
}

function readMul(reader: GraphReader, step: Step): Flow {
  const { refuse } = step;
  const [a, b] = operands(step);
  if (b instanceof Constant) {
    const scaled = reader.scaled(a, b, "deviations", (value) => 1 / value, refuse);
    return scaled ?? { ...a, expression: product(a.expression, scalar(b, refuse)) };
  }
  if (a.base !== b.base) refuse("a product of two layers");
  return { ...a, expression: product(a.expression, b.expression) };
}

function readDiv(reader: GraphReader, step: Step): Flow {
  const { refuse } = step;
  const [a, b] = [flow(step, 0), constantAt(step, 1)];
  const scaled = reader.scaled(a, b, "deviations", (value) => value, refuse);
  return scaled ?? { ...a, expression: product(a.expression, constant(1 / scalar(b, refuse).coefficient)) };
}

function readConcat(reader: GraphReader, step: Step): Flow {
  checkAxis(step, MANY);
  return reader.layer(step, concatenate(), flows(step));
}

function readDropout(reader: GraphReader, step: Step): Flow {
  const [, ratio, training] = step.inputs;
  // Whether it acts: here it does so in training, whatever the file was made for.
  if (training !== undefined) constantAt(step, 2);
  const rate = ratio === undefined ? floatOf(step, "ratio", 0.5) : scalar(constantAt(step, 1), step.refuse).coefficient;
  if (!(rate >= 0 && rate < 1)) step.refuse(`ratio ${rate}`);
  return reader.layer(step, dropout(rate), [flow(step, 0)]);
}

function readFlatten(_: GraphReader, step: Step): Flow {
  if (intOf(step, "axis", 1) !== 1) step.refuse(`axis ${intOf(step, "axis", 1)}`);
  return { ...flow(step, 0), isFolded: false };
}

/** As Flatten does: rows of one dimension, as many as before. */
function readReshape(_: GraphReader, step: Step): Flow {
  const [x, shape] = [flow(step, 0), constantAt(step, 1)];
  const { base } = x;
  if (shape.length !== 2) step.refuse(`a shape of ${shape.length} sizes, not of rows and columns`);
  const [rows, columns] = shape.integers();
  const isSameBatch = rows === 0 || (base.kind === "input" && rows === base.rows);
  if (columns !== base.width && !(columns === -1 && isSameBatch)) {
    step.refuse(`shape [${rows},${columns}] of rows of ${base.width} numbers`);
  }
  return { ...x, isFolded: false };
}

function readCast(_: GraphReader, step: Step): Value {
  const to = intOf(step, "to", 0);
  if (!Object.values(DATA_TYPES).includes(to)) step.refuse(`data type ${to}, not FLOAT or DOUBLE`);
  return valueAt(step, 0);
}

function readConstant(_: GraphReader, { node, attributes, refuse }: Step): Constant {
  return new Constant(node.output?.[0] ?? "", attributes.get("value")?.t ?? refuse("no value"));
}

function readSelu(_: GraphReader, step: Step): Flow {
  for (const [key, value] of Object.entries(SELU)) {
    const given = floatOf(step, key, value);
    if (Math.abs(given - value) > 1e-6) step.refuse(`${key} ${given}`);
  }
  return elementwise(step, "Selu");
}

function readSoftmax(_: GraphReader, step: Step): Flow {
  checkAxis(step, -1);
  return elementwise(step, "Softmax");
}

function readGelu(_: GraphReader, step: Step): Flow {
  const approximate = step.attributes.get("approximate")?.s ?? "none";
  if (approximate !== "none" && approximate !== "tanh") step.refuse(`approximate ${shown(approximate)}`);
  return elementwise(step, approximate === "tanh" ? "Gelu:tanh" : "Gelu");
}

/** A function of several values, all from one layer or constant. */
function readOfOneLayer(_: GraphReader, step: Step): Flow {
  const first = flow(step, 0);
  const values = step.inputs.map((_, index) => {
    const value = valueAt(step, index);
    if (value instanceof Constant) return scalar(value, step.refuse);
    if (value.base !== first.base) step.refuse("values of two layers");
    return value.expression;
  });
  return { ...first, expression: applied(step.node.opType as string, ...values) };
}

function parametric(step: Step, preset: number): Flow {
  const alpha = floatOf(step, "alpha", preset);
  if (!Number.isFinite(alpha)) step.refuse(`alpha ${alpha}`);
  return elementwise(step, `${step.node.opType}:${alpha}`);
}

function elementwise(step: Step, operator: string): Flow {
  const x = flow(step, 0);
  return { ...x, expression: applied(operator, x.expression) };
}

/** Columns are the axis 1 and −1. */
function checkAxis(step: Step, preset: number): void {
  const axis = intOf(step, "axis", preset);
  if (axis !== 1 && axis !== -1) step.refuse(`axis ${axis}, not that of the columns`);
}

/** Both inputs of a commutative operator, a constant behind. */
function operands(step: Step): [Flow, Value] {
  const [a, b] = [valueAt(step, 0), valueAt(step, 1)];
  if (!(a instanceof Constant)) return [a, b];
  return b instanceof Constant ? step.refuse("two constants") : [b, a];
}

function valueAt({ inputs, refuse }: Step, index: number): Value {
  return inputs[index] ?? refuse(`no input ${index}`);
}

function flow(step: Step, index: number): Flow {
  const value = valueAt(step, index);
  return value instanceof Constant ? step.refuse("a constant as its input") : value;
}

function flows(step: Step): Flow[] {
  return step.inputs.map((_, index) => flow(step, index));
}

function constantAt(step: Step, index: number): Constant {
  const value = valueAt(step, index);
  return value instanceof Constant ? value : step.refuse(`input ${index} is no constant`);
}

function scalar(value: Constant, refuse: Refuse): Expression {
  if (value.length !== 1) refuse(`[${value.dims}] where one number is expected`);
  return constant(value.values()[0] as number);
}

function intOf({ attributes }: Step, name: string, preset: number): number {
  return attributes.get(name)?.i ?? preset;
}

/** The shortest decimal that is the attribute in single precision. */
function floatOf({ attributes }: Step, name: string, preset: number): number {
  const value = attributes.get(name)?.f;
  if (value === undefined) return preset;
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}
