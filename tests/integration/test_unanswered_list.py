"""The list of what had no good answer, on both databases."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import insert, select

from bot.annotations.keys import exact_key
from bot.errors import BotError
from bot.history import History
from bot.messages import Author, ConversationRef
from bot.people import People
from bot.storage import Storage
from bot.storage.tables import annotations, unanswered
from bot.unanswered import Unanswered
from knowledge.errors import EmbeddingError
from tests.support.bot import NOON
from tests.support.databases import empty_database
from tests.support.postgres import postgres
from tests.support.remembered import exchange
from tests.support.stored import HandClock, storage_at, together

PARKING = "店裡有停車場嗎？"


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    with storage_at(empty_database(request.param, tmp_path, request)) as opened:
        yield opened


def embed(texts: list[str]) -> NDArray[np.float32]:
    """Questions about one thing lie close together, whatever their numbers."""
    things = ("停車", "開門", "退貨")
    rows = [[1.0 if thing in text else 0.0 for thing in things] + [0.2] for text in texts]
    vectors = np.array(rows, np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


class Desk:
    """The list, with exchanges to put on it."""

    def __init__(self, storage: Storage) -> None:
        self.storage, self.clock = storage, HandClock()
        self.people = People(storage, self.clock)
        self.list = Unanswered(storage, embed, "test", self.clock)
        self.asked = 0

    def exchange(self, question: str, author: Author | None = None, room: str = "門市") -> int:
        self.asked += 1
        made = (self.storage, self.people, f"r{self.asked}", question, self.clock.now)
        return exchange(*made, author=author, room=room)

    def ask(self, question: str, score: float | None = 0.2, reason: str = "gate") -> int | None:
        number = self.exchange(question)
        return self.list.note(number, question, reason, score, self.clock.now)

    def annotation(self) -> int:
        with self.storage.transaction() as tx:
            row = insert(annotations).values(
                question="?",
                answer="!",
                state="active",
                author="a",
                created_at=NOON,
                updated_at=NOON,
            )
            return int(tx.scalars(row.returning(annotations.c.id)).one())


@pytest.fixture
def desk(storage: Storage) -> Desk:
    return Desk(storage)


def test_one_question_spelled_otherwise_is_one_cluster(desk: Desk) -> None:
    first = desk.ask(PARKING, 0.1)
    desk.clock.forward(hours=1)
    assert desk.ask("店里有停车场吗", 0.4) == first
    (cluster,) = desk.list.list()
    assert (cluster.question, cluster.count, cluster.score) == (PARKING, 2, 0.4)
    assert (cluster.first_at, cluster.last_at) == (NOON, NOON + timedelta(hours=1))
    assert cluster.state == "open"


def test_a_question_in_other_words_joins_its_cluster(desk: Desk) -> None:
    first = desk.ask(PARKING)
    assert desk.ask("開車過去能停車嗎？") == first
    assert desk.ask("幾點開門？") != first
    assert [cluster.count for cluster in desk.list.list()] == [2, 1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("買滿500元可以停車幾小時？", "買滿1000元可以停車幾小時？"),
        ("第一天能退貨嗎？", "第二天能退貨嗎？"),
        ("可以退貨嗎？", "不可以退貨嗎？"),
    ],
)
def test_other_numbers_and_opposites_are_other_questions(desk: Desk, one: str, other: str) -> None:
    assert desk.ask(one) != desk.ask(other)


def test_vectors_of_another_model_are_not_compared(desk: Desk) -> None:
    first = desk.ask(PARKING)
    desk.list = Unanswered(desk.storage, embed, "other", desk.clock)
    assert desk.ask("開車過去能停車嗎？") != first
    assert desk.ask(PARKING) == first, "letters are letters"


def _broken(texts: list[str]) -> NDArray[np.float32]:
    raise EmbeddingError("embedding.unreachable", url="u", problem="p")


@pytest.mark.parametrize("embedder", [None, _broken])
def test_without_vectors_the_same_letters_are_the_same(
    desk: Desk, embedder: Callable[[list[str]], NDArray[np.float32]] | None
) -> None:
    desk.list = Unanswered(desk.storage, embedder, "test", desk.clock)
    first = desk.ask(PARKING)
    assert desk.ask(PARKING) == first
    assert desk.ask("開車過去能停車嗎？") != first


def test_an_exchange_is_counted_once(desk: Desk) -> None:
    number = desk.exchange(PARKING)
    note = lambda: desk.list.note(number, PARKING, "gate", 0.1, NOON)  # noqa: E731
    assert len(set(together([note] * 10, 8))) == 1
    assert [cluster.count for cluster in desk.list.list()] == [1]


def test_the_same_question_of_many_at_once_is_one_cluster(desk: Desk) -> None:
    numbers = [desk.exchange(PARKING) for _ in range(16)]
    together([
        lambda number=number: desk.list.note(number, PARKING, "gate", 0.1, NOON)  # type: ignore[misc]
        for number in numbers
    ])  # fmt: skip
    assert [cluster.count for cluster in desk.list.list()] == [16]


@pytest.mark.parametrize(
    ("question", "reason"), [("你好", "gate"), ("？？", "gate"), ("停車？", "empty")]
)
def test_what_does_not_belong_there_is_not_noted(desk: Desk, question: str, reason: str) -> None:
    assert desk.ask(question, reason=reason) is None
    assert desk.list.list() == ()


def test_the_list_tells_who_asked_where_and_why(desk: Desk) -> None:
    cluster_id = desk.ask(PARKING)
    assert cluster_id is not None
    number = desk.exchange("停車？", Author("slack", "W9"), "general")
    desk.list.note(number, "停車？", "model.sentinel", 0.6, NOON)
    cluster, (first, second) = desk.list.get(cluster_id)
    assert cluster.count == 2
    assert (first.platform, first.room, first.person, first.question) == (
        "line", "門市", "小明", PARKING,
    )  # fmt: skip
    assert (second.platform, second.room, second.person) == ("slack", "general", "W9")
    assert (second.exchange_id, second.reason, second.score) == (number, "model.sentinel", 0.6)


def test_the_most_asked_comes_first_and_the_list_can_be_cut(desk: Desk) -> None:
    for question in ("停車？", "幾點開門？", "幾點開門呢？", "怎麼退貨？"):
        desk.ask(question)
        desk.clock.forward(minutes=1)
    assert [cluster.question for cluster in desk.list.list(limit=2)] == ["幾點開門？", "怎麼退貨？"]


def test_a_dismissed_question_stays_dismissed_when_it_is_asked_again(desk: Desk) -> None:
    cluster_id = desk.ask(PARKING)
    assert cluster_id is not None
    desk.list.dismiss(cluster_id, "owner")
    assert desk.ask("開車過去能停車嗎？") == cluster_id
    assert desk.list.list() == ()
    (cluster,) = desk.list.list("dismissed")
    assert cluster.count == 2
    desk.list.reopen(cluster_id)
    assert [one.id for one in desk.list.list()] == [cluster_id]


def test_an_answered_question_that_is_asked_again_opens_again(desk: Desk) -> None:
    cluster_id = desk.ask(PARKING)
    assert cluster_id is not None
    annotation = desk.annotation()
    desk.list.answered(cluster_id, annotation)
    (cluster,) = desk.list.list("answered")
    assert (cluster.id, cluster.annotation_id) == (cluster_id, annotation)
    assert desk.ask(PARKING) == cluster_id
    assert [one.state for one in desk.list.list()] == ["open"]


def test_who_wants_to_hear_of_the_answer_is_told_once(desk: Desk) -> None:
    first, second = desk.exchange(PARKING), desk.exchange(PARKING, Author("slack", "W9"), "general")
    cluster_id = None
    for number in (first, second):
        cluster_id = desk.list.note(number, PARKING, "gate", 0.1, NOON)
    assert cluster_id is not None
    assert desk.list.wants_news(second)
    assert not desk.list.wants_news(999), "is not on the list"
    assert desk.list.untold() == (), "there is nothing to tell yet"
    annotation = desk.annotation()
    (news,) = desk.list.answered(cluster_id, annotation)
    assert news.conversation == ConversationRef("slack", "general", None, "W9")
    assert (news.question, news.message_id, news.annotation_id) == (PARKING, "m-r2", annotation)
    assert desk.list.untold() == (news,), "also for another process"
    desk.list.told(news.ask_id)
    assert desk.list.untold() == ()
    assert desk.list.answered(cluster_id, annotation) == ()


def test_a_cluster_that_is_not_there_is_an_error_with_its_number(desk: Desk) -> None:
    actions: list[Callable[[], object]] = [
        lambda: desk.list.get(9),
        lambda: desk.list.dismiss(9, "owner"),
        lambda: desk.list.reopen(9),
        lambda: desk.list.answered(9, 1),
    ]
    for action in actions:
        with pytest.raises(BotError) as caught:
            action()
        assert (caught.value.code, caught.value.detail) == ("question.unlisted", {"id": "9"})


def test_a_cluster_does_not_keep_the_words_of_who_was_forgotten(desk: Desk) -> None:
    first = desk.exchange(PARKING)
    second = desk.exchange("開車過去能停車嗎？", Author("slack", "W9"))
    for number, question in ((first, PARKING), (second, "開車過去能停車嗎？")):
        desk.list.note(number, question, "gate", 0.1, NOON)
    assert desk.list.retell() == 0
    History(desk.storage, desk.clock).forget("line", "U1")
    assert desk.list.retell() == 1
    assert desk.list.retell() == 0
    (cluster,) = desk.list.list()
    assert (cluster.question, cluster.count) == ("開車過去能停車嗎？", 2)
    with desk.storage.reading() as tx:
        row = tx.execute(select(unanswered)).one()
    assert row.folded == exact_key(cluster.question)
    _, asks = desk.list.get(cluster.id)
    assert [ask.question for ask in asks] == ["", "開車過去能停車嗎？"]


def test_a_cluster_does_not_keep_the_words_of_who_was_deleted_for_their_age(desk: Desk) -> None:
    """And is still found by those that are left."""
    first = desk.ask(PARKING)
    desk.clock.forward(days=9)
    assert desk.ask("開車過去能停車嗎？") == first
    desk.clock.forward(days=1)
    assert desk.ask("想停車要停哪裡？") == first
    assert purged(desk, keep_days=5) == 1
    (cluster,) = desk.list.list()
    assert (cluster.question, cluster.count) == ("開車過去能停車嗎？", 3)
    assert desk.ask("開車過去能停車嗎") == first, "by its letters"
    assert desk.ask("停車收費嗎？") == first, "by its meaning"
    assert purged(desk, keep_days=5) == 0


def test_words_of_which_only_erased_askings_are_left_go_with_the_last_of_the_others(
    desk: Desk,
) -> None:
    number = desk.exchange(PARKING, Author("line", "U1"))
    desk.list.note(number, PARKING, "gate", 0.1, NOON)
    desk.clock.forward(days=9)
    other = desk.exchange("開車過去能停車嗎？", Author("line", "U2"))
    desk.list.note(other, "開車過去能停車嗎？", "gate", 0.1, desk.clock.now)
    History(desk.storage, desk.clock).forget("line", "U2")
    assert [one.question for one in desk.list.list()] == [PARKING]
    assert purged(desk, keep_days=5) == 1
    assert desk.list.list() == ()
    assert [one.question for one in desk.list.list("dismissed")] == [""]


def test_a_cluster_that_nobody_asks_any_more_is_gone_even_if_it_was_answered(desk: Desk) -> None:
    cluster_id = desk.ask(PARKING)
    assert cluster_id is not None
    desk.list.answered(cluster_id, desk.annotation())
    desk.clock.forward(days=9)
    assert purged(desk, keep_days=5) == 1
    assert desk.list.list("answered") == ()


def purged(desk: Desk, keep_days: int) -> int:
    deleted = History(desk.storage, desk.clock).purge({"line": keep_days}, desk.clock.now)
    desk.list.retell()
    return deleted


def test_a_question_as_long_as_may_be_is_kept_whole(desk: Desk) -> None:
    long = "停車" * 1000
    first = desk.ask(long)
    assert desk.ask(long) == first
    assert desk.list.list()[0].question == long


def test_letters_that_a_database_refuses_are_no_obstacle(desk: Desk) -> None:
    number = desk.exchange("停車")
    assert desk.list.note(number, "停車\0\ud800", "gate", 0.1, NOON) is not None
