"""The /annotate form: opened from a command, a wrong answer or the unanswered list; sent in."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from adapters.slack import annotate
from adapters.slack.blocks import Block
from adapters.slack.client import TROUBLES, code_of
from adapters.slack.door import House
from adapters.slack.inbound import PLATFORM, Place, Tapped, delivery_id, message_id
from adapters.slack.mrkdwn import read
from bot.errors import BotError
from bot.frontdesk import admin
from bot.frontdesk.replies import Form, Reply, Respond
from bot.messages import Request
from bot.phrases import describe
from knowledge.errors import KnowledgeError

log = logging.getLogger(__name__)

SAVE_S = 2.0
"""Slack waits three seconds for a form to be taken."""

Making = Callable[[], Awaitable[Form]]


class Forms:
    def __init__(self, house: House) -> None:
        self._house = house
        self._tasks: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Lets what is being saved finish."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=SAVE_S)

    # -- opening --------------------------------------------------------------------------------

    def open_empty(self, trigger: str, request: Request, respond: Respond) -> None:
        async def form() -> Form:
            return Form()

        self._open(trigger, form, request, respond)

    def open_for_cluster(
        self, trigger: str, cluster: int, request: Request, respond: Respond
    ) -> None:
        async def form() -> Form:
            return await admin.form_for_cluster(self._house.desk, cluster)

        self._open(trigger, form, request, respond)

    async def open_for_message(self, tap: Tapped) -> None:
        """From a message's menu: the answer that is wrong, or the question. Raises
        KnowledgeError."""
        house = self._house
        request = await house.request(tap.id, tap.place, tap.user, "", tap.team, tap.name)
        respond = house.speaker.to(tap.place, tap.user)
        if tap.response_url is not None:
            respond = house.speaker.by(tap.response_url)

        async def form() -> Form:
            known = await house.desk.form(
                PLATFORM, message_id(tap.place.channel, tap.message_ts or "")
            )
            return known or self._form_of(tap.message)

        if request.author.is_admin:
            self._open(tap.trigger_id, form, request, respond)
        else:
            house.desk.spawn(self._refusal(request), request, respond)

    def _form_of(self, message: Mapping[str, Any]) -> Form:
        """Of a message that we know nothing about: a person's words are taken for a question."""
        text = read(str(message.get("text") or ""), self._house.bot_user)
        return Form() if message.get("bot_id") else Form(question=text)

    async def _refusal(self, request: Request) -> Reply:
        return self._house.desk.reply(request, "desk.admins_only")

    def _open(self, trigger: str, make: Making, request: Request, respond: Respond) -> None:
        """At once and beside the acknowledgement: a trigger lives for three seconds."""
        task = asyncio.create_task(self._opened(trigger, make, request, respond))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _opened(self, trigger: str, make: Making, request: Request, respond: Respond) -> None:
        desk = self._house.desk
        language = desk.language(request)
        try:
            view = annotate.modal(await make(), desk.say, language)
            await self._house.api.web.views_open(trigger_id=trigger, view=view)
        except (KnowledgeError, BotError) as error:
            desk.spawn(_as_reply(describe(error, language)), request, respond)
        except TROUBLES as error:
            log.warning("the form did not open: %s", code_of(error))
            text = desk.say("slack.no_form", language, p=desk.settings.prefix)
            desk.spawn(_as_reply(text), request, respond)

    # -- sent in --------------------------------------------------------------------------------

    async def sent_in(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """What is said to Slack: errors at their fields, or the form turned into a notice.

        Raises KnowledgeError, BotError where nothing was looked at yet.
        """
        house, view = self._house, body["view"]
        user = body["user"]["id"]
        id_ = delivery_id("form", str(view.get("id")), str(body.get("trigger_id")))
        request = await house.request(id_, Place(user, None), user, "", None, None)
        form = annotate.sent_in(view)
        if not request.author.is_admin:  # opened before the right was taken away, or forged
            refusal = house.desk.reply(request, "desk.admins_only").text
            return _errors({annotate.QUESTION: refusal})
        if not await house.desk.inbox.once(request.id, PLATFORM):
            return {}
        saving = asyncio.create_task(admin.annotate(house.desk, request, form))
        return await self._saved(saving, request)

    async def _saved(self, saving: "asyncio.Task[Reply]", request: Request) -> Mapping[str, Any]:
        desk, language = self._house.desk, self._house.desk.language(request)
        try:
            reply = await asyncio.wait_for(asyncio.shield(saving), SAVE_S)
        except TimeoutError:
            respond = self._house.speaker.to(Place(request.author.user_id, None), "")
            desk.spawn(_awaited(saving), request, _in_public(respond))
            return self._update(desk.say("slack.form_late", language), language)
        except (KnowledgeError, BotError) as error:
            return _errors(annotate.errors(error.code, describe(error, language)))
        return self._update(reply.text, language)

    def _update(self, text: str, language: str) -> Mapping[str, Any]:
        view: Block = annotate.notice(text, self._house.desk.say, language)
        return {"response_action": "update", "view": view}


def _errors(errors: Mapping[str, str]) -> Mapping[str, Any]:
    return {"response_action": "errors", "errors": dict(errors)}


def _in_public(respond: Respond) -> Respond:
    """In a direct message nothing has to be whispered."""

    async def shown(reply: Reply) -> None:
        await respond(Reply(reply.text, reply.actions, private=False))

    return shown


async def _awaited(task: "asyncio.Task[Reply]") -> Reply:
    return await task


async def _as_reply(text: str) -> Reply:
    return Reply(text)
