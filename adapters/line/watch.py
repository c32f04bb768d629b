"""Looks for reply tokens that get old before their answer is there, and spends them on a button.

It reads what is open in the inbox, so that it makes no difference whether a question is being
answered or waits in line, who took it in, and whether the program was started since.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

from adapters.line.client import LineError, LineUnheard
from adapters.line.inbound import NAME
from adapters.line.loading import Loading
from adapters.line.outbound import still_looking
from adapters.line.speaking import Speaker
from bot.errors import BotError
from bot.frontdesk.counter import language_of
from bot.inbox import Inbox
from bot.messages import Request
from bot.phrases import Say
from bot.reply_tokens import ReplyTokens, Token, Unspent
from knowledge.errors import KnowledgeError

log = logging.getLogger(__name__)

_KEPT = timedelta(days=7)
"""What was never asked for is not offered any more."""
_HOUSEKEEPING_S = 600.0


class Awaited(Protocol):
    """Commands whose reply is not there yet; they are in no inbox."""

    def __call__(self) -> list[Request]: ...


class Watch:
    def __init__(
        self,
        inbox: Callable[[], Inbox],
        awaited: Awaited,
        speaker: Speaker,
        tokens: ReplyTokens,
        loading: Loading,
        say: Say,
        kept_days: int | None = None,
    ) -> None:
        self._inbox = inbox
        self._awaited = awaited
        self._speaker = speaker
        self._tokens = tokens
        self._loading = loading
        self._say = say
        self._kept = _KEPT if kept_days is None else min(_KEPT, timedelta(days=kept_days))
        self._promised: set[str] = set()

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        cleaned = loop.time() - _HOUSEKEEPING_S
        while True:
            try:
                if loop.time() - cleaned >= _HOUSEKEEPING_S:
                    cleaned = loop.time()
                    await asyncio.to_thread(self._clean)
                await self.once()
            except (KnowledgeError, BotError) as error:
                log.warning("reply tokens are not looked after: %s", error.code)
            except Exception:
                log.exception("looking after reply tokens stumbled and goes on")
            await asyncio.sleep(self._speaker.pace.look_s)

    async def once(self) -> None:
        """Raises LedgerError, BotError `inbox.closed`."""
        waiting = await self._inbox().unanswered(NAME)
        due = self._speaker.clock() - self._speaker.pace.promise_after
        known = {request.id: request for request in [*waiting, *self._awaited()]}
        self._promised &= known.keys()
        self._loading.keep_only(known.keys())
        for request in known.values():
            await self._loading.again(request)
            value = request.reply.get("token")
            if value and request.received_at <= due and request.id not in self._promised:
                self._promised.add(request.id)
                await self._promise(request, Token(value, request.received_at))
        for one in await asyncio.to_thread(self._tokens.unspent, due):
            await self._look_at(one, known.get(one.request_id))

    async def _look_at(self, one: Unspent, request: Request | None) -> None:
        """A token that a button brought, for an answer that is not there yet."""
        if request is not None:
            await self._promise(request, one.token)
        elif await self._inbox().position(one.request_id) is None:
            # Taken back, or answered without having found this token.
            await asyncio.to_thread(self._tokens.drop, one.request_id)

    async def _promise(self, request: Request, token: Token) -> None:
        room = request.conversation.room
        if not await asyncio.to_thread(self._tokens.promise, request.id, room, token):
            return
        place = await self._inbox().position(request.id) or 0
        language = language_of(request, self._speaker.settings.language)
        said = still_looking(request.id, place, self._say, language)
        try:
            await self._speaker.insist(token, said)
        except (LineError, LineUnheard) as error:
            # The answer will be owed, and come with whatever is said there next.
            log.warning("%s: no button: %s", request.id, error)
        await self._loading.again(request, at_once=True)

    def _clean(self) -> None:
        self._tokens.unstrand()
        self._tokens.sweep(self._speaker.clock() - self._kept)
