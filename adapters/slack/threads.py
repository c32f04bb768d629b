"""The threads in which the bot speaks without being called each time.

It was called into them once. When somebody there calls somebody else, people talk to each
other, and the bot is silent until it is called again.
"""

import asyncio
from collections import OrderedDict
from typing import TypeVar

from adapters.slack.inbound import PLATFORM, Place
from bot.history import History

K = TypeVar("K")
V = TypeVar("V")
MOST = 10_000
"""Threads in memory; the rest is asked of the history."""


class Threads:
    def __init__(self) -> None:
        self._speaks: OrderedDict[Place, bool] = OrderedDict()
        self._latest: OrderedDict[tuple[str, str], Place] = OrderedDict()

    def called(self, place: Place, user: str) -> None:
        _keep(self._speaks, place, True)
        _keep(self._latest, (place.channel, user), place)

    def left_to_people(self, place: Place) -> None:
        _keep(self._speaks, place, False)

    async def speaks_in(self, place: Place, history: History) -> bool:
        """Raises LedgerError."""
        known = self._speaks.get(place)
        if known is None and place.thread is not None:
            look = history.knows_thread
            known = await asyncio.to_thread(look, PLATFORM, place.channel, place.thread)
            if known:
                _keep(self._speaks, place, True)
        return bool(known)

    def latest(self, channel: str, user: str) -> Place:
        """Where somebody last asked in a channel: commands cannot be given in a thread."""
        return self._latest.get((channel, user), Place(channel, None))


def _keep(kept: "OrderedDict[K, V]", key: K, value: V) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > MOST:
        kept.popitem(last=False)
