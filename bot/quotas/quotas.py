"""May this question be answered? Counted in SQL, so that nobody slips in between two counts.

A question adds one to every budget that it falls under, or to none of them, in one
transaction. Budgets are always taken in the same order, so that two transactions never wait
for each other.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, select

from bot.messages import ConversationRef
from bot.quotas.limits import Limit, Limits, Period, Unit, renewal, window
from bot.quotas.records import Allowed, Exceeded, Standing
from bot.quotas.tally import Tally
from bot.storage import Storage
from bot.storage.tables import usage

_ORDER = {"person": 0, "room": 1, "platform": 2, "all": 3}
"""What everybody shares comes last and is held the shortest."""
_KEPT: dict[Period, timedelta] = {
    "hour": timedelta(days=2),
    "day": timedelta(days=62),
    "month": timedelta(days=400),
}
_WARN_AT = 0.8


@dataclass(frozen=True, slots=True)
class _Budget:
    limit: Limit
    tally: Tally

    @property
    def order(self) -> tuple[int, str, str]:
        return (_ORDER[self.limit.scope_kind], self.tally.scope, self.limit.period)


class _Full(Exception):
    """Undoes the transaction in which some budgets turned out to be used up."""


class Quotas:
    """Every method is one transaction. Raises LedgerError where the database is away.

    `person_id` is None for a caller that stands for many people; `is_admin` is who may go
    beyond the budgets of a person and of a room, though what they use is counted in them.
    """

    def __init__(
        self, storage: Storage, limits: Limits, zone: ZoneInfo, clock: Callable[[], datetime]
    ) -> None:
        self._storage = storage
        self._limits = limits
        self._zone = zone
        self._clock = clock

    def admit(
        self, person_id: int | None, ref: ConversationRef, is_admin: bool = False
    ) -> Allowed | Exceeded:
        """Counts one question, unless a budget of questions or of tokens is used up."""
        now = self._clock()
        tokens = self._budgets(person_id, ref, "tokens", now)
        return self._take(person_id, ref, "questions", 1, is_admin, now, tokens)

    def take_push(
        self,
        person_id: int | None,
        ref: ConversationRef,
        is_admin: bool = False,
        amount: int = 1,
    ) -> Allowed | Exceeded:
        """Counts a push before it is sent, so that no two share the last one.

        `amount`: to how many people it goes, since that is what platforms charge for.
        """
        return self._take(person_id, ref, "pushes", amount, is_admin, self._clock(), [])

    def may_push(
        self, person_id: int | None, ref: ConversationRef, is_admin: bool = False
    ) -> Allowed | Exceeded:
        """Whether a push would be within the budgets; counts nothing."""
        now = self._clock()
        budgets = self._budgets(person_id, ref, "pushes", now)
        with self._storage.reading() as tx:
            full = _used_up(tx, budgets, is_admin)
        return self._exceeded(full, now) if full else Allowed(now)

    def refund(
        self,
        person_id: int | None,
        ref: ConversationRef,
        at: datetime | None = None,
        unit: Unit = "questions",
        amount: int = 1,
    ) -> None:
        """Takes them back; `at` is when they were counted, as `Allowed` says."""
        with self._storage.transaction() as tx:
            for budget in self._budgets(person_id, ref, unit, at or self._clock()):
                budget.tally.take_back(tx, amount)

    def spend(
        self, person_id: int | None, ref: ConversationRef, unit: Unit, amount: int
    ) -> tuple[Standing, ...]:
        """Counts what was used already, beyond the limit if need be. Returns what to warn of."""
        now = self._clock()
        budgets = self._budgets(person_id, ref, unit, now)
        if not budgets or amount <= 0:
            return ()
        with self._storage.transaction() as tx:
            used = [(budget, budget.tally.add(tx, amount) or 0) for budget in budgets]
            return self._warnings(tx, used, now)

    def standing(self, person_id: int | None, ref: ConversationRef) -> list[Standing]:
        """Every budget that this person has here, in the owner's order."""
        now = self._clock()
        with self._storage.reading() as tx:
            return [
                self._standing(limit, budget.tally.used(tx), now)
                for limit in self._limits
                if (budget := self._budget(limit, person_id, ref, now)) is not None
            ]

    def pushes_this_month(self) -> dict[str, int]:
        """Platform → what it was charged for, as far as a budget of pushes counts it."""
        this = window("month", self._clock(), self._zone)
        counted = select(usage.c.scope, usage.c.used).where(
            usage.c.unit == "pushes", usage.c.window == this, usage.c.scope.like("platform:%")
        )
        with self._storage.reading() as tx:
            rows = tx.execute(counted).all()
        return {row.scope.removeprefix("platform:"): row.used for row in rows}

    def sweep(self, now: datetime) -> int:
        """Forgets windows that are long over: hours after two days, days after two months,
        months after a year. Returns how many counts that were."""
        with self._storage.transaction() as tx:
            return sum(
                tx.execute(
                    delete(usage).where(
                        usage.c.period == period,
                        usage.c.window < window(period, now - kept, self._zone),
                    )
                ).rowcount
                for period, kept in _KEPT.items()
            )

    def _take(
        self,
        person_id: int | None,
        ref: ConversationRef,
        unit: Unit,
        amount: int,
        is_admin: bool,
        now: datetime,
        needed: list[_Budget],
    ) -> Allowed | Exceeded:
        """All budgets are looked at, also after one that is used up: whoever is told to wait
        for the hour to end shall not find the day used up then."""
        budgets = self._budgets(person_id, ref, unit, now)
        full: list[_Budget] = []
        try:
            with self._storage.transaction() as tx:
                full = _used_up(tx, needed, is_admin)
                used: list[tuple[_Budget, int]] = []
                for budget in budgets:
                    limit = budget.limit.amount if _holds(budget, is_admin) else None
                    count = budget.tally.add(tx, amount, limit)
                    if count is None:
                        full.append(budget)
                    else:
                        used.append((budget, count))
                if full:
                    raise _Full
                return Allowed(now, self._warnings(tx, used, now))
        except _Full:
            return self._exceeded(full, now)

    def _budgets(
        self, person_id: int | None, ref: ConversationRef, unit: Unit, now: datetime
    ) -> list[_Budget]:
        """What a use is counted in: each count once, under its tightest limit."""
        tightest: dict[Tally, _Budget] = {}
        for limit in self._limits:
            budget = self._budget(limit, person_id, ref, now) if limit.unit == unit else None
            if budget is None:
                continue
            other = tightest.setdefault(budget.tally, budget)
            if limit.amount < other.limit.amount:
                tightest[budget.tally] = budget
        return sorted(tightest.values(), key=lambda budget: budget.order)

    def _budget(
        self, limit: Limit, person_id: int | None, ref: ConversationRef, now: datetime
    ) -> _Budget | None:
        scope = limit.scope(person_id, ref)
        if scope is None:
            return None
        begun = window(limit.period, now, self._zone)
        return _Budget(limit, Tally(scope, limit.unit, limit.period, begun))

    def _warnings(
        self, tx: Connection, used: Iterable[tuple[_Budget, int]], now: datetime
    ) -> tuple[Standing, ...]:
        return tuple(
            self._standing(budget.limit, count, now)
            for budget, count in used
            if count >= _WARN_AT * budget.limit.amount and budget.tally.warn_once(tx)
        )

    def _standing(self, limit: Limit, used: int, now: datetime) -> Standing:
        return Standing(limit, used, renewal(limit.period, now, self._zone))

    def _exceeded(self, full: list[_Budget], now: datetime) -> Exceeded:
        renewals = [
            Exceeded(budget.limit, renewal(budget.limit.period, now, self._zone)) for budget in full
        ]
        return max(renewals, key=lambda exceeded: exceeded.renews_at)


def _holds(budget: _Budget, is_admin: bool) -> bool:
    return not (is_admin and budget.limit.scope_kind in ("person", "room"))


def _used_up(tx: Connection, budgets: list[_Budget], is_admin: bool) -> list[_Budget]:
    return [
        budget
        for budget in budgets
        if _holds(budget, is_admin) and budget.tally.used(tx) >= budget.limit.amount
    ]
