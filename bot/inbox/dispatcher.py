"""Who is next: claims what may be begun, and hands it to the worker."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from bot.inbox import rows
from bot.inbox.presence import Presence
from bot.inbox.protocol import InboxSettings
from bot.inbox.rows import Claim, Rules
from bot.inbox.worker import Worker
from bot.inbox.writer import Writer
from knowledge.errors import KnowledgeError

log = logging.getLogger(__name__)

_STOPS_S = 1.0
"""How late another process's stop may be heeded."""


class Dispatcher:
    """`woken` is set by whatever may have made something claimable."""

    def __init__(
        self,
        writer: Writer,
        presence: Presence,
        worker: Worker,
        platforms: set[str],
        settings: InboxSettings,
        clock: Callable[[], datetime],
        woken: asyncio.Event,
    ) -> None:
        self.stopping = False
        self._writer = writer
        self._presence = presence
        self._worker = worker
        self.platforms = platforms
        """Whose requests may be begun."""
        self._settings = settings
        self._clock = clock
        self._woken = woken
        self._heeded = time.monotonic()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def working(self) -> int:
        """Requests that are answered or sent."""
        return len(self._tasks)

    def tasks(self) -> list["asyncio.Task[None]"]:
        return list(self._tasks)

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        while not self.stopping:
            try:
                await self._heed_stops()
                for claim in await self._claim():
                    self._begin(claim)
            except KnowledgeError as error:
                log.warning("the inbox cannot reach its database: %s", error.code)
            except Exception:
                log.exception("the inbox stumbled and goes on")
            # Woken by what happens here; other processes' leavings are looked for.
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), self._settings.poll_s)
            self._woken.clear()

    async def drain(self) -> None:
        """Begins nothing any more, and waits for what is begun until the deadline."""
        self.stopping = True
        self.wake()
        if self._tasks:
            await asyncio.wait(self.tasks(), timeout=self._settings.drain_s)

    async def _heed_stops(self) -> None:
        """Those that another process was told of."""
        now = time.monotonic()
        if not self._worker.handling or now - self._heeded < _STOPS_S:
            return
        self._heeded = now
        owner = self._presence.owner
        self._worker.stop(await self._writer.do(lambda tx: rows.stops(tx, owner)))

    async def _claim(self) -> list[Claim]:
        worker = self._worker
        free = self._settings.concurrency - worker.handling
        if free <= 0 or worker.wants_quiet or not self._presence.is_heard():
            return []
        busy, attempts = worker.handling > 0, self._settings.attempts
        owner, now = self._presence.owner, self._clock()
        rules = Rules(owner, tuple(self.platforms), free, busy, attempts, now)
        return await self._writer.do(lambda tx: rows.claim(tx, rules))

    def _begin(self, claim: Claim) -> None:
        if self.stopping:  # it is given back at the end
            return
        task = self._worker.begin(claim)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        self.wake()
