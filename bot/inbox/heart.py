"""The heartbeat: being seen alive, taking over from the dead, forgetting the finished."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from bot.inbox import rows
from bot.inbox.presence import Presence, Pulse
from bot.inbox.protocol import InboxSettings
from bot.inbox.writer import Writer
from knowledge.errors import KnowledgeError

log = logging.getLogger(__name__)

_SWEEP_S = 3600.0


class Heart:
    """`pulse` is what the last beat found. `wake` is called when there is work taken over."""

    def __init__(
        self,
        writer: Writer,
        presence: Presence,
        settings: InboxSettings,
        clock: Callable[[], datetime],
        counts: Counter[str],
        wake: Callable[[], None],
    ) -> None:
        self.pulse = Pulse(0, settings.concurrency, 0, None)
        self._writer = writer
        self._presence = presence
        self._settings = settings
        self._clock = clock
        self._counts = counts
        self._wake = wake
        self._swept = -_SWEEP_S

    async def run(self) -> None:
        """Until cancelled; the dispatcher says aloud what is wrong with the database."""
        while True:
            try:
                await self._sweep()
                await self.beat()
            except KnowledgeError as error:
                log.debug("no heartbeat: %s", error.code)
            except Exception:
                log.exception("the inbox's heartbeat stumbled and goes on")
            await asyncio.sleep(self._settings.beat_s)

    async def beat(self) -> None:
        """Raises LedgerError `database.unavailable`."""
        asked_at = time.monotonic()
        self.pulse = await self._writer.do(self._presence.beat)
        self._presence.beaten(asked_at)
        if self.pulse.taken_over:
            log.info("took over %d requests", self.pulse.taken_over)
            self._counts["taken_over"] += self.pulse.taken_over
            self._wake()

    async def _sweep(self) -> None:
        if time.monotonic() - self._swept < _SWEEP_S:
            return
        before = self._clock() - timedelta(days=self._settings.keep_days)
        await self._writer.do(lambda tx: rows.sweep(tx, before))
        self._swept = time.monotonic()
