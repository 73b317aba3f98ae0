// f(z) = tanh z
import { logisticPdf, tanh } from "../math";

export class Tanh {
  value<T>(z: v128, _slope: v128): v128 {
    return tanh<T>(z);
  }

  /** (1 − a)(1 + a) = 1 − tanh² z */
  derivative<T>(_z: v128, a: v128, _slope: v128): v128 {
    const one = v128.splat<T>(<T>1);
    return v128.mul<T>(v128.sub<T>(one, a), v128.add<T>(one, a));
  }

  /** −2a(1 − a²), with 1 − tanh² z = 4σ′(2z), which keeps its digits where a is near ±1 */
  curvature<T>(z: v128, a: v128, _derivative: v128): v128 {
    return v128.mul<T>(v128.mul<T>(a, v128.splat<T>(<T>-8)), logisticPdf<T>(v128.add<T>(z, z)));
  }
}
