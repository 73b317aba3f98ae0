// Optimizer updates over one contiguous parameter block p with gradient g: PyTorch's formulas, element by element.
//
// n counts the elements of the block, a multiple of the vector's width. `decay` adds decay·p to the gradient (L2). Scalars
// come in double precision, so that 1 − β is rounded once.
import { at, flushed, lanes, madd } from "./lanes";

/**
 * g ← g + decay·p; v ← momentum·v + (1 − dampening)·g; p ← p − rate·(nesterov ? g + momentum·v : v).
 *
 * @param velocity v, or 0 for plain descent p ← p − rate·g
 */
export function sgd<T>(
  n: i32,
  p: usize,
  g: usize,
  velocity: usize,
  rate: f64,
  momentum: f64,
  dampening: f64,
  nesterov: bool,
  decay: f64,
): void {
  assert(n % lanes<T>() == 0);
  const step = v128.splat<T>(<T>-rate);
  const inertia = v128.splat<T>(<T>momentum);
  const fresh = v128.splat<T>(<T>(1 - dampening));
  const shrink = v128.splat<T>(<T>decay);
  for (let i: usize = 0; i < at<T>(n); i += 16) {
    const parameter = v128.load(p + i);
    const gradient = madd<T>(shrink, parameter, v128.load(g + i));
    let direction = gradient;
    if (velocity) {
      const v = flushed<T>(madd<T>(inertia, v128.load(velocity + i), v128.mul<T>(fresh, gradient)));
      v128.store(velocity + i, v);
      direction = nesterov ? madd<T>(inertia, v, gradient) : v;
    }
    v128.store(p + i, madd<T>(step, direction, parameter));
  }
}

/** s ← s + g²; p ← p − rate·g / (√s + ε). Duchi, Hazan and Singer 2011. */
export function adagrad<T>(n: i32, p: usize, g: usize, squares: usize, rate: f64, epsilon: f64, decay: f64): void {
  assert(n % lanes<T>() == 0);
  const step = v128.splat<T>(<T>-rate);
  const floor = v128.splat<T>(<T>epsilon);
  const shrink = v128.splat<T>(<T>decay);
  for (let i: usize = 0; i < at<T>(n); i += 16) {
    const parameter = v128.load(p + i);
    const gradient = madd<T>(shrink, parameter, v128.load(g + i));
    const s = madd<T>(gradient, gradient, v128.load(squares + i));
    v128.store(squares + i, s);
    const scaled = v128.div<T>(gradient, v128.add<T>(v128.sqrt<T>(s), floor));
    v128.store(p + i, madd<T>(step, scaled, parameter));
  }
}

/**
 * s ← α·s + (1 − α)·g²; u = g / (√s + ε); p ← p − rate·u. Tieleman and Hinton 2012. Centred: √(s − ḡ²) with the mean
 * gradient ḡ ← α·ḡ + (1 − α)·g. With momentum: v ← momentum·v + u; p ← p − rate·v.
 *
 * @param mean ḡ, or 0 where not centred
 * @param velocity v, or 0 without momentum
 */
export function rmsprop<T>(
  n: i32,
  p: usize,
  g: usize,
  squares: usize,
  mean: usize,
  velocity: usize,
  rate: f64,
  alpha: f64,
  epsilon: f64,
  momentum: f64,
  decay: f64,
): void {
  assert(n % lanes<T>() == 0);
  const step = v128.splat<T>(<T>-rate);
  const keep = v128.splat<T>(<T>alpha);
  const fresh = v128.splat<T>(<T>(1 - alpha));
  const floor = v128.splat<T>(<T>epsilon);
  const inertia = v128.splat<T>(<T>momentum);
  const shrink = v128.splat<T>(<T>decay);
  for (let i: usize = 0; i < at<T>(n); i += 16) {
    const parameter = v128.load(p + i);
    const gradient = madd<T>(shrink, parameter, v128.load(g + i));
    const average = v128.mul<T>(keep, v128.load(squares + i));
    const s = flushed<T>(madd<T>(v128.mul<T>(fresh, gradient), gradient, average));
    v128.store(squares + i, s);
    let variance = s;
    if (mean) {
      const m = flushed<T>(madd<T>(fresh, gradient, v128.mul<T>(keep, v128.load(mean + i))));
      v128.store(mean + i, m);
      variance = v128.max<T>(v128.sub<T>(s, v128.mul<T>(m, m)), v128.splat<T>(<T>0));
    }
    let direction = v128.div<T>(gradient, v128.add<T>(v128.sqrt<T>(variance), floor));
    if (velocity) {
      direction = flushed<T>(madd<T>(inertia, v128.load(velocity + i), direction));
      v128.store(velocity + i, direction);
    }
    v128.store(p + i, madd<T>(step, direction, parameter));
  }
}

/**
 * p ← keep·p; m ← m + (1 − β₁)(g − m); v ← v + (1 − β₂)(g² − v); p ← p − rate·m / (√v + ε).
 * Kingma and Ba 2015; Loshchilov and Hutter 2019 for the decoupled decay; Reddi, Kale and Kumar 2018 for AMSGrad.
 *
 * The caller puts the bias corrections, constant over the block, into rate and ε.
 *
 * @param largest AMSGrad's running maximum of v, used in its place, or 0
 * @param rate learning rate · √(1 − β₂ᵗ) / (1 − β₁ᵗ)
 * @param epsilon ε · √(1 − β₂ᵗ)
 * @param keep 1 − learning rate · decoupled weight decay
 */
export function adam<T>(
  n: i32,
  p: usize,
  g: usize,
  mean: usize,
  squares: usize,
  largest: usize,
  rate: f64,
  beta1: f64,
  beta2: f64,
  epsilon: f64,
  keep: f64,
  decay: f64,
): void {
  assert(n % lanes<T>() == 0);
  const step = v128.splat<T>(<T>-rate);
  const freshMean = v128.splat<T>(<T>(1 - beta1));
  const freshSquares = v128.splat<T>(<T>(1 - beta2));
  const floor = v128.splat<T>(<T>epsilon);
  const retain = v128.splat<T>(<T>keep);
  const shrink = v128.splat<T>(<T>decay);
  for (let i: usize = 0; i < at<T>(n); i += 16) {
    const parameter = v128.load(p + i);
    const gradient = madd<T>(shrink, parameter, v128.load(g + i));
    const oldMean = v128.load(mean + i);
    const m = flushed<T>(madd<T>(freshMean, v128.sub<T>(gradient, oldMean), oldMean));
    v128.store(mean + i, m);
    const oldSquares = v128.load(squares + i);
    const change = v128.sub<T>(v128.mul<T>(gradient, gradient), oldSquares);
    const s = flushed<T>(madd<T>(freshSquares, change, oldSquares));
    v128.store(squares + i, s);
    let variance = s;
    if (largest) {
      variance = v128.max<T>(v128.load(largest + i), s);
      v128.store(largest + i, variance);
    }
    const scaled = v128.div<T>(m, v128.add<T>(v128.sqrt<T>(variance), floor));
    v128.store(p + i, madd<T>(step, scaled, v128.mul<T>(retain, parameter)));
  }
}

/** p ← sign(p) · max(|p| − threshold, 0): the proximal step of L1, which makes small weights exactly zero. */
export function softThreshold<T>(n: i32, p: usize, threshold: f64): void {
  assert(n % lanes<T>() == 0);
  const cut = v128.splat<T>(<T>threshold);
  const zero = v128.splat<T>(<T>0);
  for (let i: usize = 0; i < at<T>(n); i += 16) {
    const parameter = v128.load(p + i);
    const above = v128.max<T>(v128.sub<T>(parameter, cut), zero);
    const below = v128.min<T>(v128.add<T>(parameter, cut), zero);
    v128.store(p + i, v128.add<T>(above, below));
  }
}
