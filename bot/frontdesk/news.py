"""「有答案時告訴我」: whoever asked for it hears of an answer that came later."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Protocol

from bot.annotations import AnnotationError
from bot.errors import BotError
from bot.frontdesk.replies import Reply
from bot.inbox import DeliveryError
from bot.memory import Memory
from bot.messages import ConversationRef, Request
from bot.phrases import Say
from bot.unanswered import News
from knowledge.errors import KnowledgeError

log = logging.getLogger(__name__)

EVERY_S = 20.0
_REST = timedelta(seconds=5)
"""Not every answer need look whether there is news when there was none just now."""


class Tell(Protocol):
    """Says something to one person unasked. Raises `bot.inbox.DeliveryError`."""

    async def __call__(
        self, place: ConversationRef, message_id: str | None, reply: Reply
    ) -> None: ...


class Herald:
    """On platforms where that costs nothing at once, elsewhere beside the next answer."""

    def __init__(self, memory: Memory, say: Say, clock: Callable[[], datetime]) -> None:
        self._memory = memory
        self._say = say
        self._clock = clock
        self._nothing_until = datetime.min.replace(tzinfo=UTC)
        self._telling: dict[str, tuple[int, ...]] = {}

    async def run(self, tells: Mapping[str, Tell], language: str) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.once(tells, language)
            except (KnowledgeError, BotError) as error:
                log.warning("news: %s %s", error.code, error.detail)
            await asyncio.sleep(EVERY_S)

    async def once(self, tells: Mapping[str, Tell], language: str) -> int:
        """How many were told. Raises LedgerError."""
        count = 0
        for news in await asyncio.to_thread(self._memory.unanswered.untold):
            tell = tells.get(news.conversation.platform)
            if tell is not None and await self._tell(tell, news, language):
                count += 1
        return count

    async def _tell(self, tell: Tell, news: News, language: str) -> bool:
        text = await asyncio.to_thread(self._text, news, language)
        if text is not None:
            try:
                await tell(news.conversation, news.message_id, Reply(text, private=False))
            except DeliveryError as error:
                log.warning("news %d not told: %s", news.ask_id, error)
                if not error.permanent:
                    return False
        await asyncio.to_thread(self._memory.unanswered.told, news.ask_id)
        return text is not None

    async def beside(self, request: Request, language: str) -> str | None:
        """What is to be told in this very conversation; told for good once that answer is
        delivered (`told`)."""
        if self._clock() < self._nothing_until:
            return None
        try:
            asks, text = await asyncio.to_thread(self._beside, request.conversation, language)
        except (KnowledgeError, BotError) as error:
            log.warning("news: %s %s", error.code, error.detail)
            return None
        if asks:
            self._telling[request.id] = asks
        return text

    async def told(self, request: Request) -> None:
        """An answer with news beside it has arrived. Raises LedgerError."""
        for ask_id in self._telling.pop(request.id, ()):
            await asyncio.to_thread(self._memory.unanswered.told, ask_id)

    def _beside(self, place: ConversationRef, language: str) -> tuple[tuple[int, ...], str | None]:
        everything = self._memory.unanswered.untold()
        if not everything:
            self._nothing_until = self._clock() + _REST
        here = [news for news in everything if news.conversation == place]
        texts = {news.ask_id: self._text(news, language) for news in here}
        return tuple(texts), "\n".join(filter(None, texts.values())) or None

    def _text(self, news: News, language: str) -> str | None:
        """None where the answer is gone again."""
        if news.annotation_id is None:
            return None
        try:
            annotation = self._memory.annotations.get(news.annotation_id)
        except AnnotationError:
            return None
        return self._say(
            "desk.news", language, question=news.question, answer=annotation.draft.answer
        )
