"""What has to be done now and then: forgetting what is too old, and noticing what changed."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from bot.errors import BotError
from bot.memory import Memory
from knowledge.errors import KnowledgeError

log = logging.getLogger(__name__)

EVERY_S = 3600.0


class Upkeep:
    """`run` until cancelled; a job that fails is logged and tried again the next time."""

    def __init__(
        self, memory: Memory, clock: Callable[[], datetime], every_s: float = EVERY_S
    ) -> None:
        self._memory = memory
        self._clock = clock
        self._every_s = every_s

    async def run(self) -> None:
        while True:
            await asyncio.to_thread(self.once)
            await asyncio.sleep(self._every_s)

    def once(self) -> None:
        memory, now = self._memory, self._clock()
        jobs: tuple[tuple[str, Callable[[], int]], ...] = (
            ("exchanges past their time", lambda: memory.purge(now)),
            ("old budget windows", lambda: memory.quotas.sweep(now)),
            ("annotations with a changed source", memory.annotations.check_rot),
            ("phrasings without a vector", memory.annotations.sync),
        )
        for name, job in jobs:
            try:
                if count := job():
                    log.info("%s: %d", name, count)
            except (KnowledgeError, BotError) as error:
                log.warning("%s: %s %s", name, error.code, error.detail)
