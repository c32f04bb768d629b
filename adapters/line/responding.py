"""How the desk's replies get back to whoever they are for (`bot.frontdesk.replies.Respond`)."""

import asyncio
import logging
from datetime import timedelta

from adapters.line.client import LineError, LineUnheard
from adapters.line.outbound import of_reply, pages_of
from adapters.line.speaking import Pages, Speaker
from bot.frontdesk.counter import language_of
from bot.frontdesk.replies import Reply, Respond
from bot.inbox import DeliveryError
from bot.inbox.delivery import key_of
from bot.memory import Memory
from bot.messages import Answer, Request
from bot.reply_tokens import Owed, Token

log = logging.getLogger(__name__)

_TRIES = 4
_LONGEST_WAIT = timedelta(hours=1)
_LONGEST_PAUSE_S = 15.0
"""A token lives for a minute."""


class Responding:
    def __init__(self, speaker: Speaker, memory: Memory) -> None:
        self._speaker = speaker
        self._memory = memory
        self._awaited: dict[str, Request] = {}

    def expect(self, request: Request) -> None:
        """The desk has been asked, and may take longer than a token lives."""
        self._awaited[request.id] = request

    def awaited(self) -> list[Request]:
        """Not what was asked long ago: of an event that came twice nobody is told again."""
        since = self._speaker.clock() - _LONGEST_WAIT
        self._awaited = {id_: one for id_, one in self._awaited.items() if one.received_at > since}
        return list(self._awaited.values())

    def to(self, request: Request) -> Respond:
        async def respond(reply: Reply) -> None:
            language = language_of(request, self._speaker.settings.language)
            try:
                pages = of_reply(reply, request, self._memory.words.say, language)
                await self.say(request, pages)
            finally:
                self._awaited.pop(request.id, None)

        return respond

    async def answer(self, request: Request, answer: Answer) -> None:
        """One that was given before, once more."""
        settings = self._speaker.settings
        language = language_of(request, settings.language)
        say = self._memory.words.say
        await self.say(request, pages_of(request, answer, say, language, settings.prefix))

    async def say(self, request: Request, pages: Pages) -> None:
        """However LINE feels: what cannot be said now is owed. Raises DeliveryError where it
        never can, LedgerError."""
        for attempt in range(_TRIES):
            try:
                await self._speaker.say(request, pages, key_of(request.id, 0))
                return
            except DeliveryError as error:
                if error.permanent:
                    raise
                wait = max(error.retry_after_s or 0.0, 0.5 * 2.0**attempt)
            await asyncio.sleep(min(wait, _LONGEST_PAUSE_S))
        await self._speaker.owe(request, pages)

    async def pay(self, owed: Owed, token: Token) -> None:
        """Never raises but LedgerError: it is owed still where that fails."""
        try:
            await self._speaker.pay(owed, token)
        except (LineError, LineUnheard) as error:
            log.warning("%s is owed still: %s", owed.request_id, error)

    async def is_ours(self, message_id: str) -> bool:
        """Whether the bot said this. Raises LedgerError."""
        if self._speaker.said(message_id):
            return True
        return await asyncio.to_thread(self._in_history, message_id)

    def _in_history(self, message_id: str) -> bool:
        history = self._memory.history
        exchange = history.exchange_of_message("line", message_id)
        if exchange is None:
            return False
        return message_id in history.delivered_parts(exchange.request_id).values()

    def forget(self, room: str) -> int:
        """Raises LedgerError."""
        return self._memory.reply_tokens.forget(room)
