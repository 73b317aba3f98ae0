// A perceptron that takes shape while the operators of an ONNX graph are read: its values, layers and scalings.
import type { FloatArray } from "../engine/dtype.js";
import { dense, FormatError, type Junction, type Layer } from "../index.js";
import { shown } from "../validate.js";
import { activationOf, textOf, VALUE } from "./activations.js";
import { type DenseBase, type Flow, flowOf, type InputBase, type Refuse, type Scale, type Value } from "./flows.js";
import type { NodeProto } from "./messages.js";
import type { Constant } from "./tensors.js";

/** A layer that was read, with the names of what flows into it. */
export interface ReadLayer {
  readonly name: string;
  readonly position: number;
  readonly layer: Layer | Junction;
  readonly from: readonly string[];
  readonly dense?: DenseBase;
}

/** The node that a layer comes from. */
interface Place {
  readonly node: NodeProto;
  readonly position: number;
  readonly refuse: Refuse;
}

/** Steps of the scaling of an input: more than take a pixel to a standardized number. */
const MOST_SCALES = 4;

/** Values by name, in the order of the nodes. What it refuses it throws as FormatError. */
export class GraphReader {
  readonly layers: ReadLayer[] = [];
  /** Inputs that flow into layers, by name, scaled as there. */
  readonly inputs = new Map<string, InputBase>();
  readonly #values = new Map<string, Value>();
  /** Names that a new layer cannot have, and the last number behind each that was tried in its place: none is tried again. */
  readonly #names = new Map([
    ["", 0],
    ["__proto__", 0],
  ]);
  /** Constants and weights that belong to a layer. */
  readonly #taken = new Set<object>();
  /** Layers whose activation is known, with its text. */
  readonly #finished = new Map<DenseBase, string>();
  #width = 0;

  /** @param widest what the widths of all inputs and layers may come to */
  constructor(readonly widest: number) {}

  /** @param isFolded whether its rows are of several dimensions */
  addInput(place: string, { name, width, rows }: Omit<InputBase, "kind" | "scales">, isFolded: boolean): void {
    if (this.#names.has(name)) throw new FormatError(place, "a name that no input may have");
    this.#names.set(name, 0);
    this.#addWidth(place, width);
    this.define(place, name, { base: { kind: "input", name, width, rows, scales: [] }, expression: VALUE, isFolded });
  }

  /** Gives a value its name. */
  define(place: string, name: string, value: Value): void {
    if (name === "" || this.#values.has(name)) throw new FormatError(place, `a value with the name ${shown(name)}`);
    this.#values.set(name, value);
  }

  valueAt(place: string, name: string): Value {
    const value = this.#values.get(name);
    if (value === undefined) throw new FormatError(place, `${shown(name)} is computed nowhere before`);
    return value;
  }

  /**
   * Makes a flow the rows of a layer or an input, for others to take.
   *
   * @param text what was done to the numbers of a layer W·x + b: its activation
   * @returns the layer's or input's name
   */
  finish({ base, expression, isFolded }: Flow, refuse: Refuse, text = textOf(expression)): string {
    if (isFolded) refuse("rows of several dimensions, without a Flatten");
    const ofBase = text.replace(/\bx\b/g, shown(base.name));
    const activation = activationOf(text) ?? refuse(`${ofBase} is no activation`);
    if (base.kind !== "dense") {
      if (text !== "x") refuse(`${ofBase} of what is no Gemm or MatMul`);
      if (base.kind === "input") this.#finishInput(base, refuse);
      return base.name;
    }
    const known = this.#finished.get(base);
    if (known === undefined) {
      this.#take(base.weight, refuse);
      this.#finished.set(base, text);
      const layer = dense(base.width, activation, { bias: base.bias !== undefined, weightInit: "zeros" });
      const { name, position, from, width } = base;
      this.#addLayer({ name, position, layer, from: [from], dense: base }, width);
    } else if (known !== text) {
      refuse(`${shown(base.name)} is used with two activations`);
    }
    return base.name;
  }

  #finishInput(base: InputBase, refuse: Refuse): void {
    const known = this.inputs.get(base.name) ?? base;
    if (known.scales !== base.scales) refuse("an input that is scaled in two ways");
    this.inputs.set(base.name, base);
  }

  /** W·x + b, W from a constant `[outputs, inputs]` where `isByOutput`, `[inputs, outputs]` otherwise. */
  linear(place: Place, x: Flow, matrix: Constant, isByOutput: boolean, bias?: Constant): Flow {
    if (matrix.transposed !== undefined) return this.linear(place, x, matrix.transposed, !isByOutput, bias);
    const { node, position, refuse } = place;
    const from = this.finish(x, refuse);
    const [rows = 0, columns = 0] = matrix.dims;
    const [outputs, inputs] = isByOutput ? [rows, columns] : [columns, rows];
    if (matrix.dims.length !== 2 || inputs !== x.base.width || outputs < 1) {
      refuse(`weights ${shown(matrix.name)} [${matrix.dims}] for ${x.base.width} inputs`);
    }
    const values = this.#numbersOf(matrix, refuse);
    const weight = isByOutput ? values : transposed(values, rows, columns);
    const name = this.#nameFor(node, /^(.+)\.weight$/.exec(matrix.name)?.[1]);
    const base: DenseBase = { kind: "dense", name, width: outputs, position, from, weight };
    return flowOf(bias === undefined ? base : { ...base, bias: this.#rowOf(bias, outputs, refuse) });
  }

  /** x + b where that is the bias of a layer, undefined otherwise. */
  withBias({ base, expression }: Flow, bias: Constant, refuse: Refuse): Flow | undefined {
    const isBias = base.kind === "dense" && base.bias === undefined && expression === VALUE;
    if (!isBias || bias.length !== base.width) return undefined;
    return flowOf({ ...base, bias: this.#rowOf(bias, base.width, refuse) });
  }

  /**
   * x − mean or x / deviation in front of the first layer, where it is that; undefined otherwise.
   *
   * @param of the mean or the deviation that a number of the constant says
   */
  scaled(x: Flow, row: Constant, kind: Scale["kind"], of: Scale["of"], refuse: Refuse) {
    const { base, expression } = x;
    if (base.kind !== "input" || expression !== VALUE) return undefined;
    if (base.scales.length === MOST_SCALES) refuse(`an input that is scaled more than ${MOST_SCALES} times`);
    const values = row.length === 1 ? row.values() : this.#rowOf(row, base.width, refuse);
    const isFine = (value: number) => Number.isFinite(value) && (kind === "means" || value > 0);
    if (!values.every((value) => isFine(of(value)))) refuse(`${kind} of an input that are not finite, or not > 0`);
    return { ...x, base: { ...base, scales: [...base.scales, { kind, values, of }] } };
  }

  /** A layer that is complete with its node. */
  layer({ node, position, refuse }: Place, layer: Layer | Junction, flows: readonly Flow[]): Flow {
    const from = flows.map((source) => this.finish(source, refuse));
    const widths = flows.map(({ base }) => base.width);
    const isAdd = layer.kind === "add";
    if (from.length === 0 || (isAdd && widths.some((width) => width !== widths[0]))) refuse(`widths ${widths}`);
    const width = isAdd ? (widths[0] as number) : widths.reduce((total, each) => total + each, 0);
    const name = this.#nameFor(node);
    this.#addLayer({ name, position, layer, from }, width);
    return flowOf({ kind: "layer", name, width });
  }

  #addLayer(layer: ReadLayer, width: number): void {
    this.#addWidth(`layer ${shown(layer.name)}`, width);
    this.layers.push(layer);
  }

  /** Each number of a row of a perceptron's layer comes from numbers in the file. */
  #addWidth(place: string, width: number): void {
    this.#width += width;
    if (this.#width > this.widest) throw new FormatError(place, `${width} numbers a row, in a file of so few bytes`);
  }

  #rowOf(row: Constant, width: number, refuse: Refuse): FloatArray {
    const { dims } = row;
    if (row.length !== width || dims.some((size, axis) => axis < dims.length - 1 && size !== 1)) {
      refuse(`${shown(row.name)} [${dims}] where a row of ${width} numbers is expected`);
    }
    return this.#numbersOf(row, refuse);
  }

  /** A constant's numbers, given once, so that no file asks for more memory than it has bytes. */
  #numbersOf(value: Constant, refuse: Refuse): FloatArray {
    this.#take(value, refuse);
    return value.values();
  }

  #take(value: object, refuse: Refuse): void {
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
    let tried = this.#names.get(wanted) ?? 0;
    let free = wanted;
    while (this.#names.has(free)) free = `${wanted}_${++tried}`;
    this.#names.set(free, 0).set(wanted, tried);
    return free;
  }
}

function transposed(values: FloatArray, rows: number, columns: number): FloatArray {
  return values.map((_, index) => values[(index % rows) * columns + Math.floor(index / rows)] as number);
}
