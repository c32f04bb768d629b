"""`secretary unanswered`, over a list that a bot has filled."""

from datetime import timedelta
from pathlib import Path

import pytest

from adapters.cli.unanswered import annotate
from bot.annotations import AnnotationError, Annotations
from bot.errors import BotError
from bot.messages import Author
from bot.people import People
from bot.storage import Storage, open_storage
from bot.unanswered import Unanswered
from knowledge.ledger import sqlite_url
from tests.support.bot import NOON
from tests.support.program import Home
from tests.support.remembered import exchange
from tests.support.stored import HandClock

PARKING = "店裡有停車場嗎？"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def fill(storage: Storage) -> Unanswered:
    """Question 1 was asked twice, question 2 once."""
    clock = HandClock()
    people, asked = People(storage, clock), Unanswered(storage, None, None, clock)
    for number, (question, author) in enumerate([
        (PARKING, Author("line", "U1", "小明")),
        ("店里有停车场吗", Author("slack", "W9")),
        ("週日幾點開門？", Author("line", "U1", "小明")),
    ]):  # fmt: skip
        at = NOON + timedelta(minutes=number)
        made = exchange(storage, people, f"r{number}", question, at, author=author)
        asked.note(made, question, "gate", 0.1 * number, at)
    return asked


@pytest.fixture
def filled(home: Home) -> Home:
    home.data.mkdir()
    storage = open_storage(sqlite_url(home.data))
    fill(storage)
    storage.close()
    return home


def test_an_empty_list_says_so(home: Home) -> None:
    assert home("unanswered", "list").out == "清單是空的。\n"
    assert home("unanswered", "list", "--json").json == []


def test_the_list_in_words_and_as_data(filled: Home) -> None:
    first, second = filled("unanswered", "list").out.splitlines()
    for word in ("1. ", PARKING, "2 次", "2026-11-24 12:31", "0.10"):
        assert word in first
    assert "2. 週日幾點開門？" in second
    told = filled("unanswered", "list", "--json", "--limit", "1").json
    assert told == [
        {
            "id": 1,
            "question": PARKING,
            "state": "open",
            "count": 2,
            "score": 0.1,
            "first_at": "2026-11-24T12:30:00+08:00",
            "last_at": "2026-11-24T12:31:00+08:00",
            "annotation_id": None,
        }
    ]


def test_one_question_with_who_asked_where(filled: Home) -> None:
    _, first, second = filled("unanswered", "show", "1").out.splitlines()
    for word in ("2026-11-24 12:30", "line/門市", "小明", PARKING, "gate"):
        assert word in first
    assert "slack/門市" in second
    asks = filled("unanswered", "show", "1", "--json").json["asks"]
    assert [(ask["platform"], ask["person"]) for ask in asks] == [("line", "小明"), ("slack", "W9")]
    assert asks[0]["at"] == "2026-11-24T12:30:00+08:00"


def test_dismissed_is_off_the_list_and_may_come_back(filled: Home) -> None:
    assert filled("unanswered", "dismiss", "1").code == 0
    assert [one["id"] for one in filled("unanswered", "list", "--json").json] == [2]
    dismissed = filled("unanswered", "list", "--state", "dismissed", "--json").json
    assert [one["id"] for one in dismissed] == [1]
    assert filled("unanswered", "reopen", "1").code == 0
    assert len(filled("unanswered", "list", "--json").json) == 2


@pytest.mark.parametrize("command", ["show", "dismiss", "reopen"])
def test_a_number_that_is_not_on_the_list_is_one_clear_line(home: Home, command: str) -> None:
    done = home("unanswered", command, "9")
    assert done.code == 1
    assert "9" in done.sentence
    assert "unanswered list" in done.sentence


def test_wrong_usage_is_exit_2(home: Home) -> None:
    assert home("unanswered", "dismiss", "eins").code == 2
    assert home("unanswered", "list", "--state", "lost").code == 2
    assert home("unanswered", "answer", "1").code == 2


def test_an_answer_is_given_from_then_on(filled: Home) -> None:
    done = filled("unanswered", "answer", "1", "門口有兩個車位。", "--json")
    assert (done.code, done.json) == (0, {"id": 1, "annotation_id": 1, "to_be_told": 0}), done.err
    assert [one["id"] for one in filled("unanswered", "list", "--json").json] == [2]
    answer = filled("ask", PARKING, "--json").json
    assert (answer["outcome"], answer["text"]) == ("annotated", "門口有兩個車位。")


def test_an_answer_to_no_question_is_one_clear_line(home: Home) -> None:
    done = home("unanswered", "answer", "9", "門口有兩個車位。")
    assert done.code == 1
    assert "unanswered list" in done.sentence


def test_answering_makes_an_annotation_and_takes_the_question_off(tmp_path: Path) -> None:
    storage = open_storage(sqlite_url(tmp_path))
    asked = fill(storage)
    assert asked.wants_news(1)
    annotations = Annotations(storage, None, HandClock())
    saved, waiting = annotate(asked, annotations, 1, "門口有兩個車位。")
    assert (saved.annotation.draft.question, saved.annotation.draft.answer) == (
        PARKING, "門口有兩個車位。",
    )  # fmt: skip
    assert waiting == 1
    (cluster,) = asked.list("answered")
    assert (cluster.id, cluster.annotation_id) == (1, saved.annotation.id)
    with pytest.raises(BotError, match=r"question\.unlisted"):
        annotate(asked, annotations, 9, "?")
    with pytest.raises(AnnotationError):
        annotate(asked, annotations, 2, " ")
    assert [one.id for one in asked.list()] == [2], "nothing is answered by halves"
    storage.close()
