// Gaussian error linear units, exact: f(z) = z·Φ(z), and by tanh: f(z) = ½z(1 + tanh u), u = √(2/π)(z + 0.044715z³).
// Hendrycks and Gimpel 2016.
import { madd } from "../lanes";
import { normalCdf, normalPdf, sigmoid } from "../math";

export class Gelu {
  value<T>(z: v128, _slope: v128): v128 {
    return v128.mul<T>(z, normalCdf<T>(z));
  }

  /** Φ(z) + z·φ(z) */
  derivative<T>(z: v128, _a: v128, _slope: v128): v128 {
    return madd<T>(z, normalPdf<T>(z), normalCdf<T>(z));
  }
}

const CUBIC: f64 = 0.044715;
const TWICE_ROOT_TWO_OVER_PI: f64 = 1.5957691216057307;

/** 2u, so that ½(1 + tanh u) = σ(2u) keeps its digits in the negative tail */
function twiceU<T>(z: v128): v128 {
  const z2 = v128.mul<T>(z, z);
  const inner = madd<T>(z2, v128.splat<T>(<T>CUBIC), v128.splat<T>(<T>1));
  return v128.mul<T>(v128.mul<T>(z, inner), v128.splat<T>(<T>TWICE_ROOT_TWO_OVER_PI));
}

export class GeluTanh {
  value<T>(z: v128, _slope: v128): v128 {
    return v128.mul<T>(z, sigmoid<T>(twiceU<T>(z)));
  }

  /** s + z·s·σ(−2u)·2u′ with s = σ(2u), u′ = √(2/π)(1 + 3·0.044715z²) */
  derivative<T>(z: v128, _a: v128, _slope: v128): v128 {
    const u2 = twiceU<T>(z);
    const s = sigmoid<T>(u2);
    const z2 = v128.mul<T>(z, z);
    const slope = madd<T>(z2, v128.splat<T>(<T>(3 * CUBIC)), v128.splat<T>(<T>1));
    const growth = v128.mul<T>(v128.mul<T>(z, slope), v128.splat<T>(<T>TWICE_ROOT_TWO_OVER_PI));
    return madd<T>(v128.mul<T>(s, sigmoid<T>(v128.neg<T>(u2))), growth, s);
  }
}
