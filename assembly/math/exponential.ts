// eˣ and what is made of it. x = n·ln 2 + r with an integer n and |r| ≤ ½ ln 2, so that eˣ = 2ⁿ(1 + (eʳ − 1)).
import { madd } from "../lanes";
import {
  exponentBias,
  horner,
  integersBegin,
  line,
  ln2High,
  ln2Low,
  mantissaBits,
  shiftLeft,
  shiftRight,
  signBit,
  subtractInteger,
} from "./format";

const LOG2_E: f64 = 1.4426950408889634;

/** A sum with it is rounded to an integer, which the low bits of the sum hold with `bias` added. */
function roundingShift<T>(bias: i32): v128 {
  return v128.splat<T>(<T>(1.5 * integersBegin<T>() + <f64>bias));
}

/** n = x/ln 2 rounded to an integer; its low bits are n + bias, as the exponent field of 2ⁿ wants it. */
export function shiftedExponent<T>(x: v128, bias: i32): v128 {
  return madd<T>(x, v128.splat<T>(<T>LOG2_E), roundingShift<T>(bias));
}

/** r = x − n·ln 2 */
export function remainder<T>(x: v128, shifted: v128, bias: i32): v128 {
  const minusN = v128.sub<T>(roundingShift<T>(bias), shifted);
  return madd<T>(minusN, ln2Low<T>(), madd<T>(minusN, ln2High<T>(), x));
}

/** eʳ − 1 = r + r²·P(r) for |r| ≤ ½ ln 2 */
export function expm1OfRemainder<T>(r: v128): v128 {
  const r2 = v128.mul<T>(r, r);
  let p: v128;
  if (sizeof<T>() == 4) {
    p = v128.splat<T>(<T>0.0013836769);
    p = horner<T>(p, r, r2, 0.041667752, 0.008367105);
    p = horner<T>(p, r, r2, 0.49999997, 0.16666539);
  } else {
    p = line<T>(r, 2.762607370368417e-7, 2.5053768811732362e-8);
    p = horner<T>(p, r, r2, 2.480150518845642e-5, 2.75574076551832e-6);
    p = horner<T>(p, r, r2, 0.0013888888931633332, 0.00019841269718798453);
    p = horner<T>(p, r, r2, 0.04166666666657639, 0.008333333333389526);
    p = horner<T>(p, r, r2, 0.5000000000000006, 0.16666666666666585);
  }
  return madd<T>(r2, p, r);
}

/** The number whose exponent field is the low bits: 2ⁿ for n + exponentBias. */
function power<T>(biased: v128): v128 {
  return shiftLeft<T>(biased, mantissaBits<T>());
}

/** The bias for `scale`: one for each factor. */
export function scaleBias<T>(): i32 {
  return 2 * exponentBias<T>();
}

/** y·2ⁿ, in two factors because 2ⁿ itself may be out of range; rounded only where the result is denormal. */
export function scale<T>(y: v128, shifted: v128): v128 {
  const half = shiftRight<T>(shifted, 1);
  return v128.mul<T>(v128.mul<T>(y, power<T>(half)), power<T>(subtractInteger<T>(shifted, half)));
}

/** eˣ for an x not far beyond underflow and overflow. */
function boundedExp<T>(x: v128): v128 {
  const shifted = shiftedExponent<T>(x, scaleBias<T>());
  const p = expm1OfRemainder<T>(remainder<T>(x, shifted, scaleBias<T>()));
  return scale<T>(v128.add<T>(p, v128.splat<T>(<T>1)), shifted);
}

/** x, at least where eˣ has underflowed to 0; NaN stays. */
function notBelowUnderflow<T>(x: v128): v128 {
  return v128.pmax<T>(x, v128.splat<T>(<T>(sizeof<T>() == 4 ? -104 : -746)));
}

/** x, at most where eˣ has overflowed to ∞; NaN stays. */
function notAboveOverflow<T>(x: v128): v128 {
  return v128.pmin<T>(x, v128.splat<T>(<T>(sizeof<T>() == 4 ? 89 : 710)));
}

/** eˣ within 2 ulp. */
export function exp<T>(x: v128): v128 {
  return boundedExp<T>(notAboveOverflow<T>(notBelowUnderflow<T>(x)));
}

/** eˣ − 1 = 2(h·(eʳ − 1) + (h − ½)) with h = 2ⁿ⁻¹, for an x so bounded that h is a normal number. */
function boundedExpm1<T>(x: v128): v128 {
  const bias = exponentBias<T>() - 1;
  const shifted = shiftedExponent<T>(x, bias);
  const p = expm1OfRemainder<T>(remainder<T>(x, shifted, bias));
  const h = power<T>(shifted);
  const half = madd<T>(h, p, v128.sub<T>(h, v128.splat<T>(<T>0.5)));
  return v128.add<T>(half, half);
}

/**
 * eˣ − 1 within 2 ulp in single and 3 in double precision. A tiny x is the result itself, −0 and denormals included.
 */
export function expm1<T>(x: v128): v128 {
  const lowest = v128.splat<T>(<T>(sizeof<T>() == 4 ? -20 : -40));
  const y = boundedExpm1<T>(notAboveOverflow<T>(v128.pmax<T>(x, lowest)));
  const tiny = v128.lt<T>(v128.abs<T>(x), v128.splat<T>(<T>(sizeof<T>() == 4 ? 1e-9 : 1e-18)));
  return v128.bitselect(x, y, tiny);
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
  const minusSize = v128.or(x, signBit<T>());
  const e = boundedExp<T>(notBelowUnderflow<T>(minusSize));
  const numerator = v128.bitselect(e, one, v128.lt<T>(x, v128.splat<T>(<T>0)));
  return v128.div<T>(numerator, v128.add<T>(e, one));
}

/** σ′(x) = σ(x)·σ(−x) = e⁻|x|/(1 + e⁻|x|)² within 4 ulp, down to underflow. */
export function logisticPdf<T>(x: v128): v128 {
  const e = boundedExp<T>(notBelowUnderflow<T>(v128.or(x, signBit<T>())));
  const sum = v128.add<T>(e, v128.splat<T>(<T>1));
  return v128.div<T>(e, v128.mul<T>(sum, sum));
}
