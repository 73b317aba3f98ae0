// Naive twin of graphs in double precision: values are pulled from sources, gradients from consumers, each by its formula.
import type { GraphDefinition } from "../../src/index.js";
import { activations, type ElementwiseName, type Numbers, softmax, softmaxBackward } from "./twins.js";

type ByName = Record<string, Numbers>;

type Doubles = Float64Array<ArrayBuffer>;

/** Slopes that the library takes where none is given. */
const SLOPES: Partial<Record<string, number>> = { leakyRelu: 0.01, elu: 1 };

export class GraphTwin {
  readonly #values = new Map<string, Doubles>();
  readonly #deltas = new Map<string, Doubles>();
  #outputDelta: Numbers = [];

  /**
   * @param inputs rows of each input
   * @param masks 0 or 1/(1 − rate) for each element of the dropout nodes that act
   */
  constructor(
    readonly definition: GraphDefinition,
    readonly parameters: ByName,
    readonly rows: number,
    readonly inputs: ByName,
    readonly masks: ReadonlyMap<string, Numbers> = new Map(),
  ) {}

  /** Rows of the outputs, one output behind the other. */
  get outputs(): Doubles {
    return this.#joined(this.#outputNames);
  }

  widthOf(name: string): number {
    return this.valuesOf(name).length / this.rows;
  }

  /** What an input or node holds. */
  valuesOf(name: string): Doubles {
    return memoized(this.#values, name, () => {
      if (!this.#isNode(name)) return Float64Array.from(this.inputs[name] as Numbers);
      const { layer, from } = this.#node(name);
      switch (layer.kind) {
        case "dense":
          return this.#activated(name);
        case "dropout":
          return this.#masked(name, this.valuesOf(from[0] as string));
        case "add":
          return from.map((source) => this.valuesOf(source)).reduce(sum);
        case "concatenate":
          return this.#joined(from);
      }
    });
  }

  /** Sets ∂C/∂outputs, from which all gradients follow. */
  set outputDelta(delta: Numbers) {
    this.#outputDelta = delta;
    this.#deltas.clear();
  }

  /** ∂C/∂ what an input or node holds: from the outputs that it is, and from the nodes that read it. */
  deltaOf(name: string): Doubles {
    return memoized(this.#deltas, name, () => {
      const parts = [new Float64Array(this.valuesOf(name).length)];
      for (const [index, output] of this.#outputNames.entries()) {
        if (output === name) parts.push(this.#columns(this.#outputDelta, this.#outputNames, index));
      }
      for (const consumer of Object.keys(this.definition.nodes)) {
        for (const [index, source] of this.#node(consumer).from.entries()) {
          if (source === name) parts.push(this.#brought(consumer, index));
        }
      }
      return parts.reduce(sum);
    });
  }

  /** The gradients of a dense node's parameters. */
  gradientsOf(name: string): { weight: Doubles; bias: Doubles } {
    const delta = this.#deltaOfZ(name);
    const input = this.valuesOf(this.#node(name).from[0] as string);
    const outputs = this.widthOf(name);
    const inputs = input.length / this.rows;
    const weight = new Float64Array(outputs * inputs);
    const bias = new Float64Array(outputs);
    for (let i = 0; i < this.rows; i++) {
      for (let o = 0; o < outputs; o++) {
        const d = at(delta, i * outputs + o);
        bias[o] = at(bias, o) + d;
        for (let j = 0; j < inputs; j++) {
          weight[o * inputs + j] = at(weight, o * inputs + j) + d * at(input, i * inputs + j);
        }
      }
    }
    return { weight, bias };
  }

  /** ∂C/∂ the index-th source of a node, as far as it flows through this node. */
  #brought(consumer: string, index: number): Doubles {
    const { layer, from } = this.#node(consumer);
    switch (layer.kind) {
      case "dense":
        return this.#timesWeight(consumer);
      case "dropout":
        return this.#masked(consumer, this.deltaOf(consumer));
      case "add":
        return this.deltaOf(consumer);
      case "concatenate":
        return this.#columns(this.deltaOf(consumer), from, index);
    }
  }

  #z(name: string): Doubles {
    const { layer, from } = this.#node(name);
    if (layer.kind !== "dense") throw new Error(`${name} is no dense node`);
    const input = this.valuesOf(from[0] as string);
    const inputs = input.length / this.rows;
    const weight = this.parameters[`${name}.weight`] as Numbers;
    const bias = this.parameters[`${name}.bias`];
    return Float64Array.from({ length: this.rows * layer.units }, (_, index) => {
      const [i, o] = [Math.floor(index / layer.units), index % layer.units];
      let z = bias === undefined ? 0 : at(bias, o);
      for (let j = 0; j < inputs; j++) z += at(weight, o * inputs + j) * at(input, i * inputs + j);
      return z;
    });
  }

  #activated(name: string): Doubles {
    const z = this.#z(name);
    const activation = this.#activationOf(name);
    if (activation === "softmax") return Float64Array.from(softmax(this.rows, z.length / this.rows, z));
    return z.map((value) => activations[activation].f(value, SLOPES[activation] ?? 0));
  }

  #deltaOfZ(name: string): Doubles {
    const delta = this.deltaOf(name);
    const activation = this.#activationOf(name);
    if (activation === "softmax") {
      return Float64Array.from(softmaxBackward(this.rows, this.widthOf(name), this.valuesOf(name), delta).values);
    }
    const { derivative } = activations[activation];
    return this.#z(name).map((value, index) => at(delta, index) * derivative(value, SLOPES[activation] ?? 0));
  }

  #timesWeight(name: string): Doubles {
    const delta = this.#deltaOfZ(name);
    const weight = this.parameters[`${name}.weight`] as Numbers;
    const outputs = this.widthOf(name);
    const inputs = weight.length / outputs;
    return Float64Array.from({ length: this.rows * inputs }, (_, index) => {
      const [i, j] = [Math.floor(index / inputs), index % inputs];
      let total = 0;
      for (let o = 0; o < outputs; o++) total += at(delta, i * outputs + o) * at(weight, o * inputs + j);
      return total;
    });
  }

  #masked(name: string, values: Doubles): Doubles {
    const mask = this.masks.get(name);
    return mask === undefined ? values : values.map((value, index) => value * at(mask, index));
  }

  /** Rows of several sources, one behind the other. */
  #joined(names: readonly string[]): Doubles {
    const joined: number[] = [];
    for (let row = 0; row < this.rows; row++) {
      for (const name of names) {
        const width = this.widthOf(name);
        joined.push(...this.valuesOf(name).slice(row * width, (row + 1) * width));
      }
    }
    return Float64Array.from(joined);
  }

  /** The columns that the index-th of several sources has in joined rows. */
  #columns(joined: Numbers, names: readonly string[], index: number): Doubles {
    const widths = names.map((name) => this.widthOf(name));
    const before = widths.slice(0, index).reduce((total, width) => total + width, 0);
    const total = widths.reduce((all, width) => all + width, 0);
    const width = widths[index] as number;
    return Float64Array.from({ length: this.rows * width }, (_, k) => {
      return at(joined, Math.floor(k / width) * total + before + (k % width));
    });
  }

  get #outputNames(): readonly string[] {
    const { outputs } = this.definition;
    return typeof outputs === "string" ? [outputs] : outputs;
  }

  #activationOf(name: string): ElementwiseName | "softmax" {
    const { layer } = this.#node(name);
    if (layer.kind !== "dense") throw new Error(`${name} is no dense node`);
    return layer.activation as ElementwiseName | "softmax";
  }

  #isNode(name: string): boolean {
    return Object.hasOwn(this.definition.nodes, name);
  }

  #node(name: string) {
    const [layer, ...from] = this.definition.nodes[name] as GraphDefinition["nodes"][string];
    return { layer, from };
  }
}

function sum(a: Doubles, b: Doubles): Doubles {
  return a.map((value, index) => value + at(b, index));
}

function memoized(memory: Map<string, Doubles>, name: string, compute: () => Doubles): Doubles {
  const values = memory.get(name) ?? compute();
  memory.set(name, values);
  return values;
}

function at(values: Numbers, index: number): number {
  return values[index] as number;
}
