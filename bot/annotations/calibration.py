"""Choosing the thresholds: for each, how often a hit is right, and how many are found."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bot.annotations.records import AnnotationError

PRECISION = 0.98
ASKED_BACK = 0.10
"""Share of the questions that have no curated answer which may lead to a question back."""
LEAST = 20
"""Positives and negatives below which figures mean nothing."""
_GRID = tuple(round(0.5 + step * 0.005, 3) for step in range(101))


@dataclass(frozen=True, slots=True)
class Probe:
    """A question held against the others. None: nothing there, or a rule forbids it."""

    own: float | None
    """Closeness to another phrasing of what it means."""
    other: float | None
    """Closeness to the nearest that means something else."""
    has_own: bool
    own_offered: float | None = None
    other_offered: float | None = None
    """Of what may be asked back about."""


@dataclass(frozen=True, slots=True)
class Step:
    threshold: float
    right: int
    wrong: int
    positives: int

    @property
    def precision(self) -> float | None:
        hits = self.right + self.wrong
        return self.right / hits if hits else None

    @property
    def recall(self) -> float:
        return self.right / self.positives if self.positives else 0.0


@dataclass(frozen=True, slots=True)
class Calibration:
    sure: float
    near: float
    curve: tuple[Step, ...]
    positives: int
    negatives: int

    def at(self, threshold: float) -> Step:
        """The step of the curve at, or next above, a threshold."""
        return min(
            (step for step in self.curve if step.threshold >= threshold - 1e-9),
            key=lambda step: step.threshold,
        )


def calibrate(probes: Sequence[Probe]) -> Calibration:
    """Raises AnnotationError `calibration.few` (positives, negatives, least) or
    `calibration.hopeless` (precision) where no threshold is precise enough."""
    positives = sum(probe.has_own for probe in probes)
    negatives = len(probes) - sum(probe.other is None and probe.has_own for probe in probes)
    if positives < LEAST or negatives < LEAST:
        raise AnnotationError(
            "calibration.few",
            positives=str(positives),
            negatives=str(negatives),
            least=str(LEAST),
        )
    curve = curve_of(probes)
    sure = _sure(curve)
    return Calibration(sure, min(sure, _near(probes)), curve, positives, negatives)


def curve_of(probes: Sequence[Probe]) -> tuple[Step, ...]:
    positives = sum(probe.has_own for probe in probes)
    return tuple(_step(probes, threshold, positives) for threshold in _GRID)


def _step(probes: Sequence[Probe], threshold: float, positives: int) -> Step:
    right = wrong = 0
    for probe in probes:
        own, other = probe.own or -1.0, probe.other or -1.0
        if max(own, other) >= threshold:
            right += own > other
            wrong += own <= other
    return Step(threshold, right, wrong, positives)


def _sure(curve: Sequence[Step]) -> float:
    """The lowest from which on every higher one is precise enough too."""
    chosen = None
    for step in reversed(curve):
        if step.precision is not None and step.precision < PRECISION:
            break
        if step.right:
            chosen = step.threshold
    if chosen is None:
        raise AnnotationError("calibration.hopeless", precision=f"{PRECISION:.0%}")
    return chosen


def _near(probes: Sequence[Probe]) -> float:
    """Where few of the questions without a curated answer are asked back about."""
    others = [probe.other_offered or 0.0 for probe in probes]
    limit = float(np.quantile(others, 1 - ASKED_BACK, method="higher"))
    return next((step for step in _GRID if step > limit), _GRID[-1])
