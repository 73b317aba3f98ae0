// The operators of an ONNX graph, in their order, as layers of a perceptron.
import type { FloatArray } from "../engine/dtype.js";
import { add, concatenate, dense, dropout, FormatError, type Junction, type Layer } from "../index.js";
import { shown } from "../validate.js";
import {
  activationOf,
  applied,
  constant,
  type Expression,
  LONGEST,
  product,
  sum,
  textOf,
  VALUE,
} from "./activations.js";
import type { Base, DenseBase, Flow, InputBase, Scale } from "./flows.js";
import type { AttributeProto, NodeProto } from "./messages.js";
import { Constant } from "./tensors.js";

/** A layer that was read, with the names of what flows into it. */
export interface ReadLayer {
  readonly name: string;
  readonly position: number;
  readonly layer: Layer | Junction;
  readonly from: readonly string[];
  readonly dense?: DenseBase;
}

type Value = Flow | Constant;

/** One node, with what its inputs are. */
interface Step {
  readonly position: number;
  readonly node: NodeProto;
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: ReadonlyMap<string, AttributeProto>;
  refuse(problem: string): never;
}

export class GraphReader {
  readonly layers: ReadLayer[] = [];
  /** Inputs that flow into layers, by name, scaled as there. */
  readonly inputs = new Map<string, InputBase>();
  readonly #values = new Map<string, Value>();
  /** Names that a new layer cannot have. */
  readonly #names = new Set(["", "__proto__"]);
  /** Constants and weights that belong to a layer. */
  readonly #taken = new Set<object>();
  /** Layers whose activation is known, with its text. */
  readonly #finished = new Map<DenseBase, string>();
  #width = 0;

  /** @param widest what the widths of all inputs and layers may come to */
  constructor(readonly widest: number) {}

  addConstant(name: string, value: Constant): void {
    this.#define(value.place, name, value);
  }

  /** @param isFolded whether its rows are of several dimensions */
  addInput(place: string, name: string, width: number, isFolded: boolean): void {
    if (this.#names.has(name)) throw new FormatError(place, "a name that no input may have");
    this.#names.add(name);
    this.#addWidth(place, width);
    this.#define(place, name, { base: { kind: "input", name, width }, expression: VALUE, isFolded });
  }

  addNode(node: NodeProto, position: number): void {
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
    const inputs = input.map((key) => {
      const value = this.#values.get(key);
      if (key !== "" && value === undefined) refuse(`input ${shown(key)} is computed nowhere before`);
      return value;
    });
    const value = operator.read(this, { position, node, inputs, attributes, refuse });
    if (!(value instanceof Constant) && textOf(value.expression).length > LONGEST) refuse("no activation");
    this.#define(place, output[0] ?? "", value);
  }

  /** @throws FormatError for what is no flow */
  flowAt(place: string, name: string): Flow {
    const value = this.#values.get(name);
    if (value === undefined || value instanceof Constant)
      throw new FormatError(place, "computed nowhere from an input");
    return value;
  }

  /**
   * Makes a flow the rows of a layer or an input, for others to take.
   *
   * @param text what was done to the numbers of a layer W·x + b: its activation
   * @returns the layer's or input's name
   */
  finish({ base, expression, isFolded }: Flow, refuse: Step["refuse"], text = textOf(expression)): string {
    if (isFolded) refuse("rows of several dimensions, without a Flatten");
    const activation = activationOf(text) ?? refuse(`${text.replaceAll("x", shown(base.name))} is no activation`);
    if (base.kind !== "dense") {
      if (text !== "x") refuse(`${text} of what is no Gemm or MatMul`);
      if (base.kind === "input") this.#finishInput(base, refuse);
      return base.name;
    }
    const known = this.#finished.get(base);
    if (known === undefined) {
      this.#take(base.weight, refuse);
      this.#finished.set(base, text);
      const layer = dense(base.width, activation, { bias: base.bias !== undefined, weightInit: "zeros" });
      this.#addLayer({ ...base, layer, from: [base.from], dense: base }, base.width, refuse);
    } else if (known !== text) {
      refuse(`${shown(base.name)} is used with two activations`);
    }
    return base.name;
  }

  #finishInput(base: InputBase, refuse: Step["refuse"]): void {
    const known = this.inputs.get(base.name) ?? base;
    if (known.means !== base.means || known.deviations !== base.deviations)
      refuse("an input that is scaled in two ways");
    this.inputs.set(base.name, base);
  }

  /** W·x + b, W from a constant `[outputs, inputs]` where `isByOutput`, `[inputs, outputs]` otherwise. */
  linear(step: Step, isByOutput: boolean, bias?: Constant): Flow {
    const x = flow(step, 0);
    const from = this.finish(x, step.refuse);
    const matrix = constantAt(step, 1);
    const [rows = 0, columns = 0] = matrix.dims;
    const [outputs, inputs] = isByOutput ? [rows, columns] : [columns, rows];
    if (matrix.dims.length !== 2 || inputs !== x.base.width || outputs < 1) {
      step.refuse(`weights [${matrix.dims}] for ${x.base.width} inputs`);
    }
    const values = this.#numbersOf(matrix, step.refuse);
    const weight = isByOutput ? values : transposed(values, rows, columns);
    const name = this.#nameFor(step.node, /^(.+)\.weight$/.exec(matrix.name)?.[1]);
    const base: DenseBase = { kind: "dense", name, width: outputs, position: step.position, from, weight };
    return flowOf(bias === undefined ? base : { ...base, bias: this.#rowOf(bias, outputs, step.refuse) });
  }

  /** x + b where that is the bias of a layer, undefined otherwise. */
  withBias({ base, expression }: Flow, bias: Constant, refuse: Step["refuse"]): Flow | undefined {
    const isBias = base.kind === "dense" && base.bias === undefined && expression === VALUE;
    if (!isBias || bias.length !== base.width) return undefined;
    return flowOf({ ...base, bias: this.#rowOf(bias, base.width, refuse) });
  }

  /**
   * (x − mean) / deviation in front of the first layer, where it is that; undefined otherwise.
   *
   * @param of the mean or the deviation that a number of the constant says
   */
  scaled(x: Flow, row: Constant, kind: "means" | "deviations", of: Scale["of"], refuse: Step["refuse"]) {
    const { base, expression } = x;
    if (base.kind !== "input" || expression !== VALUE) return undefined;
    if (base[kind] !== undefined || base.deviations !== undefined) refuse("an input that is scaled twice");
    const values = row.length === 1 ? row.values() : this.#rowOf(row, base.width, refuse);
    const isFine = (value: number) => Number.isFinite(value) && (kind === "means" || value > 0);
    if (!values.every((value) => isFine(of(value)))) refuse(`${kind} of an input that are not finite, or not > 0`);
    return { ...x, base: { ...base, [kind]: { values, of } } };
  }

  /** A layer that is complete with its node. */
  layer(step: Step, layer: Layer | Junction, flows: readonly Flow[]): Flow {
    const from = flows.map((source) => this.finish(source, step.refuse));
    const widths = flows.map(({ base }) => base.width);
    const isAdd = layer.kind === "add";
    if (from.length === 0 || (isAdd && widths.some((width) => width !== widths[0]))) step.refuse(`widths ${widths}`);
    const width = isAdd ? (widths[0] as number) : widths.reduce((total, each) => total + each, 0);
    const name = this.#nameFor(step.node);
    this.#addLayer({ name, position: step.position, layer, from }, width, step.refuse);
    return flowOf({ kind: "layer", name, width });
  }

  #addLayer({ name, position, layer, from, dense }: ReadLayer, width: number, refuse: Step["refuse"]): void {
    this.#addWidth(`layer ${shown(name)}`, width);
    if (layer.kind === "dense" && from.length !== 1) refuse("several inputs");
    this.layers.push({ name, position, layer, from, dense });
  }

  /** Each number of a row of a perceptron's layer comes from numbers in the file. */
  #addWidth(place: string, width: number): void {
    this.#width += width;
    if (this.#width > this.widest) throw new FormatError(place, `${width} numbers a row, in a file of so few bytes`);
  }

  #define(place: string, name: string, value: Value): void {
    if (name === "" || this.#values.has(name)) throw new FormatError(place, `a value with the name ${shown(name)}`);
    this.#values.set(name, value);
  }

  #rowOf(row: Constant, width: number, refuse: Step["refuse"]): FloatArray {
    const { dims } = row;
    if (row.length !== width || dims.some((size, axis) => axis < dims.length - 1 && size !== 1)) {
      refuse(`[${dims}] for ${width} outputs`);
    }
    return this.#numbersOf(row, refuse);
  }

  /** A constant's numbers, given once, so that no file asks for more memory than it has bytes. */
  #numbersOf(value: Constant, refuse: Step["refuse"]): FloatArray {
    this.#take(value, refuse);
    return value.values();
  }

  #take(value: object, refuse: Step["refuse"]): void {
    if (this.#taken.has(value)) refuse("weights that another layer has");
    this.#taken.add(value);
  }

  /**
   * A layer's name, without the dots that separate the names of parameters.
   *
   * @param own that of its weights, where they have one
   */
  #nameFor({ name, output = [] }: NodeProto, own = name || output[0] || ""): string {
    const wanted = own.replaceAll(".", "_");
    let free = wanted;
    for (let i = 1; this.#names.has(free); i++) free = `${wanted}_${i}`;
    this.#names.add(free);
    return free;
  }
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
  ["MatMul", { attributes: [], inputs: 2, read: (reader, step) => reader.linear(step, false) }],
  ["Add", { attributes: [], inputs: 2, read: readAdd }],
  ["Sub", { attributes: [], inputs: 2, read: readSub }],
  ["Mul", { attributes: [], inputs: 2, read: readMul }],
  ["Div", { attributes: [], inputs: 2, read: readDiv }],
  ["Sum", { attributes: [], inputs: MANY, read: (reader, step) => reader.layer(step, add(), flows(step)) }],
  ["Concat", { attributes: ["axis"], inputs: MANY, read: readConcat }],
  ["Dropout", { attributes: ["ratio", "seed"], inputs: 3, read: readDropout }],
  ["Flatten", { attributes: ["axis"], inputs: 1, read: readFlatten }],
  ["Identity", { attributes: [], inputs: 1, read: (_, step) => valueAt(step, 0) }],
  ["Cast", { attributes: ["to"], inputs: 1, read: readCast }],
  ["Constant", { attributes: ["value"], inputs: 0, read: readConstant }],
  ["Selu", { attributes: ["alpha", "gamma"], inputs: 1, read: readSelu }],
  ["Softmax", { attributes: ["axis"], inputs: 1, read: readSoftmax }],
  ["Gelu", { attributes: ["approximate"], inputs: 1, read: readGelu }],
  ["LeakyRelu", { attributes: ["alpha"], inputs: 1, read: (_, step) => parametric(step, 0.01) }],
  ["Elu", { attributes: ["alpha"], inputs: 1, read: (_, step) => parametric(step, 1) }],
  ...["Relu", "Sigmoid", "Tanh", "Softplus", "Erf"].map((name): [string, Operator] => {
    return [name, { attributes: [], inputs: 1, read: (_, step) => elementwise(step, name) }];
  }),
]);

function readGemm(reader: GraphReader, step: Step): Flow {
  for (const [key, value] of [
    ["alpha", 1],
    ["beta", 1],
  ] as const) {
    if (floatOf(step, key, 1) !== value) step.refuse(`${key} ${floatOf(step, key, 1)}, not ${value}`);
  }
  if (intOf(step, "transA", 0) !== 0) step.refuse("a transposed input");
  const bias = step.inputs[2] === undefined ? undefined : constantAt(step, 2);
  return reader.linear(step, intOf(step, "transB", 0) !== 0, bias);
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
  if (training !== undefined) step.refuse("a training mode");
  const rate = ratio === undefined ? floatOf(step, "ratio", 0.5) : scalar(constantAt(step, 1), step.refuse).coefficient;
  if (!(rate >= 0 && rate < 1)) step.refuse(`ratio ${rate}`);
  return reader.layer(step, dropout(rate), [flow(step, 0)]);
}

function readFlatten(_: GraphReader, step: Step): Flow {
  if (intOf(step, "axis", 1) !== 1) step.refuse(`axis ${intOf(step, "axis", 1)}`);
  return { ...flow(step, 0), isFolded: false };
}

function readCast(_: GraphReader, step: Step): Value {
  const to = intOf(step, "to", 0);
  if (to !== 1 && to !== 11) step.refuse(`data type ${to}, not FLOAT or DOUBLE`);
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

function flowOf(base: Base): Flow {
  return { base, expression: VALUE, isFolded: false };
}

function scalar(value: Constant, refuse: Step["refuse"]): Expression {
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

function transposed(values: FloatArray, rows: number, columns: number): FloatArray {
  return values.map((_, index) => values[(index % rows) * columns + Math.floor(index / rows)] as number);
}
