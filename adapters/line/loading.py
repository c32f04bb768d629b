"""The loading animation: while an answer is made, in chats of one person with the bot."""

import asyncio
import time
from collections.abc import Collection

from adapters.line.client import LineClient, LineError, LineUnheard
from bot.messages import Request

AFTER_S = 0.5
"""An answer that is there by then needs none; and it must not come after the answer, where it
would go on for a minute."""
_PATIENCE_S = 1.0


class Loading:
    def __init__(self, client: LineClient, anew_s: float) -> None:
        self._client = client
        self._anew_s = anew_s
        self._shown: dict[str, float] = {}
        self._calls: dict[str, asyncio.Task[None]] = {}

    async def show(self, request: Request) -> None:
        """Never raises."""
        if request.reply.get("shared") or request.id in self._shown:
            return
        self._shown[request.id] = time.monotonic()
        await asyncio.sleep(AFTER_S)
        if request.id in self._shown:
            await self._call(request)

    async def again(self, request: Request, *, at_once: bool = False) -> None:
        """Where it was shown a while ago, or (`at_once`) was ended by a message. Never raises."""
        shown = self._shown.get(request.id)
        if shown is None or request.reply.get("shared"):
            return
        if at_once or time.monotonic() - shown >= self._anew_s:
            self._shown[request.id] = time.monotonic()
            await self._call(request)

    async def end(self, request_id: str) -> None:
        """Before anything else is said there."""
        self._shown.pop(request_id, None)
        call = self._calls.get(request_id)
        if call is not None:
            await asyncio.wait({call}, timeout=_PATIENCE_S)

    def keep_only(self, request_ids: Collection[str]) -> None:
        """The others were answered somewhere else, or not at all."""
        old = time.monotonic() - 2 * self._anew_s
        for id_, shown in list(self._shown.items()):
            if id_ not in request_ids and shown < old:
                del self._shown[id_]

    async def _call(self, request: Request) -> None:
        call = asyncio.create_task(self._quietly(request.conversation.room))
        self._calls[request.id] = call
        try:
            await asyncio.shield(call)
        finally:
            self._calls.pop(request.id, None)

    async def _quietly(self, person: str) -> None:
        try:
            await self._client.loading(person)
        except (LineError, LineUnheard):
            return  # an indicator that does not show harms nobody
