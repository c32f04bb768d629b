"""Budgets under many requests at once, on both databases."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from bot.messages import ConversationRef
from bot.quotas import Allowed, Exceeded, Limit, Quotas, parse
from bot.storage import Storage
from bot.storage.tables import usage
from tests.support.bot import NOON
from tests.support.databases import empty_database
from tests.support.postgres import postgres
from tests.support.stored import HandClock, storage_at, together

TAIPEI = ZoneInfo("Asia/Taipei")
ROOM = ConversationRef("line", "門市")


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    with storage_at(empty_database(request.param, tmp_path, request)) as opened:
        yield opened


def quotas(storage: Storage, rules: str, clock: HandClock | None = None) -> Quotas:
    return Quotas(storage, parse(rules), TAIPEI, clock or HandClock())


def used(storage: Storage) -> dict[str, int]:
    with storage.reading() as tx:
        columns = (usage.c.scope, usage.c.unit, usage.c.period, usage.c.used)
        return {f"{row[0]} {row[1]} {row[2]}": row[3] for row in tx.execute(select(*columns))}


def test_of_200_requests_at_once_exactly_50_are_admitted(storage: Storage) -> None:
    many = quotas(
        storage, "person:questions:day=50, room:questions:hour=1000, all:questions:month=1000"
    )
    told = together([lambda: many.admit(1, ROOM)] * 200)
    assert sum(isinstance(one, Allowed) for one in told) == 50
    assert sum(isinstance(one, Exceeded) for one in told) == 150
    assert used(storage) == {
        "person:1 questions day": 50,
        "room:line:門市 questions hour": 50,
        "all questions month": 50,
    }
    warned = [one for one in told if isinstance(one, Allowed) and one.warnings]
    assert len(warned) == 1


def test_people_in_many_rooms_share_one_budget_without_waiting_for_each_other(
    storage: Storage,
) -> None:
    """The same counts, taken from both ends: a wrong order would end in a deadlock."""
    many = quotas(
        storage, "all:questions:day=50, room:questions:day=1000, person:questions:day=1000"
    )
    jobs = [
        lambda n=n: many.admit(n % 3, ConversationRef("line", f"r{n % 5}"))  # type: ignore[misc]
        for n in range(200)
    ]
    told = together(jobs)
    assert sum(isinstance(one, Allowed) for one in told) == 50
    assert used(storage)["all questions day"] == 50


def test_a_refused_question_is_counted_nowhere(storage: Storage) -> None:
    small = quotas(storage, "person:questions:day=10, all:questions:day=2")
    for _ in range(2):
        assert isinstance(small.admit(1, ROOM), Allowed)
    before = used(storage)
    assert isinstance(small.admit(1, ROOM), Exceeded)
    assert isinstance(small.admit(2, ROOM), Exceeded)
    assert used(storage) == before


def test_who_is_refused_hears_of_the_budget_that_renews_last(storage: Storage) -> None:
    both = quotas(storage, "person:questions:hour=2, person:questions:day=2")
    for _ in range(2):
        both.admit(1, ROOM)
    midnight = datetime(2026, 11, 25, tzinfo=TAIPEI)
    assert both.admit(1, ROOM) == Exceeded(Limit("person", "questions", "day", 2), midnight)


def test_the_next_window_begins_anew(storage: Storage) -> None:
    clock = HandClock()
    hourly = quotas(storage, "person:questions:hour=1", clock)
    assert isinstance(hourly.admit(1, ROOM), Allowed)
    refused = hourly.admit(1, ROOM)
    assert isinstance(refused, Exceeded)
    clock.now = refused.renews_at - timedelta(seconds=1)
    assert isinstance(hourly.admit(1, ROOM), Exceeded)
    clock.now = refused.renews_at
    assert isinstance(hourly.admit(1, ROOM), Allowed)


def test_one_person_does_not_use_up_anothers(storage: Storage) -> None:
    each = quotas(storage, "person:questions:day=1, line:questions:day=3")
    other = ConversationRef("slack", "general")
    assert isinstance(each.admit(1, ROOM), Allowed)
    assert isinstance(each.admit(2, ROOM), Allowed)
    assert isinstance(each.admit(None, ROOM), Allowed), "stands for many people"
    assert isinstance(each.admit(3, ROOM), Exceeded), "the platform's own"
    assert isinstance(each.admit(3, other), Allowed)


def test_of_two_limits_on_one_count_the_tighter_holds(storage: Storage) -> None:
    two = quotas(storage, "platform:questions:day=5, line:questions:day=1")
    assert isinstance(two.admit(1, ROOM), Allowed)
    assert used(storage) == {"platform:line questions day": 1}
    assert isinstance(two.admit(1, ROOM), Exceeded)


def test_it_warns_once_in_a_window_when_four_fifths_are_used(storage: Storage) -> None:
    clock = HandClock()
    ten = quotas(storage, "person:questions:day=10", clock)
    told = [ten.admit(1, ROOM) for _ in range(10)]
    warned = [len(one.warnings) for one in told if isinstance(one, Allowed)]
    assert warned == [0] * 7 + [1, 0, 0]
    (standing,) = told[7].warnings  # type: ignore[union-attr]
    assert (standing.used, standing.limit.amount) == (8, 10)
    clock.forward(days=1)
    assert isinstance(ten.admit(1, ROOM), Allowed)


def test_an_admin_is_counted_and_held_up_by_what_is_everybodys_only(storage: Storage) -> None:
    rules = quotas(storage, "person:questions:day=1, room:questions:day=1, all:questions:day=3")
    for _ in range(3):
        assert isinstance(rules.admit(1, ROOM, is_admin=True), Allowed)
    assert used(storage)["person:1 questions day"] == 3
    refused = rules.admit(1, ROOM, is_admin=True)
    assert isinstance(refused, Exceeded)
    assert refused.limit.scope_kind == "all"
    assert isinstance(rules.admit(2, ROOM), Exceeded)


def test_who_used_up_their_tokens_is_refused_the_next_time(storage: Storage) -> None:
    rules = quotas(storage, "person:tokens:day=1000, person:questions:day=100")
    assert isinstance(rules.admit(1, ROOM), Allowed)
    assert rules.spend(1, ROOM, "tokens", 700) == ()
    (warning,) = rules.spend(1, ROOM, "tokens", 700)
    assert (warning.used, warning.limit.unit) == (1400, "tokens")
    before = used(storage)
    refused = rules.admit(1, ROOM)
    assert isinstance(refused, Exceeded)
    assert refused.limit.unit == "tokens"
    assert used(storage) == before, "a refused question counts nowhere"
    assert isinstance(rules.admit(1, ROOM, is_admin=True), Allowed)
    assert isinstance(rules.admit(2, ROOM), Allowed)


def test_spending_nothing_or_what_nobody_limits_writes_nothing(storage: Storage) -> None:
    rules = quotas(storage, "person:tokens:day=1000")
    assert rules.spend(1, ROOM, "tokens", 0) == ()
    assert rules.spend(1, ROOM, "pushes", 5) == ()
    assert used(storage) == {}


def test_the_last_push_goes_to_one_only(storage: Storage) -> None:
    rules = quotas(storage, "line:pushes:month=5")
    told = together([lambda: rules.take_push(1, ROOM)] * 20)
    assert sum(isinstance(one, Allowed) for one in told) == 5
    assert isinstance(rules.may_push(1, ROOM), Exceeded)
    assert isinstance(rules.may_push(1, ConversationRef("slack", "x")), Allowed)
    rules.refund(1, ROOM, unit="pushes")
    assert isinstance(rules.may_push(1, ROOM), Allowed)
    assert used(storage) == {"platform:line pushes month": 4}, "asking counts nothing"


def test_a_push_to_a_group_counts_its_people_or_is_not_taken(storage: Storage) -> None:
    rules = quotas(storage, "line:pushes:month=10")
    assert isinstance(rules.take_push(1, ROOM, amount=11), Exceeded)
    assert isinstance(rules.take_push(1, ROOM, amount=7), Allowed)
    assert isinstance(rules.take_push(1, ROOM, amount=4), Exceeded)
    assert used(storage) == {"platform:line pushes month": 7}
    assert isinstance(rules.take_push(1, ROOM, amount=3), Allowed)
    rules.refund(1, ROOM, unit="pushes", amount=7)
    assert used(storage) == {"platform:line pushes month": 3}


def test_a_refund_goes_back_where_it_was_counted(storage: Storage) -> None:
    clock = HandClock()
    hourly = quotas(storage, "person:questions:hour=1", clock)
    admitted = hourly.admit(1, ROOM)
    assert isinstance(admitted, Allowed)
    clock.forward(hours=1)
    hourly.admit(1, ROOM)
    hourly.refund(1, ROOM, admitted.at)
    hourly.refund(1, ROOM, admitted.at)
    assert sorted(hourly_used(storage)) == [0, 1], "never below nothing, and not the wrong hour"
    assert isinstance(hourly.admit(1, ROOM), Exceeded)


def hourly_used(storage: Storage) -> list[int]:
    with storage.reading() as tx:
        return list(tx.scalars(select(usage.c.used)))


def test_the_standing_names_every_budget_that_applies(storage: Storage) -> None:
    rules = quotas(storage, "person:questions:day=10, slack:pushes:month=1, all:tokens:month=9")
    rules.admit(1, ROOM)
    day, month = rules.standing(1, ROOM)
    assert (day.limit.unit, day.used, day.renews_at) == (
        "questions", 1, datetime(2026, 11, 25, tzinfo=TAIPEI),
    )  # fmt: skip
    assert (month.limit.scope_kind, month.used) == ("all", 0)


def test_old_windows_are_swept(storage: Storage) -> None:
    clock = HandClock()
    rules = quotas(
        storage, "person:questions:hour=9, person:questions:day=9, person:questions:month=9", clock
    )
    rules.admit(1, ROOM)
    assert rules.sweep(NOON + timedelta(hours=20)) == 0
    assert rules.sweep(NOON + timedelta(days=3)) == 1
    assert rules.sweep(NOON + timedelta(days=70)) == 1
    assert rules.sweep(NOON + timedelta(days=460)) == 1
    with storage.reading() as tx:
        assert tx.scalar(select(func.count()).select_from(usage)) == 0
