// The logistic family: σ(z) = 1 / (1 + e⁻ᶻ), silu(z) = z·σ(z), softplus(z) = ln(1 + eᶻ).
import { madd } from "../lanes";
import { exp, log1p, sigmoid } from "../math";

export class Sigmoid {
  value<T>(z: v128, _slope: v128): v128 {
    return sigmoid<T>(z);
  }

  /** σ(z)·(1 − σ(z)), with 1 − σ(z) = σ(−z), so that it keeps its digits where σ(z) is near 1 */
  derivative<T>(z: v128, a: v128, _slope: v128): v128 {
    return v128.mul<T>(a, sigmoid<T>(v128.neg<T>(z)));
  }
}

export class Silu {
  value<T>(z: v128, _slope: v128): v128 {
    return v128.mul<T>(z, sigmoid<T>(z));
  }

  /** σ(z) + z·σ(z)·σ(−z) */
  derivative<T>(z: v128, _a: v128, _slope: v128): v128 {
    const s = sigmoid<T>(z);
    return madd<T>(v128.mul<T>(z, s), sigmoid<T>(v128.neg<T>(z)), s);
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
}
