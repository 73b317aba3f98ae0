// The line search on functions of one variable: strong Wolfe steps where there are any, and an end in every case.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Slope, searchLine } from "../src/training/linesearch.js";

const DECREASE = 1e-4;
const LIMIT = 20;

interface Sample extends Slope {
  step: number;
}

interface Search {
  found: Sample | undefined;
  /** In order. */
  tried: Sample[];
}

function search(phi: (step: number) => Slope, first: number, curvature: number, noise = 0): Search {
  const tried: Sample[] = [];
  const evaluate = (step: number) => {
    const sample = { step, ...phi(step) };
    tried.push(sample);
    return sample;
  };
  const step = searchLine(evaluate, phi(0), first, curvature, noise);
  const found = tried.find((sample) => sample.step === step);
  expect(tried.length).toBeLessThanOrEqual(LIMIT);
  for (const { step } of tried) expect(step).toBeGreaterThan(0);
  if (found === undefined) expect(step).toBe(0);
  return { found, tried };
}

/** The step found, after a check of both conditions. */
function wolfeStep(phi: (step: number) => Slope, first: number, curvature: number): number {
  const { found } = search(phi, first, curvature);
  const { step, value, slope } = found as Sample;
  const start = phi(0);
  expect(value).toBeLessThanOrEqual(start.value + DECREASE * step * start.slope);
  expect(Math.abs(slope)).toBeLessThanOrEqual(-curvature * start.slope);
  return step;
}

/** scale · (α − center)². */
function parabola(center: number, scale = 1) {
  return (step: number) => ({ value: scale * (step - center) ** 2, slope: 2 * scale * (step - center) });
}

describe("a parabola", () => {
  const centers = [1e-6, 1e-3, 0.3, 1, 7, 1e3, 1e6];

  test.each(centers)("with its minimum at %d", (center) => {
    for (const scale of [1e-12, 1, 1e12]) {
      const step = wolfeStep(parabola(center, scale), 1, 1e-3);
      expect(Math.abs(step / center - 1)).toBeLessThanOrEqual(1e-3);
    }
  });

  test("takes the first step where that is good enough", () => {
    expect(search(parabola(1.5), 1, 0.9).tried.map(({ step }) => step)).toEqual([1]);
  });

  test("has its minimum found by one interpolation", () => {
    const { tried } = search(parabola(0.25), 1, 0.01);
    expect(tried.map(({ step }) => step)).toEqual([1, 0.25]);
  });

  test("has its minimum found by one extrapolation", () => {
    const { tried } = search(parabola(5), 1, 0.01);
    expect(tried.map(({ step }) => step)).toEqual([1, 5]);
  });
});

/** Functions of Moré and Thuente 1994, section 5. */
const hard: { name: string; phi: (a: number) => Slope }[] = [
  {
    name: "a valley that is left slowly",
    phi: (a) => ({ value: -a / (a * a + 2), slope: (a * a - 2) / (a * a + 2) ** 2 }),
  },
  {
    name: "a start that is nearly flat",
    phi: (a) => {
      const b = a + 0.004;
      return { value: b ** 5 - 2 * b ** 4, slope: 5 * b ** 4 - 8 * b ** 3 };
    },
  },
  {
    name: "a kink, steep on both sides",
    phi: (a) => {
      const [left, right] = [0.001, 0.01];
      const root = (x: number, y: number) => Math.sqrt(x * x + y * y);
      const factor = (x: number) => root(1, x) - x;
      return {
        value: factor(left) * root(1 - a, right) + factor(right) * root(a, left),
        slope: (factor(left) * (a - 1)) / root(1 - a, right) + (factor(right) * a) / root(a, left),
      };
    },
  },
];

describe.each(hard)("$name", ({ phi }) => {
  test.each([1e-3, 1e-1, 10, 1e3])("from a first step of %d", (first) => {
    for (const curvature of [0.9, 0.1, 1e-2, 1e-3]) wolfeStep(phi, first, curvature);
  });
});

describe("Rosenbrock's function", () => {
  /** f and its derivative along (u, v) from (x, y). */
  const along = (x: number, y: number, u: number, v: number) => (step: number) => {
    const [p, q] = [x + step * u, y + step * v];
    const gap = q - p * p;
    return { value: (1 - p) ** 2 + 100 * gap * gap, slope: (-2 * (1 - p) - 400 * p * gap) * u + 200 * gap * v };
  };

  test.each([
    [-1.2, 1],
    [0, 0],
    [2, -3],
  ])("down the steepest direction from (%d, %d)", (x, y) => {
    const u = along(x, y, 1, 0)(0).slope;
    const v = along(x, y, 0, 1)(0).slope;
    for (const first of [1e-5, 1e-2, 1])
      for (const curvature of [0.9, 0.1]) wolfeStep(along(x, y, -u, -v), first, curvature);
  });
});

describe("numbers that are not finite", () => {
  test.each([
    { name: "NaN", beyond: { value: Number.NaN, slope: Number.NaN } },
    { name: "infinite values", beyond: { value: Number.POSITIVE_INFINITY, slope: 1 } },
    { name: "values of −∞", beyond: { value: Number.NEGATIVE_INFINITY, slope: -1 } },
    { name: "slopes without values", beyond: { value: -1e9, slope: Number.NaN } },
  ])("$name are stepped back from", ({ beyond }) => {
    const phi = (step: number) => (step > 1e-3 ? beyond : parabola(5e-4)(step));
    const { found } = search(phi, 1, 0.1);
    expect((found as Sample).step).toBeLessThanOrEqual(1e-3);
    expect((found as Sample).value).toBeLessThan(phi(0).value);
  });

  test("everywhere: there is nothing to be found", () => {
    const phi = (step: number) => (step === 0 ? { value: 1, slope: -1 } : { value: Number.NaN, slope: Number.NaN });
    expect(search(phi, 1, 0.9).found).toBeUndefined();
  });
});

describe("where no step fulfils both conditions", () => {
  test("an unbounded function gives its best step", () => {
    const { found, tried } = search((step) => ({ value: -step, slope: -1 }), 1, 0.9);
    expect(found).toEqual(tried.at(-1));
  });

  test("a function that rises in spite of its slope gives none", () => {
    expect(search((step) => ({ value: step, slope: -1 }), 1, 0.9).found).toBeUndefined();
  });

  test("a kink without a flat place gives a step that leads down", () => {
    const phi = (step: number) => ({ value: Math.abs(step - 0.3), slope: step < 0.3 ? -1 : 1 });
    const { found } = search(phi, 1, 0.9);
    expect((found as Sample).value).toBeLessThan(0.3);
  });
});

describe("rounding", () => {
  /** A parabola whose value is lost beside a large constant, while its slope is exact. */
  const blurred = (step: number) => {
    const { value, slope } = parabola(3)(step);
    return { value: 1e17 + value, slope };
  };

  test("does not hide a minimum that slopes tell of", () => {
    for (const first of [0.01, 1, 100]) {
      const { found } = search(blurred, first, 1e-3, 64);
      expect(Math.abs((found as Sample).step - 3)).toBeLessThanOrEqual(3e-3);
    }
  });

  test("bounds how far the value may rise", () => {
    const rising = (step: number) => ({ value: 1 + 1e-9 * step, slope: -1 + 0.5 * step });
    expect(search(rising, 2, 0.9, 1e-10).found?.value ?? 1).toBeLessThanOrEqual(1 + 1e-10);
    expect(search(rising, 2, 0.9, 1e-8).found?.step).toBe(2);
  });
});

test("whatever the function, a step found leads down and was tried, and the search ends", () => {
  const numbers = fc.double({ min: -10, max: 10, noNaN: true });
  const polynomials = fc.tuple(fc.double({ min: 1e-3, max: 10, noNaN: true }), fc.array(numbers, { maxLength: 4 }));
  fc.assert(
    fc.property(polynomials, fc.double({ min: 1e-6, max: 1e6, noNaN: true }), ([descent, higher], first) => {
      const coefficients = [1, -descent, ...higher];
      const phi = (step: number) => ({
        value: coefficients.reduce((sum, c, k) => sum + c * step ** k, 0),
        slope: coefficients.reduce((sum, c, k) => (k === 0 ? 0 : sum + k * c * step ** (k - 1)), 0),
      });
      const { found } = search(phi, first, 0.5);
      if (found !== undefined) expect(found.value).toBeLessThan(1);
    }),
  );
});
