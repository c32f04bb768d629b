"""What is remembered of conversations: the same on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, func, insert, select, update

from bot.history import History
from bot.messages import (
    Answer,
    Author,
    Choice,
    Citation,
    ConversationRef,
    Outcome,
    Request,
    Timings,
    Turn,
    Usage,
)
from bot.storage import Storage, open_storage
from bot.storage.erasing import BATCH
from bot.storage.exchanges import StoredPassage
from bot.storage.tables import (
    annotations,
    conversations,
    deliveries,
    exchanges,
    identities,
    people,
    unanswered,
    unanswered_asks,
    votes,
)
from knowledge.passages import Passage, ScoredPassage
from tests.support.databases import empty_database
from tests.support.postgres import postgres

NOON = datetime(2026, 11, 24, 4, 30, tzinfo=UTC)
ROOM = ConversationRef("line", "U1")


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    opened = open_storage(empty_database(request.param, tmp_path, request))
    yield opened
    opened.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def history(storage: Storage, clock: Clock) -> History:
    return History(storage, clock)


def asked(
    text: str, at: datetime = NOON, ref: ConversationRef = ROOM, message: str | None = None
) -> Request:
    id_ = f"{ref.key}:{text}"
    return Request(id_, ref, Author(ref.platform, "u"), text, at, message_id=message)


def says(text: str = "十點。", outcome: Outcome = "grounded", **more: Any) -> Answer:
    return Answer("？", outcome, text, **more)


def person(storage: Storage, *accounts: tuple[str, str]) -> int:
    """Somebody with these (platform, user id)s."""
    with storage.transaction() as tx:
        made = tx.scalar(insert(people).values(created_at=NOON).returning(people.c.id))
        for platform, user in accounts:
            tx.execute(
                insert(identities).values(
                    platform=platform, user_id=user, person_id=made, linked_at=NOON
                )
            )
    assert made is not None
    return made


def rows(storage: Storage, table: Table) -> list[dict[str, Any]]:
    with storage.reading() as tx:
        found = tx.execute(select(table).order_by(*table.primary_key)).mappings()
        return [dict(row) for row in found]


def cluster(storage: Storage, text: str, *asked_in: int, state: str = "open") -> int:
    """A question on the unanswered list, asked in these exchanges."""
    with storage.transaction() as tx:
        made = tx.scalar(
            insert(unanswered)
            .values(question=text, folded=text, vector=b"v", state=state, count=len(asked_in))
            .values(first_at=NOON, last_at=NOON)
            .returning(unanswered.c.id)
        )
        for exchange in asked_in:
            tx.execute(
                insert(unanswered_asks).values(
                    cluster_id=made, exchange_id=exchange, reason="gate", at=NOON, wants_news=False
                )
            )
    assert made is not None
    return made


def vote(storage: Storage, exchange: int, voter: int, reason: str) -> None:
    with storage.transaction() as tx:
        tx.execute(
            insert(votes).values(
                exchange_id=exchange, person_id=voter, value=-1, reason=reason, at=NOON
            )
        )


# -- turns ----------------------------------------------------------------------------------


def test_turns_are_the_last_answers_oldest_first(history: History) -> None:
    for number in range(8):
        history.record(asked(f"第{number}題？", NOON + timedelta(minutes=number)), says(), None)
    assert [turn.question for turn in history.turns(ROOM)] == [f"第{n}題？" for n in range(2, 8)]
    assert history.turns(ROOM, limit=1) == (Turn("第7題？", "十點。"),)


def test_turns_of_one_moment_keep_their_order(history: History) -> None:
    for text in ("甲？", "乙？", "丙？"):
        history.record(asked(text), says(), None)
    assert [turn.question for turn in history.turns(ROOM)] == ["甲？", "乙？", "丙？"]


def test_only_answers_are_turns(history: History) -> None:
    outcomes: tuple[Outcome, ...] = (
        "annotated", "grounded", "extractive", "no_data", "clarify", "smalltalk", "over_quota",
        "busy", "failed",
    )  # fmt: skip
    for outcome in outcomes:
        history.record(asked(outcome), says(outcome=outcome), None)
    remembered = [turn.question for turn in history.turns(ROOM, limit=20)]
    assert remembered == ["annotated", "grounded", "extractive", "no_data"]


def test_conversations_do_not_mix(history: History) -> None:
    places = [
        ROOM,
        ConversationRef("discord", "U1"),
        replace(ROOM, thread="t"),
        replace(ROOM, person="t"),
        ConversationRef("line", "U1/t"),
    ]
    for number, place in enumerate(places):
        history.record(asked(f"第{number}題？", ref=place), says(), None)
    for number, place in enumerate(places):
        assert [turn.question for turn in history.turns(place)] == [f"第{number}題？"]
    assert history.turns(ConversationRef("line", "U2")) == ()


def test_old_turns_are_left_out_on_request(history: History, clock: Clock) -> None:
    history.record(asked("舊的？", NOON - timedelta(minutes=31)), says(), None)
    history.record(asked("新的？", NOON - timedelta(minutes=29)), says(), None)
    assert len(history.turns(ROOM)) == 2
    recent = history.turns(ROOM, max_age=timedelta(minutes=30))
    assert [turn.question for turn in recent] == ["新的？"]
    clock.forward(hours=1)
    assert history.turns(ROOM, max_age=timedelta(minutes=30)) == ()


def test_a_reset_is_a_new_beginning_for_this_conversation(history: History, clock: Clock) -> None:
    elsewhere = replace(ROOM, thread="t")
    for place in (ROOM, elsewhere):
        history.record(asked("以前？", ref=place), says(), None)
    clock.forward(minutes=1)
    history.reset(ROOM)
    history.reset(ConversationRef("line", "never seen"))
    assert history.turns(ROOM) == ()
    assert len(history.turns(elsewhere)) == 1
    # Asked before the reset, answered after it.
    history.record(asked("剛才？", NOON + timedelta(seconds=30)), says(), None)
    assert history.turns(ROOM) == ()
    history.record(asked("現在？", NOON + timedelta(seconds=61)), says(), None)
    assert [turn.question for turn in history.turns(ROOM)] == ["現在？"]
    assert history.stored(asked("以前？").id) is not None


# -- the log --------------------------------------------------------------------------------


def full_answer() -> Answer:
    found = ScoredPassage(Passage("p", "營業.md", "營業時間", "台北店十點開門。"), 0.75)
    return Answer(
        "幾點開門？",
        "grounded",
        "十點。[1]",
        citations=(Citation("營業時間", "營業.md", "平日 › 台北", "台北店十點開門。"),),
        passages=(found,),
        timings=Timings(12.5, 340.0, 360.25),
        notice="模型很慢。",
        reason="slow",
        confidence=0.875,
        usage=Usage(100, 20),
        model="qwen",
        prompt_version="7",
    )


def test_an_answer_comes_back_as_it_was(history: History) -> None:
    request = asked("幾點開門？")
    history.record(request, full_answer(), None)
    assert history.stored(request.id) == replace(full_answer(), id=request.id, passages=())
    assert history.stored("another") is None


def test_a_question_back_comes_back_with_its_choices(history: History) -> None:
    asks = says(
        "你是想問：",
        "clarify",
        choices=("平日幾點？", "假日幾點？", "都不是"),
        meant=(Choice(3, "平日幾點？"), Choice(9, "假日幾點？")),
    )
    history.record(asked("幾點？"), asks, None)
    stored = history.stored(asked("幾點？").id)
    assert stored is not None
    assert (stored.choices, stored.meant) == (asks.choices, asks.meant)


def test_an_answer_without_a_model_has_no_time_of_it(history: History) -> None:
    history.record(asked("？"), says("無資料", "no_data"), None)
    stored = history.stored(asked("？").id)
    assert stored is not None
    assert (stored.timings.model, stored.usage, stored.confidence) == (None, None, None)


def test_a_second_record_changes_nothing(history: History, storage: Storage) -> None:
    first = history.record(asked("？"), says("原來的"), None)
    assert history.record(asked("？"), says("別的"), None) == first
    assert history.record(asked("另一題？"), says(), None) != first
    stored = history.stored(asked("？").id)
    assert stored is not None
    assert stored.text == "原來的"
    assert len(rows(storage, exchanges)) == 2
    assert len(rows(storage, conversations)) == 1


def test_any_text_is_kept(history: History) -> None:
    odd = "'; DROP TABLE exchanges; --😀 %s {} \\ 𠮷\n\0\ud83d"
    cited = (Citation(odd, "a.md", None, odd),)
    request = replace(asked(odd), id="r")
    history.record(request, says(odd, citations=cited, notice=odd, choices=(odd,)), None)
    kept = odd.replace("\0", "").replace("\ud83d", "?")
    stored = history.stored("r")
    assert stored is not None
    assert (stored.question, stored.text, stored.notice) == (kept, kept, kept)
    assert (stored.citations[0].quote, stored.choices) == (kept, (kept,))


# -- deliveries -----------------------------------------------------------------------------


def test_parts_that_were_sent_are_known(history: History) -> None:
    request = asked("？")
    history.record(request, says(), None)
    assert history.delivered_parts(request.id) == {}
    history.delivered(request.id, 0, "m0")
    history.delivered(request.id, 1, state="failed", problem="429 \0")
    history.delivered(request.id, 2)
    assert history.delivered_parts(request.id) == {0: "m0", 2: None}
    history.delivered(request.id, 1, "m1")
    assert history.delivered_parts(request.id) == {0: "m0", 1: "m1", 2: None}


def test_what_was_sent_once_stays_sent(history: History, storage: Storage) -> None:
    request = asked("？")
    history.record(request, says(), None)
    history.delivered(request.id, 0, "m0")
    history.delivered(request.id, 0, "m9", "failed", "late")
    history.delivered(request.id, 0, "m9")
    assert history.delivered_parts(request.id) == {0: "m0"}
    (row,) = rows(storage, deliveries)
    assert (row["platform"], row["sent_at"], row["problem"]) == ("line", NOON, None)


def test_a_delivery_of_what_was_never_recorded_is_nothing(
    history: History, storage: Storage
) -> None:
    history.delivered("nothing", 0, "m0")
    assert rows(storage, deliveries) == []
    assert history.delivered_parts("nothing") == {}


def test_an_exchange_is_found_by_any_of_its_messages(history: History, storage: Storage) -> None:
    somebody = person(storage, ("line", "u"))
    place = ConversationRef("line", "room", "thread", "u")
    request = asked("幾點？", NOON, place, "q1")
    id_ = history.record(request, full_answer(), somebody)
    history.delivered(request.id, 0, "a0")
    history.delivered(request.id, 1, "a1")
    history.record(asked("別的？", NOON, place, "q2"), says(), None)
    for message in ("a0", "a1", "q1"):
        found = history.exchange_of_message("line", message)
        assert found is not None
        assert (found.id, found.request_id, found.person_id) == (id_, request.id, somebody)
        assert (found.conversation, found.message_id, found.asked_at) == (place, "q1", NOON)
        assert (found.answer.question, found.answer.text) == ("幾點？", "十點。[1]")
        assert found.passages == (StoredPassage("營業.md", "營業時間", 0.75),)
        assert not found.erased
    assert history.exchange_of_message("discord", "a0") is None
    assert history.exchange_of_message("discord", "q1") is None


def test_of_a_question_asked_again_the_latest_is_found(history: History) -> None:
    history.record(asked("原來的？", message="q"), says(), None)
    later = history.record(asked("改過的？", message="q"), says(), None)
    found = history.exchange_of_message("line", "q")
    assert found is not None
    assert found.id == later


# -- erasing --------------------------------------------------------------------------------

TEXTS = ("question", "answer", "notice", "citations", "passages", "choices")


def texts(row: dict[str, Any]) -> list[Any]:
    return [row[name] for name in TEXTS if row[name]]


def test_forgetting_erases_the_texts_of_all_accounts_and_keeps_the_counts(
    history: History, storage: Storage
) -> None:
    me = person(storage, ("line", "me"), ("discord", "me#1"))
    other = person(storage, ("line", "other"))
    history.record(asked("我的一？"), replace(full_answer(), choices=("甲",)), me)
    history.record(asked("我的二？", ref=ConversationRef("discord", "r")), full_answer(), me)
    theirs = history.record(asked("別人的？"), full_answer(), other)
    assert history.forget("discord", "me#1") == 2
    mine = [row for row in rows(storage, exchanges) if row["person_id"] == me]
    assert [texts(row) for row in mine] == [[], []]
    kept = {(row["outcome"], row["prompt_tokens"], row["erased_at"]) for row in mine}
    assert kept == {("grounded", 100, NOON)}
    (left,) = [row for row in rows(storage, exchanges) if row["id"] == theirs]
    assert (left["question"], left["erased_at"]) == ("別人的？", None)
    assert [turn.question for turn in history.turns(ROOM)] == ["別人的？"]
    assert history.forget("line", "me") == 0


def test_an_erased_exchange_is_known_and_empty(history: History, storage: Storage) -> None:
    me = person(storage, ("line", "me"))
    request = asked("？", message="q")
    id_ = history.record(request, full_answer(), me)
    history.forget("line", "me")
    stored, found = history.stored(request.id), history.exchange_of_message("line", "q")
    assert stored is not None
    assert found is not None
    assert (stored.text, stored.citations, found.erased) == ("", (), True)
    assert history.record(request, full_answer(), me) == id_
    assert history.stored(request.id) == stored


def test_forgetting_erases_reasons_of_votes(history: History, storage: Storage) -> None:
    me, other = person(storage, ("line", "me")), person(storage, ("line", "other"))
    mine = history.record(asked("我的？"), says(), me)
    theirs = history.record(asked("別人的？"), says(), other)
    vote(storage, mine, other, "在我的題目上說的")
    vote(storage, theirs, me, "我說的")
    vote(storage, theirs, other, "別人說的")
    history.forget("line", "me")
    left = {(row["exchange_id"], row["person_id"]): row["reason"] for row in rows(storage, votes)}
    assert left == {(mine, other): None, (theirs, me): None, (theirs, other): "別人說的"}


def test_forgetting_takes_off_the_list_what_nobody_else_asked(
    history: History, storage: Storage
) -> None:
    me, other = person(storage, ("line", "me")), person(storage, ("line", "other"))
    first, second, third = (
        history.record(asked(text), says("無資料", "no_data"), me)
        for text in ("一？", "二？", "三？")
    )
    theirs = history.record(asked("別人的二？"), says("無資料", "no_data"), other)
    alone = cluster(storage, "一？", first)
    shared = cluster(storage, "二？", second, theirs)
    answered = cluster(storage, "三？", third, state="answered")
    untouched = cluster(storage, "沒人的？")
    history.forget("line", "me")
    left = {row["id"]: row for row in rows(storage, unanswered)}
    told = {id_: (row["question"], row["folded"], row["state"]) for id_, row in left.items()}
    assert told == {
        alone: ("", "", "dismissed"),
        shared: ("二？", "二？", "open"),
        answered: ("", "", "answered"),
        untouched: ("沒人的？", "沒人的？", "open"),
    }
    assert (left[alone]["vector"], left[alone]["count"]) == (None, 1)
    assert len(rows(storage, unanswered_asks)) == 4
    # The last of those who asked goes as well.
    history.forget("line", "other")
    assert {row["id"] for row in rows(storage, unanswered) if row["question"]} == {untouched}


def test_nobody_is_forgotten_by_another_name(history: History, storage: Storage) -> None:
    history.record(asked("？"), says(), person(storage, ("line", "me")))
    assert history.forget("discord", "me") == 0
    assert history.forget("line", "you") == 0
    assert len(history.turns(ROOM)) == 1


def test_a_message_that_was_taken_back_is_erased(history: History, storage: Storage) -> None:
    back = history.record(asked("收回的？", message="q1"), full_answer(), None)
    history.record(asked("留著的？", message="q2"), full_answer(), None)
    history.record(asked("別處？", ref=ConversationRef("discord", "r"), message="q1"), says(), None)
    cluster(storage, "收回的？", back)
    assert history.erase_message("line", "q1") == 1
    assert history.erase_message("line", "q1") == 0
    assert history.erase_message("line", "unknown") == 0
    assert [row["question"] for row in rows(storage, exchanges)] == ["", "留著的？", "別處？"]
    assert [row["question"] for row in rows(storage, unanswered)] == [""]


# -- purging --------------------------------------------------------------------------------


def test_purging_deletes_what_is_older_than_its_platform_keeps(
    history: History, storage: Storage
) -> None:
    for platform in ("line", "discord", "cli"):
        for days in (1, 10, 100):
            place = ConversationRef(platform, "r")
            history.record(asked(f"{days}", NOON - timedelta(days=days), place), says(), None)
    assert history.purge({"line": 5, "discord": 50}, NOON) == 3
    left = {(row["platform"], row["question"]) for row in rows(storage, exchanges)}
    kept = {("line", "1"), ("discord", "1"), ("discord", "10")}
    assert left == kept | {("cli", "1"), ("cli", "10"), ("cli", "100")}
    assert history.purge({"line": 5, "discord": 50}, NOON) == 0
    assert history.purge({}, NOON + timedelta(days=999)) == 0


def test_purging_takes_with_it_all_that_hangs_on_an_exchange(
    history: History, storage: Storage
) -> None:
    me, before = person(storage, ("line", "me")), NOON - timedelta(days=9)
    old = asked("舊的？", before, replace(ROOM, thread="old"))
    again = asked("又問？", before)
    gone = [history.record(request, says(), me) for request in (old, again)]
    kept = history.record(asked("新的？"), says(), me)
    for request in (old, asked("新的？")):
        history.delivered(request.id, 0, "m")
    vote(storage, gone[0], me, "不好")
    cluster(storage, "舊的？", gone[0])
    both = cluster(storage, "又問？", gone[1], kept)
    never = cluster(storage, "沒人的？")
    assert history.purge({"line": 5}, NOON) == 2
    assert [row["exchange_id"] for row in rows(storage, deliveries)] == [kept]
    assert [row["exchange_id"] for row in rows(storage, unanswered_asks)] == [kept]
    assert rows(storage, votes) == []
    assert {row["id"] for row in rows(storage, unanswered)} == {both, never}
    assert [row["key"] for row in rows(storage, conversations)] == [ROOM.key]
    assert len(rows(storage, people)) == 1


def test_purging_goes_on_batch_after_batch(history: History, storage: Storage) -> None:
    history.record(asked("？"), says(), None)
    template = {k: v for k, v in rows(storage, exchanges)[0].items() if k != "id"}
    many = [
        template | {"request_id": f"r{n}", "asked_at": NOON - timedelta(days=50, minutes=n // 700)}
        for n in range(2 * BATCH + 10)
    ]
    with storage.transaction() as tx:
        tx.execute(insert(exchanges), many)
    assert history.purge({"line": 5}, NOON) == 2 * BATCH + 10
    assert len(rows(storage, exchanges)) == 1


def test_an_annotated_answer_keeps_its_annotation(history: History, storage: Storage) -> None:
    with storage.transaction() as tx:
        made = tx.scalar(
            insert(annotations)
            .values(question="？", answer="！", state="active", author="o")
            .values(created_at=NOON, updated_at=NOON)
            .returning(annotations.c.id)
        )
    history.record(asked("？"), says("！", "annotated", annotation_id=made), None)
    stored = history.stored(asked("？").id)
    assert stored is not None
    assert stored.annotation_id == made


def test_moments_come_back_aware_and_equal(history: History, storage: Storage) -> None:
    taipei = NOON.astimezone(tz=None)
    history.record(asked("？", taipei), says(), None)
    with storage.reading() as tx:
        assert tx.scalar(select(func.max(exchanges.c.asked_at))) == NOON
    with pytest.raises(Exception, match="time zone"), storage.transaction() as tx:
        tx.execute(update(exchanges).values(erased_at=NOON.replace(tzinfo=None)))


def test_a_thread_is_known_once_somebody_was_answered_there(history: History) -> None:
    thread = ConversationRef("slack", "C1", "17.1", "U1")
    assert not history.knows_thread("slack", "C1", "17.1")
    history.record(asked("幾點？", ref=thread), says(), None)
    assert history.knows_thread("slack", "C1", "17.1")
    assert not history.knows_thread("slack", "C2", "17.1")
    assert not history.knows_thread("slack", "C1", "17.2")
