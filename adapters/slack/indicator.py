"""That the bot is at work on something, shown until the answer is there.

In a thread as a status, which Slack takes away after two minutes unless it is set again; where
there is none (a plain direct message, a workspace without statuses), as a pair of eyes on the
question.
"""

import asyncio
import logging
from dataclasses import dataclass

from adapters.slack.address import Address
from adapters.slack.api import Api
from adapters.slack.client import TROUBLES

log = logging.getLogger(__name__)

REFRESH_S = 90.0
LONGEST_S = 1800.0
"""After which nobody waits any more; what is left over by a failure ends too."""
EYES = "eyes"


@dataclass(slots=True)
class _Shown:
    address: Address
    task: asyncio.Task[None]
    eyes: bool = False


class Indicator:
    def __init__(self, api: Api, refresh_s: float = REFRESH_S) -> None:
        self._api = api
        self._refresh_s = refresh_s
        self._shown: dict[str, _Shown] = {}

    def begin(self, request_id: str, address: Address, text: str) -> None:
        """Again for the same request: with another text."""
        before = self._shown.get(request_id)
        if before is not None:
            before.task.cancel()
        task = asyncio.create_task(self._keep(request_id, address, text))
        eyes = before is not None and before.eyes
        self._shown[request_id] = _Shown(address, task, eyes)

    async def end(self, request_id: str) -> None:
        """Something is posted now: a status goes by itself. Never raises."""
        shown = self._shown.pop(request_id, None)
        if shown is None:
            return
        shown.task.cancel()
        await asyncio.gather(shown.task, return_exceptions=True)
        if shown.eyes:
            await self._look(shown.address, on=False)

    async def close(self) -> None:
        for request_id in list(self._shown):
            self._shown.pop(request_id).task.cancel()

    async def _keep(self, request_id: str, address: Address, text: str) -> None:
        try:
            async with asyncio.timeout(LONGEST_S):
                while True:
                    if not await self._api.status(address.place, text):
                        break
                    await asyncio.sleep(self._refresh_s)
                shown = self._shown.get(request_id)
                if shown is not None and not shown.eyes:
                    shown.eyes = await self._look(address, on=True)
        except TROUBLES as error:
            log.debug("nothing shows that %s is worked on", request_id, exc_info=error)

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
