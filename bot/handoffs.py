"""「找真人」: a person has been asked for, and the bot is silent in that conversation meanwhile."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert, select, update

from bot.messages import ConversationRef
from bot.storage import Storage
from bot.storage.tables import handoffs

FRESH_FOR = timedelta(seconds=2)
"""How late another process notices that a conversation was handed over or back."""
_c = handoffs.c


@dataclass(frozen=True, slots=True)
class Handoff:
    id: int
    conversation: str
    """`ConversationRef.key`."""
    until: datetime


class Handoffs:
    """Every method may raise LedgerError. `minutes` is how long the bot waits for a person."""

    def __init__(self, storage: Storage, clock: Callable[[], datetime], minutes: int = 60) -> None:
        self._storage = storage
        self._clock = clock
        self._life = timedelta(minutes=minutes)
        self._open: dict[str, datetime] = {}
        self._read_at: datetime | None = None

    async def is_open(self, ref: ConversationRef) -> bool:
        """Every message asks, so this reads once in a while only."""
        now = self._clock()
        if self._read_at is None or not timedelta() <= now - self._read_at < FRESH_FOR:
            self._open = await asyncio.to_thread(self._read, now)
            self._read_at = now
        until = self._open.get(ref.key)
        return until is not None and until > now

    def _read(self, now: datetime) -> dict[str, datetime]:
        still = select(_c.conversation, _c.until).where(_c.closed_at.is_(None), _c.until > now)
        with self._storage.reading() as tx:
            return {row.conversation: row.until for row in tx.execute(still)}

    def open(self, ref: ConversationRef, by: str) -> Handoff:
        """Silence from now on; asked for again, it lasts longer."""
        now = self._clock()
        until = now + self._life
        current = (_c.conversation == ref.key) & _c.closed_at.is_(None) & (_c.until > now)
        with self._storage.transaction() as tx:
            known = tx.scalar(update(handoffs).where(current).values(until=until).returning(_c.id))
            if known is None:
                values = {"conversation": ref.key, "opened_at": now, "opened_by": by[:300]}
                made = insert(handoffs).values(**values, until=until)
                known = tx.scalars(made.returning(_c.id)).one()
        self._read_at = None
        return Handoff(int(known), ref.key, until)

    def close(self, handoff_id: int, by: str) -> Handoff | None:
        """The bot speaks again; None where it does already."""
        return self._close(_c.id == handoff_id, by)

    def close_in(self, ref: ConversationRef, by: str) -> Handoff | None:
        """As `close`, for whoever is in the conversation."""
        return self._close(_c.conversation == ref.key, by)

    def _close(self, which: object, by: str) -> Handoff | None:
        now = self._clock()
        still = _c.closed_at.is_(None) & (_c.until > now)
        with self._storage.transaction() as tx:
            ended = update(handoffs).where(which, still).values(closed_at=now, closed_by=by[:300])  # type: ignore[arg-type]
            row = tx.execute(ended.returning(_c.id, _c.conversation, _c.until)).first()
        self._read_at = None
        return None if row is None else Handoff(*row)
