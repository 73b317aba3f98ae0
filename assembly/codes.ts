// Numbers that stand for names on both sides of the kernel ABI. Read by the AssemblyScript and the TypeScript compiler.

export enum Activation {
  identity,
  relu,
  leakyRelu,
  elu,
  selu,
  sigmoid,
  tanh,
  gelu,
  geluTanh,
  silu,
  softplus,
}

export enum ElementwiseLoss {
  squared,
  absolute,
  huber,
  logistic,
  logisticOfProbability,
}
