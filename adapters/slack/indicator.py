"""That the bot is at work on something, shown from the first moment until the answer is there.

In a thread as a status, which Slack takes away after two minutes unless it is set again; where
there is none (a plain direct message, a workspace without statuses), as a pair of eyes on the
question.
"""

import asyncio
import logging
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, field

from adapters.slack.address import Address
from adapters.slack.api import Api
from adapters.slack.client import TROUBLES

log = logging.getLogger(__name__)

REFRESH_S = 90.0
LONGEST_S = 1800.0
"""After which nobody waits any more; what is left over by a failure ends too."""
MOST = 5000
"""Questions in memory: what another process answers is never ended here."""
EYES = "eyes"
_LAST_S = 2.0
"""For a status that is on its way when the answer is there."""


@dataclass(slots=True)
class _Shown:
    text: str = ""
    since: float = float("-inf")
    eyes: bool = False
    lasts: bool = False
    """Whether the task goes on by itself."""
    over: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class Indicator:
    def __init__(self, api: Api, refresh_s: float = REFRESH_S) -> None:
        self._api = api
        self._refresh_s = refresh_s
        self._shown: OrderedDict[str, _Shown] = OrderedDict()

    def taken_in(self, request_id: str, address: Address, text: str) -> None:
        """Once: it may be another process that answers."""
        if request_id not in self._shown:  # nor is it being answered, or answered already
            self._go_on(_Shown(), request_id, address, text)

    def begin(self, request_id: str, address: Address, text: str) -> None:
        """Until `end`; again for the same request with another text."""
        shown = self._shown.get(request_id)
        if shown is None or shown.over.is_set():
            shown = _Shown()
        if shown.lasts and shown.task is not None:
            shown.task.cancel()
        shown.lasts = True
        self._go_on(shown, request_id, address, text)

    def _go_on(self, shown: _Shown, request_id: str, address: Address, text: str) -> None:
        times = int(LONGEST_S / self._refresh_s) if shown.lasts else 1
        shown.task = asyncio.create_task(self._show(shown, shown.task, address, text, times))
        self._shown[request_id] = shown
        while len(self._shown) > MOST:
            self._shown.popitem(last=False)

    async def end(self, request_id: str, address: Address) -> None:
        """Something is posted now, and a status goes by itself: but what is being said to Slack
        is said first, else it would stay. Never raises."""
        shown = self._shown.setdefault(request_id, _Shown())
        shown.over.set()
        if shown.task is not None:
            _, late = await asyncio.wait({shown.task}, timeout=_LAST_S)
            for task in late:
                task.cancel()
        # Where no status can be, another process may have put eyes.
        if address.place.thread is None or shown.eyes:
            await self._look(address, on=False)

    async def close(self) -> None:
        for shown in self._shown.values():
            if shown.task is not None:
                shown.task.cancel()
        self._shown.clear()

    async def _show(
        self,
        shown: _Shown,
        before: "asyncio.Task[None] | None",
        address: Address,
        text: str,
        times: int,
    ) -> None:
        if before is not None:
            await asyncio.gather(before, return_exceptions=True)
        while not shown.over.is_set() and await self._set(shown, address, text):
            times -= 1
            if times <= 0:
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(shown.over.wait(), self._refresh_s)

    async def _set(self, shown: _Shown, address: Address, text: str) -> bool:
        """Whether it is a status, which has to be set again."""
        now = asyncio.get_running_loop().time()
        if shown.text == text and now - shown.since < self._refresh_s / 2:
            return True  # it was taken in a moment ago
        try:
            if await self._api.status(address.place, text):
                shown.text, shown.since = text, now
                return True
        except TROUBLES as error:
            log.debug("no status in %s", address.place, exc_info=error)
        if not shown.eyes:
            shown.eyes = await self._look(address, on=True)
        return False

    async def _look(self, address: Address, *, on: bool) -> bool:
        """Whether there are eyes on the question that have to be taken away again."""
        if address.question is None:
            return False
        try:
            await self._api.react(address.place.channel, address.question, EYES, on=on)
        except TROUBLES as error:
            log.debug("no eyes on %s", address.question, exc_info=error)
            return False
        return on
