// The logistic family: σ(z) = 1 / (1 + e⁻ᶻ), silu(z) = z·σ(z), softplus(z) = ln(1 + eᶻ).
import { madd } from "../lanes";
import { exp, log1p, logisticPdf, sigmoid } from "../math";

export class Sigmoid {
  value<T>(z: v128, _slope: v128): v128 {
    return sigmoid<T>(z);
  }

  /** σ(z)·(1 − σ(z)), with 1 − σ(z) = σ(−z), so that it keeps its digits where σ(z) is near 1 */
  derivative<T>(z: v128, a: v128, _slope: v128): v128 {
    return v128.mul<T>(a, sigmoid<T>(v128.neg<T>(z)));
  }

  /** σ′(z)·(1 − 2σ(z)) */
  curvature<T>(_z: v128, a: v128, derivative: v128): v128 {
    return v128.mul<T>(derivative, v128.sub<T>(v128.splat<T>(<T>1), v128.add<T>(a, a)));
  }
}

export class Silu {
  value<T>(z: v128, _slope: v128): v128 {
    return v128.mul<T>(z, sigmoid<T>(z));
  }

  /** σ(z) + z·σ′(z) */
  derivative<T>(z: v128, _a: v128, _slope: v128): v128 {
    return madd<T>(z, logisticPdf<T>(z), sigmoid<T>(z));
  }

  /** σ′(z)·(2 + z·(1 − 2σ(z))) */
  curvature<T>(z: v128, _a: v128, _derivative: v128): v128 {
    const s = sigmoid<T>(z);
    const bend = v128.sub<T>(v128.splat<T>(<T>1), v128.add<T>(s, s));
    return v128.mul<T>(logisticPdf<T>(z), madd<T>(z, bend, v128.splat<T>(<T>2)));
  }
}

export class Softplus {
  /** max(z, 0) + ln(1 + e^−|z|), which neither overflows nor loses the small end */
  value<T>(z: v128, _slope: v128): v128 {
    const tail = log1p<T>(exp<T>(v128.neg<T>(v128.abs<T>(z))));
    return v128.add<T>(v128.max<T>(z, v128.splat<T>(<T>0)), tail);
  }

  derivative<T>(z: v128, _a: v128, _slope: v128): v128 {
    return sigmoid<T>(z);
  }

  /** σ′(z) */
  curvature<T>(z: v128, _a: v128, _derivative: v128): v128 {
    return logisticPdf<T>(z);
  }
}
