"""How many messages of this month's plan are left: pushes cost, replies do not."""

import logging
import time

from adapters.line.client import LineClient, LineError, LineUnheard

log = logging.getLogger(__name__)

FRESH_S = 60.0
"""LINE counts with some delay itself; what this process pushed since is added."""


class Meter:
    def __init__(self, client: LineClient) -> None:
        self._client = client
        self._left: int | None = None
        self._read_at: float | None = None
        self._since = 0

    async def allows(self, people: int) -> bool:
        """Whether a push to so many stays within the plan; where nobody knows, it does not."""
        if self._read_at is None or time.monotonic() - self._read_at > FRESH_S:
            try:
                await self._read()
            except (LineError, LineUnheard) as error:
                log.warning("the monthly quota is not known: %s", error)
                return False
        return self._left is None or self._since + people <= self._left

    def spent(self, people: int) -> None:
        self._since += people

    async def _read(self) -> None:
        quota = await self._client.quota()
        self._left = None if quota is None else quota - await self._client.used()
        self._read_at, self._since = time.monotonic(), 0
