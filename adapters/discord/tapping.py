"""Slash commands, buttons and forms: what Discord calls interactions."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import discord

from adapters.discord import annotate as forms
from adapters.discord.inbound import PLATFORM, request_of_interaction
from adapters.discord.replying import Replier
from adapters.discord.rights import Rights
from bot.errors import BotError
from bot.frontdesk import admin
from bot.frontdesk.actions import Action, Tap, decode, encode
from bot.frontdesk.commands import Command, Name
from bot.frontdesk.desk import FrontDesk
from bot.frontdesk.replies import Form, Reply
from bot.inbox import DeliveryError
from bot.messages import Request
from bot.phrases import describe
from knowledge.errors import KnowledgeError

log = logging.getLogger(__name__)

Interaction = discord.Interaction[Any]
Doing = Callable[[Request], Awaitable[Reply]]


class Tapping:
    """Raises DeliveryError where Discord takes no answer."""

    def __init__(
        self,
        desk: FrontDesk,
        replier: Replier,
        rights: Rights,
        client: Callable[[], discord.Client],
    ) -> None:
        self._desk = desk
        self._replier = replier
        self._rights = rights
        self._client = client

    # -- commands ---------------------------------------------------------------------------------

    async def obey(self, interaction: Interaction, name: Name, rest: str) -> None:
        if name == "ask":
            await self._ask(interaction, rest)
        elif name == "annotate":
            await self._open(interaction, self._empty_form)
        else:
            command, typed = Command(name, rest), f"/{name} {rest}"
            await self._do(interaction, typed, lambda request: self._desk.obeyed(command, request))

    async def _ask(self, interaction: Interaction, question: str) -> None:
        """Promised before it is written down: the answer replaces the promise."""
        request = self._request(interaction, question)
        await self._promise(interaction)
        respond = self._replier.promised(request.reply)
        try:
            if await self._desk.handoffs.is_open(request.conversation):
                await respond(self._away(request))
            else:
                await self._desk.hear(await self._with_rights(interaction, request), respond)
        except (KnowledgeError, BotError) as error:
            await respond(self._told(request, error))

    def _away(self, request: Request) -> Reply:
        language = self._desk.language(request)
        back = Action(self._desk.say("button.back", language), encode("resume"))
        return Reply(self._desk.say("human.away", language), (back,))

    async def _promise(self, interaction: Interaction) -> None:
        try:
            await self._replier.promise(str(interaction.id), interaction.token, private=False)
        except DeliveryError as error:  # the answer will stand in the channel instead
            log.warning("discord:%s was not acknowledged: %s", interaction.id, error)

    # -- buttons and forms --------------------------------------------------------------------------

    async def component(self, interaction: Interaction, data: str) -> None:
        tap = decode(data)
        if tap is not None and tap.kind == "answer":
            await self._open(interaction, lambda: self._cluster_form(tap))
        elif tap is not None and tap.kind == "pick":
            await self._pick(interaction, data)
        else:
            await self._do(interaction, "", lambda request: self._desk.acted(tap, request))

    async def _pick(self, interaction: Interaction, data: str) -> None:
        request = self._request(interaction, "")
        await self._promise(interaction)
        respond = self._replier.promised(request.reply)
        try:
            request = await self._with_rights(interaction, request)
            await self._desk.act(data, request, respond)
        except (KnowledgeError, BotError) as error:
            await respond(self._told(request, error))

    async def submitted(self, interaction: Interaction, data: Any) -> None:
        form = forms.filled(data)
        if form is not None:
            await self._do(interaction, "", lambda request: self._desk.annotate(request, form))

    # -- opening a form: at once, or not at all -------------------------------------------------------

    async def annotate(self, interaction: Interaction, message: discord.Message) -> None:
        """From the menu of a message."""
        await self._open(interaction, lambda: self._message_form(message))

    async def _open(self, interaction: Interaction, form: Callable[[], Awaitable[Form]]) -> None:
        request = self._request(interaction, "")
        try:
            request = await self._with_rights(interaction, request)
            if request.author.is_admin:
                language = self._desk.language(request)
                modal = forms.modal(await form(), self._desk.say, language)
                await self._replier.open_form(str(interaction.id), interaction.token, modal)
                return
            refusal = self._desk.reply(request, "desk.admins_only")
        except (KnowledgeError, BotError) as error:
            refusal = self._told(request, error)
        await self._replier.at_once(str(interaction.id), request.reply, refusal)

    async def _empty_form(self) -> Form:
        return Form()

    async def _cluster_form(self, tap: Tap) -> Form:
        return await admin.form_for_cluster(self._desk, int(tap.value or 0))

    async def _message_form(self, message: discord.Message) -> Form:
        """What a person answered may be kept as well; then its question is to be written."""
        form = await self._desk.form(PLATFORM, str(message.id))
        return form or Form(answer=message.content)

    # -- the rest -------------------------------------------------------------------------------------

    async def _do(self, interaction: Interaction, text: str, doing: Doing) -> None:
        request = self._request(interaction, text)

        async def done() -> Reply:
            return await doing(await self._with_rights(interaction, request))

        if await self._is_new(interaction, request):
            safely = self._desk.safely(done(), request)
            await self._replier.answer(str(interaction.id), request.reply, safely)

    async def _is_new(self, interaction: Interaction, request: Request) -> bool:
        try:
            return await self._desk.inbox.once(request.id, PLATFORM)
        except (KnowledgeError, BotError) as error:
            told = self._told(request, error)
            await self._replier.at_once(str(interaction.id), request.reply, told)
            return False

    def _request(self, interaction: Interaction, text: str) -> Request:
        return request_of_interaction(interaction, text, self._desk.clock())

    async def _with_rights(self, interaction: Interaction, request: Request) -> Request:
        is_admin = await self._rights.of_user(interaction, self._client().guilds)
        return replace(request, author=replace(request.author, is_admin=is_admin))

    def _told(self, request: Request, error: KnowledgeError | BotError) -> Reply:
        log.warning("%s: %s %s", request.id, error.code, error.detail)
        return Reply(describe(error, self._desk.language(request)))
