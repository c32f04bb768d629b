"""`secretary quota`: the budgets, and somebody's standing."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.messages import Author, ConversationRef
from bot.people import People
from bot.quotas import Quotas, parse
from bot.storage import open_storage
from knowledge.ledger import sqlite_url
from tests.support.program import Home

RULES = "person:questions:month=100, room:questions:month=5, line:pushes:month=200"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path, {"QUOTAS": RULES})


def use(home: Home, times: int) -> None:
    """Somebody asks so often, this month."""
    zone = ZoneInfo("Asia/Taipei")
    home.data.mkdir(exist_ok=True)
    storage = open_storage(sqlite_url(home.data))
    person = People(storage, lambda: datetime.now(zone)).person_of(Author("line", "U1"))
    quotas = Quotas(storage, parse(RULES), zone, lambda: datetime.now(zone))
    for _ in range(times):
        quotas.admit(person, ConversationRef("line", "門市"))
    storage.close()


def test_the_budgets_in_words_and_as_data(home: Home) -> None:
    first, second, third = home("quota").out.splitlines()
    assert "每人這個月的提問：100" in first
    assert "每個聊天室" in second
    assert "line" in third
    assert home("quota", "--json").json[0] == {
        "scope": "person", "platform": None, "unit": "questions", "period": "month", "amount": 100,
    }  # fmt: skip


def test_the_default_budgets_and_none_at_all(tmp_path: Path) -> None:
    amounts = [one["amount"] for one in Home(tmp_path)("quota", "--json").json]
    assert amounts == [60, 300, 200]
    assert Home(tmp_path, {"QUOTAS": "none"})("quota").out == "沒有額度限制。\n"


def test_the_standing_of_a_person(home: Home) -> None:
    use(home, 3)
    told = home("quota", "--person", "line:U1").out
    assert "用了 3／100，還有 97" in told
    questions, pushes = home("quota", "--person", "line:U1", "--json").json
    assert (questions["used"], pushes["used"]) == (3, 0)
    renews = datetime.fromisoformat(questions["renews_at"])
    assert (renews.day, renews.hour, str(renews.utcoffset())) == (1, 0, "8:00:00")


def test_somebody_who_was_never_seen_is_named(home: Home) -> None:
    done = home("quota", "--person", "line:nobody")
    assert done.code == 1
    assert "line:nobody" in done.sentence


def test_a_bad_rule_names_the_setting(tmp_path: Path) -> None:
    done = Home(tmp_path, {"QUOTAS": "persons:questions:day=5"})("quota")
    assert done.code == 1
    assert "QUOTAS" in done.sentence
    assert "persons:questions:day=5" in done.sentence


@pytest.mark.parametrize("person", ["U1", ":U1", "line:"])
def test_a_person_without_platform_is_wrong_usage(home: Home, person: str) -> None:
    assert home("quota", "--person", person).code == 2
