#!/usr/bin/env python3
"""Derives the coefficients in assembly/math: minimax polynomials by Remez's exchange algorithm.

    apt-get install python3-mpmath
    /usr/bin/python3 tools/fit_polynomials.py           prints every coefficient
    /usr/bin/python3 tools/fit_polynomials.py --check   fails where assembly/math holds another one

A coefficient is rounded to its precision and held while the others are fitted again, from the lowest power to the
highest or the other way, whichever leaves the smaller error. The errors printed are the ideal and the rounded one.
"""
import pathlib
import struct
import sys
from dataclasses import dataclass, field
from typing import Callable

from mpmath import atanh, cos, erf, erfc, exp, expm1, log, lu_solve, matrix, mp, mpf, nstr, pi, sqrt

mp.dps = 60
SAMPLES = 999  # odd: none is the middle of the interval


@dataclass
class Target:
    """f(x) ≈ P(x) with the least maximum of |P − f|·weight on [first, last]."""

    formula: str
    f: Callable
    weight: Callable
    first: mpf
    last: mpf
    given: dict = field(default_factory=dict)  # power → coefficient known beforehand

    def place(self, angle):
        return (self.first + self.last) / 2 - (self.last - self.first) / 2 * cos(angle)

    def sample(self):
        return [(x, self.f(x), self.weight(x)) for x in (self.place(pi * i / SAMPLES) for i in range(SAMPLES + 1))]


def evaluate(coefficients, x):
    return sum(coefficient * x**power for power, coefficient in coefficients.items())


def errors_of(coefficients, samples):
    return [(evaluate(coefficients, x) - f) * weight for x, f, weight in samples]


def remez(target, samples, unknown, known):
    """The minimax coefficients of the unknown powers beside the known ones, and the error they leave."""
    count = len(unknown) + 1
    # a third: off the middle, where a weight may vanish
    reference = [target.place(pi * (i + mpf(1) / 3) / count) for i in range(count)]
    for _ in range(12):
        system, right = matrix(count, count), matrix(count, 1)
        for row, x in enumerate(reference):
            for column, power in enumerate(unknown):
                system[row, column] = x**power
            system[row, count - 1] = (-1) ** row / target.weight(x)
            right[row] = target.f(x) - evaluate(known, x)
        solution = lu_solve(system, right)
        coefficients = dict(known) | {power: solution[i] for i, power in enumerate(unknown)}
        errors = errors_of(coefficients, samples)
        worst = max(abs(error) for error in errors)
        peaks = []  # the largest error of each run of one sign
        for (x, _, _), error in zip(samples, errors):
            if peaks and (peaks[-1][1] > 0) == (error > 0):
                if abs(error) > abs(peaks[-1][1]):
                    peaks[-1] = (x, error)
            else:
                peaks.append((x, error))
        while len(peaks) > count:
            peaks.pop(0 if abs(peaks[0][1]) < abs(peaks[-1][1]) else -1)
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
        decimal = float(f"{nearest:.{digits}g}")
        if struct.unpack(code, struct.pack(code, decimal))[0] == nearest:
            return mpf(nearest), spelled(decimal)
    raise AssertionError(nearest)


def fit(target, precision, degree):
    samples = target.sample()
    unknown = [power for power in range(degree + 1) if power not in target.given]
    start, ideal = remez(target, samples, unknown, target.given)
    best = None
    for order in unknown, unknown[::-1]:
        coefficients, known, decimals = start, dict(target.given), {}
        for i, power in enumerate(order):
            known[power], decimals[power] = rounded(coefficients[power], precision)
            if order[i + 1 :]:
                coefficients, _ = remez(target, samples, order[i + 1 :], known)
        worst = max(abs(error) for error in errors_of(known, samples))
        if best is None or worst < best[0]:
            best = worst, decimals
    worst, decimals = best
    print(f"\n{target.formula}, {precision}: relative error {nstr(ideal, 2)}, rounded {nstr(worst, 2)}")
    for power in sorted(decimals, reverse=True):
        print(f"  {decimals[power]}")
    return decimals.values()


def split_ln2(precision, bits):
    """ln 2 = high + low, where high has so few bits that its product with an exponent is exact."""
    high = mpf(int(log(2) * 2**bits)) / 2**bits
    _, low = rounded(log(2) - high, precision)
    print(f"\nln 2 = high + low, {precision}\n  {spelled(float(high))}\n  {low}")
    return [spelled(float(high)), low]


def continuous(function, limit):
    """The function with its limit at 0, where its formula is 0/0."""
    return lambda x: function(x) if abs(x) > mpf("1e-15") else limit


# e^r − 1 = r + r²·P(r), |r| ≤ ½ ln 2 and a little over, since x·log₂e is rounded before it is rounded to an integer
exponential = Target(
    "(e^r - 1 - r)/r^2",
    continuous(lambda r: (expm1(r) - r) / r**2, mpf(1) / 2),
    continuous(lambda r: abs(r**2 / expm1(r)), mpf(0)),
    -mpf("0.3467"),
    mpf("0.3467"),
)
# ln (1 + s)/(1 − s) = 2s + s·z·P(z), z = s², for (1 + s)/(1 − s) from √½ to √2
logarithm = Target(
    "(2 atanh(s)/s - 2)/z, z = s^2",
    continuous(lambda z: (2 * atanh(sqrt(z)) / sqrt(z) - 2) / z, mpf(2) / 3),
    lambda z: z / 2,
    mpf(0),
    ((sqrt(2) - 1) / (sqrt(2) + 1)) ** 2,
)
# erf x = x + x·P(x²), |x| ≤ ½
error_function = Target(
    "erf(x)/x - 1, z = x^2",
    continuous(lambda z: erf(sqrt(z)) / sqrt(z) - 1, 2 / sqrt(pi) - 1),
    continuous(lambda z: sqrt(z) / erf(sqrt(z)), sqrt(pi) / 2),
    mpf(0),
    mpf(1) / 4,
)


def normal_tail(k, last):
    """1 − Φ(x) = e^(−x²/2)·P(t)/(x + k), t = 2x/(x + k), 0 ≤ x ≤ last; P(0) = k/2 exactly, so that Φ(0) = ½."""
    k, last = mpf(k), mpf(last)

    def f(t):
        x = k * t / (2 - t)
        return erfc(x / sqrt(2)) * exp(x * x / 2) / 2 * (x + k)

    formula = f"(1 - cdf(x)) e^(x^2/2) (x + k), t = 2x/(x + k), k = {nstr(k)}"
    return Target(formula, f, lambda t: 1 / f(t), mpf(0), 2 * last / (last + k), {0: k / 2})


def main():
    decimals = [
        *split_ln2("f32", 16),
        *split_ln2("f64", 42),
        *fit(exponential, "f32", 4),
        *fit(exponential, "f64", 9),
        *fit(logarithm, "f32", 2),
        *fit(logarithm, "f64", 6),
        *fit(error_function, "f32", 4),
        *fit(error_function, "f64", 8),
        *fit(normal_tail("2.25", "14.3"), "f32", 10),
        *fit(normal_tail("3", "38.6"), "f64", 22),
    ]
    if "--check" in sys.argv:
        folder = pathlib.Path(__file__).parent.parent / "assembly" / "math"
        source = "".join(path.read_text() for path in folder.glob("*.ts"))
        missing = [decimal for decimal in decimals if decimal not in source]
        sys.exit(f"not in {folder}: {', '.join(missing)}" if missing else 0)


if __name__ == "__main__":
    main()
