// Exponential linear units: f(z) = z > 0 ? z : α(eᶻ − 1), and scaled: f(z) = λ · elu(z) with selu's own α.
// Clevert, Unterthiner and Hochreiter 2015; Klambauer et al. 2017.
import { exp, expm1 } from "../math";

export class Elu {
  value<T>(z: v128, alpha: v128): v128 {
    return v128.bitselect(z, v128.mul<T>(alpha, expm1<T>(z)), v128.gt<T>(z, v128.splat<T>(<T>0)));
  }

  /** z ≤ 0: αeᶻ */
  derivative<T>(z: v128, _a: v128, alpha: v128): v128 {
    return v128.bitselect(v128.splat<T>(<T>1), v128.mul<T>(alpha, exp<T>(z)), v128.gt<T>(z, v128.splat<T>(<T>0)));
  }

  /** z ≤ 0: αeᶻ as well */
  curvature<T>(z: v128, _a: v128, derivative: v128): v128 {
    return v128.andnot(derivative, v128.gt<T>(z, v128.splat<T>(<T>0)));
  }
}

const SELU_SCALE: f64 = 1.0507009873554804934;
const SELU_ALPHA: f64 = 1.6732632423543772848;

export class Selu {
  value<T>(z: v128, _slope: v128): v128 {
    const below = v128.mul<T>(v128.splat<T>(<T>(SELU_SCALE * SELU_ALPHA)), expm1<T>(z));
    const above = v128.mul<T>(v128.splat<T>(<T>SELU_SCALE), z);
    return v128.bitselect(above, below, v128.gt<T>(z, v128.splat<T>(<T>0)));
  }

  derivative<T>(z: v128, _a: v128, _slope: v128): v128 {
    const below = v128.mul<T>(v128.splat<T>(<T>(SELU_SCALE * SELU_ALPHA)), exp<T>(z));
    return v128.bitselect(v128.splat<T>(<T>SELU_SCALE), below, v128.gt<T>(z, v128.splat<T>(<T>0)));
  }

  curvature<T>(z: v128, _a: v128, derivative: v128): v128 {
    return v128.andnot(derivative, v128.gt<T>(z, v128.splat<T>(<T>0)));
  }
}
