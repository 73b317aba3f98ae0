// What flows through an ONNX graph while it is read: rows from an input or a layer, and what was done to each of their numbers.
import type { FloatArray } from "../engine/dtype.js";
import { type Expression, VALUE } from "./activations.js";
import type { Constant } from "./tensors.js";

/** What is subtracted from an input's columns or divides them: for each its own number or one for all, as in the file. */
export interface Scale {
  readonly kind: "means" | "deviations";
  readonly values: FloatArray;
  /** What a number in the file says. */
  of(value: number): number;
}

/** An input of the graph, and the scaling in front of the first layer, in its order. */
export interface InputBase {
  readonly kind: "input";
  readonly name: string;
  readonly width: number;
  /** Rows of a batch, where the file says how many. */
  readonly rows?: number | undefined;
  readonly scales: readonly Scale[];
}

/** W·x + b, whose activation is only known once its rows flow into something else. */
export interface DenseBase {
  readonly kind: "dense";
  readonly name: string;
  readonly width: number;
  /** The number of its node, which the layers are ordered by. */
  readonly position: number;
  readonly from: string;
  /** `[outputs, inputs]` */
  readonly weight: FloatArray;
  readonly bias?: FloatArray;
}

/** A layer that is complete. */
export interface LayerBase {
  readonly kind: "layer";
  readonly name: string;
  readonly width: number;
}

export type Base = InputBase | DenseBase | LayerBase;

export interface Flow {
  readonly base: Base;
  readonly expression: Expression;
  /** Whether the rows are still of several dimensions, which only Flatten takes. */
  readonly isFolded: boolean;
}

export type Value = Flow | Constant;

/** The rows of a base as they are. */
export function flowOf(base: Base): Flow {
  return { base, expression: VALUE, isFolded: false };
}

/** Throws a FormatError that names the node at hand. */
export type Refuse = (problem: string) => never;
