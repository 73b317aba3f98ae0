#!/usr/bin/env python3
"""Derives the coefficients in assembly/math: minimax polynomials and rational functions by Remez's exchange algorithm.

    apt-get install python3-mpmath
    /usr/bin/python3 tools/fit_polynomials.py           prints every coefficient
    /usr/bin/python3 tools/fit_polynomials.py --check   fails where assembly/math holds another one

A coefficient is rounded to its precision and held while the others are fitted again, from the lowest power to the
highest or the other way, whichever leaves the smaller error. The errors printed are the ideal and the rounded one.
"""
import pathlib
import struct
import sys
from dataclasses import dataclass
from typing import Callable

from mpmath import atanh, cos, erf, erfc, exp, expm1, log, lu_solve, matrix, mp, mpf, nstr, pi, sqrt

mp.dps = 60
SAMPLES = 999  # odd: none is the middle of the interval


@dataclass
class Target:
    """f(x) ≈ P(x)/Q(x) with the least maximum of |P/Q − f|·weight(x) on [first, last]."""

    function: str
    f: Callable
    weight: Callable
    first: mpf
    last: mpf
    spread: Callable  # increasing, [first, last] → ℝ: where it is steep the error curve has more of its extrema
    gather: Callable  # its inverse
    given: dict  # coefficients known beforehand

    def place(self, angle):
        low, high = self.spread(self.first), self.spread(self.last)
        return self.gather((low + high) / 2 - (high - low) / 2 * cos(angle))

    def sample(self):
        return [(x, self.f(x), self.weight(x)) for x in (self.place(pi * i / SAMPLES) for i in range(SAMPLES + 1))]


def identity(x):
    return x


def polynomial(function, f, weight, first, last):
    return Target(function, f, weight, mpf(first), mpf(last), identity, identity, {("Q", 0): mpf(1)})


def evaluate(coefficients, side, x):
    powers = [power for name, power in coefficients if name == side]
    return sum(coefficients[side, power] * x**power for power in powers)


def errors_of(coefficients, samples):
    return [
        (evaluate(coefficients, "P", x) / evaluate(coefficients, "Q", x) - f) * weight for x, f, weight in samples
    ]


def remez(target, unknown, known):
    """The minimax values of the unknown coefficients beside the known ones, and the error they leave."""
    count = len(unknown) + 1
    reference = [target.place(pi * (i + mpf(1) / 3) / count) for i in range(count)]  # off 0, where a weight may vanish
    samples = target.sample()
    coefficients = dict(known)
    for _ in range(12):
        denominators = [evaluate(coefficients, "Q", x) if len(coefficients) > len(known) else mpf(1) for x in reference]
        for _ in range(4):  # the levelled error is linear in the unknowns once Q is frozen
            system, right = matrix(count, count), matrix(count, 1)
            for row, x in enumerate(reference):
                f = target.f(x)
                for column, (side, power) in enumerate(unknown):
                    system[row, column] = x**power if side == "P" else -f * x**power
                system[row, count - 1] = (-1) ** row * denominators[row] / target.weight(x)
                right[row] = f * evaluate(known, "Q", x) - evaluate(known, "P", x)
            solution = lu_solve(system, right)
            coefficients = dict(known) | {key: solution[i] for i, key in enumerate(unknown)}
            denominators = [evaluate(coefficients, "Q", x) for x in reference]
        errors = errors_of(coefficients, samples)
        peaks = []  # the largest error of each run of one sign
        for (x, _, _), error in zip(samples, errors):
            if peaks and (peaks[-1][1] > 0) == (error > 0):
                if abs(error) > abs(peaks[-1][1]):
                    peaks[-1] = (x, error)
            else:
                peaks.append((x, error))
        while len(peaks) > count:
            peaks.pop(0 if abs(peaks[0][1]) < abs(peaks[-1][1]) else -1)
        worst = max(abs(error) for error in errors)
        if len(peaks) < count or worst < mpf("1.001") * min(abs(error) for _, error in peaks):
            break
        reference = [x for x, _ in peaks]
    return coefficients, worst


def spelled(number):
    return repr(number).replace("e-0", "e-")


def rounded(value, precision):
    """The nearest number of the precision, and its shortest decimal."""
    code = {"f32": "f", "f64": "d"}[precision]
    nearest = struct.unpack(code, struct.pack(code, float(value)))[0]
    for digits in range(1, 18):
        decimal = f"{nearest:.{digits}g}"
        if struct.unpack(code, struct.pack(code, float(decimal)))[0] == nearest:
            return mpf(nearest), spelled(float(decimal))
    raise AssertionError(nearest)


def fit(target, precision, degree, denominator_degree=0):
    keys = [("P", i) for i in range(degree + 1)] + [("Q", i) for i in range(denominator_degree + 1)]
    unknown = sorted((key for key in keys if key not in target.given), key=lambda key: key[1])
    start, ideal = remez(target, unknown, target.given)
    samples = target.sample()
    best = None
    for order in unknown, unknown[::-1]:
        coefficients, known, decimals = start, dict(target.given), {}
        for i, key in enumerate(order):
            known[key], decimals[key] = rounded(coefficients[key], precision)
            if order[i + 1 :]:
                coefficients, _ = remez(target, order[i + 1 :], known)
        worst = max(abs(error) for error in errors_of(known, samples))
        if best is None or worst < best[0]:
            best = worst, decimals
    worst, decimals = best
    print(f"\n{target.function}, {precision}: relative error {nstr(ideal, 2)}, rounded {nstr(worst, 2)}")
    for side, power in sorted(decimals):
        print(f"  {side}{power} = {decimals[side, power]}")
    return decimals.values()


def split_ln2(precision, bits):
    """ln 2 = high + low, where high has so few bits that its product with an exponent is exact."""
    high = mpf(int(log(2) * 2**bits)) / 2**bits
    _, low = rounded(log(2) - high, precision)
    print(f"\nln 2, {precision}\n  high = {spelled(float(high))}\n  low = {low}")
    return [spelled(float(high)), low]


def near_zero(function, limit):
    """Series for the removable singularities."""
    return lambda x: function(x) if abs(x) > mpf("1e-15") else limit


# e^r − 1 = r + r²·P(r), |r| ≤ ½ ln 2 and a little over, since x·log₂e is rounded before it is rounded to an integer
exponential = polynomial(
    "(e^r - 1 - r)/r^2",
    near_zero(lambda r: (expm1(r) - r) / r**2, mpf(1) / 2),
    near_zero(lambda r: abs(r**2 / expm1(r)), mpf(0)),
    "-0.3467",
    "0.3467",
)
# ln (1 + s)/(1 − s) = 2s + s·z·P(z), z = s², for (1 + s)/(1 − s) from √½ to √2
logarithm = polynomial(
    "(2 atanh(s)/s - 2)/z, z = s^2",
    near_zero(lambda z: (2 * atanh(sqrt(z)) / sqrt(z) - 2) / z, mpf(2) / 3),
    lambda z: z / 2,
    0,
    ((sqrt(2) - 1) / (sqrt(2) + 1)) ** 2,
)
# erf x = x + x·P(x²), |x| ≤ ½
error_function = polynomial(
    "erf(x)/x - 1, z = x^2",
    near_zero(lambda z: erf(sqrt(z)) / sqrt(z) - 1, 2 / sqrt(pi) - 1),
    near_zero(lambda z: sqrt(z) / erf(sqrt(z)), sqrt(pi) / 2),
    0,
    mpf(1) / 4,
)


def normal_tail(last):
    """(1 − Φ(x))·e^(x²/2) ≈ P(x)/Q(x), exact at 0. It is ½ at 0 and falls like 1/x, hence the spread by x/(x + 4)."""

    def ratio(x):
        return erfc(x / sqrt(2)) * exp(x * x / 2) / 2

    return Target(
        "(1 - cdf(x)) e^(x^2/2)",
        ratio,
        lambda x: 1 / ratio(x),
        mpf(0),
        mpf(last),
        lambda x: x / (x + 4),
        lambda t: 4 * t / (1 - t),
        {("P", 0): mpf(1) / 2, ("Q", 0): mpf(1)},
    )


def main():
    decimals = [
        *split_ln2("f32", 16),
        *split_ln2("f64", 42),
        *fit(exponential, "f32", 4),
        *fit(exponential, "f64", 9),
        *fit(logarithm, "f32", 2),
        *fit(logarithm, "f64", 5),
        *fit(error_function, "f32", 4),
        *fit(error_function, "f64", 8),
        *fit(normal_tail("14.3"), "f32", 4, 5),
        *fit(normal_tail("38.6"), "f64", 9, 10),
    ]
    if "--check" in sys.argv:
        folder = pathlib.Path(__file__).parent.parent / "assembly" / "math"
        source = "".join(path.read_text() for path in folder.glob("*.ts"))
        missing = [decimal for decimal in decimals if decimal not in source]
        sys.exit(f"not in {folder}: {', '.join(missing)}" if missing else 0)


if __name__ == "__main__":
    main()
