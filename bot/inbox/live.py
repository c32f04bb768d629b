"""Showing an answer while it is made, on platforms where that can be done."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from bot.inbox.protocol import LiveChannel
from bot.messages import AnswerEvent, Request, TextDelta

log = logging.getLogger(__name__)

_PATIENCE_S = 10.0
"""For one call of the platform; what shows late is not worth waiting for."""

Keep = Callable[[str], Awaitable[None]]
"""Writes down which message shows the answer, as JSON."""


def reachable(request: Request, handle: str | None) -> Request:
    """The request with the message that shows its answer, where there is one."""
    if handle is None:
        return request
    more: Mapping[str, Any] = json.loads(handle)
    return replace(request, reply={**request.reply, **more})


class Live:
    """What is heard of one answer, shown no more often than the platform likes.

    `request` has the message in its `reply` as soon as there is one.
    """

    def __init__(self, channel: LiveChannel, request: Request, keep: Keep, *, opened: bool) -> None:
        self.request = request
        self._channel = channel
        self._keep = keep
        self._opened = opened
        self._text = ""
        self._ended = asyncio.Event()
        self._showing: asyncio.Task[None] | None = None

    def hear(self, event: AnswerEvent) -> None:
        if not isinstance(event, TextDelta):
            return
        self._text += event.text
        if self._showing is None:
            self._showing = asyncio.create_task(self._show())

    async def end(self) -> Request:
        """Shows nothing any more; what is being said to the platform is said first, so that
        it cannot come after the answer."""
        self._ended.set()
        if self._showing is not None:
            await asyncio.gather(self._showing, return_exceptions=True)
        return self.request

    async def _show(self) -> None:
        """Never raises: an answer that cannot be watched arrives all the same."""
        shown = ""
        try:
            await self._open()
            while not self._ended.is_set():
                if self._text != shown:
                    shown = self._text
                    async with asyncio.timeout(_PATIENCE_S):
                        await self._channel.show(self.request, shown)
                await self._pause()
        except Exception as error:
            log.debug("the answer to %s cannot be watched", self.request.id, exc_info=error)

    async def _open(self) -> None:
        if self._opened:
            return
        async with asyncio.timeout(_PATIENCE_S):
            handle = json.dumps(dict(await self._channel.open(self.request)))
        self.request = reachable(self.request, handle)
        await self._keep(handle)

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._ended.wait(), self._channel.every_s)
        except TimeoutError:
            return
