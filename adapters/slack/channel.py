"""How answers get to Slack: `bot.inbox.LiveChannel`."""

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from adapters.slack.address import Address, address_of
from adapters.slack.api import Api
from adapters.slack.blocks import Message, fallback, sections
from adapters.slack.client import delivered, may_have_arrived
from adapters.slack.inbound import message_id
from adapters.slack.indicator import Indicator
from adapters.slack.outbound import parts, provisional, watched
from bot.frontdesk.counter import language_of
from bot.inbox import DeliveryError, Progress
from bot.messages import Answer, Request
from bot.phrases import Say

log = logging.getLogger(__name__)

EVERY_S = 1.2
"""`chat.update` is taken 50 times a minute, `chat.appendStream` 100 times."""


class SlackChannel:
    """A stream in a thread, elsewhere a message that is changed; both are replaced by the answer."""

    def __init__(self, api: Api, indicator: Indicator, say: Say, language: str) -> None:
        self._api = api
        self._indicator = indicator
        self._say = say
        self._language = language
        self._appended: dict[str, str] = {}
        """Request → what its stream holds, of streams that this process has opened."""
        self._since = datetime.now(UTC)
        self._unsure: set[str] = set()
        """Keys of parts that may have arrived although nobody said so."""

    @property
    def offers_idempotency(self) -> bool:
        """`chat.postMessage` has no key that Slack would promise anything about. What was
        watched is changed, and may be changed twice; where it is not known whether a message
        arrived, it is looked for, which may be forbidden."""
        return False

    @property
    def every_s(self) -> float:
        return EVERY_S

    def parts(self, request: Request, answer: Answer) -> Sequence[Message]:
        return parts(request, answer, self._say, self._language)

    # -- an answer in the making ----------------------------------------------------------------

    async def open(self, request: Request) -> Mapping[str, Any]:
        """Raises DeliveryError."""
        address = address_of(request)
        if address.url is not None:
            raise DeliveryError("ephemeral", permanent=True)  # cannot be changed
        await self._indicator.end(request.id, address)
        stream = await delivered(self._api.start_stream(address.place, address.user, address.team))
        if stream is not None:
            self._appended[request.id] = ""
            return {"live": stream, "stream": True}
        text = self._say("shown.thinking", language_of(request, self._language))
        message = {"text": fallback(text), "blocks": sections(text)}
        return {"live": await delivered(self._api.post(address.place, message)), "stream": False}

    async def show(self, request: Request, text: str) -> None:
        address, so_far = address_of(request), watched(text)
        if address.live is None:
            return
        if address.is_stream:
            await self._append(request.id, address, so_far)
        elif message := provisional(so_far):
            await delivered(self._api.update(address.place.channel, address.live, message))

    async def _append(self, request_id: str, address: Address, so_far: str) -> None:
        """A stream takes no word back: what has become another text waits for the end, and so
        does what another process had begun to show."""
        before = self._appended.get(request_id)
        if before is None or address.live is None or not so_far.startswith(before):
            return
        more = so_far[len(before) :]
        if more.strip():
            await delivered(self._api.append(address.place.channel, address.live, more))
            self._appended[request_id] = so_far

    # -- the answer -----------------------------------------------------------------------------

    async def send(self, request: Request, part: Message, index: int, key: str) -> str | None:
        """Raises DeliveryError."""
        address = address_of(request)
        if index == 0:
            self._appended.pop(request.id, None)
            await self._indicator.end(request.id, address)
        if address.url is not None:
            await delivered(self._api.respond(address.url, part))
            return None
        if request.received_at < self._since:
            self._unsure.add(key)  # another process may have died on it
        try:
            ts = await delivered(self._sent(address, part, index, key))
        except DeliveryError as error:
            if may_have_arrived(error.__cause__):
                self._unsure.add(key)
            raise
        self._unsure.discard(key)
        return message_id(address.place.channel, ts)

    async def _sent(self, address: Address, part: Message, index: int, key: str) -> str:
        channel, live = address.place.channel, address.live
        if index == 0 and live is not None:
            if address.is_stream:
                await self._api.stop_stream(channel, live)
            if await self._api.update(channel, live, part):
                return live
        found = await self._api.posted(address.place, key) if key in self._unsure else None
        return found or await self._api.post(address.place, part, key)

    def taken_in(self, request: Request) -> None:
        """A sign of life at once, also where nobody can answer yet."""
        text = self._say("shown.thinking", language_of(request, self._language))
        self._indicator.taken_in(request.id, address_of(request), text)

    async def progress(self, request: Request, state: Progress) -> None:
        address, language = address_of(request), language_of(request, self._language)
        match state.kind:
            case "waiting":
                await self._in_line(request.id, address, state.place, language)
            case "thinking":
                text = self._say("shown.thinking", language)
                self._indicator.begin(request.id, address, text)
            case "withdrawn":
                await self._withdraw(request.id, address)

    async def _in_line(self, request_id: str, address: Address, place: int, language: str) -> None:
        text = self._say("answer.busy", language, place=place)
        self._indicator.begin(request_id, address, text)
        if address.place.thread is None and address.url is None:  # where no status is shown
            message = {"text": fallback(text), "blocks": sections(text)}
            await self._api.whisper(address.place, address.user, message)

    async def _withdraw(self, request_id: str, address: Address) -> None:
        await self._indicator.end(request_id, address)
        self._appended.pop(request_id, None)
        if address.live is None:
            return
        if address.is_stream:
            await self._api.stop_stream(address.place.channel, address.live)
        await self._api.delete(address.place.channel, address.live)
