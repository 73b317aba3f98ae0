// The error function and the normal distribution. Both tails are e^(−x²/2) times a slowly falling factor.
import { madd } from "../lanes";
import { expm1OfRemainder, remainder, scale, shiftedExponent } from "./exponential";
import { horner, signBit, splatInteger } from "./format";

const ONE_OVER_ROOT_TWO_PI: f64 = 0.3989422804014327;
const ROOT_TWO: f64 = 1.4142135623730951;

/** |z|, at most where 1 − Φ(|z|) and φ(z) have underflowed to 0; NaN stays. */
function boundedSize<T>(z: v128): v128 {
  return v128.pmin<T>(v128.abs<T>(z), v128.splat<T>(<T>(sizeof<T>() == 4 ? 15 : 39)));
}

/**
 * factor·e^(−x²/2). x = h + l with so few bits in h that h² is exact: −x²/2 = −h²/2 − l(x + h)/2, whose small second part
 * joins the remainder of the first. A rounded x² would spoil as many digits as it has before the point.
 */
function gaussian<T>(x: v128, factor: v128): v128 {
  const minusHalf = v128.splat<T>(<T>-0.5);
  const h = v128.and(x, splatInteger<T>(sizeof<T>() == 4 ? -1 << 12 : -1 << 27));
  const high = v128.mul<T>(v128.mul<T>(h, h), minusHalf);
  const low = v128.mul<T>(v128.mul<T>(v128.sub<T>(x, h), v128.add<T>(x, h)), minusHalf);
  const shifted = shiftedExponent<T>(v128.add<T>(high, low));
  const p = expm1OfRemainder<T>(v128.add<T>(remainder<T>(high, shifted), low));
  return scale<T>(madd<T>(factor, p, factor), shifted);
}

/** c₀ + c₁x */
function line<T>(x: v128, c0: f64, c1: f64): v128 {
  return horner<T>(v128.splat<T>(<T>c1), x, c0);
}

/** (c₀ + c₁x) + (c₂ + c₃x)x² */
function cubic<T>(x: v128, x2: v128, c0: f64, c1: f64, c2: f64, c3: f64): v128 {
  return madd<T>(x2, line<T>(x, c2, c3), line<T>(x, c0, c1));
}

/**
 * 1 − Φ(x) = e^(−x²/2)·P(x)/Q(x) for 0 ≤ x ≤ boundedSize. All terms of P and Q are positive. They are summed in powers of
 * x⁴ with cubics as coefficients, because in the tail each step of Horner's rule adds its roundings to the result.
 */
function upperTail<T>(x: v128): v128 {
  const x2 = v128.mul<T>(x, x);
  const x4 = v128.mul<T>(x2, x2);
  let p: v128;
  let q: v128;
  if (sizeof<T>() == 4) {
    p = v128.splat<T>(<T>0.004070562);
    p = madd<T>(p, x4, cubic<T>(x, x2, 0.5, 0.4371844, 0.18238778, 0.040340163));
    q = line<T>(x, 0.101124525, 0.010203259);
    q = madd<T>(q, x4, cubic<T>(x, x2, 1, 1.6722537, 1.1990368, 0.4672268));
  } else {
    p = line<T>(x, 3.7045422220309166e-5, 1.3762092499559282e-6);
    p = madd<T>(
      p, x4, cubic<T>(x, x2, 0.09746183043473024, 0.023549568408379257, 0.004073749417386334, 0.0004881476750871513),
    );
    p = madd<T>(p, x4, cubic<T>(x, x2, 0.5, 0.7743652169586244, 0.5933087081730705, 0.2888048884460906));
    q = madd<T>(x2, v128.splat<T>(<T>3.4496450177598954e-6), line<T>(x, 0.0012270544098032174, 9.285910278070692e-5));
    q = madd<T>(
      q, x4, cubic<T>(x, x2, 0.7805440522181893, 0.25432622492128476, 0.06024671995089337, 0.010304234564202687),
    );
    q = madd<T>(q, x4, cubic<T>(x, x2, 1, 2.3466149947201074, 2.5589452907820722, 1.7120067392505647));
  }
  return gaussian<T>(x, v128.div<T>(p, q));
}

/** erf x = x + x·P(x²) for |x| < ½, sign(x)·(2Φ(√2|x|) − 1) beyond; within 3 ulp, odd to the bit. */
export function erf<T>(x: v128): v128 {
  const z = v128.mul<T>(x, x);
  let p: v128;
  if (sizeof<T>() == 4) {
    p = v128.splat<T>(<T>0.0047191596);
    p = horner<T>(p, z, -0.02675826);
    p = horner<T>(p, z, 0.11282851);
    p = horner<T>(p, z, -0.3761261);
    p = horner<T>(p, z, 0.12837917);
  } else {
    p = v128.splat<T>(<T>1.4723215430404092e-6);
    p = horner<T>(p, z, -1.484558371013371e-5);
    p = horner<T>(p, z, 0.00012053324310794073);
    p = horner<T>(p, z, -0.000854829752429172);
    p = horner<T>(p, z, 0.00522397737032446);
    p = horner<T>(p, z, -0.026866170632715573);
    p = horner<T>(p, z, 0.11283791670924812);
    p = horner<T>(p, z, -0.37612638903183465);
    p = horner<T>(p, z, 0.12837916709551256);
  }
  const near = madd<T>(x, p, x);
  const size = v128.abs<T>(x);
  const tail = upperTail<T>(boundedSize<T>(v128.mul<T>(size, v128.splat<T>(<T>ROOT_TWO))));
  const far = v128.sub<T>(v128.splat<T>(<T>1), v128.add<T>(tail, tail));
  const signed = v128.or(far, v128.and(x, signBit<T>()));
  return v128.bitselect(near, signed, v128.lt<T>(size, v128.splat<T>(<T>0.5)));
}

/** Φ(z) = ½ erfc(−z/√2) within 4 ulp, the negative tail down to underflow included. */
export function normalCdf<T>(z: v128): v128 {
  const tail = upperTail<T>(boundedSize<T>(z));
  const above = v128.sub<T>(v128.splat<T>(<T>1), tail);
  return v128.bitselect(tail, above, v128.lt<T>(z, v128.splat<T>(<T>0)));
}

/** φ(z) = e^(−z²/2)/√(2π) within 3 ulp, down to underflow. */
export function normalPdf<T>(z: v128): v128 {
  return gaussian<T>(boundedSize<T>(z), v128.splat<T>(<T>ONE_OVER_ROOT_TWO_PI));
}
