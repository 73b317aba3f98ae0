// The operators of ONNX that a perceptron is made of, and what each means to the reader of a graph.
import { add, concatenate, dropout, FormatError } from "../index.js";
import { shown } from "../validate.js";
import { applied, constant, type Expression, LONGEST, product, sum, textOf } from "./activations.js";
import type { Flow, Refuse, Value } from "./flows.js";
import type { GraphReader } from "./graph-reader.js";
import { ATTRIBUTE_TYPES, type AttributeProto, DATA_TYPES, INT64, type NodeProto } from "./messages.js";
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

/** Sizes of a shape: more than inputs have. */
const MOST_SIZES = 8;

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
  ["Pow", { attributes: [], inputs: 2, read: readPow }],
  ["Sum", { attributes: [], inputs: MANY, read: (reader, step) => reader.layer(step, add(), flows(step)) }],
  ["Concat", { attributes: ["axis"], inputs: MANY, read: readConcat }],
  ["Dropout", { attributes: ["ratio", "seed"], inputs: 3, read: readDropout }],
  ["Reshape", { attributes: ["allowzero"], inputs: 2, read: readReshape }],
  ["Shape", { attributes: ["start", "end"], inputs: 1, read: readShape }],
  ["Gather", { attributes: ["axis"], inputs: 2, read: readGather }],
  ["Unsqueeze", { attributes: ["axes"], inputs: 2, read: (_, step) => sizes(step, sizesAt(step, 0)) }],
  ["Transpose", { attributes: ["perm"], inputs: 1, read: readTranspose }],
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

/** A square or a cube. */
function readPow(_: GraphReader, step: Step): Flow {
  const [x, { coefficient }] = [flow(step, 0), scalar(constantAt(step, 1), step.refuse)];
  if (coefficient !== 2 && coefficient !== 3) step.refuse(`the power ${coefficient}`);
  const square = product(x.expression, x.expression);
  return { ...x, expression: coefficient === 2 ? square : product(square, x.expression) };
}

function readConcat(reader: GraphReader, step: Step): Value {
  const { inputs } = step;
  if (inputs[0] instanceof Constant)
    return sizes(
      step,
      inputs.flatMap((_, index) => sizesAt(step, index)),
    );
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
  const x = flow(step, 0);
  const { base } = x;
  const shape = sizesAt(step, 1);
  if (shape.length !== 2) step.refuse(`a shape of ${shape.length} sizes, not of rows and columns`);
  const [rows, columns] = shape;
  const isSameBatch = rows === 0 || (base.kind === "input" && rows === base.rows);
  if (columns !== base.width && !(columns === -1 && isSameBatch)) {
    step.refuse(`shape [${rows},${columns}] of rows of ${base.width} numbers`);
  }
  return { ...x, isFolded: false };
}

/** The first size is the number of rows, whatever it is: what 0 says to a Reshape. The others are not known here. */
function readShape(_: GraphReader, step: Step): Constant {
  flow(step, 0);
  if (intOf(step, "start", 0) !== 0) step.refuse("not from the rows on");
  return sizes(step, intOf(step, "end", 2) === 1 ? [0] : [0, Number.NaN]);
}

/** Of weights. */
function readTranspose(_: GraphReader, step: Step): Constant {
  const matrix = constantAt(step, 0);
  const { ints = [1, 0] } = step.attributes.get("perm") ?? {};
  if (matrix.dims.length !== 2 || `${ints}` !== "1,0") step.refuse(`[${matrix.dims}] to its axes ${ints}`);
  return matrix.transposed ?? matrix.transpose();
}

function readGather(_: GraphReader, step: Step): Constant {
  const [index = Number.NaN] = sizesAt(step, 1);
  const size = sizesAt(step, 0)[index] ?? Number.NaN;
  return Number.isNaN(size) ? step.refuse(`the size ${index} of a shape`) : sizes(step, [size]);
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
  return value instanceof Constant ? step.refuse(`a constant as input ${index} of ${step.node.opType}`) : value;
}

function flows(step: Step): Flow[] {
  return step.inputs.map((_, index) => flow(step, index));
}

function constantAt(step: Step, index: number): Constant {
  const value = valueAt(step, index);
  return value instanceof Constant ? value : step.refuse(`input ${index} of ${step.node.opType} is no constant`);
}

/** Integers of which a shape is made. */
function sizesAt(step: Step, index: number): readonly number[] {
  const value = constantAt(step, index);
  if (value.length > MOST_SIZES) step.refuse(`a shape of ${value.length} sizes`);
  return value.integers();
}

function sizes({ node, refuse }: Step, values: readonly number[]): Constant {
  if (values.length > MOST_SIZES) refuse(`a shape of ${values.length} sizes`);
  return new Constant(node.output?.[0] ?? "", { dataType: INT64, dims: [values.length], int64Data: [...values] });
}

function scalar(value: Constant, refuse: Refuse): Expression {
  if (value.length !== 1) refuse(`${shown(value.name)} [${value.dims}] where one number is expected`);
  return constant(value.values()[0] as number);
}

function intOf(step: Step, name: string, preset: number): number {
  return attributeOf(step, name, "int")?.i ?? preset;
}

/** An attribute of a type, with the zero that some writers leave out. */
function attributeOf({ attributes, refuse }: Step, name: string, type: keyof typeof ATTRIBUTE_TYPES) {
  const attribute = attributes.get(name);
  if (attribute === undefined) return undefined;
  if (attribute.type !== undefined && attribute.type !== ATTRIBUTE_TYPES[type]) {
    refuse(`attribute ${shown(name)} of the type ${attribute.type}, not ${type}`);
  }
  return { f: 0, i: 0, ...attribute };
}

/** The shortest decimal that is the attribute in single precision. */
function floatOf(step: Step, name: string, preset: number): number {
  const value = attributeOf(step, name, "float")?.f;
  if (value === undefined) return preset;
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}
