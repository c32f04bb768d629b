"""From what was heard to the desk: who it was, whether we are meant, and what to hand over.

Everything here returns once it is safe to acknowledge, and raises (KnowledgeError, BotError)
where it is not: then Slack delivers it once more.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakValueDictionary

from adapters.slack.address import Address
from adapters.slack.api import Api
from adapters.slack.client import delivered
from adapters.slack.directory import Directory
from adapters.slack.files import Files
from adapters.slack.inbound import (
    PLATFORM,
    Deleted,
    Edited,
    Event,
    Heard,
    HomeOpened,
    Place,
    message_id,
)
from adapters.slack.outbound import home_view
from adapters.slack.roles import Roles
from adapters.slack.speaking import Speaker
from adapters.slack.threads import Threads
from bot.frontdesk.commands import Command
from bot.frontdesk.desk import FrontDesk
from bot.frontdesk.replies import Reply, Respond
from bot.inbox import Accepted, Submitted
from bot.messages import Author, Request


@dataclass(frozen=True, slots=True)
class House:
    """What there is between `start` and `stop`."""

    desk: FrontDesk
    api: Api
    speaker: Speaker
    roles: Roles
    directory: Directory
    files: Files
    threads: Threads
    bot_user: str
    taken_in: Callable[[Request], None]
    """Shows that a question is being worked on."""

    def note(self, request: Request, result: Submitted | None) -> None:
        if isinstance(result, Accepted) and result.position == 0:  # others are told their place
            self.taken_in(request)

    async def request(
        self, id_: str, place: Place, user: str, text: str, team: str | None, name: str | None
    ) -> Request:
        """Who asks what where; whether they are an admin is looked up anew. Raises LedgerError."""
        person = self.directory.known(user)
        is_admin = await self.roles.is_admin(user, self.desk.admins)
        return Request(
            id=id_,
            conversation=place.ref(user),
            author=Author(PLATFORM, user, person.name or name, is_admin),
            text=text,
            received_at=self.desk.clock(),
            reply=Address(place, user, team).packed(),
            language=person.language,
        )


class Door:
    """For events; commands and forms have doors of their own."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._turns: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def take(self, event: Event) -> None:
        match event:
            case Heard():
                async with self._turn(event):
                    await self._heard(event)
            case Edited():
                async with self._turn(event.now):
                    await self._edited(event)
            case Deleted(channel=channel, ts=ts):
                await self._house.desk.deleted(PLATFORM, message_id(channel, ts))
            case HomeOpened(user=user):
                await self._home(user)

    def _turn(self, heard: Heard) -> asyncio.Lock:
        """One person's messages are taken in as they were written, however long each takes."""
        key = (heard.place.channel, heard.user)
        lock = self._turns.get(key)
        if lock is None:
            lock = self._turns[key] = asyncio.Lock()
        return lock

    async def _is_for_us(self, heard: Heard) -> bool:
        place, threads = heard.answered_in, self._house.threads
        if place.is_direct:
            return True
        if heard.calls_bot:
            threads.called(place, heard.user)
            return True
        if heard.place.thread is None:
            return False
        if heard.calls_others:
            threads.left_to_people(place)
            return False
        return await threads.speaks_in(place, self._house.desk.memory.history)

    async def _heard(self, heard: Heard) -> None:
        if not await self._is_for_us(heard):
            return
        request, respond = await self._request(heard)
        if heard.files:
            await self._files(heard, request, respond)
        if heard.text or not heard.files:
            self._house.note(request, await self._house.desk.hear(request, respond))

    async def _edited(self, edited: Edited) -> None:
        now, desk = edited.now, self._house.desk
        if not await self._is_for_us(now):
            if edited.called_bot:
                await desk.deleted(PLATFORM, message_id(now.place.channel, now.ts))
            return
        request, respond = await self._request(now)
        self._house.note(request, await desk.edited(request, respond))

    async def _request(self, heard: Heard) -> tuple[Request, Respond]:
        house, place = self._house, heard.answered_in
        text = heard.text or f"/{house.desk.settings.prefix}help"
        request = await house.request(heard.id, place, heard.user, text, heard.team, None)
        thread = heard.place.thread
        full = replace(
            request,
            reply=Address(place, heard.user, heard.team, heard.ts).packed(),
            message_id=message_id(place.channel, heard.ts),
            quotes=message_id(place.channel, thread) if thread else None,
        )
        return full, house.speaker.to(heard.place, heard.user, place)

    async def _files(self, heard: Heard, request: Request, respond: Respond) -> None:
        desk = self._house.desk
        request = replace(request, id=f"{request.id}:files", text=heard.text)
        code = None if request.author.is_admin else _unreadable(heard.files)
        if code is None:
            uploads = [self._house.files.upload(file) for file in heard.files]
            await desk.offer_files(request, uploads, respond)
        elif await desk.inbox.once(request.id, PLATFORM):
            desk.spawn(_sentence(desk, request, code), request, respond)

    async def _home(self, user: str) -> None:
        """What stands on the bot's own page; nothing is lost if it does not."""
        house = self._house
        request = await house.request(f"{PLATFORM}:home", Place(user, None), user, "", None, None)

        async def show(reply: Reply) -> None:
            view = home_view(reply.text)
            await delivered(house.api.web.views_publish(user_id=user, view=view))

        house.desk.spawn(house.desk.obey(Command("help", ""), request), request, show)


def _unreadable(files: tuple[Mapping[str, Any], ...]) -> str | None:
    """What is said of pictures and sound; None where a file is what it looks like."""
    kinds = {str(file.get("mimetype") or "").partition("/")[0] for file in files}
    if kinds == {"image"}:
        return "media.image"
    return "media.only_text" if kinds <= {"image", "audio", "video"} else None


async def _sentence(desk: FrontDesk, request: Request, code: str) -> Reply:
    return desk.reply(request, code)
