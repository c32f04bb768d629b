"""How answers get to Discord, and what is seen of them while they are made.

to a message       a reply 「查資料中…」, edited while the answer is made, and once more at its end
to a command       the deferred response is that message; after a quarter of an hour, when its
                   token is spent, it is edited as any other, or a new one is sent
"""

import asyncio
import time
import uuid
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from weakref import WeakValueDictionary

from adapters.discord.api import Api, MessageGone
from adapters.discord.outbound import Message, answer_parts, message, provisional
from adapters.discord.settings import DiscordSettings
from bot.frontdesk.counter import language_of
from bot.inbox import DeliveryError, Progress
from bot.messages import Answer, Request
from bot.phrases import Say

_TYPING_S = 8.0
"""An indicator is shown for ten seconds."""
_TYPING_TIMES = 60
"""So that an answer that never comes does not look as if it were about to for ever."""
_PAUSE_S = 1.0
_KEPT = 2000
_KEYS = uuid.UUID("8a8f6c63-6b44-5d64-9f3f-1f6e2f1d9c11")


class DiscordChannel:
    """A `ReplyChannel`, and a `LiveChannel`."""

    every_s = 1.2

    def __init__(self, api: Api, settings: DiscordSettings, say: Say) -> None:
        self._api = api
        self._settings = settings
        self._say = say
        self._typing: dict[str, asyncio.Task[None]] = {}
        self._placed: OrderedDict[str, str] = OrderedDict()
        """Request → the message that told its place in line, to become the answer."""
        self._shown_at: OrderedDict[str, float] = OrderedDict()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._answered: OrderedDict[str, None] = OrderedDict()
        """What was still to be told of these came too late."""

    @property
    def offers_idempotency(self) -> bool:
        """By the nonce of a message; within some minutes."""
        return True

    def parts(self, request: Request, answer: Answer) -> Sequence[Message]:
        return answer_parts(answer, request.id, self._say, self._language(request))

    # -- the answer -----------------------------------------------------------------------------

    async def send(self, request: Request, part: Message, index: int, key: str) -> str | None:
        self._still(request)
        if index > 0:
            return await self._another(request, part, key)
        async with self._turn(request):  # the place in line may be on its way
            self._answered[request.id] = None
            _forget_old(self._answered)
            try:
                id_ = await self._replace(request, part, self._placed.get(request.id))
            except MessageGone:
                id_ = await self._another(request, part, key)
            self._placed.pop(request.id, None)
            return id_

    def _turn(self, request: Request) -> asyncio.Lock:
        return self._turns.setdefault(request.id, asyncio.Lock())

    async def _replace(self, request: Request, part: Message, placed: str | None) -> str:
        """In the place of what is shown. Raises MessageGone where nothing is (any more)."""
        reply = request.reply
        if "token" in reply:
            with suppress(MessageGone):
                return await self._api.edit_response(reply["application"], reply["token"], part)
        shown = reply.get("shown") or placed
        if shown is None:
            raise MessageGone("nothing shown", permanent=True)
        return await self._api.edit(reply["channel"], shown, part)

    async def _another(self, request: Request, part: Message, key: str) -> str:
        """As a message of its own; where the bot may not write, as one more response."""
        reply = request.reply
        try:
            return await self._api.post(
                reply["channel"], part, key=key, reply_to=reply.get("message")
            )
        except DeliveryError as error:
            if not error.permanent or "token" not in reply:
                raise
        return await self._api.follow_up(reply["application"], reply["token"], part)

    # -- before it is there -----------------------------------------------------------------------

    async def open(self, request: Request) -> Mapping[str, Any]:
        self._still(request)
        async with self._turn(request):
            placed = self._placed.get(request.id)
            if "token" in request.reply:
                placed = await self._replace(request, message(self._thinking(request)), placed)
            return {"shown": placed or await self._place(request, self._thinking(request))}

    async def show(self, request: Request, text: str) -> None:
        """Of several answers in one room, each a little more rarely: Discord counts by room, and
        the answers themselves should not have to wait."""
        room, now = request.reply["channel"], time.monotonic()
        if now - self._shown_at.get(room, -_PAUSE_S) >= _PAUSE_S:
            self._shown_at[room] = now
            self._shown_at.move_to_end(room)
            _forget_old(self._shown_at)
            await self._show(request, provisional(text))

    async def progress(self, request: Request, state: Progress) -> None:
        async with self._turn(request):
            if request.id not in self._answered:
                await self._tell(request, state)

    async def _tell(self, request: Request, state: Progress) -> None:
        match state.kind:
            case "waiting":
                told = self._say("answer.busy", self._language(request), place=state.place)
                await self._waiting(request, told)
            case "thinking":
                await self._begun(request)
            case "withdrawn":
                await self._withdrawn(request)

    async def _waiting(self, request: Request, told: str) -> None:
        if "token" in request.reply:
            self._note(request.id, await self._replace(request, message(told), None))
        else:
            await self._place(request, told)

    async def _begun(self, request: Request) -> None:
        if request.id in self._placed:
            await self._show(request, message(self._thinking(request)))
        elif "token" not in request.reply and request.id not in self._typing:
            typing = asyncio.create_task(self._type(request.reply["channel"]))
            self._typing[request.id] = typing
            typing.add_done_callback(lambda _: self._typing.pop(request.id, None))

    async def _withdrawn(self, request: Request) -> None:
        self._still(request)
        shown = request.reply.get("shown") or self._placed.pop(request.id, None)
        if shown:
            with suppress(MessageGone):
                await self._api.delete(request.reply["channel"], shown)

    async def _show(self, request: Request, shown: Message) -> None:
        await self._replace(request, shown, self._placed.get(request.id))

    async def _place(self, request: Request, text: str) -> str:
        """The message that will be the answer; the same one however often it is asked for."""
        reply, key = request.reply, str(uuid.uuid5(_KEYS, request.id))
        place = message(text)
        id_ = await self._api.post(reply["channel"], place, key=key, reply_to=reply.get("message"))
        self._note(request.id, id_)
        return id_

    def _note(self, request_id: str, message_id: str) -> None:
        self._placed[request_id] = message_id
        _forget_old(self._placed)

    async def _type(self, channel: str) -> None:
        for _ in range(_TYPING_TIMES):
            with suppress(DeliveryError):
                await self._api.typing(channel)
            await asyncio.sleep(_TYPING_S)

    def _still(self, request: Request) -> None:
        """No longer typing."""
        typing = self._typing.pop(request.id, None)
        if typing is not None:
            typing.cancel()

    def close(self) -> None:
        for typing in list(self._typing.values()):
            typing.cancel()

    def _thinking(self, request: Request) -> str:
        return self._say("shown.thinking", self._language(request))

    def _language(self, request: Request) -> str:
        return language_of(request, self._settings.language)


def _forget_old(known: OrderedDict[str, Any]) -> None:
    while len(known) > _KEPT:
        known.popitem(last=False)
