"""The vocabulary of a conversation: who asks what where, what is answered, what streams between."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

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
class Author:
    """Who speaks, as the platform knows them."""

    platform: str
    user_id: str
    name: str | None = None
    is_admin: bool = False
    is_many: bool = False
    """Stands for nobody in particular: an API key, the page on this machine."""


@dataclass(frozen=True, slots=True)
class ConversationRef:
    """Where something is said. `person` is set where a room is shared and each person there
    has a conversation of their own."""

    platform: str
    room: str
    thread: str | None = None
    person: str | None = None

    @property
    def key(self) -> str:
        """One string for one conversation; parts cannot run into each other."""
        parts = (self.platform, self.room, self.thread or "", self.person or "")
        return "/".join(part.replace("%", "%25").replace("/", "%2F") for part in parts)


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
    asker: Author | None = None
    """None where nobody is remembered."""


@dataclass(frozen=True, slots=True)
class Request:
    """A question with all that is needed to answer it later, in another process even."""

    id: str
    """The platform's delivery id, prefixed with its name: one id, one handling."""
    conversation: ConversationRef
    author: Author
    text: str
    received_at: datetime
    """Aware."""
    audiences: frozenset[str] | None = frozenset({"public"})
    """As in `Ask`."""
    reply: Mapping[str, Any] = field(default_factory=dict)
    """What the platform's `ReplyChannel` needs to find its way back; JSON values only."""
    message_id: str | None = None
    """Of the question, as the platform calls it: for edits and unsending."""
    chosen: int | None = None
    """The annotation that was picked when the bot asked back; `text` is the first question."""
    use_model: bool = True
    language: str | None = None
    """Of the platform's client, for what is said where no words of the asker tell it."""
    quotes: str | None = None
    """The message that this one replies to, as the platform calls it."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens, as the model's server counted them."""

    prompt: int
    completion: int


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that the asker may have meant."""

    annotation_id: int
    question: str


@dataclass(frozen=True, slots=True)
class Citation:
    title: str
    source: str
    locator: str | None
    quote: str
    """A verbatim part of one passage."""
    anchor: str = ""
    """Where in a page on the web that is; empty where nothing is known."""

    @property
    def link(self) -> str:
        """The source, and where in it."""
        return f"{self.source}#{self.anchor}" if self.anchor else self.source


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
    confidence: float | None = None
    """The gate's, 0–1; None where nothing was searched."""
    annotation_id: int | None = None
    meant: tuple[Choice, ...] = ()
    """With outcome `clarify`: what stands behind each of `choices`, which ends with "none of
    these"."""
    usage: Usage | None = None
    model: str | None = None
    prompt_version: str | None = None


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
