"""Who is an admin on a platform that knows no roles: paired once with a code from the terminal."""

import asyncio
import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select

from bot.messages import Author
from bot.storage import Storage, upsert
from bot.storage.tables import admins, pairing_codes

CODE_LIFE = timedelta(minutes=15)
FRESH_FOR = timedelta(seconds=5)
"""How late another process notices a new admin."""


class Admins:
    """Every method may raise LedgerError."""

    def __init__(self, storage: Storage, clock: Callable[[], datetime]) -> None:
        self._storage = storage
        self._clock = clock
        self._known: frozenset[tuple[str, str]] = frozenset()
        self._read_at: datetime | None = None

    def is_admin(self, platform: str, user_id: str) -> bool:
        now = self._clock()
        if not self._is_fresh():
            with self._storage.reading() as tx:
                rows = tx.execute(select(admins.c.platform, admins.c.user_id))
                self._known = frozenset((row.platform, row.user_id) for row in rows)
            self._read_at = now
        return (platform, user_id) in self._known

    async def has(self, platform: str, user_id: str) -> bool:
        """As `is_admin`, for the event loop: every message asks, and this reads once in a while."""
        if self._is_fresh():
            return (platform, user_id) in self._known
        return await asyncio.to_thread(self.is_admin, platform, user_id)

    def _is_fresh(self) -> bool:
        now = self._clock()
        return self._read_at is not None and timedelta() <= now - self._read_at < FRESH_FOR

    def of(self, platform: str) -> frozenset[str]:
        """All that were paired there."""
        with self._storage.reading() as tx:
            found = tx.scalars(select(admins.c.user_id).where(admins.c.platform == platform))
            return frozenset(found)

    def pairing_code(self, platform: str) -> str:
        """For one use within a quarter of an hour."""
        code, now = secrets.token_hex(4).upper(), self._clock()
        with self._storage.transaction() as tx:
            tx.execute(delete(pairing_codes).where(pairing_codes.c.expires_at <= now))
            values = {"code_hash": _hash(code), "platform": platform}
            tx.execute(insert(pairing_codes).values(**values, expires_at=now + CODE_LIFE))
        return code

    def pair(self, author: Author, code: str) -> bool:
        """Makes the author an admin; False for a code that is wrong, used or too old."""
        c, now = pairing_codes.c, self._clock()
        used = delete(pairing_codes).where(
            c.code_hash == _hash(code), c.platform == author.platform, c.expires_at > now
        )
        with self._storage.transaction() as tx:
            if tx.execute(used).rowcount == 0:
                return False
            who = {"platform": author.platform, "user_id": author.user_id}
            row = upsert(tx, admins).values(**who, since=now, by="code")
            tx.execute(row.on_conflict_do_nothing())
        self._read_at = None
        return True


def _hash(code: str) -> str:
    return hashlib.sha256(code.strip().upper().encode()).hexdigest()
