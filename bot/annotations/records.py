"""What a curated answer is, and what came of a question that was held against all of them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from bot.errors import BotError
from bot.messages import Choice
from knowledge.errors import KnowledgeError

State = Literal["active", "retired"]
PhrasingKind = Literal["question", "alias", "suggestion"]
HitKind = Literal["exact", "similar", "chosen"]


class AnnotationError(BotError):
    """What a curator asked for cannot be done; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a curator writes."""

    question: str
    answer: str
    aliases: tuple[str, ...] = ()
    audience: str | None = None
    """None: everybody."""
    expires_on: date | None = None
    """The last day on which it holds."""
    sources: tuple[str, ...] = ()
    """Documents that it rests on, as the ledger calls them."""


@dataclass(frozen=True, slots=True)
class StoredPhrasing:
    id: int
    text: str
    kind: PhrasingKind


@dataclass(frozen=True, slots=True)
class Annotation:
    id: int
    draft: Draft
    state: State
    author: str
    from_request: str | None
    """The logged answer that it corrects."""
    rot: str | None
    """``changed`` or ``gone``: a linked source is not what it was."""
    created_at: datetime
    updated_at: datetime
    phrasings: tuple[StoredPhrasing, ...]
    hits: int

    @property
    def suggestions(self) -> tuple[StoredPhrasing, ...]:
        """What people meant by it when they were asked back; matches nothing until accepted."""
        return tuple(one for one in self.phrasings if one.kind == "suggestion")


@dataclass(frozen=True, slots=True)
class Edit:
    at: datetime
    author: str
    change: dict[str, list[Any]]
    """Field → [before, after]."""


@dataclass(frozen=True, slots=True)
class HitRecord:
    request_id: str
    kind: str
    score: float | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Saved:
    """Written down, and true for exact matches from now on."""

    annotation: Annotation
    problem: KnowledgeError | None = None
    """Why it cannot be found by meaning yet; the next `sync` catches up."""


@dataclass(frozen=True, slots=True)
class Hit:
    annotation_id: int
    question: str
    answer: str
    score: float
    """`closeness`, 0 to 1; 1 for an exact match and for what was picked."""
    kind: HitKind
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Near:
    """The grey zone: ask back."""

    choices: tuple[Choice, ...]
    """At most three, best first."""
    score: float


@dataclass(frozen=True, slots=True)
class Matched:
    found: Hit | Near | None
    problem: KnowledgeError | None = None
    """Why only exact matches were looked for. To be logged and shown, never swallowed."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One annotation that was looked at, for `annotate test`."""

    annotation_id: int
    question: str
    phrasing: str
    score: float
    obstacles: tuple[str, ...]
    """Rules that forbid a hit: numbers, contrast, frame, asked."""
    excluded: bool
    """Not even to be offered."""
