"""Why a document does or does not answer: who may see it, is it whole, and what a question finds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bot.audiences import Audiences, audiences_for
from bot.bootstrap import Bot
from bot.grounding import Grounded
from bot.messages import ConversationRef
from bot.smalltalk import clean
from knowledge.ledger import SourceRow
from knowledge.passages import PUBLIC

DEPTH = 8
"""Passages of a question that are told of."""
Reason = Literal["annotated", "answers", "hidden", "weak", "nothing"]


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """One live document."""

    row: SourceRow
    stored: int
    """Points of its present revision in the index."""
    seen_by: tuple[str, ...] | None
    """The rules of AUDIENCES that show it; None: everybody."""

    @property
    def is_whole(self) -> bool:
        return self.stored == self.row.passages


@dataclass(frozen=True, slots=True)
class Candidate:
    source: str
    score: float
    audience: str
    visible: bool
    """To whoever asks at this place."""


@dataclass(frozen=True, slots=True)
class QuestionFacts:
    reason: Reason
    confidence: float
    candidates: tuple[Candidate, ...]
    """Of all audiences, best first."""
    audiences: frozenset[str] | None
    """Of the place; None: all."""


def viewers(audience: str, rules: Audiences) -> tuple[str, ...] | None:
    """`platform` and `platform:room` where it may be searched; None for everywhere."""
    if audience == PUBLIC:
        return None
    return tuple(sorted(where for where, named in rules.rules.items() if audience in named))


def why_source(bot: Bot, rows: Sequence[SourceRow]) -> list[SourceFacts]:
    """Raises StoreError."""
    return [
        SourceFacts(
            row, bot.library.index.count([row.version]), viewers(row.audience, bot.audiences)
        )
        for row in rows
    ]


def why_question(bot: Bot, question: str, place: ConversationRef | None) -> QuestionFacts:
    """What would happen if this were asked at `place`; None is the operator's terminal.

    Raises StoreError, LedgerError.
    """
    asked = clean(question)
    audiences = None if place is None else audiences_for(bot.audiences, place)
    everything, _ = bot.search(asked, DEPTH)
    shown, verdict = bot.search(asked, DEPTH, audiences)
    candidates = tuple(
        Candidate(
            one.passage.source,
            one.score,
            one.passage.audience,
            audiences is None or one.passage.audience in audiences,
        )
        for one in everything.passages
    )
    if bot.memory.annotations.match(asked, audiences).found is not None:
        reason: Reason = "annotated"
    elif candidates and not candidates[0].visible:
        reason = "hidden"
    elif isinstance(verdict, Grounded):
        reason = "answers"
    else:
        reason = "weak" if shown.passages else "nothing"
    return QuestionFacts(reason, verdict.confidence, candidates, audiences)
