"""How answers get to LINE (`bot.inbox.ReplyChannel`)."""

from collections.abc import Sequence
from typing import Any

from adapters.line.loading import Loading
from adapters.line.outbound import pages_of
from adapters.line.speaking import Speaker
from bot.frontdesk.counter import language_of
from bot.inbox import Progress
from bot.messages import Answer, Request
from bot.phrases import Say


class LineChannel:
    """An answer is one part, since it is one call: a reply token cannot be used in two steps."""

    def __init__(self, speaker: Speaker, loading: Loading, say: Say) -> None:
        self._speaker = speaker
        self._loading = loading
        self._say = say

    @property
    def offers_idempotency(self) -> bool:
        """A reply token works once, and a push knows its key."""
        return True

    def parts(self, request: Request, answer: Answer) -> Sequence[Any]:
        settings = self._speaker.settings
        language = language_of(request, settings.language)
        return [pages_of(request, answer, self._say, language, settings.prefix)]

    async def send(self, request: Request, part: Any, index: int, key: str) -> str | None:
        """None also where the answer waits for a new token."""
        await self._loading.end(request.id)
        ids = await self._speaker.say(request, part, key)
        return ids[0] if ids else None

    async def progress(self, request: Request, state: Progress) -> None:
        if state.kind == "withdrawn":
            await self._loading.end(request.id)
        else:
            await self._loading.show(request)
