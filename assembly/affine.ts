// The three products of a fully connected layer z = W·x + b, a = f(z), for a batch of rows x, with what is fused to them.
import { Activation } from "./codes";
import { Epilogue, gemm, product } from "./gemm";
import { columnSums } from "./vector";

/**
 * Z ← X·Wᵀ + b, A ← f(Z).
 *
 * @param x [batch × inputs], rows rsx elements apart
 * @param weight [outputs × inputs]
 * @param bias [outputs], or 0 for none
 * @param z [batch × outputs], rows rsz elements apart
 * @param a as z; z itself, where z is not needed afterwards
 * @param slope the activation's parameter, where it has one
 */
// biome-ignore format: operands with their strides, one a line
export function affine<T>(
  batch: i32, outputs: i32, inputs: i32,
  x: usize, rsx: i32,
  weight: usize, bias: usize,
  z: usize, a: usize, rsz: i32,
  activation: Activation, slope: T,
  workspace: usize,
): void {
  product<T>(
    batch, outputs, inputs,
    x, rsx, 1,
    weight, 1, inputs,
    z, rsz, 1,
    <T>1, <T>0, workspace,
    Epilogue.Activation, activation, slope, bias, 0, a,
  );
}

/**
 * δˡ ← f′(zˡ) ⊙ (β·δˡ + δˡ⁺¹·W): through this layer's weights to the layer below.
 *
 * @param delta δˡ⁺¹ [batch × outputs]
 * @param weight [outputs × inputs], rows rsw elements apart
 * @param z of the layer below [batch × inputs], rows rsz elements apart
 * @param a of the layer below, as z
 * @param below δˡ, as z
 * @param activation f of the layer below
 * @param beta 1 where other layers have added to δˡ, 0 where this is the first
 */
// biome-ignore format: operands with their strides, one a line
export function delta<T>(
  batch: i32, inputs: i32, outputs: i32,
  delta: usize,
  weight: usize, rsw: i32,
  z: usize, a: usize, below: usize, rsz: i32,
  activation: Activation, slope: T, beta: T,
  workspace: usize,
): void {
  product<T>(
    batch, inputs, outputs,
    delta, outputs, 1,
    weight, rsw, 1,
    below, rsz, 1,
    <T>1, beta, workspace,
    Epilogue.Derivative, activation, slope, 0, z, a,
  );
}

/**
 * ∂C/∂W ← δᵀ·X, ∂C/∂b ← Σ δ over the batch.
 *
 * @param delta [batch × outputs]
 * @param x [batch × inputs], rows rsx elements apart
 * @param weightGradient [outputs × inputs], rows rsw elements apart
 * @param biasGradient [outputs], or 0 for none
 */
// biome-ignore format: operands with their strides, one a line
export function gradient<T>(
  batch: i32, outputs: i32, inputs: i32,
  delta: usize,
  x: usize, rsx: i32,
  weightGradient: usize, rsw: i32,
  biasGradient: usize,
  workspace: usize,
): void {
  gemm<T>(outputs, inputs, batch, delta, 1, outputs, x, rsx, 1, weightGradient, rsw, 1, <T>1, <T>0, workspace);
  if (biasGradient) columnSums<T>(batch, outputs, delta, biasGradient);
}
