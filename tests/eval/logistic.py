"""Logistic regression with numpy, folds and bootstrap by article."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.eval.hard_sets import SEED

Array = NDArray[np.float64]
RIDGE = 1e-3
"""Of the mean log-likelihood, on standardised features: only keeps Newton's steps finite."""
STEPS = 50
ROUNDS = 300


@dataclass(frozen=True, slots=True)
class Model:
    weights: Array
    """On the features as they are, not standardised."""
    bias: float

    def probability(self, features: Array) -> Array:
        return np.asarray(1 / (1 + np.exp(-np.clip(features @ self.weights + self.bias, -60, 60))))


def fit(features: Array, labels: Array, weights: Array) -> Model:
    """Weighted maximum likelihood; a feature that would count against its sign is left out.

    Every signal is evidence for an answer. Two that go together can get weights of opposite
    signs, which fits these questions and misleads on others.
    """
    kept = list(range(features.shape[1]))
    while True:
        model = _newton(features[:, kept], labels, weights)
        if len(kept) == 1 or model.weights.min() >= 0:
            break
        kept.pop(int(model.weights.argmin()))
    found = np.zeros(features.shape[1])
    found[kept] = model.weights
    return Model(found, model.bias)


def _newton(features: Array, labels: Array, weights: Array) -> Model:
    mean, spread = features.mean(0), features.std(0) + 1e-12
    x = np.column_stack([(features - mean) / spread, np.ones(len(features))])
    share = weights / weights.sum()
    beta = np.zeros(x.shape[1])
    ridge = np.diag([RIDGE] * features.shape[1] + [0.0])
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-np.clip(x @ beta, -30, 30)))
        slope = x.T @ (share * (labels - p)) - ridge @ beta
        bend = (x * (share * p * (1 - p))[:, None]).T @ x + ridge
        step = np.linalg.solve(bend, slope)
        beta += step
        if np.abs(step).max() < 1e-9:
            break
    scaled = beta[:-1] / spread
    return Model(scaled, float(beta[-1] - scaled @ mean))


def folds(groups: Sequence[str], count: int, seed: int = SEED) -> NDArray[np.int64]:
    """A fold number for each row; a group is never split."""
    names = sorted(set(groups))
    random.Random(seed).shuffle(names)
    place = {name: index % count for index, name in enumerate(names)}
    return np.array([place[group] for group in groups])


def out_of_fold(
    features: Array, labels: Array, weights: Array, groups: Sequence[str], count: int = 5
) -> Array:
    """Every row's probability by a model that never saw its article."""
    fold, found = folds(groups, count), np.zeros(len(labels))
    for index in range(count):
        seen = fold != index
        model = fit(features[seen], labels[seen], weights[seen])
        found[~seen] = model.probability(features[~seen])
    return found


def by_group(
    groups: Sequence[str], statistic: Callable[[NDArray[np.int64]], float], rounds: int = ROUNDS
) -> tuple[float, float]:
    """95 % bootstrap interval of `statistic(row numbers)`, drawing whole groups."""
    members: dict[str, list[int]] = {}
    for row, group in enumerate(groups):
        members.setdefault(group, []).append(row)
    parts = [np.array(rows) for rows in members.values()]
    rng = np.random.default_rng(SEED)
    drawn = [
        statistic(np.concatenate([parts[i] for i in rng.integers(0, len(parts), len(parts))]))
        for _ in range(rounds)
    ]
    return float(np.nanpercentile(drawn, 2.5)), float(np.nanpercentile(drawn, 97.5))
