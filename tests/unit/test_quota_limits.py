"""Budgets as the owner writes them, and when their windows begin and end."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.errors import ConfigError
from bot.messages import ConversationRef
from bot.quotas import Limit, parse, spell
from bot.quotas.limits import DEFAULT, Period, renewal, window

TAIPEI = ZoneInfo("Asia/Taipei")
BERLIN = ZoneInfo("Europe/Berlin")
CAIRO = ZoneInfo("Africa/Cairo")
ROOM = ConversationRef("line", "門市")


def test_each_rule_becomes_a_limit_in_the_owners_order() -> None:
    text = " person:questions:day=100,Room:Questions:Hour=200 , line:pushes:month = 500, all:tokens:day=1"
    assert tuple(parse(text)) == (
        Limit("person", "questions", "day", 100),
        Limit("room", "questions", "hour", 200),
        Limit("platform", "pushes", "month", 500, "line"),
        Limit("all", "tokens", "day", 1),
    )


@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_without_a_word_the_default_holds(nothing: str | None) -> None:
    assert parse(nothing) == parse(DEFAULT)
    assert Limit("platform", "pushes", "month", 200, "line") in tuple(parse(nothing))


def test_a_default_budget_is_never_shared() -> None:
    """Else a busy first day would close the shop for everybody."""
    questions = [limit for limit in parse(None) if limit.unit == "questions"]
    assert questions
    assert {limit.scope_kind for limit in questions} == {"person"}


def test_none_means_no_budget() -> None:
    assert tuple(parse("None")) == ()


def test_what_is_spelled_is_read_back() -> None:
    assert ", ".join(map(spell, parse(DEFAULT))) == DEFAULT
    assert spell(*parse("platform:tokens:day=7")) == "platform:tokens:day=7"


@pytest.mark.parametrize(
    "wrong",
    [
        "persons:questions:day=5",
        "person:question:day=5",
        "person:questions:week=5",
        "person:questions:day=0",
        "person:questions:day=-5",
        "person:questions:day=1.5",
        "person:questions:day=",
        "person:questions=5",
        "person:questions:day=5,",
        "person:questions:day=5, person:questions:day=6",
        "person:questions:day=5 person:questions:hour=6",
    ],
)
def test_a_wrong_rule_is_repeated_with_what_may_stand_there(wrong: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(wrong)
    assert caught.value.code == "config.value"
    assert caught.value.detail["name"] == "QUOTAS"
    assert repr(wrong.split(",")[-1].strip()) in caught.value.detail["hint"]
    assert "person|room|platform|all|line" in caught.value.detail["hint"]


def test_a_limit_is_counted_for_whom_it_is_meant() -> None:
    person, room, line, every, everybody = parse(
        "person:questions:day=1, room:questions:day=1, line:questions:day=1,"
        "platform:questions:day=2, all:questions:day=1"
    )
    slack = ConversationRef("slack", "門市")
    assert [limit.scope(7, ROOM) for limit in (person, room, line, every, everybody)] == [
        "person:7", "room:line:門市", "platform:line", "platform:line", "all",
    ]  # fmt: skip
    assert [limit.scope(None, slack) for limit in (person, room, line, every)] == [
        None, "room:slack:門市", None, "platform:slack",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("period", "name", "ends"),
    [
        ("hour", "2026-12-31T23+0800", "2027-01-01T00:00:00+08:00"),
        ("day", "2026-12-31", "2027-01-01T00:00:00+08:00"),
        ("month", "2026-12", "2027-01-01T00:00:00+08:00"),
    ],
)
def test_windows_follow_the_bots_zone(period: Period, name: str, ends: str) -> None:
    now = datetime(2026, 12, 31, 15, 45, 10, 5, UTC)  # 23:45 in Taipei
    assert window(period, now, TAIPEI) == name
    assert renewal(period, now, TAIPEI).isoformat() == ends


def test_a_month_of_31_days_is_followed_by_the_next_one() -> None:
    now = datetime(2026, 1, 31, 12, tzinfo=TAIPEI)
    assert renewal("month", now, TAIPEI) == datetime(2026, 2, 1, tzinfo=TAIPEI)
    assert renewal("month", datetime(2026, 2, 1, tzinfo=TAIPEI), TAIPEI).month == 3


def test_the_hour_that_a_clock_set_back_repeats_is_another_one() -> None:
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 02:30, and an hour later again
    second = first + timedelta(hours=1)
    assert first.astimezone(BERLIN).hour == second.astimezone(BERLIN).hour == 2
    assert window("hour", first, BERLIN) != window("hour", second, BERLIN)
    assert renewal("hour", first, BERLIN).astimezone(UTC) == datetime(2026, 10, 25, 1, tzinfo=UTC)
    assert window("day", first, BERLIN) == window("day", second, BERLIN)


@pytest.mark.parametrize(
    ("day", "hours"), [((2026, 3, 29), 23), ((2026, 10, 25), 25), ((2026, 6, 1), 24)]
)
def test_a_day_has_as_many_hours_as_the_clock_leaves_it(
    day: tuple[int, int, int], hours: int
) -> None:
    start = datetime(*day, tzinfo=BERLIN)
    left = renewal("day", start, BERLIN).astimezone(UTC) - start.astimezone(UTC)
    assert left == timedelta(hours=hours)


def test_a_day_without_midnight_begins_at_one() -> None:
    before = datetime(2026, 4, 23, 12, tzinfo=CAIRO)  # clocks leap from 00:00 to 01:00 that night
    assert renewal("day", before, CAIRO).isoformat() == "2026-04-24T01:00:00+03:00"


def test_the_renewal_is_the_first_moment_of_the_next_window() -> None:
    """Every half hour of the two weeks around both changes of the clock."""
    periods: tuple[Period, ...] = ("hour", "day", "month")
    for month, day in ((3, 25), (10, 20)):
        moment = datetime(2026, month, day, tzinfo=UTC)
        for _ in range(14 * 48):
            for period in periods:
                ends = renewal(period, moment, BERLIN)
                assert window(period, ends, BERLIN) != window(period, moment, BERLIN)
                before = ends.astimezone(UTC) - timedelta(microseconds=1)
                assert window(period, before, BERLIN) == window(period, moment, BERLIN)
            moment += timedelta(minutes=30)
