"""What a chat platform must offer: the `Adapter` protocol, and how one says that it cannot start.

Every platform's folder holds the same files:

    adapter.py   the only one that awaits the platform's SDK      settings.py  its section
    inbound.py   SDK event → `bot.messages.Request`, pure          annotate.py  the /annotate form
    outbound.py  `Answer` → the platform's messages, pure
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from fastapi import APIRouter

from adapters.settings import Settings
from bot.errors import BotError
from bot.frontdesk.desk import FrontDesk
from bot.frontdesk.replies import Reply
from bot.inbox import ReplyChannel
from bot.memory import Memory
from bot.messages import Answer, ConversationRef
from bot.phrases import Say


class PlatformOff(BotError):
    """A platform that does not start: `platform.token` (variable) or `platform.extra_missing`.
    The others do."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an adapter is made with."""

    settings: Settings
    say: Say
    """In the owner's own words."""
    stored: Callable[[str], Answer | None]
    """The answer to a request by its id, as it was written down. Blocks; raises LedgerError."""
    memory: Memory
    """What the bot remembers; its methods block."""


class Adapter(Protocol):
    """Made with `Surroundings`; started once, stopped once."""

    @property
    def name(self) -> str:
        """As `ConversationRef.platform` has it."""

    @property
    def channel(self) -> ReplyChannel:
        """How answers get there; usable before `start`, for what was left over."""

    @property
    def state(self) -> str:
        """``ok``, or what is the matter, for `/readyz`."""

    def routers(self) -> Sequence[APIRouter]:
        """Webhooks; they refuse with 503 until `start`."""

    async def start(self, desk: FrontDesk) -> str:
        """Connects, and hands what it hears to the desk from then on. Gives the bot's own name
        there. Raises PlatformOff; a platform that cannot be reached is tried again by itself, and
        `state` says what is the matter.
        """

    async def stop(self) -> None:
        """Takes in nothing any more. What is in the inbox stays there."""

    @property
    def may_speak_first(self) -> bool:
        """Whether `post` and `tell` cost nothing; else news waits for the next answer."""

    async def post(self, room: str, reply: Reply) -> None:
        """Says something in a room, unasked. Raises `bot.inbox.DeliveryError`."""

    async def tell(self, place: ConversationRef, message_id: str | None, reply: Reply) -> None:
        """Says something to one person where they asked. Raises `bot.inbox.DeliveryError`."""


States = Mapping[str, str]
