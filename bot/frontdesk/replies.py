"""What the desk says, as values that every platform can show."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.frontdesk.actions import Action


@dataclass(frozen=True, slots=True)
class Reply:
    """Said at once, outside of the queue of answers."""

    text: str
    actions: tuple[Action, ...] = ()
    private: bool = True
    """For the eyes of whoever asked, where the platform can do that."""


@dataclass(frozen=True, slots=True)
class Form:
    """What the form for an annotation holds when it opens."""

    question: str = ""
    answer: str = ""
    request_id: str | None = None
    """Of the logged answer that is to be corrected."""
    cluster_id: int | None = None
    """Of the unanswered question that is to be answered."""
    aliases: tuple[str, ...] = ()
    """Other ways to ask it, on platforms whose form has room for them."""


Respond = Callable[[Reply], Awaitable[None]]
"""Shows a reply to whoever the request came from."""
Post = Callable[[str, Reply], Awaitable[None]]
"""Shows something in a room of one platform. Raises `bot.inbox.DeliveryError`."""
