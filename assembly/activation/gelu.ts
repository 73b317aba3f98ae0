// Gaussian error linear units, exact: f(z) = z·Φ(z), and by tanh: f(z) = ½z(1 + tanh u), u = √(2/π)(z + 0.044715z³).
// Hendrycks and Gimpel 2016.
import { madd } from "../lanes";
import { logisticPdf, normalCdf, normalPdf, sigmoid } from "../math";

export class Gelu {
  value<T>(z: v128, _slope: v128): v128 {
    return v128.mul<T>(z, normalCdf<T>(z));
  }

  /** Φ(z) + z·φ(z) */
  derivative<T>(z: v128, _a: v128, _slope: v128): v128 {
    return madd<T>(z, normalPdf<T>(z), normalCdf<T>(z));
  }

  /** (2 − z²)·φ(z), multiplied in an order in which z² does not overflow where φ(z) is 0 */
  curvature<T>(z: v128, _a: v128, _derivative: v128): v128 {
    const density = normalPdf<T>(z);
    return v128.sub<T>(v128.add<T>(density, density), v128.mul<T>(v128.mul<T>(density, z), z));
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

/** 2u′ = 2√(2/π)(1 + 3·0.044715z²) */
function twiceUDerivative<T>(z: v128): v128 {
  const inner = madd<T>(v128.mul<T>(z, z), v128.splat<T>(<T>(3 * CUBIC)), v128.splat<T>(<T>1));
  return v128.mul<T>(inner, v128.splat<T>(<T>TWICE_ROOT_TWO_OVER_PI));
}

export class GeluTanh {
  value<T>(z: v128, _slope: v128): v128 {
    return v128.mul<T>(z, sigmoid<T>(twiceU<T>(z)));
  }

  /** σ(2u) + z·σ′(2u)·2u′ */
  derivative<T>(z: v128, _a: v128, _slope: v128): v128 {
    const u2 = twiceU<T>(z);
    return madd<T>(logisticPdf<T>(u2), v128.mul<T>(z, twiceUDerivative<T>(z)), sigmoid<T>(u2));
  }

  /**
   * σ′(2u)·(2u′·(4 + z·2u′·(1 − 2σ(2u))) − 4√(2/π)), by z·u″ = 2u′ − 2√(2/π). σ′ is multiplied first, so that it makes 0
   * of a power of z before that overflows.
   */
  curvature<T>(z: v128, _a: v128, _derivative: v128): v128 {
    const u2 = twiceU<T>(z);
    const s = sigmoid<T>(u2);
    const density = logisticPdf<T>(u2);
    const growth = twiceUDerivative<T>(z);
    const bend = v128.sub<T>(v128.splat<T>(<T>1), v128.add<T>(s, s));
    const factor = madd<T>(v128.mul<T>(z, growth), bend, v128.splat<T>(<T>4));
    const constant = v128.mul<T>(density, v128.splat<T>(<T>(-2 * TWICE_ROOT_TWO_OVER_PI)));
    return madd<T>(v128.mul<T>(density, growth), factor, constant);
  }
}
