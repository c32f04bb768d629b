"""What people are told about their budgets."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from bot.quotas import Exceeded, Limit, Standing, caution, explain, show, show_limits
from bot.quotas.limits import Period, ScopeKind, Unit

MIDNIGHT = datetime(2026, 11, 25, tzinfo=ZoneInfo("Asia/Taipei"))
DAILY = Limit("person", "questions", "day", 300)


def test_who_is_over_hears_which_budget_and_when_it_renews() -> None:
    told = explain(Exceeded(DAILY, MIDNIGHT), "zh-TW")
    for word in ("今天", "提問", "300", "2026-11-25 00:00"):
        assert word in told
    assert "today" in explain(Exceeded(DAILY, MIDNIGHT), "en")


def test_the_owners_words_are_used_where_there_are_any() -> None:
    def own(code: str, language: str = "", **detail: object) -> str:
        return f"{code} {detail['renews']}"

    assert explain(Exceeded(DAILY, MIDNIGHT), "zh-TW", own) == "quota.over_person 2026-11-25 00:00"


@pytest.mark.parametrize("language", ["zh-TW", "en"])
@pytest.mark.parametrize("scope", ["person", "room", "platform", "all"])
@pytest.mark.parametrize("unit", ["questions", "tokens", "pushes"])
@pytest.mark.parametrize("period", ["hour", "day", "month"])
def test_every_budget_has_its_sentences(
    language: str, scope: ScopeKind, unit: Unit, period: Period
) -> None:
    limit = Limit(scope, unit, period, 5)
    standing = Standing(limit, 4, MIDNIGHT)
    contact = lambda code, language="", **detail: _say(code, language, contact="C", **detail)  # noqa: E731
    for told in (
        explain(Exceeded(limit, MIDNIGHT), language, contact),
        caution([standing], language) or "",
        show([standing], language),
        show_limits([limit], language),
    ):
        assert told
        assert "?" not in told
        assert "(quota." not in told
        assert "（quota." not in told


def _say(code: str, language: str, **detail: object) -> str:
    from bot.phrases import say

    return say(code, language, **detail)


def test_the_standing_says_what_is_left_and_never_less_than_nothing() -> None:
    told = show([Standing(DAILY, 100, MIDNIGHT), Standing(DAILY, 400, MIDNIGHT)], "zh-TW")
    _, first, second = told.splitlines()
    assert "100／300，還有 200" in first
    assert "400／300，還有 0" in second


def test_a_platform_is_named() -> None:
    assert "line" in show_limits([Limit("platform", "pushes", "month", 200, "line")], "zh-TW")


def test_without_budgets_that_is_said() -> None:
    assert show([], "zh-TW") == show_limits([], "zh-TW") == "沒有額度限制。"


def test_without_warnings_nothing_is_said() -> None:
    assert caution([], "zh-TW") is None
