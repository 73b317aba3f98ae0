#!/usr/bin/env python3
"""Writes test/fixtures/metrics.json: small predictions with their targets, and what scikit-learn's metrics say of them."""
import json
import pathlib

import numpy as np
import sklearn
from sklearn import metrics

RANDOM = np.random.default_rng(1)


def probabilities(rows, outputs):
    scores = np.exp(RANDOM.normal(size=(rows, outputs)))
    return scores / scores.sum(axis=1, keepdims=True)


def averages(predicted, targets, labels, average):
    of = metrics.precision_recall_fscore_support(targets, predicted, labels=labels, average=average, zero_division=0)
    return {name: np.asarray(values).tolist() for name, values in zip(["precision", "recall", "f1"], of)}


def classification(name, predictions, targets, top=()):
    """Predictions [rows, outputs]; with one output the probability of class 1. Top-k only where no two outputs are equal."""
    outputs = predictions.shape[1]
    labels = list(range(max(2, outputs)))
    predicted = predictions.argmax(axis=1) if outputs > 1 else (predictions[:, 0] > 0.5).astype(int)
    rows = predictions if outputs > 1 else np.hstack([1 - predictions, predictions])
    matrix = metrics.confusion_matrix(targets, predicted, labels=labels)
    return {
        "name": name,
        "outputs": outputs,
        "predictions": predictions.ravel().tolist(),
        "targets": targets.tolist(),
        "accuracy": metrics.accuracy_score(targets, predicted),
        "matrix": matrix.tolist(),
        "support": matrix.sum(axis=1).tolist(),
        "per_class": averages(predicted, targets, labels, None),
        "macro": averages(predicted, targets, labels, "macro"),
        "weighted": averages(predicted, targets, labels, "weighted"),
        "log_loss": metrics.log_loss(targets, rows, labels=labels),
        "top_k": {k: metrics.top_k_accuracy_score(targets, rows, k=k, labels=labels) for k in top},
    }


def ranking(name, scores, targets):
    auc = metrics.roc_auc_score(targets, scores)
    return {"name": name, "scores": scores.tolist(), "targets": targets.tolist(), "roc_auc": auc}


def regression(name, predictions, targets):
    return {
        "name": name,
        "outputs": predictions.shape[1],
        "predictions": predictions.ravel().tolist(),
        "targets": targets.ravel().tolist(),
        "mean_absolute_error": metrics.mean_absolute_error(targets, predictions),
        "mean_squared_error": metrics.mean_squared_error(targets, predictions),
        "root_mean_squared_error": metrics.mean_squared_error(targets, predictions, squared=False),
        "r2": metrics.r2_score(targets, predictions),
    }


def main():
    four = probabilities(40, 4)
    classes = RANDOM.integers(0, 4, 40)
    gaps = probabilities(20, 5)
    gaps[:, 3] = 0
    gaps /= gaps.sum(axis=1, keepdims=True)
    binary = RANDOM.random((30, 1))
    sides = RANDOM.integers(0, 2, 30)
    one_hot = np.eye(3)[[0, 1, 2, 2, 1, 0]]
    scores = RANDOM.random(40)
    hits = (scores + RANDOM.normal(size=40) > 0.5).astype(int)
    values = RANDOM.normal(size=(25, 3))
    near = values + 0.5 * RANDOM.normal(size=(25, 3)) * [1, 2, 4]
    constant = np.full((5, 1), 0.1)
    tables = {
        "classification": [
            classification("four classes", four, classes, top=(1, 2, 3, 4)),
            classification("a class without rows, and one never predicted", gaps, RANDOM.choice([0, 2, 3, 4], 20)),
            classification("equal outputs", np.full((6, 3), 1 / 3), np.array([0, 1, 2, 0, 0, 1])),
            classification("all right", one_hot, one_hot.argmax(axis=1)),
            classification("all wrong", one_hot, np.array([1, 2, 0, 1, 0, 2])),
            classification("one output", binary, sides),
            classification("one output, all right", np.array([[1.0], [0.0], [1.0]]), np.array([1, 0, 1])),
            classification("one output, all wrong", np.array([[1.0], [0.0], [1.0]]), np.array([0, 1, 0])),
        ],
        "ranking": [
            ranking("distinct scores", scores, hits),
            ranking("many equal scores", np.round(scores, 1), hits),
            ranking("nothing but equal scores", np.full(40, 0.3), hits),
            ranking("all right", hits + scores / 2, hits),
            ranking("all wrong", -hits - scores / 2, hits),
        ],
        "regression": [
            regression("one output", near[:, :1], values[:, :1]),
            regression("three outputs", near, values),
            regression("worse than the mean", -values, values),
            regression("all right", values, values),
            regression("constant targets, all right", constant, constant),
            regression("constant targets, wrong", constant + 1, constant),
        ],
    }
    path = pathlib.Path(__file__).parent.parent / "test" / "fixtures" / "metrics.json"
    parts = [f'  "made_with": "scikit-learn {sklearn.__version__}"']
    for name, cases in tables.items():
        parts.append(f"  {json.dumps(name)}: [\n    " + ",\n    ".join(map(json.dumps, cases)) + "\n  ]")
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n")


if __name__ == "__main__":
    main()
