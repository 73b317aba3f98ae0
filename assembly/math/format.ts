// What the functions share: the fields of a floating-point number, ln 2 in two parts, Horner's rule.
// The coefficients beside these functions are what tools/fit_polynomials.py prints.
import { madd } from "../lanes";

/** Bits of the mantissa that are stored. */
export function mantissaBits<T>(): i32 {
  return sizeof<T>() == 4 ? 23 : 52;
}

/** 2^mantissaBits, from where on every number is an integer. */
export function integersBegin<T>(): f64 {
  return sizeof<T>() == 4 ? 8388608 : 4503599627370496;
}

/** The exponent field of 1. */
export function exponentBias<T>(): i32 {
  return sizeof<T>() == 4 ? 127 : 1023;
}

/** An integer in every lane, as wide as T. */
export function splatInteger<T>(value: i64): v128 {
  return sizeof<T>() == 4 ? i32x4.splat(<i32>value) : i64x2.splat(value);
}

export function addInteger<T>(a: v128, b: v128): v128 {
  return sizeof<T>() == 4 ? i32x4.add(a, b) : i64x2.add(a, b);
}

export function subtractInteger<T>(a: v128, b: v128): v128 {
  return sizeof<T>() == 4 ? i32x4.sub(a, b) : i64x2.sub(a, b);
}

export function shiftLeft<T>(a: v128, count: i32): v128 {
  return sizeof<T>() == 4 ? i32x4.shl(a, count) : i64x2.shl(a, count);
}

export function shiftRight<T>(a: v128, count: i32): v128 {
  return sizeof<T>() == 4 ? i32x4.shr_u(a, count) : i64x2.shr_u(a, count);
}

/** The bits of −0. */
export function signBit<T>(): v128 {
  return v128.splat<T>(-(<T>0));
}

/** ln 2 rounded down to so few bits that its product with an exponent is exact. */
export function ln2High<T>(): v128 {
  return v128.splat<T>(<T>(sizeof<T>() == 4 ? 0.693145751953125 : 0.6931471805598903));
}

/** ln 2 − ln2High */
export function ln2Low<T>(): v128 {
  return v128.splat<T>(<T>(sizeof<T>() == 4 ? 1.4286068e-6 : 5.497923018708371e-14));
}

/** c₀ + c₁x */
export function line<T>(x: v128, c0: f64, c1: f64): v128 {
  return madd<T>(v128.splat<T>(<T>c1), x, v128.splat<T>(<T>c0));
}

/**
 * sum·x² + (c₀ + c₁x): Horner's rule by two powers a step, so that the chain of dependent operations is half as long.
 */
export function horner<T>(sum: v128, x: v128, x2: v128, c0: f64, c1: f64): v128 {
  return madd<T>(sum, x2, line<T>(x, c0, c1));
}
