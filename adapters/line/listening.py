"""What is done about each event: the desk hears it, or a sentence says why not."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime

from adapters.line.addressing import addressed
from adapters.line.annotate import KEYBOARD
from adapters.line.buttons import Buttons
from adapters.line.client import LineClient, LineError, LineUnheard
from adapters.line.inbound import NAME, Event, mentions_of, place_of, request_of
from adapters.line.responding import Responding
from adapters.line.settings import LineSettings
from bot.errors import BotError
from bot.frontdesk.actions import decode
from bot.frontdesk.commands import parse
from bot.frontdesk.desk import FrontDesk
from bot.frontdesk.replies import Reply
from bot.frontdesk.uploads import Upload
from bot.messages import Request

log = logging.getLogger(__name__)

MAX_FILE = 20 * 1024 * 1024
"""Bytes."""
_NAME_S = 1.0
"""A name is nice to have; the acknowledgement does not wait longer for it."""
_EDITS = 1000
Hearing = Callable[[Event], Awaitable[None]]


class Listener:
    """`name` is the bot's own, once it is known."""

    def __init__(
        self,
        desk: FrontDesk,
        responding: Responding,
        client: LineClient,
        settings: LineSettings,
        clock: Callable[[], datetime],
    ) -> None:
        self.name: str | None = None
        self._desk = desk
        self._responding = responding
        self._client = client
        self._settings = settings
        self._clock = clock
        self._buttons = Buttons(desk, responding)
        self._edits: OrderedDict[str, int] = OrderedDict()
        self._kinds: Mapping[str, Hearing] = {
            "message.text": self._said,
            "message.sticker": self._media,
            "message.audio": self._media,
            "message.video": self._media,
            "message.location": self._media,
            "message.image": self._picture,
            "message.file": self._file,
            "messageEdited": self._edited,
            "unsend": self._unsent,
            "postback": self._tapped,
            "follow": self._followed,
            "join": self._joined,
            "unfollow": self._left,
            "leave": self._left,
        }

    async def hear(self, event: Event) -> None:
        """Returns once it is dealt with or safe. Raises KnowledgeError, BotError."""
        hearing = self._kinds.get(event.kind)
        if hearing is None:
            log.debug("an event that nothing is done about: %s", event.kind)
            return
        await hearing(event)

    async def _request(self, event: Event, text: str = "") -> Request:
        is_admin = event.person is not None and (
            event.person in self._settings.admins or await self._desk.admins.has(NAME, event.person)
        )
        return request_of(event, text, is_admin, self._clock())

    # -- words ------------------------------------------------------------------------------------

    async def _said(self, event: Event) -> None:
        text = await self._for_us(event)
        if text is None:
            return
        request = await self._request(event, text)
        command = parse(text, self._settings.prefix)
        if command is not None and command.name == "human":
            request = await self._named(event, request)
        if command is not None and command.name != "ask":
            self._responding.expect(request)
        await self._desk.hear(request, self._responding.to(request))

    async def _for_us(self, event: Event) -> str | None:
        """What was said; None where people talk among themselves."""
        text = str(event.data.get("text") or "")
        if not event.is_shared:
            return text
        called = addressed(text, mentions_of(event), self.name, self._settings.called)
        if called is None:
            return text if await self._quotes_us(event) else None
        return called or f"/{self._settings.prefix}help"

    async def _quotes_us(self, event: Event) -> bool:
        quoted = event.data.get("quotedMessageId")
        return isinstance(quoted, str) and await self._responding.is_ours(quoted)

    async def _named(self, event: Event, request: Request) -> Request:
        """For staff, who shall see whom to talk to."""
        if event.person is None:
            return request
        try:
            async with asyncio.timeout(_NAME_S):
                name = await self._client.name_of(event.person, event.room, event.is_shared)
        except (LineError, LineUnheard, TimeoutError):
            return request
        return replace(request, author=replace(request.author, name=name))

    async def _edited(self, event: Event) -> None:
        """Edits may come in any order; the one that happened last is what stands there."""
        message_id = str(event.data.get("id") or "")
        if event.at < self._edits.get(message_id, 0):
            return
        text = await self._for_us(event)
        if text is None:
            await self._desk.deleted(NAME, message_id)
        else:
            request = await self._request(event, text)
            await self._desk.edited(request, self._responding.to(request))
        self._edits[message_id] = event.at
        while len(self._edits) > _EDITS:
            self._edits.popitem(last=False)

    async def _unsent(self, event: Event) -> None:
        await self._desk.deleted(NAME, str(event.data.get("messageId") or ""))

    # -- what is no words -------------------------------------------------------------------------

    async def _media(self, event: Event) -> None:
        if await self._is_meant(event):
            await self._say(event, "media.only_text")

    async def _is_meant(self, event: Event) -> bool:
        """Where people talk among themselves, or with staff, it is none of the bot's business."""
        return not event.is_shared and not await self._desk.handoffs.is_open(place_of(event))

    async def _picture(self, event: Event) -> None:
        if await self._is_meant(event):
            request = await self._request(event)
            picture = Upload("photo", lambda: self._content(event, "photo"))
            await self._desk.look(request, picture, self._responding.to(request))

    async def _say(self, event: Event, code: str, **detail: str) -> None:
        request = await self._request(event)
        if await self._desk.inbox.once(request.id, NAME):
            reply = self._desk.reply(request, code, **detail)
            self._desk.spawn(_at_once(reply), request, self._responding.to(request))

    async def _file(self, event: Event) -> None:
        if not await self._is_meant(event):
            return
        request = await self._request(event)
        name = str(event.data.get("fileName") or "file")
        file = Upload(name, lambda: self._content(event, name))
        self._responding.expect(request)
        await self._desk.offer_files(request, [file], self._responding.to(request))

    async def _content(self, event: Event, name: str) -> bytes:
        """Raises BotError `upload.large`, `upload.unreadable`."""
        size = event.data.get("fileSize")
        content = None
        try:
            if not isinstance(size, int) or size <= MAX_FILE:
                content = await self._client.content(str(event.data.get("id")), MAX_FILE)
        except (LineError, LineUnheard) as error:
            raise BotError("upload.unreadable", name=name, problem=str(error)) from error
        if content is None:
            raise BotError("upload.large", name=name, limit_mb=str(MAX_FILE // (1024 * 1024)))
        return content

    # -- buttons, coming and going ------------------------------------------------------------------

    async def _tapped(self, event: Event) -> None:
        data = str(event.data.get("data") or "")
        if data == KEYBOARD:
            return
        request = await self._request(event)
        tap = decode(data)
        if tap is not None and tap.kind == "human":
            request = await self._named(event, request)
        await self._buttons.tapped(data, tap, request)

    async def _followed(self, event: Event) -> None:
        await self._say(event, "line.welcome")

    async def _joined(self, event: Event) -> None:
        called = self._settings.called[0] if self._settings.called else "@"
        await self._say(event, "line.joined", name=self.name or called, called=called)

    async def _left(self, event: Event) -> None:
        """What is owed there can never be said. What was said stays for as long as the owner
        keeps conversations."""
        count = await asyncio.to_thread(self._responding.forget, event.room)
        log.info("%s: a room is left, %d replies are dropped", event.kind, count)


async def _at_once(reply: Reply) -> Reply:
    return reply
