"""Saying something on LINE: with the reply token while it lives, by a push where the owner pays
for one, and else with the next token that comes.

A token works once, which makes a second attempt with the same one harmless: whoever heard no
answer tries it again, and when LINE calls a token spent that is young still, the first attempt
had worked.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from adapters.line.carrying import Carrying, Notes, carrying
from adapters.line.client import LineClient, LineError, LineUnheard, undelivered
from adapters.line.outbound import MAX_MESSAGES, Message, late, quick, with_quick
from adapters.line.pushing import Pusher
from adapters.line.settings import LineSettings, Pace
from bot.frontdesk.actions import Action, encode
from bot.frontdesk.counter import language_of
from bot.inbox import DeliveryError
from bot.memory import Memory
from bot.messages import Request
from bot.reply_tokens import Owed, Token, Turn

log = logging.getLogger(__name__)

_TRUSTED = 5 / 6
"""Of a token's life: LINE calling it spent then means used, not old."""
_SPREAD = 0.18
"""Of the time until the promise: the inbox tries eight times."""
_REMEMBERED = 5000
_TRIES = 4
_LONGEST_PAUSE_S = 3.0
Pages = Sequence[list[Message]]


class Speaker:
    """`clock` gives aware times; it is the one that receipts are stamped with."""

    def __init__(
        self,
        client: LineClient,
        memory: Memory,
        settings: LineSettings,
        pace: Pace,
        clock: Callable[[], datetime],
    ) -> None:
        self.client = client
        self.clock = clock
        self.settings = settings
        self.pace = pace
        self._memory = memory
        self._tokens = memory.reply_tokens
        self._notes = Notes(memory)
        self.pusher = Pusher(client, memory, settings)
        self._mine: OrderedDict[str, None] = OrderedDict()

    def said(self, message_id: str) -> bool:
        """Whether this is a message of the bot's, as far as this process remembers."""
        return message_id in self._mine

    async def say(self, request: Request, pages: Pages, key: str) -> list[str]:
        """The ids of the messages; none where it will be said later.

        `key` makes a push one, however often it is tried. Raises DeliveryError, LedgerError.
        """
        room = request.conversation.room
        turn = await asyncio.to_thread(self._tokens.take, request.id, room, self._own(request))
        if turn.said:
            return []
        if turn.token is not None:
            ids = await self._replied(request, pages, turn, turn.token)
            if ids is not None:
                return ids
        pages = self._late(request, pages)
        if self.pusher.may(request):
            ids = await self._pushed(request, pages, key)
            if ids is not None:
                return ids
        if await self.owe(request, pages):
            return []
        return await self.say(request, pages, key)  # a button has just brought a token

    async def owe(self, request: Request, pages: Pages) -> bool:
        """For the next token in that room; False where there is one now. Raises LedgerError."""
        room, owe = request.conversation.room, self._tokens.owe
        owed = await asyncio.to_thread(owe, request.id, room, pages)
        if owed:
            log.info("the reply to %s waits for the next token", request.id)
        return owed

    async def pay(self, owed: Owed, token: Token) -> None:
        """What was owed, at the button for it. Raises LineError, LineUnheard, LedgerError: then
        it is owed still."""
        try:
            ids = await self.insist(token, owed.pages[0])
        except (LineError, LineUnheard):
            await asyncio.to_thread(self._tokens.failed, "", token, [owed])
            raise
        await asyncio.to_thread(self._tokens.settled, token, [owed])
        await asyncio.to_thread(self._notes.late, [owed], ids)

    async def insist(self, token: Token, messages: list[Message]) -> list[str]:
        """With a token that nobody else may use. Raises LineError, LineUnheard."""
        for attempt in range(1, _TRIES + 1):
            try:
                return await self.reply(token.value, messages)
            except LineError as error:
                if error.is_spent_token and attempt > 1:
                    return []
                if not error.passes or attempt == _TRIES:
                    raise
                await asyncio.sleep(min(error.retry_after_s or 0.5, _LONGEST_PAUSE_S))
            except LineUnheard:
                if attempt == _TRIES:
                    raise
        raise AssertionError("unreachable")

    async def _pushed(self, request: Request, pages: Pages, key: str) -> list[str] | None:
        ids = await self.pusher.answer(request, pages[0], key)
        if ids is not None:
            self._remember(ids)
            if len(pages) > 1:
                await asyncio.to_thread(self._tokens.keep, request.id, pages)
        return ids

    def _late(self, request: Request, pages: Pages) -> Pages:
        """Others may have spoken meanwhile: with what it is about in front of it."""
        if not request.text:
            return pages
        language = language_of(request, self.settings.language)
        return [late(pages[0], request.text, self._memory.words.say, language), *pages[1:]]

    def _own(self, request: Request) -> Token | None:
        value = request.reply.get("token")
        if not value or self._age(request.received_at) >= self.pace.life:
            return None
        return Token(value, request.received_at)

    def _age(self, at: datetime) -> timedelta:
        return self.clock() - at

    # -- with a token -------------------------------------------------------------------------------

    async def _replied(
        self, request: Request, pages: Pages, turn: Turn, token: Token
    ) -> list[str] | None:
        """None where the token does not work."""
        age = self._age(token.received_at)
        if turn.again and age >= self.pace.life:
            await asyncio.to_thread(self._tokens.failed, request.id, token, turn.carried)
            return None
        carried = carrying(turn.carried, MAX_MESSAGES - len(pages[0]))
        messages = with_quick(
            [*carried.messages, *pages[0]], [self._earlier(one) for one in carried.waits]
        )
        try:
            ids = await self.reply(token.value, messages)
        except LineUnheard as error:
            unheard = DeliveryError(f"LINE unheard: {error}")
            await self._later(request, turn, token, unheard)
            return None
        except LineError as error:
            if error.status != 400:
                await self._later(request, turn, token, undelivered(error))
                return None
            if not error.is_spent_token:
                return await self._refused(request, pages, turn, token, carried, error)
            if not turn.again or age >= _TRUSTED * self.pace.life:
                await asyncio.to_thread(self._tokens.failed, request.id, token, turn.carried)
                return None
            ids = []  # the attempt before this one had worked
        await asyncio.to_thread(self._notes.said, request, pages, token, carried, ids)
        return ids[len(carried.messages) :]

    async def _later(
        self, request: Request, turn: Turn, token: Token, error: DeliveryError
    ) -> None:
        """Raises `error` for another attempt with this token, as long as one makes sense."""
        if error.permanent:
            raise error
        wait = error.retry_after_s or 0.0
        if turn.again:  # so that the attempts do not run out before the token does
            wait = max(wait, _SPREAD * self.pace.promise_s)
        left = self.pace.promise_after - self._age(token.received_at)
        if left < timedelta(seconds=wait):
            await asyncio.to_thread(self._tokens.failed, request.id, token, turn.carried)
            return
        raise DeliveryError(str(error), retry_after_s=wait or None)

    async def _refused(
        self,
        request: Request,
        pages: Pages,
        turn: Turn,
        token: Token,
        carried: Carrying,
        error: LineError,
    ) -> list[str] | None:
        """LINE does not like these messages, which is our mistake: whoever asked is told that
        something went wrong, and nobody else's answer suffers from it."""
        log.error("%s: %s", request.id, error)
        if carried.fits:
            await asyncio.to_thread(self._notes.dropped, token, carried)
        elif any(page[0].get("text") == self._sorry(request) for page in pages):
            raise undelivered(error) from error
        else:
            pages = [[{"type": "text", "text": self._sorry(request)}]]
        return await self._replied(request, pages, replace(turn, carried=()), token)

    def _sorry(self, request: Request) -> str:
        language = language_of(request, self.settings.language)
        return self._memory.words.say("answer.failed", language)

    async def reply(self, token: str, messages: list[Message]) -> list[str]:
        """One call, without any bookkeeping but whose messages these are. Raises LineError,
        LineUnheard."""
        ids = await self.client.reply(token, messages)
        self._remember(ids)
        return ids

    def _earlier(self, owed: Owed) -> Message:
        label = self._memory.words.say("line.earlier", self.settings.language)
        return quick(Action(label, encode("show", "", owed.request_id)))

    def _remember(self, ids: Sequence[str]) -> None:
        for id_ in ids:
            self._mine[id_] = None
        while len(self._mine) > _REMEMBERED:
            self._mine.popitem(last=False)
