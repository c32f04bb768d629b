"""Thumbs up and down, and what they do to the list of the unanswered, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.errors import BotError
from bot.feedback import MAX_REASON, Feedback, Rated, UnknownAnswer, Value
from bot.messages import Author
from bot.people import People
from bot.storage import Storage
from bot.storage.tables import votes
from bot.unanswered import Unanswered
from tests.support.bot import NOON
from tests.support.databases import empty_database
from tests.support.postgres import postgres
from tests.support.remembered import exchange
from tests.support.stored import HandClock, storage_at, together

MING = Author("line", "U1", "小明")
MEI = Author("slack", "W9", "小美")


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    with storage_at(empty_database(request.param, tmp_path, request)) as opened:
        yield opened


class Room:
    def __init__(self, storage: Storage) -> None:
        self.storage, clock = storage, HandClock()
        self.people = People(storage, clock)
        self.unanswered = Unanswered(storage, None, None, clock)
        self.feedback = Feedback(storage, self.people, self.unanswered, clock)
        self.answer = self.add("r1", "台北店幾點開門？", "grounded")

    def add(self, request_id: str, question: str, outcome: str) -> int:
        made = (self.storage, self.people, request_id, question, NOON)
        return exchange(*made, author=MING, outcome=outcome)

    def votes(self) -> list[tuple[int, str | None]]:
        with self.storage.reading() as tx:
            rows = tx.execute(select(votes).order_by(votes.c.person_id))
            return [(row.value, row.reason) for row in rows]

    def listed(self) -> list[tuple[str, int]]:
        return [(cluster.question, cluster.count) for cluster in self.unanswered.list()]


@pytest.fixture
def room(storage: Storage) -> Room:
    return Room(storage)


def test_a_vote_is_one_and_may_be_changed(room: Room) -> None:
    assert room.feedback.rate("r1", MING, 1) == Rated(room.answer, 1)
    assert room.votes() == [(1, None)]
    room.feedback.rate("r1", MING, -1, " 時間\x07不對 ")
    assert room.votes() == [(-1, "時間不對")]
    assert room.feedback.rate("r1", MING, 0) == Rated(room.answer, 0)
    assert room.votes() == []


def test_everybody_has_a_vote_of_their_own(room: Room) -> None:
    room.feedback.rate("r1", MING, 1)
    room.feedback.rate("r1", MEI, -1)
    assert room.votes() == [(1, None), (-1, None)]


def test_an_answer_that_nobody_remembers_is_said(room: Room) -> None:
    assert room.feedback.rate("never", MING, -1) == UnknownAnswer()
    assert room.votes() == []


def test_what_is_disliked_is_listed_with_its_score_until_nobody_dislikes_it(room: Room) -> None:
    room.feedback.rate("r1", MING, -1)
    room.feedback.rate("r1", MEI, -1)
    assert room.listed() == [("台北店幾點開門？", 1)]
    _, (ask,) = room.unanswered.get(room.unanswered.list()[0].id)
    assert (ask.reason, ask.score) == ("disliked", 0.2)
    room.feedback.rate("r1", MING, 0)
    assert room.listed() == [("台北店幾點開門？", 1)], "one of them dislikes it still"
    room.feedback.rate("r1", MEI, 1)
    assert room.listed() == []


def test_taking_a_vote_back_leaves_what_was_listed_for_another_reason(room: Room) -> None:
    missing = room.add("r2", "有停車場嗎？", "no_data")
    room.unanswered.note(missing, "有停車場嗎？", "gate", 0.1, NOON)
    for value in (-1, 0):
        room.feedback.rate("r2", MING, value)
        assert room.listed() == [("有停車場嗎？", 1)]


def test_taking_one_of_several_back_counts_one_less(room: Room) -> None:
    room.add("r2", "台北店幾點開門", "grounded")
    room.feedback.rate("r1", MING, -1)
    room.feedback.rate("r2", MING, -1)
    assert room.listed() == [("台北店幾點開門？", 2)]
    room.feedback.rate("r1", MING, 0)
    assert [count for _, count in room.listed()] == [1]


def test_an_answered_question_stays_answered_when_the_dislike_goes(room: Room) -> None:
    room.feedback.rate("r1", MING, -1)
    (cluster,) = room.unanswered.list()
    room.unanswered.dismiss(cluster.id, "owner")
    room.feedback.rate("r1", MING, 0)
    assert [one.count for one in room.unanswered.list("dismissed")] == [0]


def test_disliked_small_talk_is_no_question(room: Room) -> None:
    room.add("r2", "你好", "smalltalk")
    room.feedback.rate("r2", MING, -1)
    assert room.votes() == [(-1, None)]
    assert room.listed() == []


def test_votes_at_once_end_as_one(room: Room) -> None:
    values: list[Value] = [1, -1] * 8
    together([lambda value=value: room.feedback.rate("r1", MING, value) for value in values])  # type: ignore[misc]
    ((value, _),) = room.votes()
    assert bool(room.listed()) == (value == -1)


def test_a_reason_is_never_cut(room: Room) -> None:
    room.feedback.rate("r1", MING, -1, "長" * MAX_REASON)
    with pytest.raises(BotError) as caught:
        room.feedback.rate("r1", MING, 1, "長" * (MAX_REASON + 1))
    assert (caught.value.code, caught.value.detail) == ("feedback.too_long", {"limit": "1000"})
    assert room.votes() == [(-1, "長" * MAX_REASON)]
