// Losses: the value C and the output δ = ∂C/∂y, in one pass over outputs y and targets t, and the Hessian ∂²C/∂y² times a
// vector.
import { rowExp, rowMaximum } from "./activation/softmax";
import { ElementwiseLoss } from "./codes";
import { at, firstOr, lanes, madd, storeFirst, sum } from "./lanes";
import { exp, log, log1p, logisticPdf, sigmoid } from "./math";
import { methodsOf } from "./methods";

/** (y − t)² */
class Squared {
  value<T>(y: v128, t: v128, _threshold: v128): v128 {
    const d = v128.sub<T>(y, t);
    return v128.mul<T>(d, d);
  }

  derivative<T>(y: v128, t: v128, _threshold: v128): v128 {
    const d = v128.sub<T>(y, t);
    return v128.add<T>(d, d);
  }

  curvature<T>(_y: v128, _t: v128, _threshold: v128): v128 {
    return v128.splat<T>(<T>2);
  }
}

/** |y − t|, with derivative 0 at 0 and curvature 0 everywhere */
class Absolute {
  value<T>(y: v128, t: v128, _threshold: v128): v128 {
    return v128.abs<T>(v128.sub<T>(y, t));
  }

  derivative<T>(y: v128, t: v128, _threshold: v128): v128 {
    const one = v128.splat<T>(<T>1);
    const above = v128.and(v128.gt<T>(y, t), one);
    const below = v128.and(v128.lt<T>(y, t), one);
    return v128.sub<T>(above, below);
  }

  curvature<T>(_y: v128, _t: v128, _threshold: v128): v128 {
    return v128.splat<T>(<T>0);
  }
}

/** d = |y − t|: d ≤ threshold ? ½d² : threshold·(d − ½·threshold). Huber 1964. */
class Huber {
  value<T>(y: v128, t: v128, threshold: v128): v128 {
    const d = v128.abs<T>(v128.sub<T>(y, t));
    const near = v128.min<T>(d, threshold);
    return v128.mul<T>(near, v128.sub<T>(d, v128.mul<T>(near, v128.splat<T>(<T>0.5))));
  }

  derivative<T>(y: v128, t: v128, threshold: v128): v128 {
    return v128.max<T>(v128.min<T>(v128.sub<T>(y, t), threshold), v128.neg<T>(threshold));
  }

  /** d ≤ threshold ? 1 : 0 */
  curvature<T>(y: v128, t: v128, threshold: v128): v128 {
    return v128.and(v128.le<T>(v128.abs<T>(v128.sub<T>(y, t)), threshold), v128.splat<T>(<T>1));
  }
}

/** −t·ln σ(y) − (1 − t)·ln(1 − σ(y)) = max(y, 0) − y·t + ln(1 + e^−|y|), for a logit y */
class Logistic {
  value<T>(y: v128, t: v128, _threshold: v128): v128 {
    const tail = log1p<T>(exp<T>(v128.neg<T>(v128.abs<T>(y))));
    const linear = v128.sub<T>(v128.max<T>(y, v128.splat<T>(<T>0)), v128.mul<T>(y, t));
    return v128.add<T>(linear, tail);
  }

  derivative<T>(y: v128, t: v128, _threshold: v128): v128 {
    return v128.sub<T>(sigmoid<T>(y), t);
  }

  curvature<T>(y: v128, _t: v128, _threshold: v128): v128 {
    return logisticPdf<T>(y);
  }
}

/**
 * −t·ln y − (1 − t)·ln(1 − y) for a probability y. As in PyTorch, a logarithm is at least −100 and y(1 − y) at least
 * 1e-12, so that 0 and 1 give finite numbers.
 */
class LogisticOfProbability {
  value<T>(y: v128, t: v128, _threshold: v128): v128 {
    const one = v128.splat<T>(<T>1);
    const floor = v128.splat<T>(<T>-100);
    const hit = v128.mul<T>(t, v128.max<T>(log<T>(y), floor));
    const miss = v128.mul<T>(v128.sub<T>(one, t), v128.max<T>(log<T>(v128.sub<T>(one, y)), floor));
    return v128.neg<T>(v128.add<T>(hit, miss));
  }

  derivative<T>(y: v128, t: v128, _threshold: v128): v128 {
    const variance = v128.mul<T>(y, v128.sub<T>(v128.splat<T>(<T>1), y));
    return v128.div<T>(v128.sub<T>(y, t), v128.max<T>(variance, v128.splat<T>(<T>1e-12)));
  }

  /** t/y² + (1 − t)/(1 − y)²; where the derivative is (y − t)/1e-12, its slope 1e12 */
  curvature<T>(y: v128, t: v128, _threshold: v128): v128 {
    const one = v128.splat<T>(<T>1);
    const rest = v128.sub<T>(one, y);
    const hit = v128.div<T>(t, v128.mul<T>(y, y));
    const miss = v128.div<T>(v128.sub<T>(one, t), v128.mul<T>(rest, rest));
    const inside = v128.gt<T>(v128.mul<T>(y, rest), v128.splat<T>(<T>1e-12));
    return v128.bitselect(v128.add<T>(hit, miss), v128.splat<T>(<T>1e12), inside);
  }
}

/**
 * C = scale · Σ loss(yᵢ, tᵢ), δᵢ = scale · ∂loss(yᵢ, tᵢ)/∂yᵢ over n elements.
 *
 * @param threshold of the Huber loss
 * @param delta n elements; 0 where only the value is wanted
 * @returns C
 */
export function elementwiseLoss<T>(
  loss: ElementwiseLoss,
  n: i32,
  y: usize,
  target: usize,
  scale: f64,
  threshold: T,
  delta: usize,
): f64 {
  return dispatch<T>(loss, n, y, target, scale, threshold, delta, 0);
}

/** The tangent of δ for the tangent ẏ of y, in its place: tangentᵢ ← scale · ∂²loss(yᵢ, tᵢ)/∂yᵢ² · tangentᵢ. */
export function elementwiseLossCurvature<T>(
  loss: ElementwiseLoss,
  n: i32,
  y: usize,
  target: usize,
  scale: f64,
  threshold: T,
  tangent: usize,
): void {
  dispatch<T>(loss, n, y, target, scale, threshold, 0, tangent);
}

function dispatch<T>(
  loss: ElementwiseLoss,
  n: i32,
  y: usize,
  target: usize,
  scale: f64,
  threshold: T,
  delta: usize,
  tangent: usize,
): f64 {
  switch (loss) {
    case ElementwiseLoss.squared:
      return evaluate<T, Squared>(n, y, target, scale, threshold, delta, tangent);
    case ElementwiseLoss.absolute:
      return evaluate<T, Absolute>(n, y, target, scale, threshold, delta, tangent);
    case ElementwiseLoss.huber:
      return evaluate<T, Huber>(n, y, target, scale, threshold, delta, tangent);
    case ElementwiseLoss.logistic:
      return evaluate<T, Logistic>(n, y, target, scale, threshold, delta, tangent);
    case ElementwiseLoss.logisticOfProbability:
      return evaluate<T, LogisticOfProbability>(n, y, target, scale, threshold, delta, tangent);
    default:
      assert(false);
      return 0;
  }
}

/** The value, and where asked for the derivative and the curvature: the outputs are few, so that the loop may do it all. */
function evaluate<T, L>(n: i32, y: usize, target: usize, scale: f64, threshold: T, delta: usize, tangent: usize): f64 {
  const loss = methodsOf<L>();
  const parameter = v128.splat<T>(threshold);
  const factor = v128.splat<T>(<T>scale);
  let total: f64 = 0;
  for (let i: i32 = 0; i < n; i += lanes<T>()) {
    const output = v128.load(y + at<T>(i));
    const wanted = v128.load(target + at<T>(i));
    const value = loss.value<T>(output, wanted, parameter);
    total += <f64>sum<T>(firstOr<T>(value, n - i, v128.splat<T>(<T>0)));
    if (delta) {
      const derivative = loss.derivative<T>(output, wanted, parameter);
      storeFirst<T>(delta + at<T>(i), v128.mul<T>(derivative, factor), n - i);
    }
    if (tangent) {
      const curvature = v128.mul<T>(loss.curvature<T>(output, wanted, parameter), factor);
      storeFirst<T>(tangent + at<T>(i), v128.mul<T>(curvature, v128.load(tangent + at<T>(i))), n - i);
    }
  }
  return total * scale;
}

/**
 * Softmax cross-entropy from logits: C = −scale · Σᵢⱼ tᵢⱼ ln softmax(yᵢ)ⱼ, δ = scale · (softmax(yᵢ)ⱼ · Σⱼtᵢⱼ − tᵢⱼ), with
 * smoothed targets (1 − s)·t + s/columns. −ln softmax is taken as (max y − y) + ln Σ exp(y − max y): no overflow, and no
 * cancellation however far the logits are apart.
 *
 * @param delta rows × columns elements, always written
 * @returns C
 */
export function softmaxCrossEntropy<T>(
  rows: i32,
  columns: i32,
  y: usize,
  target: usize,
  scale: f64,
  smoothing: T,
  delta: usize,
): f64 {
  const zero = v128.splat<T>(<T>0);
  const keep = v128.splat<T>(<T>1 - smoothing);
  const spread = v128.splat<T>(smoothing / <T>columns);
  const factor = v128.splat<T>(<T>scale);
  let total: f64 = 0;
  for (let i: i32 = 0; i < rows; i++) {
    const largest = rowMaximum<T>(columns, y);
    const partition = rowExp<T>(columns, y, largest, delta);
    const down = v128.splat<T>(largest);
    const logPartition = log<T>(v128.splat<T>(partition));
    let loss = zero;
    let mass = zero;
    for (let j: i32 = 0; j < columns; j += lanes<T>()) {
      const t = firstOr<T>(madd<T>(keep, v128.load(target + at<T>(j)), spread), columns - j, zero);
      const surprise = v128.add<T>(v128.sub<T>(down, v128.load(y + at<T>(j))), logPartition);
      loss = v128.add<T>(loss, firstOr<T>(v128.mul<T>(t, surprise), columns - j, zero));
      mass = v128.add<T>(mass, t);
    }
    total += <f64>sum<T>(loss);
    const share = v128.splat<T>(sum<T>(mass) / partition);
    for (let j: i32 = 0; j < columns; j += lanes<T>()) {
      const t = madd<T>(keep, v128.load(target + at<T>(j)), spread);
      const difference = v128.sub<T>(v128.mul<T>(v128.load(delta + at<T>(j)), share), t);
      storeFirst<T>(delta + at<T>(j), v128.mul<T>(difference, factor), columns - j);
    }
    y += at<T>(columns);
    target += at<T>(columns);
    delta += at<T>(columns);
  }
  return total * scale;
}

/**
 * The tangent of δ of softmaxCrossEntropy for the tangent ẏ of y, in its place: tangentᵢⱼ ← scale · Σⱼtᵢⱼ · pᵢⱼ · (ẏᵢⱼ −
 * Σⱼ pᵢⱼẏᵢⱼ), with p = softmax(y) and targets smoothed as there.
 *
 * @param tangent rows × columns elements
 */
export function softmaxCrossEntropyCurvature<T>(
  rows: i32,
  columns: i32,
  y: usize,
  target: usize,
  scale: f64,
  smoothing: T,
  tangent: usize,
): void {
  const zero = v128.splat<T>(<T>0);
  const keep = v128.splat<T>(<T>1 - smoothing);
  const spread = v128.splat<T>(smoothing / <T>columns);
  for (let i: i32 = 0; i < rows; i++) {
    const down = v128.splat<T>(rowMaximum<T>(columns, y));
    let partition = zero;
    let weighted = zero;
    let mass = zero;
    for (let j: i32 = 0; j < columns; j += lanes<T>()) {
      const e = firstOr<T>(exp<T>(v128.sub<T>(v128.load(y + at<T>(j)), down)), columns - j, zero);
      const dot = v128.mul<T>(e, v128.load(tangent + at<T>(j)));
      const t = madd<T>(keep, v128.load(target + at<T>(j)), spread);
      partition = v128.add<T>(partition, e);
      weighted = v128.add<T>(weighted, firstOr<T>(dot, columns - j, zero));
      mass = v128.add<T>(mass, firstOr<T>(t, columns - j, zero));
    }
    const total = sum<T>(partition);
    const mean = v128.splat<T>(sum<T>(weighted) / total);
    const factor = v128.splat<T>((<T>scale * sum<T>(mass)) / total);
    for (let j: i32 = 0; j < columns; j += lanes<T>()) {
      const address = tangent + at<T>(j);
      const e = exp<T>(v128.sub<T>(v128.load(y + at<T>(j)), down));
      const centred = v128.sub<T>(v128.load(address), mean);
      storeFirst<T>(address, v128.mul<T>(v128.mul<T>(e, factor), centred), columns - j);
    }
    y += at<T>(columns);
    target += at<T>(columns);
    tangent += at<T>(columns);
  }
}
