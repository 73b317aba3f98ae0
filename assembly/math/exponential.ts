// eˣ and what is made of it. x = n·ln 2 + r with an integer n and |r| ≤ ½ ln 2, so that eˣ = 2ⁿ(1 + (eʳ − 1)).
import { madd } from "../lanes";
import {
  addInteger,
  horner,
  integersBegin,
  ln2High,
  ln2Low,
  mantissaBits,
  shiftLeft,
  shiftRight,
  signBit,
  subtractInteger,
} from "./format";

const LOG2_E: f64 = 1.4426950408889634;

/** 1.5·2^mantissaBits: a sum with it is rounded to an integer, which is then the low bits of the sum. */
function roundingShift<T>(): v128 {
  return v128.splat<T>(<T>(1.5 * integersBegin<T>()));
}

/** n = x/ln 2 rounded to an integer, shifted: n is its low bits. */
export function shiftedExponent<T>(x: v128): v128 {
  return madd<T>(x, v128.splat<T>(<T>LOG2_E), roundingShift<T>());
}

/** r = x − n·ln 2 */
export function remainder<T>(x: v128, shifted: v128): v128 {
  const n = v128.sub<T>(roundingShift<T>(), shifted);
  return madd<T>(n, ln2Low<T>(), madd<T>(n, ln2High<T>(), x));
}

/** eʳ − 1 = r + r²·P(r) for |r| ≤ ½ ln 2 */
export function expm1OfRemainder<T>(r: v128): v128 {
  let p: v128;
  if (sizeof<T>() == 4) {
    p = v128.splat<T>(<T>0.0013836769);
    p = horner<T>(p, r, 0.008367105);
    p = horner<T>(p, r, 0.041667752);
    p = horner<T>(p, r, 0.16666539);
    p = horner<T>(p, r, 0.49999997);
  } else {
    p = v128.splat<T>(<T>2.5053768811732362e-8);
    p = horner<T>(p, r, 2.762607370368417e-7);
    p = horner<T>(p, r, 2.75574076551832e-6);
    p = horner<T>(p, r, 2.480150518845642e-5);
    p = horner<T>(p, r, 0.00019841269718798453);
    p = horner<T>(p, r, 0.0013888888931633332);
    p = horner<T>(p, r, 0.008333333333389526);
    p = horner<T>(p, r, 0.04166666666657639);
    p = horner<T>(p, r, 0.16666666666666585);
    p = horner<T>(p, r, 0.5000000000000006);
  }
  return madd<T>(v128.mul<T>(r, r), p, r);
}

/** 2ᵏ for the integer k in the low bits */
function power<T>(k: v128): v128 {
  return addInteger<T>(shiftLeft<T>(k, mantissaBits<T>()), v128.splat<T>(<T>1));
}

/** y·2ⁿ, in two factors because 2ⁿ itself may be out of range; rounded only where the result is denormal. */
export function scale<T>(y: v128, shifted: v128): v128 {
  const half = shiftRight<T>(shifted, 1);
  return v128.mul<T>(v128.mul<T>(y, power<T>(half)), power<T>(subtractInteger<T>(shifted, half)));
}

/** x held between two bounds; NaN stays. */
function clamp<T>(x: v128, low: f64, high: f64): v128 {
  return v128.pmax<T>(v128.pmin<T>(x, v128.splat<T>(<T>high)), v128.splat<T>(<T>low));
}

/** eˣ within 2 ulp. */
export function exp<T>(x: v128): v128 {
  const bounded = sizeof<T>() == 4 ? clamp<T>(x, -104, 89) : clamp<T>(x, -746, 710);
  const shifted = shiftedExponent<T>(bounded);
  const p = expm1OfRemainder<T>(remainder<T>(bounded, shifted));
  return scale<T>(v128.add<T>(p, v128.splat<T>(<T>1)), shifted);
}

/** eˣ − 1 = 2(h·(eʳ − 1) + (h − ½)) with h = 2ⁿ⁻¹, for x so bounded that h is a normal number. */
function boundedExpm1<T>(x: v128): v128 {
  const shifted = shiftedExponent<T>(x);
  const p = expm1OfRemainder<T>(remainder<T>(x, shifted));
  const h = addInteger<T>(shiftLeft<T>(shifted, mantissaBits<T>()), v128.splat<T>(<T>0.5));
  const half = madd<T>(h, p, v128.sub<T>(h, v128.splat<T>(<T>0.5)));
  return v128.add<T>(half, half);
}

/** eˣ − 1 within 2 ulp in single and 3 in double precision. */
export function expm1<T>(x: v128): v128 {
  const bounded = sizeof<T>() == 4 ? clamp<T>(x, -20, 89) : clamp<T>(x, -40, 710);
  const tiny = v128.lt<T>(v128.abs<T>(x), v128.splat<T>(<T>(sizeof<T>() == 4 ? 1e-9 : 1e-18)));
  return v128.bitselect(x, boundedExpm1<T>(bounded), tiny);
}

/** tanh x = sign(x)·E/(E + 2) with E = e^2|x| − 1, within 3 ulp; odd to the bit. */
export function tanh<T>(x: v128): v128 {
  const size = v128.pmin<T>(v128.abs<T>(x), v128.splat<T>(<T>(sizeof<T>() == 4 ? 10 : 20)));
  const e = boundedExpm1<T>(v128.add<T>(size, size));
  const ratio = v128.div<T>(e, v128.add<T>(e, v128.splat<T>(<T>2)));
  return v128.or(ratio, v128.and(x, signBit<T>()));
}

/** σ(x) = 1/(1 + e⁻ˣ), or e⁻|x|/(1 + e⁻|x|) for x < 0 to keep the digits of the tail; within 3 ulp. */
export function sigmoid<T>(x: v128): v128 {
  const one = v128.splat<T>(<T>1);
  const e = exp<T>(v128.neg<T>(v128.abs<T>(x)));
  const numerator = v128.bitselect(e, one, v128.lt<T>(x, v128.splat<T>(<T>0)));
  return v128.div<T>(numerator, v128.add<T>(e, one));
}
