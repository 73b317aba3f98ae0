// The error function and the normal distribution. Both tails are e^(−x²/2) times a slowly falling factor.
import { madd } from "../lanes";
import { expm1OfRemainder, remainder, scale, scaleBias, shiftedExponent } from "./exponential";
import { horner, signBit, splatInteger } from "./format";

const ONE_OVER_ROOT_TWO_PI: f64 = 0.3989422804014327;
const ROOT_TWO: f64 = 1.4142135623730951;

/** |z|, at most where 1 − Φ(|z|) and φ(z) have underflowed to 0; NaN stays. */
function boundedSize<T>(z: v128): v128 {
  return v128.pmin<T>(v128.abs<T>(z), v128.splat<T>(<T>(sizeof<T>() == 4 ? 15 : 39)));
}

/**
 * factor·e^(−x²/2). x = h + l with so few bits in h that h² is exact: −x²/2 = −h²/2 − l(x + h)/2, whose small second
 * part joins the remainder of the first. A rounded x² would spoil as many digits as it has before the point.
 */
function gaussian<T>(x: v128, factor: v128): v128 {
  const minusHalf = v128.splat<T>(<T>-0.5);
  const h = v128.and(x, splatInteger<T>(sizeof<T>() == 4 ? -1 << 12 : -1 << 27));
  const high = v128.mul<T>(v128.mul<T>(h, h), minusHalf);
  const low = v128.mul<T>(v128.mul<T>(v128.sub<T>(x, h), v128.add<T>(x, h)), minusHalf);
  const shifted = shiftedExponent<T>(v128.add<T>(high, low), scaleBias<T>());
  const p = expm1OfRemainder<T>(v128.add<T>(remainder<T>(high, shifted, scaleBias<T>()), low));
  return scale<T>(madd<T>(factor, p, factor), shifted);
}

/**
 * 1 − Φ(x) = e^(−x²/2)·P(t)/(x + k) with t = 2x/(x + k), for 0 ≤ x ≤ boundedSize. (1 − Φ(x))·e^(x²/2) falls like 1/x,
 * so that P varies little over the whole half line. A smaller k costs a higher degree and loses fewer digits. P(0) =
 * k/2 exactly, so that Φ(0) = ½.
 */
function upperTail<T>(x: v128): v128 {
  const k = v128.splat<T>(<T>(sizeof<T>() == 4 ? 2.25 : 3));
  const denominator = v128.add<T>(x, k);
  const t = v128.div<T>(v128.add<T>(x, x), denominator);
  const t2 = v128.mul<T>(t, t);
  let p: v128;
  if (sizeof<T>() == 4) {
    p = v128.splat<T>(<T>-8.975232e-5);
    p = horner<T>(p, t, t2, -0.0019094779, 0.0006856562);
    p = horner<T>(p, t, t2, -0.0035332846, 0.0027269747);
    p = horner<T>(p, t, t2, 0.0058528553, 0.0014508243);
    p = horner<T>(p, t, t2, -0.016672721, 0.02524477);
    p = horner<T>(p, t, t2, 1.125, -0.44732213);
  } else {
    p = v128.splat<T>(<T>-6.569483975876211e-9);
    p = horner<T>(p, t, t2, -1.3918952039196622e-6, 1.4175344575665984e-7);
    p = horner<T>(p, t, t2, -3.3513643946508064e-5, 8.277579600998598e-6);
    p = horner<T>(p, t, t2, -0.00021864791705225955, 9.850460455647747e-5);
    p = horner<T>(p, t, t2, -0.0005064148387788176, 0.00037548349722504653);
    p = horner<T>(p, t, t2, -0.00046029199924854143, 0.0005420960744803746);
    p = horner<T>(p, t, t2, -0.0001806315453147474, 0.0003084290998414446);
    p = horner<T>(p, t, t2, 4.570093076230651e-5, 4.7534370592928194e-5);
    p = horner<T>(p, t, t2, 0.000631291813082282, 0.00046448810332872566);
    p = horner<T>(p, t, t2, -0.01626178436408371, -0.0036846591350933023);
    p = horner<T>(p, t, t2, 0.26725973817901344, 0.025889607841960052);
    p = horner<T>(p, t, t2, 1.5, -1.0452402618063112);
  }
  return gaussian<T>(x, v128.div<T>(p, denominator));
}

/** erf x = x + x·P(x²) for |x| < ½, sign(x)·(2Φ(√2|x|) − 1) beyond; within 3 ulp, odd to the bit. */
export function erf<T>(x: v128): v128 {
  const z = v128.mul<T>(x, x);
  const z2 = v128.mul<T>(z, z);
  let p: v128;
  if (sizeof<T>() == 4) {
    p = v128.splat<T>(<T>0.0047191596);
    p = horner<T>(p, z, z2, 0.11282851, -0.02675826);
    p = horner<T>(p, z, z2, 0.12837917, -0.3761261);
  } else {
    p = v128.splat<T>(<T>1.4723215430404092e-6);
    p = horner<T>(p, z, z2, 0.00012053324310794073, -1.484558371013371e-5);
    p = horner<T>(p, z, z2, 0.00522397737032446, -0.000854829752429172);
    p = horner<T>(p, z, z2, 0.11283791670924812, -0.026866170632715573);
    p = horner<T>(p, z, z2, 0.12837916709551256, -0.37612638903183465);
  }
  const near = madd<T>(x, p, x);
  const size = v128.abs<T>(x);
  const tail = upperTail<T>(boundedSize<T>(v128.mul<T>(size, v128.splat<T>(<T>ROOT_TWO))));
  const far = v128.sub<T>(v128.splat<T>(<T>1), v128.add<T>(tail, tail));
  const signed = v128.or(far, v128.and(x, signBit<T>()));
  return v128.bitselect(near, signed, v128.lt<T>(size, v128.splat<T>(<T>0.5)));
}

/** Φ(z) = ½ erfc(−z/√2) within 4 ulp in single and 30 in double precision, in the tail as well, down to underflow. */
export function normalCdf<T>(z: v128): v128 {
  const tail = upperTail<T>(boundedSize<T>(z));
  const above = v128.sub<T>(v128.splat<T>(<T>1), tail);
  return v128.bitselect(tail, above, v128.lt<T>(z, v128.splat<T>(<T>0)));
}

/** φ(z) = e^(−z²/2)/√(2π) within 2 ulp, down to underflow. */
export function normalPdf<T>(z: v128): v128 {
  return gaussian<T>(boundedSize<T>(z), v128.splat<T>(<T>ONE_OVER_ROOT_TWO_PI));
}
