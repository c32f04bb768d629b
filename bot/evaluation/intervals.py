"""Plain statistics for the report: proportions, ranks and their 95 % intervals."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Interval = tuple[float, float]
Z95 = 1.959964
ROUNDS = 1000
SEED = 20261124


def share(hits: Sequence[bool]) -> float | None:
    """None for no cases at all: nothing was measured."""
    return sum(hits) / len(hits) if hits else None


def wilson(hits: Sequence[bool]) -> Interval | None:
    """Wilson's score interval (1927): sensible at 0, at 1 and for few cases."""
    n = len(hits)
    if not n:
        return None
    p, z2 = sum(hits) / n, Z95 * Z95
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def bootstrap(
    values: Sequence[float], statistic: Callable[[NDArray[np.float64]], float] = np.mean
) -> Interval | None:
    """Percentile bootstrap; the same values give the same interval."""
    if not values:
        return None
    array, rng = np.asarray(values, float), np.random.default_rng(SEED)
    drawn = [float(statistic(rng.choice(array, len(array)))) for _ in range(ROUNDS)]
    return float(np.percentile(drawn, 2.5)), float(np.percentile(drawn, 97.5))


def percentile(values: Sequence[float], q: float) -> float | None:
    return float(np.percentile(values, q)) if values else None


def auc(positive: Sequence[float], negative: Sequence[float]) -> float | None:
    """Chance that a positive one scores above a negative one; ties count half."""
    if not positive or not negative:
        return None
    ordered = np.sort(np.asarray(negative, float))
    wanted = np.asarray(positive, float)
    below = np.searchsorted(ordered, wanted, "left") + np.searchsorted(ordered, wanted, "right")
    return float(below.mean() / 2 / len(ordered))


def false_accepts(
    positive: Sequence[float], negative: Sequence[float], accepted: float = 0.95
) -> float | None:
    """Share of the negatives that pass where `accepted` of the positives do."""
    if not positive or not negative:
        return None
    line = float(np.quantile(positive, 1 - accepted, method="lower"))
    return float(np.mean(np.asarray(negative, float) >= line))


def roc(positive: Sequence[float], negative: Sequence[float]) -> list[tuple[float, float]]:
    """(false accepts, accepted) for every possible line, from refuse-all to accept-all."""
    if not positive or not negative:
        return [(0.0, 0.0)]
    good, bad = np.sort(positive), np.sort(negative)
    lines = np.unique(np.concatenate([good, bad]))[::-1]
    passed = (1 - np.searchsorted(group, lines, "left") / len(group) for group in (bad, good))
    return [(0.0, 0.0), *zip(*(shares.tolist() for shares in passed), strict=True)]
