"""Discord as a platform: comes up, stays up, says something unasked."""

import asyncio
import logging
import uuid
from collections.abc import Sequence
from contextlib import suppress

import discord
from discord.http import HTTPClient
from fastapi import APIRouter

from adapters.base import PlatformOff, Surroundings
from adapters.discord.api import Api
from adapters.discord.channel import DiscordChannel
from adapters.discord.client import SecretaryClient
from adapters.discord.events import Events
from adapters.discord.hearing import Hearing
from adapters.discord.inbound import PLATFORM
from adapters.discord.replying import Replier
from adapters.discord.rights import Rights
from adapters.discord.settings import section
from adapters.discord.tapping import Tapping
from bot.frontdesk.desk import FrontDesk
from bot.frontdesk.replies import Reply
from bot.inbox import ReplyChannel
from bot.messages import ConversationRef
from bot.phrases import describe

log = logging.getLogger(__name__)

_UP_S = 20.0
"""How long the start of the program waits for this platform."""
_RETRY_S = (2.0, 120.0)
_REFUSED = (4004, 4010, 4011, 4012, 4013)
"""Closing codes after which no attempt can succeed: the token, or what was asked for."""


class DiscordAdapter:
    """`client` makes the connection's client, so that a simulator can drive it as well."""

    name = PLATFORM
    may_speak_first = True

    def __init__(self, around: Surroundings) -> None:
        self._settings = section(around.settings)
        self._client: SecretaryClient | None = None
        self._api = Api(self._http)
        self._channel = DiscordChannel(self._api, self._settings, around.say)
        self._replier = Replier(self._api, self._commands, self._settings.prefix)
        self._running: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._off: PlatformOff | None = None
        self._state = "starting"
        self.events: Events | None = None

    @property
    def channel(self) -> ReplyChannel:
        return self._channel

    @property
    def state(self) -> str:
        return self._state

    def routers(self) -> Sequence[APIRouter]:
        return ()

    # -- coming and going ---------------------------------------------------------------------------

    async def start(self, desk: FrontDesk) -> str:
        self._running = asyncio.create_task(self._run(desk))
        with suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), _UP_S)
        if self._off is not None:
            await self.stop()
            raise self._off
        user = self._client.user if self._client is not None else None
        return str(user) if user is not None else ""

    async def stop(self) -> None:
        self._channel.close()
        if self._running is not None:
            self._running.cancel()
            with suppress(asyncio.CancelledError):
                await self._running
            self._running = None
        self._client = None

    def client(self, desk: FrontDesk) -> SecretaryClient:
        """One that hands what it hears to the desk."""
        rights = Rights(desk.admins, self._settings.admin_roles, self._is_public)
        hearing = Hearing(desk, self._replier, rights, self._current, self._settings.prefix)
        tapping = Tapping(desk, self._replier, rights, self._current)
        self.events = Events(hearing, tapping, self._connected)
        self._client = SecretaryClient(self._settings, self.events)
        return self._client

    async def _run(self, desk: FrontDesk) -> None:
        """Until Discord refuses, or the program stops. The library reconnects by itself; this
        begins anew where it has given up."""
        pause, longest = _RETRY_S
        while self._off is None:
            try:
                async with self.client(desk) as client:
                    await client.start(self._settings.token)
                problem = "closed"
            except (discord.LoginFailure, discord.PrivilegedIntentsRequired) as error:
                self._refused(error)
                return
            except discord.ConnectionClosed as error:
                if error.code in _REFUSED:
                    self._refused(error)
                    return
                problem = f"ConnectionClosed {error.code}"
            except Exception as error:  # the library's own slips too must not end the platform
                log.warning("discord: the connection ended", exc_info=error)
                problem = type(error).__name__
            self._trouble(problem)
            await asyncio.sleep(pause)
            pause = min(pause * 2, longest)

    def _refused(self, error: Exception) -> None:
        if isinstance(error, discord.PrivilegedIntentsRequired):
            self._off = PlatformOff("discord.intent", variable="DISCORD_MESSAGE_CONTENT")
        else:
            self._off = PlatformOff("platform.token", platform=PLATFORM, variable="DISCORD_TOKEN")
        log.error("discord: %s", type(error).__name__)
        self._trouble(describe(self._off, self._settings.language))

    def _trouble(self, problem: str) -> None:
        self._state = problem
        self._news.set()

    def _connected(self, is_up: bool) -> None:
        self._state = "ok" if is_up else "reconnecting"
        if is_up:
            self._news.set()

    # -- for the others -----------------------------------------------------------------------------

    def _current(self) -> SecretaryClient:
        assert self._client is not None  # its events are what asks
        return self._client

    def _is_public(self) -> bool:
        return self._current().is_public

    def _http(self) -> HTTPClient | None:
        client = self._client
        return client.http if client is not None and client.user is not None else None

    def _commands(self) -> dict[str, int]:
        return self._client.command_ids if self._client is not None else {}

    # -- unasked ------------------------------------------------------------------------------------

    async def post(self, room: str, reply: Reply) -> None:
        await self._replier.in_channel(room, reply, key=uuid.uuid4().hex)

    async def tell(self, place: ConversationRef, message_id: str | None, reply: Reply) -> None:
        key = uuid.uuid4().hex
        channel = place.thread or place.room
        await self._replier.in_channel(channel, reply, key=key, reply_to=message_id)
