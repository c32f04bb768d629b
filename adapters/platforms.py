"""Starts and stops the chat platforms that are on, and what they share: inbox, desk, news."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from socket import gethostname

from fastapi import APIRouter

from adapters.base import Adapter, PlatformOff, Surroundings
from adapters.registry import known, maker
from adapters.settings import Settings
from bot.audiences import parse as parse_audiences
from bot.bootstrap import Bot, open_inbox
from bot.frontdesk.counter import DeskSettings
from bot.frontdesk.desk import FrontDesk
from bot.frontdesk.uploads import Uploads
from bot.inbox import Inbox
from bot.phrases import describe, say

log = logging.getLogger(__name__)

Tell = Callable[[str], None]
"""To whoever started the program."""


class Platforms:
    """Made with the program, started when answers can be given."""

    def __init__(self, bot: Bot, settings: Settings, tell: Tell) -> None:
        self._bot = bot
        self._settings = settings
        self._language = settings.bot_language
        self._tell = tell
        self._off: dict[str, str] = {}
        self._adapters: dict[str, Adapter] = {}
        self._loops: list[asyncio.Task[None]] = []
        self._connected: set[str] = set()
        self._may_answer = False
        self.inbox: Inbox | None = None
        self.desk = FrontDesk(
            bot.secretary,
            bot.memory,
            Uploads(settings.data_dir / "uploads", bot.library),
            desk_settings(settings),
            bot.chain.clock,
        )
        memory = bot.memory
        around = Surroundings(settings, memory.words.say, memory.history.stored, memory)
        for name in known(settings.platforms()):
            self._make(name, around)

    def _make(self, name: str, around: Surroundings) -> None:
        try:
            self._adapters[name] = maker(name)(around)
        except PlatformOff as error:
            self._refused(name, error)

    def routers(self) -> Sequence[APIRouter]:
        return [router for one in self._adapters.values() for router in one.routers()]

    def states(self) -> Mapping[str, str]:
        """Platform → ``ok``, or what is the matter."""
        return {**self._off, **{name: one.state for name, one in self._adapters.items()}}

    async def start(self) -> None:
        """Connects, and takes questions in. Raises BotError `inbox.taken`, LedgerError."""
        if not self._adapters:
            return
        channels = {name: one.channel for name, one in self._adapters.items()}
        self.inbox = open_inbox(self._bot, channels, gethostname(), self.desk)
        await self.inbox.start(platforms=())
        speaking = [one for one in self._adapters.values() if one.may_speak_first]
        self.desk.open(self.inbox, {one.name: one.post for one in self._adapters.values()})
        await asyncio.gather(*(self._connect(one) for one in list(self._adapters.values())))
        tells = {one.name: one.tell for one in speaking if one.name in self._adapters}
        self.desk.unasked = frozenset(tells)
        herald = self.desk.herald.run(tells, self._language)
        self._loops.append(asyncio.create_task(herald))

    async def _connect(self, adapter: Adapter) -> None:
        try:
            who = await adapter.start(self.desk)
        except PlatformOff as error:
            # What was left over waits in the inbox for a token that is accepted.
            del self._adapters[adapter.name]
            self.desk.posts.pop(adapter.name, None)
            self._refused(adapter.name, error)
            return
        self._connected.add(adapter.name)
        if self._may_answer:
            self._serve(adapter.name)
        name, state = adapter.name, adapter.state
        if state == "ok":
            self._tell(say("platform.on", self._language, platform=name, who=who))
        else:
            self._tell(say("platform.unreachable", self._language, platform=name, problem=state))

    def _refused(self, name: str, error: PlatformOff) -> None:
        problem = describe(error, self._language)
        self._off[name] = f"off: {problem}"
        self._tell(say("platform.off", self._language, platform=name, problem=problem))

    def answer(self) -> None:
        """The knowledge is there: what was taken in is answered from now on."""
        self._may_answer = True
        for name in self._connected:
            self._serve(name)

    def _serve(self, name: str) -> None:
        if self.inbox is not None:
            self.inbox.serve(name)

    async def stop(self) -> None:
        """Nothing more comes in, what is being answered finishes within its deadline."""
        for adapter in self._adapters.values():
            await adapter.stop()
        for loop in self._loops:
            loop.cancel()
            with suppress(asyncio.CancelledError):
                await loop
        await self.desk.close()
        if self.inbox is not None:
            await self.inbox.stop()


def desk_settings(settings: Settings) -> DeskSettings:
    """Raises ConfigError `config.value`."""
    platform, _, room = (settings.staff_channel or "").partition(":")
    return DeskSettings(
        language=settings.bot_language,
        prefix=settings.command_prefix,
        handoff_minutes=settings.handoff_minutes,
        staff=(platform, room) if room else None,
        audiences=parse_audiences(settings.audiences),
    )
