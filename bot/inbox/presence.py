"""Who is alive: every process says so now and then, and takes over from those who do not.

The seconds are the database's, so that machines need not agree on the time. On SQLite one
process works at a time, held by a lock on a file: whoever gets it knows that all others are
dead, without waiting.
"""

import fcntl
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from sqlalchemy import Connection, delete, func, insert, literal_column, select, update

from bot.errors import BotError
from bot.inbox import rows
from bot.inbox.protocol import InboxSettings
from bot.storage import Storage
from bot.storage.intake import executors

c = executors.c


@dataclass(frozen=True, slots=True)
class Pulse:
    """What a heartbeat found."""

    taken_over: int
    slots: int
    """Answers at once over all living processes."""
    open: int
    oldest: datetime | None


class Presence:
    """One process's place among those that share the queue."""

    def __init__(self, storage: Storage, owner: str, settings: InboxSettings) -> None:
        self.owner = owner
        self._storage = storage
        self._settings = settings
        self._alone = storage.engine.dialect.name == "sqlite"
        self._file: TextIO | None = None
        self._seen = -float("inf")

    def enter(self) -> None:
        """Raises BotError `inbox.taken` when another process works on this SQLite file."""
        if not self._alone:
            return
        path = Path(str(self._storage.engine.url.database)).with_suffix(".inbox.lock")
        with self._storage.plain_errors():
            self._file = path.open("w")
            try:
                fcntl.flock(self._file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                self._close()
                raise BotError("inbox.taken", path=str(path.parent)) from error

    def leave(self, tx: Connection) -> None:
        """Gives back what is unfinished."""
        rows.release(tx, self.owner)
        tx.execute(delete(executors).where(c.owner == self.owner))

    def unlock(self) -> None:
        self._close()

    def beat(self, tx: Connection) -> Pulse:
        now = _now(tx)
        signs: dict[str, Any] = {"slots": self._settings.concurrency, "seen_at": now}
        mine = c.owner == self.owner
        if tx.execute(update(executors).where(mine).values(**signs)).rowcount == 0:
            label = self._settings.executor_id[:100]
            tx.execute(insert(executors).values(owner=self.owner, label=label, **signs))
        # On SQLite, whoever else is listed is dead: this process has the lock.
        silent = c.owner != self.owner if self._alone else c.seen_at < now - self._settings.lease_s
        tx.execute(delete(executors).where(silent))
        taken = rows.take_from(tx, select(c.owner))
        slots = tx.scalar(select(func.sum(c.slots))) or 0
        return Pulse(taken, slots, *rows.depth(tx))

    def beaten(self, asked_at: float) -> None:
        """The heartbeat that was asked for then (`time.monotonic()`) is in the database."""
        self._seen = asked_at

    def is_sure(self) -> bool:
        """Nobody can have taken over yet. False after a pause of this process."""
        return self._alone or time.monotonic() - self._seen < self._settings.lease_s / 2

    def is_heard(self) -> bool:
        return time.monotonic() - self._seen < self._settings.lease_s

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def alive(tx: Connection, lease_s: float) -> bool:
    """Whether some process works on this queue, as far as the database tells."""
    recent = select(func.count()).where(c.seen_at > _now(tx) - lease_s)
    return bool(tx.scalar(recent))


def _now(tx: Connection) -> float:
    """Seconds since 1970."""
    of = {
        "sqlite": "(julianday('now') - 2440587.5) * 86400.0",
        "postgresql": "extract(epoch from clock_timestamp())",
    }
    return float(tx.scalar(select(literal_column(of[tx.dialect.name]))) or 0.0)
