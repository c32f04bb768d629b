"""One kind of question that has no good answer yet, and each time somebody asked it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.messages import ConversationRef

State = Literal["open", "answered", "dismissed"]
DISLIKED = "disliked"
"""The reason of an ask that stands on the list because of a vote."""


@dataclass(frozen=True, slots=True)
class Cluster:
    id: int
    question: str
    """As it was first asked."""
    state: State
    count: int
    score: float | None
    """The highest confidence among the asks: how close the knowledge came, 0-1."""
    first_at: datetime
    last_at: datetime
    annotation_id: int | None


@dataclass(frozen=True, slots=True)
class Asked:
    id: int
    exchange_id: int
    question: str
    """Empty where it was erased since."""
    platform: str
    room: str
    person: str | None
    """By name, or by the platform's id where the name is not known."""
    at: datetime
    reason: str
    score: float | None


@dataclass(frozen=True, slots=True)
class News:
    """Somebody who wants to hear the answer and has not."""

    ask_id: int
    conversation: ConversationRef
    message_id: str | None
    """Of their question, as the platform calls it."""
    question: str
    annotation_id: int | None
