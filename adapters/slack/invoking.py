"""Slash commands and buttons. Returns and raises as `door`."""

import asyncio
import logging
from dataclasses import replace

from adapters.slack.address import Address
from adapters.slack.client import TROUBLES, code_of
from adapters.slack.door import House
from adapters.slack.forms import Forms
from adapters.slack.inbound import PLATFORM, Invoked, Place, Tapped, message_id
from adapters.slack.outbound import asked_message
from bot.frontdesk.actions import decode
from bot.frontdesk.replies import Reply, Respond
from bot.messages import Request

log = logging.getLogger(__name__)

POST_S = 1.5
"""For putting a question where everybody sees it: the command has to be acknowledged in time."""


class Invoking:
    def __init__(self, house: House, forms: Forms) -> None:
        self._house = house
        self._forms = forms

    # -- commands -------------------------------------------------------------------------------

    async def command(self, given: Invoked) -> None:
        house, prefix = self._house, self._house.desk.settings.prefix
        place = given.place
        if not place.is_direct:  # commands are given beside threads, and meant for them
            place = house.threads.latest(place.channel, given.user)
        text = f"{given.command} {given.text}".strip()
        request = await house.request(given.id, place, given.user, text, given.team, given.name)
        respond = house.speaker.by(given.response_url)
        name = given.command.removeprefix("/").removeprefix(prefix)
        if name == "ask":
            await self._ask(given, request, respond)
        elif name == "annotate" and not given.text and request.author.is_admin:
            self._forms.open_empty(given.trigger_id, request, respond)
        else:
            await house.desk.hear(request, respond)

    async def _ask(self, given: Invoked, request: Request, respond: Respond) -> None:
        """A question for everybody to see, answered below it."""
        desk = self._house.desk
        if not given.text:
            desk.spawn(self._usage(request), request, respond)
            return
        address = await self._put(given, request)
        shown = None
        if address.question is not None:
            shown = message_id(address.place.channel, address.question)
        # Nothing is held back for more, and nothing in it is a command: it was asked in so many
        # words, also where the bot would be silent by itself.
        asked = replace(
            request,
            text=given.text,
            conversation=address.place.ref(given.user),
            reply=address.packed(),
            message_id=shown,
        )
        self._house.note(asked, await desk.ask(asked, respond))

    async def _usage(self, request: Request) -> Reply:
        desk = self._house.desk
        return desk.reply(request, "slack.ask_usage", p=desk.settings.prefix)

    async def _put(self, given: Invoked, request: Request) -> Address:
        """Where the answer goes: below the question, or where the bot is no member, by the
        command's own way back."""
        house, place = self._house, given.place
        who = request.author.name or given.user
        asked = replace(request, text=given.text)
        message = asked_message(who, given.text, house.desk.say, house.desk.language(asked))
        try:
            async with asyncio.timeout(POST_S):
                ts = await house.api.post(place, message)
        except TROUBLES as error:
            log.debug("not asked in the open: %s", code_of(error))
            return Address(place, given.user, given.team, url=given.response_url)
        if place.is_direct:
            return Address(place, given.user, given.team, ts)
        below = Place(place.channel, ts)
        house.threads.called(below, given.user)
        return Address(below, given.user, given.team, ts)

    # -- buttons --------------------------------------------------------------------------------

    async def tap(self, tap: Tapped) -> None:
        house = self._house
        request = await house.request(tap.id, tap.place, tap.user, "", tap.team, tap.name)
        if tap.response_url is not None:
            respond = house.speaker.by(tap.response_url)
        else:
            respond = house.speaker.to(tap.place, tap.user)
        meant = decode(tap.data)
        kind = None if meant is None else meant.kind
        if kind == "answer" and meant is not None and request.author.is_admin:
            cluster = int(meant.value) if meant.value.isdigit() else 0
            self._forms.open_for_cluster(tap.trigger_id, cluster, request, respond)
        # A choice goes into the inbox, which knows its id by itself.
        elif kind == "pick" or await house.desk.inbox.once(tap.id, PLATFORM):
            house.note(request, await house.desk.act(tap.data, request, respond))
