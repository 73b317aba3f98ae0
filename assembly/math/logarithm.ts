// ln x. x = 2ⁿ(1 + f) with √½ ≤ 1 + f < √2, so that ln x = n·ln 2 + ln(1 + f).
import { madd } from "../lanes";
import {
  addInteger,
  exponentBias,
  horner,
  integersBegin,
  ln2High,
  ln2Low,
  mantissaBits,
  shiftLeft,
  shiftRight,
  splatInteger,
  subtractInteger,
} from "./format";

/**
 * n·ln 2 + ln(1 + f). With s = f/(2 + f) and z = s², ln(1 + f) = ln (1 + s)/(1 − s) = 2s + s·z·P(z) = f − s(f −
 * z·P(z)), whose largest term f is exact.
 */
function logOfParts<T>(n: v128, f: v128): v128 {
  const s = v128.div<T>(f, v128.add<T>(f, v128.splat<T>(<T>2)));
  const z = v128.mul<T>(s, s);
  const z2 = v128.mul<T>(z, z);
  let p: v128;
  if (sizeof<T>() == 4) {
    p = v128.splat<T>(<T>0.29870796);
    p = horner<T>(p, z, z2, 0.66666776, 0.39977583);
  } else {
    p = v128.splat<T>(<T>0.14795626774467566);
    p = horner<T>(p, z, z2, 0.18183562831948472, 0.15314085422550874);
    p = horner<T>(p, z, z2, 0.28571428742026034, 0.22222198605354457);
    p = horner<T>(p, z, z2, 0.6666666666666734, 0.39999999999416647);
  }
  const beyond = v128.mul<T>(s, v128.sub<T>(f, v128.mul<T>(z, p)));
  const low = v128.sub<T>(v128.mul<T>(n, ln2Low<T>()), beyond);
  return madd<T>(n, ln2High<T>(), v128.add<T>(f, low));
}

const ROOT_HALF: f64 = 0.7071067811865476;

/** The bits of x > 0 as an integer, so shifted that the exponent field is n + exponentBias. */
function fields<T>(x: v128): v128 {
  const one = v128.splat<T>(<T>1);
  return addInteger<T>(x, subtractInteger<T>(one, v128.splat<T>(<T>ROOT_HALF)));
}

/** n + exponentBias as an integer */
function biasedExponent<T>(parts: v128): v128 {
  return shiftRight<T>(parts, mantissaBits<T>());
}

/** The number n, from n + exponentBias put into the low bits of 2^mantissaBits. */
function exponent<T>(biased: v128): v128 {
  const base = integersBegin<T>();
  const whole = v128.or(biased, v128.splat<T>(<T>base));
  return v128.sub<T>(whole, v128.splat<T>(<T>(base + <f64>exponentBias<T>())));
}

/** y = ln u, put right where u is 0 (−∞), negative (NaN), ∞ or NaN (u). */
function atTheEnds<T>(y: v128, u: v128): v128 {
  const zero = v128.splat<T>(<T>0);
  const finite = v128.bitselect(y, u, v128.lt<T>(u, v128.splat<T>(<T>Infinity)));
  const positive = v128.bitselect(v128.splat<T>(<T>-Infinity), finite, v128.eq<T>(u, zero));
  return v128.or(positive, v128.lt<T>(u, zero));
}

/** ln x within 1 ulp: −∞ at 0, NaN below. */
export function log<T>(x: v128): v128 {
  const smallest: f64 = sizeof<T>() == 4 ? <f64>f32.MIN_NORMAL_VALUE : f64.MIN_NORMAL_VALUE;
  const denormal = v128.lt<T>(x, v128.splat<T>(<T>smallest));
  const normal = v128.bitselect(v128.mul<T>(x, v128.splat<T>(<T>integersBegin<T>())), x, denormal);
  const parts = fields<T>(normal);
  const n = v128.sub<T>(exponent<T>(biasedExponent<T>(parts)), v128.and(denormal, v128.splat<T>(<T>mantissaBits<T>())));
  const mask = splatInteger<T>(((<i64>1) << mantissaBits<T>()) - 1);
  const mantissa = addInteger<T>(v128.and(parts, mask), v128.splat<T>(<T>ROOT_HALF));
  return atTheEnds<T>(logOfParts<T>(n, v128.sub<T>(mantissa, v128.splat<T>(<T>1))), x);
}

/**
 * ln(1 + x) within 2 ulp: −∞ at −1, NaN below. 1 + x gives n, but has lost the last digits of a small x, so that f is
 * taken from x: 4f = h·x + (h − 4) with h = 2²⁻ⁿ, which unlike 2⁻ⁿ is a normal number for every n.
 */
export function log1p<T>(x: v128): v128 {
  const u = v128.add<T>(x, v128.splat<T>(<T>1));
  const biased = biasedExponent<T>(fields<T>(u));
  const quarter = v128.splat<T>(<T>0.25);
  const four = v128.splat<T>(<T>4);
  const twoBias = splatInteger<T>(2 * exponentBias<T>() + 2);
  const h = shiftLeft<T>(subtractInteger<T>(twoBias, biased), mantissaBits<T>());
  const f = v128.mul<T>(madd<T>(x, h, v128.sub<T>(h, four)), quarter);
  return atTheEnds<T>(logOfParts<T>(exponent<T>(biased), f), u);
}
