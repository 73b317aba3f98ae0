// Naive twins of the kernels in double precision: one plain loop each, that reads like its formula.

export type Numbers = ArrayLike<number>;

/** Element (i, j) stands at values[offset + i·rs + j·cs]. */
export interface Strided {
  values: Numbers;
  offset: number;
  rs: number;
  cs: number;
}

/** What a kernel should give, and for each element the sum of |terms| that its rounding errors are relative to. */
export interface Expected {
  values: Float64Array;
  sizes: Float64Array;
}

export function rowMajor(values: Numbers, columns: number): Strided {
  return { values, offset: 0, rs: columns, cs: 1 };
}

export function transposed({ values, offset, rs, cs }: Strided): Strided {
  return { values, offset, rs: cs, cs: rs };
}

export function element({ values, offset, rs, cs }: Strided, i: number, j: number): number {
  return values[offset + i * rs + j * cs] as number;
}

/** α · A[m × k] · B[k × n] + β · C[m × n], row-major; C is not read where β = 0. */
export function gemm(
  m: number,
  n: number,
  k: number,
  a: Strided,
  b: Strided,
  c: Strided,
  alpha: number,
  beta: number,
): Expected {
  const values = new Float64Array(m * n);
  const sizes = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      let size = 0;
      for (let p = 0; p < k; p++) {
        const term = element(a, i, p) * element(b, p, j);
        sum += term;
        size += Math.abs(term);
      }
      const kept = beta === 0 ? 0 : beta * element(c, i, j);
      values[i * n + j] = alpha * sum + kept;
      sizes[i * n + j] = Math.abs(alpha) * size + Math.abs(kept);
    }
  }
  return { values, sizes };
}

/** Σᵢ x[i, ·] */
export function columnSums(rows: number, columns: number, x: Numbers): Expected {
  const values = new Float64Array(columns);
  const sizes = new Float64Array(columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const term = x[i * columns + j] as number;
      values[j] = (values[j] as number) + term;
      sizes[j] = (sizes[j] as number) + Math.abs(term);
    }
  }
  return { values, sizes };
}

export interface ActivationTwin {
  f(z: number, slope: number): number;
  derivative(z: number, slope: number): number;
  curvature(z: number, slope: number): number;
}

const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));
const normalPdf = (z: number) => Math.exp(-(z * z) / 2) / Math.sqrt(2 * Math.PI);

/** ½ + φ(z)·(z + z³/3 + z⁵/(3·5) + z⁷/(3·5·7) + …): Marsaglia 2004. Good to 1e-16 of 1, in the negative tail too. */
export function normalCdf(z: number): number {
  let sum = z;
  for (let term = z, n = 3; sum + term !== sum; n += 2) {
    term *= (z * z) / n;
    sum += term;
  }
  return 0.5 + sum * normalPdf(z);
}

const SELU_SCALE = 1.0507009873554805;
const SELU_ALPHA = 1.6732632423543772;
const ROOT_TWO_OVER_PI = Math.sqrt(2 / Math.PI);
const cubic = (z: number) => ROOT_TWO_OVER_PI * (z + 0.044715 * z ** 3);
const logisticPdf = (z: number) => sigmoid(z) * sigmoid(-z);

/** Every elementwise activation, by the name that the library has for it. */
export const activations = {
  identity: { f: (z) => z, derivative: () => 1, curvature: () => 0 },
  relu: { f: (z) => Math.max(z, 0), derivative: (z) => (z > 0 ? 1 : 0), curvature: () => 0 },
  leakyRelu: {
    f: (z, slope) => (z > 0 ? z : slope * z),
    derivative: (z, slope) => (z > 0 ? 1 : slope),
    curvature: () => 0,
  },
  elu: {
    f: (z, alpha) => (z > 0 ? z : alpha * Math.expm1(z)),
    derivative: (z, alpha) => (z > 0 ? 1 : alpha * Math.exp(z)),
    curvature: (z, alpha) => (z > 0 ? 0 : alpha * Math.exp(z)),
  },
  selu: {
    f: (z) => SELU_SCALE * (z > 0 ? z : SELU_ALPHA * Math.expm1(z)),
    derivative: (z) => SELU_SCALE * (z > 0 ? 1 : SELU_ALPHA * Math.exp(z)),
    curvature: (z) => (z > 0 ? 0 : SELU_SCALE * SELU_ALPHA * Math.exp(z)),
  },
  sigmoid: {
    f: sigmoid,
    derivative: logisticPdf,
    curvature: (z) => logisticPdf(z) * (sigmoid(-z) - sigmoid(z)),
  },
  tanh: {
    f: Math.tanh,
    derivative: (z) => 1 / Math.cosh(z) ** 2,
    curvature: (z) => (-2 * Math.tanh(z)) / Math.cosh(z) ** 2,
  },
  gelu: {
    f: (z) => z * normalCdf(z),
    derivative: (z) => normalCdf(z) + z * normalPdf(z),
    curvature: (z) => (2 - z * z) * normalPdf(z),
  },
  geluTanh: {
    f: (z) => z * sigmoid(2 * cubic(z)),
    derivative: (z) => {
      const s = sigmoid(2 * cubic(z));
      return s + z * s * sigmoid(-2 * cubic(z)) * 2 * ROOT_TWO_OVER_PI * (1 + 3 * 0.044715 * z * z);
    },
    // 2·σ′·v′ + z·(σ″·v′² + σ′·v″) of z·σ(v)
    curvature: (z) => {
      const v = 2 * cubic(z);
      const first = 2 * ROOT_TWO_OVER_PI * (1 + 3 * 0.044715 * z * z);
      const second = 2 * ROOT_TWO_OVER_PI * 6 * 0.044715 * z;
      return logisticPdf(v) * (2 * first + z * (first ** 2 * (sigmoid(-v) - sigmoid(v)) + second));
    },
  },
  silu: {
    f: (z) => z * sigmoid(z),
    derivative: (z) => sigmoid(z) + z * logisticPdf(z),
    curvature: (z) => logisticPdf(z) * (2 + z * (sigmoid(-z) - sigmoid(z))),
  },
  softplus: {
    f: (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))),
    derivative: sigmoid,
    curvature: logisticPdf,
  },
} satisfies Record<string, ActivationTwin>;

export type ElementwiseName = keyof typeof activations;

/** exp(zⱼ) / Σ exp(z) of each row, shifted by the row's largest element. */
export function softmax(rows: number, columns: number, z: Numbers): Float64Array {
  const a = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    const row = Array.from(z).slice(i * columns, (i + 1) * columns);
    const largest = Math.max(...row);
    const total = row.reduce((sum, value) => sum + Math.exp(value - largest), 0);
    for (const [j, value] of row.entries()) a[i * columns + j] = Math.exp(value - largest) / total;
  }
  return a;
}

/** a ⊙ (δ − Σⱼ δⱼaⱼ) of each row. */
export function softmaxBackward(rows: number, columns: number, a: Numbers, delta: Numbers): Expected {
  const values = new Float64Array(rows * columns);
  const sizes = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    let inner = 0;
    let size = 0;
    for (let j = 0; j < columns; j++) {
      const term = (a[i * columns + j] as number) * (delta[i * columns + j] as number);
      inner += term;
      size += Math.abs(term);
    }
    for (let j = 0; j < columns; j++) {
      const index = i * columns + j;
      values[index] = (a[index] as number) * ((delta[index] as number) - inner);
      sizes[index] = Math.abs(a[index] as number) * (Math.abs(delta[index] as number) + size);
    }
  }
  return { values, sizes };
}

/** ȧ ⊙ (e − Σⱼ eⱼaⱼ) + a ⊙ (ė − Σⱼ (ėⱼaⱼ + eⱼȧⱼ)) of each row. */
export function softmaxCurvature(
  rows: number,
  columns: number,
  a: Numbers,
  aTangent: Numbers,
  error: Numbers,
  errorTangent: Numbers,
): Expected {
  const values = new Float64Array(rows * columns);
  const sizes = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    const row = (x: Numbers) => Array.from(x).slice(i * columns, (i + 1) * columns);
    const [shares, changes] = [row(a), row(aTangent)];
    const [e, eTangent] = [dot(row(error), shares), dot(row(errorTangent), shares)];
    const inner = dot(row(error), changes);
    for (let j = i * columns; j < (i + 1) * columns; j++) {
      const [share, change] = [a[j] as number, aTangent[j] as number];
      const [of, tangent] = [error[j] as number, errorTangent[j] as number];
      values[j] = change * (of - e.value) + share * (tangent - eTangent.value - inner.value);
      sizes[j] =
        Math.abs(change) * (Math.abs(of) + e.size) + Math.abs(share) * (Math.abs(tangent) + eTangent.size + inner.size);
    }
  }
  return { values, sizes };
}

/** Σ xᵢyᵢ, and the sum of |xᵢyᵢ|. */
export function dot(x: Numbers, y: Numbers): { value: number; size: number } {
  let value = 0;
  let size = 0;
  for (let i = 0; i < x.length; i++) {
    const term = (x[i] as number) * (y[i] as number);
    value += term;
    size += Math.abs(term);
  }
  return { value, size };
}

/** The first of the largest elements of a row. */
export function largestIndex(row: Numbers): number {
  let index = 0;
  for (let j = 1; j < row.length; j++) if ((row[j] as number) > (row[index] as number)) index = j;
  return index;
}

/** −Σ t·ln softmax(y), summed over the rows. */
export function softmaxCrossEntropy(rows: number, columns: number, y: Numbers, target: Numbers): number {
  const probabilities = softmax(rows, columns, y);
  let loss = 0;
  for (let i = 0; i < rows * columns; i++) {
    if (target[i] !== 0) loss -= (target[i] as number) * Math.log(probabilities[i] as number);
  }
  return loss;
}

/** Four 32-bit words for the counter c and the key (seed's low word, seed's high word): Philox4x32-10. */
export function philox(c: readonly [number, number, number, number], key: readonly [number, number]): number[] {
  let [c0, c1, c2, c3] = c.map(BigInt) as [bigint, bigint, bigint, bigint];
  let [k0, k1] = key.map(BigInt) as [bigint, bigint];
  const word = (x: bigint) => x & 0xffffffffn;
  for (let round = 0; round < 10; round++) {
    const left = c0 * 0xd2511f53n;
    const right = c2 * 0xcd9e8d57n;
    [c0, c1, c2, c3] = [(right >> 32n) ^ c1 ^ k0, word(right), (left >> 32n) ^ c3 ^ k1, word(left)];
    k0 = word(k0 + 0x9e3779b9n);
    k1 = word(k1 + 0xbb67ae85n);
  }
  return [c0, c1, c2, c3].map(Number);
}
