// Applies an elementwise activation, or its derivative, to a block of a row-major matrix.
import { Activation } from "../codes";
import { at, lanes, storeFirst } from "../lanes";
import { methodsOf } from "../methods";
import { Elu, Selu } from "./elu";
import { Gelu, GeluTanh } from "./gelu";
import { Identity } from "./identity";
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
  switch (activation) {
    case Activation.identity:
      return activate<T, Identity>(slope, rows, columns, stride, z, bias, a);
    case Activation.relu:
      return activate<T, Relu>(slope, rows, columns, stride, z, bias, a);
    case Activation.leakyRelu:
      return activate<T, LeakyRelu>(slope, rows, columns, stride, z, bias, a);
    case Activation.elu:
      return activate<T, Elu>(slope, rows, columns, stride, z, bias, a);
    case Activation.selu:
      return activate<T, Selu>(slope, rows, columns, stride, z, bias, a);
    case Activation.sigmoid:
      return activate<T, Sigmoid>(slope, rows, columns, stride, z, bias, a);
    case Activation.tanh:
      return activate<T, Tanh>(slope, rows, columns, stride, z, bias, a);
    case Activation.gelu:
      return activate<T, Gelu>(slope, rows, columns, stride, z, bias, a);
    case Activation.geluTanh:
      return activate<T, GeluTanh>(slope, rows, columns, stride, z, bias, a);
    case Activation.silu:
      return activate<T, Silu>(slope, rows, columns, stride, z, bias, a);
    case Activation.softplus:
      return activate<T, Softplus>(slope, rows, columns, stride, z, bias, a);
    default:
      assert(false);
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
  switch (activation) {
    case Activation.identity:
      return;
    case Activation.relu:
      return differentiate<T, Relu>(slope, rows, columns, stride, z, a, delta);
    case Activation.leakyRelu:
      return differentiate<T, LeakyRelu>(slope, rows, columns, stride, z, a, delta);
    case Activation.elu:
      return differentiate<T, Elu>(slope, rows, columns, stride, z, a, delta);
    case Activation.selu:
      return differentiate<T, Selu>(slope, rows, columns, stride, z, a, delta);
    case Activation.sigmoid:
      return differentiate<T, Sigmoid>(slope, rows, columns, stride, z, a, delta);
    case Activation.tanh:
      return differentiate<T, Tanh>(slope, rows, columns, stride, z, a, delta);
    case Activation.gelu:
      return differentiate<T, Gelu>(slope, rows, columns, stride, z, a, delta);
    case Activation.geluTanh:
      return differentiate<T, GeluTanh>(slope, rows, columns, stride, z, a, delta);
    case Activation.silu:
      return differentiate<T, Silu>(slope, rows, columns, stride, z, a, delta);
    case Activation.softplus:
      return differentiate<T, Softplus>(slope, rows, columns, stride, z, a, delta);
    default:
      assert(false);
  }
}

function activate<T, F>(slope: T, rows: i32, columns: i32, stride: i32, z: usize, bias: usize, a: usize): void {
  const f = methodsOf<F>();
  const parameter = v128.splat<T>(slope);
  for (let i: i32 = 0; i < rows; i++) {
    for (let j: i32 = 0; j < columns; j += lanes<T>()) {
      let x = v128.load(z + at<T>(j));
      if (bias) {
        x = v128.add<T>(x, v128.load(bias + at<T>(j)));
        storeFirst<T>(z + at<T>(j), x, columns - j);
      }
      storeFirst<T>(a + at<T>(j), f.value<T>(x, parameter), columns - j);
    }
    z += at<T>(stride);
    a += at<T>(stride);
  }
}

function differentiate<T, F>(slope: T, rows: i32, columns: i32, stride: i32, z: usize, a: usize, delta: usize): void {
  const f = methodsOf<F>();
  const parameter = v128.splat<T>(slope);
  for (let i: i32 = 0; i < rows; i++) {
    for (let j: i32 = 0; j < columns; j += lanes<T>()) {
      const derivative = f.derivative<T>(v128.load(z + at<T>(j)), v128.load(a + at<T>(j)), parameter);
      storeFirst<T>(delta + at<T>(j), v128.mul<T>(derivative, v128.load(delta + at<T>(j))), columns - j);
    }
    z += at<T>(stride);
    a += at<T>(stride);
    delta += at<T>(stride);
  }
}
