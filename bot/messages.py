"""The vocabulary of a conversation: what is asked, what is answered, what streams between."""

from dataclasses import dataclass, field
from typing import Literal

from knowledge.passages import ScoredPassage

Outcome = Literal[
    "annotated",
    "grounded",
    "extractive",
    "no_data",
    "clarify",
    "smalltalk",
    "over_quota",
    "busy",
    "failed",
]


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier question with the answer it got."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Ask:
    """A question as any door hands it in."""

    text: str
    history: tuple[Turn, ...] = ()
    """Earlier turns, oldest first."""
    audiences: frozenset[str] | None = frozenset({"public"})
    """Whose knowledge may be used; None means all of it (the operator's own terminal)."""
    id: str | int | None = None
    use_model: bool = True


@dataclass(frozen=True, slots=True)
class Citation:
    title: str
    source: str
    locator: str | None
    quote: str
    """A verbatim part of one passage."""


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds."""

    retrieve: float = 0.0
    model: float | None = None
    """None when no model was called."""
    total: float = 0.0


@dataclass(frozen=True, slots=True)
class Answer:
    question: str
    outcome: Outcome
    text: str
    """``[n]`` refers to ``citations[n-1]``."""
    citations: tuple[Citation, ...] = ()
    passages: tuple[ScoredPassage, ...] = ()
    choices: tuple[str, ...] = ()
    timings: Timings = field(default_factory=Timings)
    id: str | int | None = None
    notice: str | None = None
    """A remark beside the answer, such as "the model is down"; part of no citation."""
    reason: str | None = None
    """Why there is no answer: a short code for logs and reports."""


@dataclass(frozen=True, slots=True)
class Thinking:
    """Work has begun: retrieval is done and the model is about to speak."""

    passages: tuple[ScoredPassage, ...] = ()
    kind: Literal["thinking"] = "thinking"


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next characters of a provisional answer; `Finished` may still replace them."""

    text: str
    kind: Literal["delta"] = "delta"


@dataclass(frozen=True, slots=True)
class Finished:
    """Exactly one per question, always last, also on failure."""

    answer: Answer
    kind: Literal["finished"] = "finished"


AnswerEvent = Thinking | TextDelta | Finished
