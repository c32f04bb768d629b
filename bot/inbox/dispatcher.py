"""Who is next: claims what may be begun, and hands it to the worker."""

import asyncio
import logging
from contextlib import suppress

from bot.inbox import rows
from bot.inbox.presence import Presence
from bot.inbox.protocol import InboxSettings
from bot.inbox.rows import Claim, Rules
from bot.inbox.worker import Worker
from bot.inbox.writer import Writer
from knowledge.errors import KnowledgeError

log = logging.getLogger(__name__)


class Dispatcher:
    """`woken` is set by whatever may have made something claimable."""

    def __init__(
        self,
        writer: Writer,
        presence: Presence,
        worker: Worker,
        platforms: tuple[str, ...],
        settings: InboxSettings,
        woken: asyncio.Event,
    ) -> None:
        self.stopping = False
        self._writer = writer
        self._presence = presence
        self._worker = worker
        self._platforms = platforms
        self._settings = settings
        self._woken = woken
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

    async def _claim(self) -> list[Claim]:
        worker = self._worker
        free = self._settings.concurrency - worker.handling
        if free <= 0 or worker.wants_quiet or not self._presence.is_heard():
            return []
        busy, attempts = worker.handling > 0, self._settings.attempts
        rules = Rules(self._presence.owner, self._platforms, free, busy, attempts)
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
