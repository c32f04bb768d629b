"""What people write where the bot can read it."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

import aiohttp
import discord

from adapters.discord import inbound
from adapters.discord.inbound import PLATFORM
from adapters.discord.replying import Replier
from adapters.discord.rights import Rights
from bot.errors import BotError
from bot.frontdesk.desk import FrontDesk
from bot.frontdesk.replies import Reply, Respond
from bot.frontdesk.uploads import Upload
from bot.messages import Request
from bot.phrases import describe
from knowledge.errors import KnowledgeError

log = logging.getLogger(__name__)

_LATE = timedelta(minutes=10)
"""An older edit comes again with every pin and every preview of a link."""
_LARGEST_MB = 50
_KEPT = 1000


class Hearing:
    """Raises DeliveryError where not even a failure can be told."""

    def __init__(
        self,
        desk: FrontDesk,
        replier: Replier,
        rights: Rights,
        client: Callable[[], discord.Client],
        prefix: str,
    ) -> None:
        self._desk = desk
        self._replier = replier
        self._rights = rights
        self._client = client
        self._prefix = prefix
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._speakers: OrderedDict[int, tuple[int, bool]] = OrderedDict()
        """Thread → who spoke last, and whether to the bot."""

    @property
    def _me(self) -> discord.abc.Snowflake:
        user = self._client().user
        assert user is not None  # events come after the login
        return user

    # -- messages ---------------------------------------------------------------------------------

    async def message(self, message: discord.Message) -> None:
        if not inbound.is_talk(message):
            return
        # Each event has a task of its own; in one room they are taken in as they came.
        turn = self._turns.setdefault(message.channel.id, asyncio.Lock())
        async with turn:
            is_ours = await self._is_ours(message)
            self._note_speaker(message, is_ours)
            if is_ours:
                await self._take_in(message)

    async def _is_ours(self, message: discord.Message) -> bool:
        addressed = inbound.addressing(message, self._me)
        if addressed in ("mention", "direct"):
            return True
        return addressed == "reply" or await self._is_follow_up(message)

    async def _is_follow_up(self, message: discord.Message) -> bool:
        """In a thread the bot was called into, unless people talk to each other."""
        thread = message.channel
        if not isinstance(thread, discord.Thread) or inbound.is_for_others(message, self._me):
            return False
        speaker, was_ours = self._speakers.get(thread.id, (message.author.id, True))
        if speaker != message.author.id and not was_ours:
            return False
        knows = self._desk.memory.history.knows_thread
        return await asyncio.to_thread(knows, PLATFORM, str(thread.parent_id), str(thread.id))

    def _note_speaker(self, message: discord.Message, is_ours: bool) -> None:
        if isinstance(message.channel, discord.Thread):
            self._speakers[message.channel.id] = (message.author.id, is_ours)
            _forget_old(self._speakers)

    async def _take_in(self, message: discord.Message) -> None:
        request = await self._request(message)
        respond = self._replier.under(request.id, request.reply)
        is_called = inbound.addressing(message, self._me) != "none"
        files = inbound.files_of(message) if is_called else []
        if inbound.is_hidden(message) and not self._client().intents.message_content:
            await self._explain(request, respond)
            return
        if files:
            await self._files(request, respond, files)
        if request.text:
            await self._hear(request, respond)
        elif inbound.is_bare_call(message, self._me):
            await self._hear(replace(request, text=f"/{self._prefix}help"), respond)
        elif is_called and not files:
            await respond(self._desk.reply(request, "media.only_text"))

    async def _request(self, message: discord.Message) -> Request:
        is_admin = await self._rights.of_author(message, self._client().guilds)
        return inbound.request_of(message, self._me, is_admin, self._desk.clock())

    async def _hear(self, request: Request, respond: Respond) -> None:
        """The gateway delivers once: what cannot be written down is told at once."""
        try:
            await self._desk.hear(request, respond)
        except (KnowledgeError, BotError) as error:
            log.warning("%s: %s %s", request.id, error.code, error.detail)
            await respond(Reply(describe(error, self._desk.language(request))))

    async def _explain(self, request: Request, respond: Respond) -> None:
        """Once in a channel: why the bot does not react, and what to do about it."""
        hint = f"{PLATFORM}:hint:{request.reply['channel']}"
        if await self._desk.inbox.once(hint, PLATFORM):
            await respond(self._desk.reply(request, "discord.hidden", p=self._prefix))

    # -- files --------------------------------------------------------------------------------------

    async def _files(
        self, request: Request, respond: Respond, files: Sequence[discord.Attachment]
    ) -> None:
        if not request.author.is_admin and all(inbound.is_picture(file) for file in files):
            if not request.text:
                await respond(self._desk.reply(request, "media.image"))
            return
        uploads = [Upload(file.filename, partial(fetched, file)) for file in files]
        # Beside the words of the same message, which are another delivery.
        beside = replace(request, id=f"{request.id}.f")
        under = self._replier.under(beside.id, request.reply)
        try:
            await self._desk.offer_files(beside, uploads, under)
        except (KnowledgeError, BotError) as error:
            await under(Reply(describe(error, self._desk.language(request))))

    # -- changes ------------------------------------------------------------------------------------

    async def edited(self, message: discord.Message) -> None:
        at = message.edited_at
        if at is None or not inbound.is_talk(message) or discord.utils.utcnow() - at > _LATE:
            return
        turn = self._turns.setdefault(message.channel.id, asyncio.Lock())
        async with turn:
            if not await self._is_ours(message):
                return
            request = inbound.edited(await self._request(message), at)
            if request.text:
                respond = self._replier.under(request.id, request.reply)
                await self._desk.edited(request, respond)

    async def deleted(self, message_id: int, cached: discord.Message | None) -> None:
        if cached is None or (inbound.is_talk(cached) and await self._is_ours(cached)):
            await self._desk.deleted(PLATFORM, str(message_id))


async def fetched(file: discord.Attachment) -> bytes:
    """Raises BotError `upload.large`, `upload.unreadable`."""
    if file.size > _LARGEST_MB * 1024 * 1024:
        raise BotError("upload.large", name=file.filename, limit_mb=str(_LARGEST_MB))
    try:
        return await file.read()
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        problem = str(error.status) if isinstance(error, discord.HTTPException) else "-"
        raise BotError("upload.unreadable", name=file.filename, problem=problem) from error


def _forget_old(known: OrderedDict[int, Any]) -> None:
    while len(known) > _KEPT:
        known.popitem(last=False)
