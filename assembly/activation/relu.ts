// Rectified linear units: f(z) = max(z, 0), and leaky: f(z) = z > 0 ? z : slope·z. At 0, f′ is that of z < 0, and f″ is 0
// everywhere.

export class Relu {
  value<T>(z: v128, _slope: v128): v128 {
    return v128.max<T>(z, v128.splat<T>(<T>0));
  }

  derivative<T>(z: v128, _a: v128, _slope: v128): v128 {
    return v128.and(v128.gt<T>(z, v128.splat<T>(<T>0)), v128.splat<T>(<T>1));
  }

  curvature<T>(_z: v128, _a: v128, _derivative: v128): v128 {
    return v128.splat<T>(<T>0);
  }
}

export class LeakyRelu {
  value<T>(z: v128, slope: v128): v128 {
    return v128.bitselect(z, v128.mul<T>(slope, z), v128.gt<T>(z, v128.splat<T>(<T>0)));
  }

  derivative<T>(z: v128, _a: v128, slope: v128): v128 {
    return v128.bitselect(v128.splat<T>(<T>1), slope, v128.gt<T>(z, v128.splat<T>(<T>0)));
  }

  curvature<T>(_z: v128, _a: v128, _derivative: v128): v128 {
    return v128.splat<T>(<T>0);
  }
}
