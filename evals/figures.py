"""Figures with their uncertainty, by resampling questions; knows nothing of what is measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

RESAMPLES = 2000
SEED = 0
INTERVAL = (2.5, 97.5)  # percentiles: 95 %

Numbers = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Figure:
    """A value over `count` questions, and its 95 % bootstrap percentile interval.

    `target` is what it should reach, where somebody has reached it. Nothing measured is NaN.
    """

    name: str
    value: float
    low: float
    high: float
    count: int
    target: float | None = None


def mean_figure(name: str, values: Sequence[float], target: float | None = None) -> Figure:
    """The mean of one value a question; a share where the values are 0 and 1."""
    measured = np.asarray(values, dtype=float)
    if not measured.size:
        return Figure(name, np.nan, np.nan, np.nan, 0, target)
    low, high = np.percentile(_resampled_means(measured), INTERVAL)
    return Figure(name, float(measured.mean()), float(low), float(high), measured.size, target)


def auroc_figure(name: str, positives: Sequence[float], negatives: Sequence[float]) -> Figure:
    """How often a positive scores above a negative, ties half; each group resampled by itself."""
    above, below = np.asarray(positives, dtype=float), np.asarray(negatives, dtype=float)
    count = above.size + below.size
    if not above.size or not below.size:
        return Figure(name, np.nan, np.nan, np.nan, count)
    random = np.random.default_rng(SEED)
    resampled = [
        _auroc(random.choice(above, above.size), random.choice(below, below.size))
        for _ in range(RESAMPLES)
    ]
    low, high = np.percentile(resampled, INTERVAL)
    return Figure(name, _auroc(above, below), float(low), float(high), count)


def difference_figure(name: str, ours: Sequence[float], others: Sequence[float]) -> Figure:
    """The mean of ours minus others, question by question (a paired bootstrap)."""
    return mean_figure(name, np.subtract(ours, others).tolist())


def _resampled_means(values: Numbers) -> list[float]:
    random = np.random.default_rng(SEED)
    return [float(random.choice(values, values.size).mean()) for _ in range(RESAMPLES)]


def _auroc(positives: Numbers, negatives: Numbers) -> float:
    from sklearn.metrics import roc_auc_score

    labels = np.repeat([1, 0], [positives.size, negatives.size])
    return float(roc_auc_score(labels, np.concatenate([positives, negatives])))
