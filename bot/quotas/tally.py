"""One count in SQL: a row of `usage`, which many at once add to and nobody overdraws."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, case, select, update

from bot.storage import upserting
from bot.storage.tables import usage


@cache
def _adding(dialect: str, limited: bool) -> Any:
    """Made once: to make it takes longer than to run it."""
    more = usage.c.used + bindparam("more")
    added = upserting(dialect, usage).on_conflict_do_update(
        index_elements=["scope", "unit", "period", "window"],
        set_={"used": more},
        where=more <= bindparam("most") if limited else None,
    )
    return added.returning(usage.c.used)


@dataclass(frozen=True, slots=True)
class Tally:
    """Which row: whose, of what, in which window."""

    scope: str
    unit: str
    period: str
    window: str

    def used(self, tx: Connection) -> int:
        return tx.scalar(select(usage.c.used).where(self._is_this())) or 0

    def add(self, tx: Connection, amount: int, limit: int | None = None) -> int | None:
        """What is used then; None, and nothing counted, where that would be beyond `limit`.

        One statement: of two transactions at once the second waits for the first and then
        looks at what that one left. `limit` is at least 1.
        """
        if limit is not None and amount > limit:
            return None
        values = {
            "scope": self.scope,
            "unit": self.unit,
            "period": self.period,
            "window": self.window,
            "used": amount,
            "warned": False,
            "more": amount,
        }
        if limit is not None:
            values["most"] = limit
        used: int | None = tx.scalar(_adding(tx.dialect.name, limit is not None), values)
        return used

    def take_back(self, tx: Connection, amount: int = 1) -> None:
        less = case((usage.c.used > amount, usage.c.used - amount), else_=0)
        tx.execute(update(usage).where(self._is_this()).values(used=less))

    def warn_once(self, tx: Connection) -> bool:
        """Whether this is the first warning; it is remembered."""
        first = update(usage).where(self._is_this(), usage.c.warned.is_(False))
        return tx.execute(first.values(warned=True)).rowcount == 1

    def _is_this(self) -> ColumnElement[bool]:
        return and_(
            usage.c.scope == self.scope,
            usage.c.unit == self.unit,
            usage.c.period == self.period,
            usage.c.window == self.window,
        )
