#!/usr/bin/env python3
"""Writes test/fixtures/math.json: for each function pairs x, f(x), both doubles, f(x) correctly rounded by mpmath."""
import json
import pathlib
import random

from mpmath import erf, erfc, exp, expm1, log, log1p, mp, mpf, pi, sqrt, tanh

mp.dps = 60

FUNCTIONS = {
    "exp": (exp, -740, 709),
    "expm1": (expm1, -40, 40),
    "log": (log, 0.01, 1e6),
    "log1p": (log1p, 0, 20),
    "tanh": (tanh, -20, 20),
    "sigmoid": (lambda x: 1 / (1 + exp(-x)), -740, 40),
    "erf": (erf, -6, 6),
    "normalCdf": (lambda z: erfc(-z / sqrt(2)) / 2, -38, 8),
    "normalPdf": (lambda z: exp(-z * z / 2) / sqrt(2 * pi), -38, 38),
    "logisticPdf": (lambda x: 1 / (2 + exp(x) + exp(-x)), -740, 740),
}


def main():
    random.seed(1)
    table = {}
    for name, (function, low, high) in FUNCTIONS.items():
        everywhere = [random.uniform(low, high) for _ in range(16)]
        around_one = [random.uniform(max(low, -2), 2) for _ in range(8)]
        table[name] = [[x, float(function(mpf(x)))] for x in sorted(everywhere + around_one)]
    path = pathlib.Path(__file__).parent.parent / "test" / "fixtures" / "math.json"
    lines = [f"  {json.dumps(name)}: {json.dumps(pairs)}" for name, pairs in table.items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
