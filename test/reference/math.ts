// Double-precision references for the functions of assembly/math.ts, good to about 1e-15 of the result.

/** x² = high + low exactly: Dekker 1971. */
function square(x: number): { high: number; low: number } {
  const spread = x * (2 ** 27 + 1);
  const head = spread - (spread - x);
  const tail = x - head;
  const high = x * x;
  return { high, low: head * head - high + 2 * head * tail + tail * tail };
}

/** e^(−z²/4), z² not rounded. It is a normal number wherever its square is more than 0. */
function rootOfGaussian(z: number): number {
  const { high, low } = square(z);
  return Math.exp(-high / 4) * (1 - low / 4);
}

/** e^(−z²/2) */
function gaussian(z: number): number {
  if (Math.abs(z) > 40) return 0;
  const root = rootOfGaussian(z);
  return root * root;
}

/** erf x for |x| ≤ ½: the Maclaurin series */
function erfSeries(x: number): number {
  let term = x;
  let total = x;
  for (let k = 1; k < 20; k++) {
    term *= -(x * x) / k;
    total += term / (2 * k + 1);
  }
  return (total * 2) / Math.sqrt(Math.PI);
}

const STEP = 0.5;
const WEIGHTS = Array.from({ length: 13 }, (_, n) => Math.exp(-((n * STEP) ** 2)));

/**
 * 1 − Φ(z) = ½ erfc x for x = z/√2 ≥ ½: the trapezoidal rule on (1/π)·x·e^(−x²)·∫ e^(−t²)/(t² + x²) dt, whose terms are
 * all positive, less the residue at t = ix where that pole is near enough to matter. With step ½ the rule's error is
 * e^(−4π²). Chiarella and Reichel 1968.
 */
function upperTail(z: number): number {
  if (z > 40) return 0;
  const x = z / Math.SQRT2;
  let total = 1 / (2 * x * x);
  for (let n = 1; n < WEIGHTS.length; n++) total += (WEIGHTS[n] as number) / ((n * STEP) ** 2 + x * x);
  const residue = x < Math.PI / STEP ? 1 / Math.expm1((2 * Math.PI * x) / STEP) : 0;
  const root = rootOfGaussian(z);
  return ((root * STEP * x * total) / Math.PI) * root - residue;
}

function sigmoid(x: number): number {
  const e = Math.exp(-Math.abs(x));
  return (x < 0 ? e : 1) / (1 + e);
}

function logisticPdf(x: number): number {
  const e = Math.exp(-Math.abs(x));
  return e / (1 + e) ** 2;
}

function erf(x: number): number {
  if (Math.abs(x) <= 0.5) return erfSeries(x);
  return Math.sign(x) * (1 - 2 * upperTail(Math.SQRT2 * Math.abs(x)));
}

function normalCdf(z: number): number {
  if (Math.abs(z) <= Math.SQRT1_2) return (1 + erfSeries(z / Math.SQRT2)) / 2;
  return z < 0 ? upperTail(-z) : z > 0 ? 1 - upperTail(z) : Number.NaN;
}

function normalPdf(z: number): number {
  return Number.isNaN(z) ? z : gaussian(z) / Math.sqrt(2 * Math.PI);
}

const { exp, expm1, log, log1p, tanh } = Math;

export const references = { exp, expm1, log, log1p, tanh, sigmoid, logisticPdf, erf, normalCdf, normalPdf };
