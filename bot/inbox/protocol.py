"""What the inbox asks of a platform and of the bot, and what it says to whoever hands in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

from bot.messages import Answer, AnswerEvent, Request

State = Literal["waiting", "working", "done", "failed"]
"""`failed`: finished, but the platform did not take the whole answer."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """Written down; it will be answered whatever happens to this process."""

    position: int
    """Place in line; 0 is answered at once."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """This id is known: nothing was done."""

    state: State


@dataclass(frozen=True, slots=True)
class Merged:
    """Added to a request that was held for more; that one is answered for both."""

    into: str
    """The id of that request."""


@dataclass(frozen=True, slots=True)
class Full:
    """Nothing was written down: this many are open already."""

    capacity: int


Submitted = Accepted | Duplicate | Merged | Full
Stop = Literal["stopped", "withdrawn"]
"""`stopped`: the asker wants no answer, and is told so. `withdrawn`: the question was taken
back, and nothing is said."""
Hear = Callable[[AnswerEvent], None]
"""Is told what an answer looks like so far."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What the asker may be told while there is no answer yet."""

    kind: Literal["waiting", "thinking", "withdrawn"]
    place: int = 0
    """In line, with `waiting`."""


class DeliveryError(Exception):
    """A platform did not take a part.

    `retry_after_s`: seconds that the platform asked for. `permanent`: no later attempt can
    succeed (blocked, the room is gone), so none is made.
    """

    def __init__(
        self, problem: str, *, retry_after_s: float | None = None, permanent: bool = False
    ) -> None:
        super().__init__(problem)
        self.retry_after_s = retry_after_s
        self.permanent = permanent


class ReplyChannel(Protocol):
    """How answers get to one platform."""

    @property
    def offers_idempotency(self) -> bool:
        """Whether a part sent twice with the same key is shown once."""

    def parts(self, request: Request, answer: Answer) -> Sequence[Any]:
        """The answer as the platform's messages, JSON values each. Pure."""

    async def send(self, request: Request, part: Any, index: int, key: str) -> str | None:
        """Sends one part; gives the id that the platform calls it by.

        `key` is a UUID, the same for the same part of the same request whenever and wherever
        it is sent. Raises DeliveryError; anything else counts as a failure that passes.
        """

    async def progress(self, request: Request, state: Progress) -> None:
        """Best effort: what it raises is ignored, and nobody waits for it."""


@runtime_checkable
class LiveChannel(Protocol):
    """A `ReplyChannel` on whose platform an answer can be watched while it is made.

    What is shown is provisional: `send` of part 0 puts the answer in its place.
    """

    @property
    def every_s(self) -> float:
        """Seconds between two calls of `show` for one answer, at least."""

    async def open(self, request: Request) -> Mapping[str, Any]:
        """Makes the message in which the answer will appear. What it gives (JSON values) is
        written down and stands in `request.reply` of all later calls, after a crash too."""

    async def show(self, request: Request, text: str) -> None:
        """All of the text so far. What it raises is ignored."""


class Handler(Protocol):
    """What answers. Everything here may be called again for the same request after a crash."""

    async def handle(self, request: Request, hear: Hear) -> Answer:
        """The same answer when asked again. May be cancelled when the program ends."""

    def stopped(self, request: Request) -> Answer:
        """What stands where an answer was to come that its asker no longer wants."""

    def failed(self, request: Request, error: Exception) -> Answer:
        """What is said when `handle` raised; `error` is a BotError `inbox.gave_up` when the
        process died on this request again and again."""

    async def delivered(self, request: Request, part: int, message_id: str | None) -> None:
        """Part number `part`, from 0, is with the platform."""

    async def undelivered(self, request: Request, part: int, problem: str) -> None:
        """Part number `part` and those after it are given up."""


@dataclass(frozen=True, slots=True)
class InboxSettings:
    """Seconds, where nothing else is said."""

    concurrency: int = 1
    """Answers at once in this process."""
    capacity: int = 500
    """Open requests in the whole queue; a few more where several processes take in at once."""
    drain_s: float = 20.0
    executor_id: str = "secretary"
    """A name for logs; it need not be unique."""
    keep_days: float = 7.0
    """How long a finished request's id is known."""
    attempts: int = 3
    """How often a request may take the process down with it before it is answered as failed."""
    sends: int = 8
    """Attempts to send one part."""
    retry_s: float = 0.5
    """Before the second attempt; doubles each time."""
    patience_s: float = 900.0
    """For one part in all; a platform that asks for more is given up."""
    poll_s: float = 1.0
    """How often to look for what other processes left; one's own work wakes at once."""
    beat_s: float = 3.0
    lease_s: float = 15.0
    """Silence after which another process takes over."""


@dataclass(frozen=True, slots=True)
class InboxStats:
    """`open` and `oldest_s` are as old as the last heartbeat; the rest counts since the start."""

    ready: bool
    """Started, not stopping, and the database answered lately."""
    open: int
    oldest_s: float
    """How long the oldest open request has been waiting."""
    handling: int
    delivering: int
    accepted: int
    duplicates: int
    merged: int
    full: int
    answered: int
    failed: int
    """Answered with `Handler.failed`."""
    undelivered: int
    retries: int
    taken_over: int
    """Requests that a dead process had begun."""
