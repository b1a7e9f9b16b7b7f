"""Logistic regression in plain Python: the same rows in the same order always give the same model."""

from __future__ import annotations

import math
from collections.abc import Sequence

from features.files import Row

NAMES = ("count", "length", "sine", "cosine")


def predict(weights: Sequence[float], row: Row) -> float:
    """Probability that the row is positive; the last weight is the bias."""
    total = sum(weight * row[name] for weight, name in zip(weights, NAMES, strict=False)) + weights[-1]
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


def epoch(weights: Sequence[float], rows: Sequence[Row], rate: float) -> list[float]:
    """The weights after one pass over all rows."""
    now = list(weights)
    for row in rows:
        error = row["label"] - predict(now, row)
        for index, name in enumerate(NAMES):
            now[index] += rate * error * row[name]
        now[-1] += rate * error
    return now


def accuracy(weights: Sequence[float], rows: Sequence[Row]) -> float:
    """Share of rows that are on the right side of one half."""
    right = sum((predict(weights, row) >= 0.5) == bool(row["label"]) for row in rows)
    return round(right / len(rows), 4)
