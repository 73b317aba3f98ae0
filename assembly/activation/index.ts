// Applies an elementwise activation, or its derivatives, to a block of a row-major matrix.
import { Activation } from "../codes";
import { at, lanes, madd, storeFirst } from "../lanes";
import { methodsOf } from "../methods";
import { transfer } from "../vector";
import { Elu, Selu } from "./elu";
import { Gelu, GeluTanh } from "./gelu";
import { LeakyRelu, Relu } from "./relu";
import { Sigmoid, Silu, Softplus } from "./sigmoid";
import { Tanh } from "./tanh";

/**
 * z ← z + bias, a ← f(z).
 *
 * @param slope the activation's parameter, where it has one
 * @param stride elements from one row to the next, of z and of a
 * @param bias one element a column, or 0 for none
 * @param a where f(z) goes; z itself, if z is not needed afterwards
 */
export function applyActivation<T>(
  activation: Activation,
  slope: T,
  rows: i32,
  columns: i32,
  stride: i32,
  z: usize,
  bias: usize,
  a: usize,
): void {
  if (bias) transfer<T>(rows, columns, bias, 0, z, stride, true);
  if (activation != Activation.identity) {
    dispatch<T, Forward>(activation, slope, rows, columns, stride, z, a, 0, 0, 0);
  } else if (a != z) {
    transfer<T>(rows, columns, z, stride, a, stride, false);
  }
}

/** δ ← f′(z) ⊙ δ, with a = f(z) at hand for those derivatives that are cheaper by it. */
export function applyDerivative<T>(
  activation: Activation,
  slope: T,
  rows: i32,
  columns: i32,
  stride: i32,
  z: usize,
  a: usize,
  delta: usize,
): void {
  if (activation != Activation.identity) {
    dispatch<T, Backward>(activation, slope, rows, columns, stride, z, a, delta, 0, 0);
  }
}

/**
 * δ̇ ← f′(z) ⊙ δ̇ + f″(z) ⊙ ż ⊙ error: the tangent of δ = f′(z) ⊙ error for the tangents ż of z and δ̇, as it comes in, of
 * error. Pearlmutter 1994.
 *
 * @param error ∂C/∂a
 */
export function applyCurvature<T>(
  activation: Activation,
  slope: T,
  rows: i32,
  columns: i32,
  stride: i32,
  z: usize,
  a: usize,
  zTangent: usize,
  error: usize,
  deltaTangent: usize,
): void {
  if (activation != Activation.identity) {
    dispatch<T, Backward>(activation, slope, rows, columns, stride, z, a, deltaTangent, zTangent, error);
  }
}

/** The block of a pass, Forward or Backward, for every activation but the identity. */
function dispatch<T, Pass>(
  activation: Activation,
  slope: T,
  rows: i32,
  columns: i32,
  stride: i32,
  z: usize,
  a: usize,
  operand: usize,
  zTangent: usize,
  error: usize,
): void {
  const pass = methodsOf<Pass>();
  // Without gaps between them the rows are one.
  if (stride == columns) {
    columns *= rows;
    rows = 1;
  }
  switch (activation) {
    case Activation.relu:
      return pass.block<T, Relu>(slope, rows, columns, stride, z, a, operand, zTangent, error);
    case Activation.leakyRelu:
      return pass.block<T, LeakyRelu>(slope, rows, columns, stride, z, a, operand, zTangent, error);
    case Activation.elu:
      return pass.block<T, Elu>(slope, rows, columns, stride, z, a, operand, zTangent, error);
    case Activation.selu:
      return pass.block<T, Selu>(slope, rows, columns, stride, z, a, operand, zTangent, error);
    case Activation.sigmoid:
      return pass.block<T, Sigmoid>(slope, rows, columns, stride, z, a, operand, zTangent, error);
    case Activation.tanh:
      return pass.block<T, Tanh>(slope, rows, columns, stride, z, a, operand, zTangent, error);
    case Activation.gelu:
      return pass.block<T, Gelu>(slope, rows, columns, stride, z, a, operand, zTangent, error);
    case Activation.geluTanh:
      return pass.block<T, GeluTanh>(slope, rows, columns, stride, z, a, operand, zTangent, error);
    case Activation.silu:
      return pass.block<T, Silu>(slope, rows, columns, stride, z, a, operand, zTangent, error);
    case Activation.softplus:
      return pass.block<T, Softplus>(slope, rows, columns, stride, z, a, operand, zTangent, error);
    default:
      assert(false);
  }
}

class Forward {
  block<T, F>(
    slope: T,
    rows: i32,
    columns: i32,
    stride: i32,
    z: usize,
    a: usize,
    _operand: usize,
    _zTangent: usize,
    _error: usize,
  ): void {
    const f = methodsOf<F>();
    const parameter = v128.splat<T>(slope);
    for (let i: i32 = 0; i < rows; i++) {
      for (let j: i32 = 0; j < columns; j += lanes<T>()) {
        storeFirst<T>(a + at<T>(j), f.value<T>(v128.load(z + at<T>(j)), parameter), columns - j);
      }
      z += at<T>(stride);
      a += at<T>(stride);
    }
  }
}

class Backward {
  /** With an address of ż the term with f″ is added: loops of its own would cost more bytes than the question costs time. */
  block<T, F>(
    slope: T,
    rows: i32,
    columns: i32,
    stride: i32,
    z: usize,
    a: usize,
    delta: usize,
    zTangent: usize,
    error: usize,
  ): void {
    const f = methodsOf<F>();
    const parameter = v128.splat<T>(slope);
    const isCurved = zTangent != 0;
    for (let i: i32 = 0; i < rows; i++) {
      for (let j: i32 = 0; j < columns; j += lanes<T>()) {
        const x = v128.load(z + at<T>(j));
        const y = v128.load(a + at<T>(j));
        const derivative = f.derivative<T>(x, y, parameter);
        let result = v128.mul<T>(derivative, v128.load(delta + at<T>(j)));
        if (isCurved) {
          const change = v128.mul<T>(f.curvature<T>(x, y, derivative), v128.load(zTangent + at<T>(j)));
          result = madd<T>(change, v128.load(error + at<T>(j)), result);
        }
        storeFirst<T>(delta + at<T>(j), result, columns - j);
      }
      z += at<T>(stride);
      a += at<T>(stride);
      delta += at<T>(stride);
      zTangent += at<T>(stride);
      error += at<T>(stride);
    }
  }
}
