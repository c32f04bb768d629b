"""LINE: a webhook that is posted to, and an API that is called."""

import asyncio
import logging
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from fastapi import APIRouter

from adapters.base import PlatformOff, Surroundings
from adapters.line.channel import LineChannel
from adapters.line.client import BotInfo, LineClient, LineError, LineUnheard
from adapters.line.inbound import NAME
from adapters.line.listening import Listener
from adapters.line.loading import Loading
from adapters.line.outbound import of_reply
from adapters.line.responding import Responding
from adapters.line.settings import Pace, line_settings
from adapters.line.speaking import Speaker
from adapters.line.watch import Watch
from adapters.line.webhook import router
from bot.errors import BotError
from bot.frontdesk.desk import FrontDesk
from bot.frontdesk.replies import Reply
from bot.inbox import DeliveryError, ReplyChannel
from bot.messages import Author, ConversationRef, Request
from bot.phrases import describe

log = logging.getLogger(__name__)

TOKEN = "LINE_CHANNEL_ACCESS_TOKEN"
_REFUSED = (401, 403)
_LONGEST_PAUSE_S = 60.0


def _now() -> datetime:
    return datetime.now(UTC)


class LineAdapter:
    """`clock` stamps receipts and tells how old a token is; `pace` is for tests."""

    name = NAME

    def __init__(
        self,
        around: Surroundings,
        pace: Pace | None = None,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self._settings = settings = line_settings(around.settings)
        self._pace = pace or Pace()
        self._clock = clock
        self._say = around.say
        self._memory = around.memory
        self._client = LineClient(
            settings.api_base, settings.blob_base, settings.token, self._pace.call_s
        )
        self._speaker = Speaker(self._client, around.memory, settings, self._pace, clock)
        self._responding = Responding(self._speaker, around.memory)
        self._loading = Loading(self._client, self._pace.loading_s)
        self._channel = LineChannel(self._speaker, self._loading, around.say)
        self._listener: Listener | None = None
        self._loops: list[asyncio.Task[None]] = []
        self._problem: BotError | None = None

    @property
    def channel(self) -> ReplyChannel:
        return self._channel

    @property
    def state(self) -> str:
        if self._problem is None:
            return "ok"
        return describe(self._problem, self._settings.language)

    def routers(self) -> Sequence[APIRouter]:
        return [router(self._settings.secret, lambda: self._listener)]

    async def start(self, desk: FrontDesk) -> str:
        """Questions come in from then on, also while LINE's API cannot be reached."""
        info = await self._info()
        if info is None:
            self._loops.append(asyncio.create_task(self._keep_trying()))
        clock = self._clock
        listener = Listener(desk, self._responding, self._client, self._settings, clock)
        listener.name = info.name if info else None
        self._loops.append(asyncio.create_task(self._watch(desk).run()))
        self._listener = listener
        return f"{info.name} {info.basic_id}".strip() if info else "LINE"

    def _watch(self, desk: FrontDesk) -> Watch:
        return Watch(
            lambda: desk.inbox,
            self._responding.awaited,
            self._speaker,
            self._memory.reply_tokens,
            self._loading,
            self._say,
            self._memory.retention.get(NAME),
        )

    async def _info(self) -> BotInfo | None:
        """None where LINE cannot be reached. Raises PlatformOff."""
        try:
            info = await self._client.info()
        except LineError as error:
            if error.status in _REFUSED:
                raise PlatformOff("platform.token", platform=NAME, variable=TOKEN) from error
            problem = str(error)
        except LineUnheard as error:
            problem = str(error)
        else:
            self._problem = None
            return info
        self._problem = BotError("platform.unreachable", platform=NAME, problem=problem)
        log.warning(self.state)
        return None

    async def _keep_trying(self) -> None:
        """Until it is known who this bot is; answers are tried meanwhile all the same."""
        pause = 1.0
        while True:
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)
            try:
                info = await self._info()
            except PlatformOff as error:
                self._problem = error
                continue
            if info is not None:
                if self._listener is not None:
                    self._listener.name = info.name
                return

    async def stop(self) -> None:
        self._listener = None
        for loop in self._loops:
            loop.cancel()
            with suppress(asyncio.CancelledError):
                await loop
        self._loops.clear()
        await self._client.retire()

    # -- unasked ----------------------------------------------------------------------------------

    @property
    def may_speak_first(self) -> bool:
        """Pushes cost money: only where the owner said that they may always be made."""
        return self._settings.push_policy == "always"

    async def post(self, room: str, reply: Reply) -> None:
        if self._settings.push_policy == "never":
            raise DeliveryError("LINE_PUSH_POLICY=never", permanent=True)
        await self._push(ConversationRef(NAME, room), reply)

    async def tell(self, place: ConversationRef, message_id: str | None, reply: Reply) -> None:
        if not self.may_speak_first:
            raise DeliveryError(f"LINE_PUSH_POLICY={self._settings.push_policy}", permanent=True)
        await self._push(place, reply)

    async def _push(self, place: ConversationRef, reply: Reply) -> None:
        nobody = Author(NAME, place.person or place.room, is_many=True)
        request = Request(f"{NAME}:{uuid.uuid4().hex}", place, nobody, "", self._clock())
        (page, *_) = of_reply(reply, request, self._say, self._settings.language)
        if await self._speaker.pusher.push(place, page, str(uuid.uuid4())) is None:
            raise DeliveryError("no pushes left", permanent=True)
