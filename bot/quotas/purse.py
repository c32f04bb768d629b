"""How many tokens a day may be spent on the paid model of the last resort."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.quotas.limits import window
from bot.quotas.tally import Tally
from bot.storage import Storage
from knowledge.errors import KnowledgeError

_log = logging.getLogger(__name__)
_SCOPE = "last-resort"


class DayPurse:
    """Implements `bot.llm.pool.Purse` in SQL, so that all processes share it.

    Where the database is away nothing may be spent.
    """

    def __init__(
        self, storage: Storage, tokens: int, zone: ZoneInfo, clock: Callable[[], datetime]
    ) -> None:
        self._storage = storage
        self._tokens = tokens
        self._zone = zone
        self._clock = clock

    async def reserve(self, tokens: int) -> bool:
        try:
            return await asyncio.to_thread(self._add, tokens)
        except KnowledgeError as error:
            _log.warning("the budget of the last resort cannot be read: %s", error.code)
            return False

    async def settle(self, reserved: int, used: int) -> None:
        try:
            await asyncio.to_thread(self._correct, used - reserved)
        except KnowledgeError as error:
            _log.warning("the budget of the last resort cannot be written: %s", error.code)

    def used(self) -> int:
        """Today; raises LedgerError."""
        with self._storage.reading() as tx:
            return self._tally().used(tx)

    def _add(self, tokens: int) -> bool:
        with self._storage.transaction() as tx:
            return self._tally().add(tx, tokens, self._tokens) is not None

    def _correct(self, difference: int) -> None:
        with self._storage.transaction() as tx:
            if difference > 0:
                self._tally().add(tx, difference)
            elif difference < 0:
                self._tally().take_back(tx, -difference)

    def _tally(self) -> Tally:
        return Tally(_SCOPE, "tokens", "day", window("day", self._clock(), self._zone))
