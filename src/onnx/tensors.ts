// Tensors of an ONNX file: their sizes checked against their bytes, their numbers read when they are needed.
import type { FloatArray } from "../engine/dtype.js";
import { FormatError } from "../index.js";
import { shown } from "../validate.js";
import { DATA_TYPES, INT64, type TensorProto } from "./messages.js";

/** TensorProto.DataLocation.EXTERNAL */
const EXTERNAL = 1;

/** A constant of the graph. */
export class Constant {
  readonly place: string;
  readonly #proto: TensorProto;

  /** @param transposed the matrix of which this is the transpose, where it is one */
  constructor(
    readonly name: string,
    proto: TensorProto,
    readonly transposed?: Constant,
  ) {
    this.place = `initializer ${shown(name)}`;
    this.#proto = proto;
  }

  /** The same numbers as a matrix that only a layer can take. */
  transpose(): Constant {
    return new Constant(this.name, { dims: this.dims.toReversed() }, this);
  }

  get dims(): readonly number[] {
    return this.#proto.dims ?? [];
  }

  get length(): number {
    return this.dims.reduce((product, size) => product * size, 1);
  }

  /** @throws FormatError for other numbers than int64, or not as many as the sizes say */
  integers(): readonly number[] {
    const { length } = this;
    const { dataType, rawData, int64Data = [] } = this.#proto;
    if (dataType !== INT64) throw new FormatError(this.place, `data type ${dataType}, not INT64`);
    const count = rawData === undefined ? int64Data.length : rawData.length / 8;
    if (count !== length) throw new FormatError(this.place, `${count} numbers for the shape [${this.dims}]`);
    if (rawData === undefined) return int64Data;
    const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.length);
    return Array.from({ length }, (_, i) => Number(view.getBigInt64(8 * i, true)));
  }

  /**
   * A copy of the numbers, row-major.
   *
   * @throws FormatError for other numbers than float32 and float64, or not as many as the sizes say
   */
  values(): FloatArray {
    const { dataType, rawData, floatData, doubleData, dataLocation } = this.#proto;
    if (dataLocation === EXTERNAL) throw new FormatError(this.place, "its numbers are in another file");
    const isDouble = dataType === DATA_TYPES.float64;
    if (!isDouble && dataType !== DATA_TYPES.float32) {
      throw new FormatError(this.place, `data type ${dataType}, not FLOAT or DOUBLE`);
    }
    const bytes = rawData ?? (isDouble ? doubleData : floatData) ?? new Uint8Array(0);
    const expected = this.length * (isDouble ? 8 : 4);
    if (bytes.length !== expected) {
      throw new FormatError(this.place, `${bytes.length} bytes for the shape [${this.dims}], which takes ${expected}`);
    }
    const { buffer } = new Uint8Array(bytes);
    return isDouble ? new Float64Array(buffer) : new Float32Array(buffer);
  }
}
