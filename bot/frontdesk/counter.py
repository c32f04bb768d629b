"""What stands behind the desk: its parts, and how it speaks."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar

from bot.admins import Admins
from bot.audiences import Audiences
from bot.bursts import BURST_S
from bot.errors import BotError
from bot.frontdesk.news import Herald
from bot.frontdesk.pictures import Pictures
from bot.frontdesk.replies import Post, Reply, Respond
from bot.frontdesk.uploads import Uploads
from bot.handoffs import Handoffs
from bot.inbox import Inbox
from bot.language import detect
from bot.memory import Memory
from bot.messages import Request
from bot.phrases import describe
from bot.secretary import Secretary
from knowledge.errors import KnowledgeError

log = logging.getLogger(__name__)

Said = TypeVar("Said", bound=Reply | None)


@dataclass(frozen=True, slots=True)
class DeskSettings:
    language: str = "zh-TW"
    prefix: str = ""
    """Before every command's name."""
    burst_s: float = BURST_S
    handoff_minutes: int = 60
    staff: tuple[str, str] | None = None
    """Platform and room in which staff are told that somebody wants a person."""
    audiences: Audiences = field(default_factory=Audiences)


class Syncing(Protocol):
    """What brings the knowledge up to date with its sources."""

    async def sync_now(self) -> str:
        """One sentence about what came of it. Raises KnowledgeError."""

    def running_s(self) -> float | None:
        """For how long one has been at work; None where none is."""

    def poke(self) -> None:
        """Look again, soon."""


class Counter:
    """What commands and buttons work with; `bot.frontdesk.desk` serves people over it."""

    def __init__(
        self,
        secretary: Secretary,
        memory: Memory,
        uploads: Uploads,
        settings: DeskSettings,
        clock: Callable[[], datetime],
    ) -> None:
        self.settings = settings
        self.secretary = secretary
        self.memory = memory
        self.uploads = uploads
        self.clock = clock
        self.admins = Admins(memory.storage, clock)
        self.handoffs = Handoffs(memory.storage, clock, settings.handoff_minutes)
        self.posts: dict[str, Post] = {}
        """Of the platforms that are on: where something can be said unasked."""
        self.unasked: frozenset[str] = frozenset()
        """Those where that costs nothing."""
        self.syncing: Syncing | None = None
        self.pictures = Pictures()
        self.herald = Herald(memory, self.say, clock)
        self._inbox: Inbox | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def inbox(self) -> Inbox:
        if self._inbox is None:
            raise BotError("inbox.closed")
        return self._inbox

    def open(self, inbox: Inbox, posts: Mapping[str, Post]) -> None:
        self._inbox = inbox
        self.posts.update(posts)

    def language(self, request: Request) -> str:
        return language_of(request, self.settings.language)

    def say(self, code: str, language: str = "zh-TW", **detail: object) -> str:
        return self.memory.words.say(code, language, **detail)

    def reply(self, request: Request, code: str, **detail: object) -> Reply:
        return Reply(self.say(code, self.language(request), **detail))

    # -- saying ---------------------------------------------------------------------------------

    def spawn(
        self, doing: Coroutine[Any, Any, Reply | None], request: Request, respond: Respond
    ) -> None:
        """After the acknowledgement; the reply is shown when it is there, if there is one."""
        task = asyncio.create_task(self._show(doing, request, respond))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _show(
        self, doing: Coroutine[Any, Any, Reply | None], request: Request, respond: Respond
    ) -> None:
        reply = await self.safely(doing, request)
        if reply is None:
            return
        try:
            await respond(reply)
        except Exception as error:
            log.warning("the reply to %s was not shown", request.id, exc_info=error)

    async def safely(self, doing: Coroutine[Any, Any, Said], request: Request) -> Said | Reply:
        """What goes wrong is a sentence."""
        try:
            return await doing
        except (KnowledgeError, BotError) as error:
            log.warning("%s: %s %s", request.id, error.code, error.detail)
            return Reply(describe(error, self.language(request)))
        except Exception as error:
            log.error("%s failed", request.id, exc_info=error)
            return self.reply(request, "answer.failed")


def language_of(request: Request, own: str) -> str:
    """Of the asker's words, else of their client, else the bot's own. Latin letters after a
    slash (`/link K7Q2`) are nobody's words."""
    spoken = detect(request.text) if request.text else None
    is_typed = spoken == "en" and request.text.startswith(("/", "／"))
    known = None if is_typed or spoken is None else {"zh": "zh-TW", "en": "en"}.get(spoken)
    return known or request.language or own
