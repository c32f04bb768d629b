"""Of all who want one reply token, one gets it; what could not be said is owed, once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from bot.reply_tokens import STRANDED_AFTER, Owed, ReplyTokens, Token, Turn
from tests.support.bot import NOON as AT
from tests.support.databases import empty_database
from tests.support.postgres import postgres
from tests.support.stored import HandClock, storage_at

OWN = Token("own", AT)
FRESH = Token("fresh", AT + timedelta(seconds=50))


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.fixture
def clock() -> HandClock:
    return HandClock(AT)


@pytest.fixture(params=["sqlite", "postgres"])
def tokens(
    request: pytest.FixtureRequest, tmp_path: Path, clock: HandClock
) -> Iterator[ReplyTokens]:
    with storage_at(empty_database(request.param, tmp_path, request)) as storage:
        yield ReplyTokens(storage, clock)


def test_an_answer_in_time_takes_the_token_that_came_with_the_question(tokens: ReplyTokens) -> None:
    assert tokens.take("r", "room", OWN) == Turn(OWN)


def test_the_promise_finds_the_token_gone_once_the_answer_took_it(tokens: ReplyTokens) -> None:
    tokens.take("r", "room", OWN)
    assert not tokens.promise("r", "room", OWN)


def test_the_answer_finds_the_token_gone_once_the_promise_took_it(tokens: ReplyTokens) -> None:
    assert tokens.promise("r", "room", OWN)
    assert tokens.take("r", "room", OWN) == Turn()


def test_of_many_at_once_one_gets_the_token(tokens: ReplyTokens) -> None:
    for number in range(20):
        id_ = f"r{number}"
        with ThreadPoolExecutor(4) as pool:
            promises = [pool.submit(tokens.promise, id_, "room", OWN) for _ in range(3)]
            answer = pool.submit(tokens.take, id_, "room", OWN)
        won = [one.result() for one in promises].count(True) + (answer.result().token is not None)
        assert won == 1


def test_the_same_answer_again_gets_the_same_token_and_is_told_so(tokens: ReplyTokens) -> None:
    tokens.take("r", "room", OWN)
    assert tokens.take("r", "room", OWN) == Turn(OWN, again=True)


def test_a_button_before_the_answer_brings_it_a_new_token(tokens: ReplyTokens) -> None:
    tokens.promise("r", "room", OWN)
    assert tokens.tap("r", "room", FRESH).state == "promised"
    assert tokens.take("r", "room", OWN) == Turn(FRESH)


def test_a_new_token_is_promised_again_when_it_gets_old(tokens: ReplyTokens) -> None:
    tokens.promise("r", "room", OWN)
    tokens.tap("r", "room", FRESH)
    assert tokens.unspent(AT) == []
    (old,) = tokens.unspent(FRESH.received_at)
    assert (old.request_id, old.room, old.token) == ("r", "room", FRESH)
    assert tokens.promise("r", "room", FRESH)
    assert not tokens.promise("r", "room", FRESH)
    assert tokens.take("r", "room", OWN) == Turn()


def test_what_is_owed_comes_with_the_button_once(tokens: ReplyTokens) -> None:
    tokens.promise("r", "room", OWN)
    tokens.owe("r", "room", [["p1"], ["p2"]])
    assert tokens.take("r", "room", OWN) == Turn(said=True)
    tapped = tokens.tap("r", "room", FRESH)
    assert tapped.owed == Owed("r", [["p1"], ["p2"]])
    assert tokens.tap("r", "room", Token("other", AT)).owed is None
    tokens.settled(FRESH, [tapped.owed])
    assert tokens.tap("r", "room", Token("other", AT)).state == "answered"
    assert tokens.pages("r", "room") == [["p1"], ["p2"]]


def test_nothing_is_owed_while_there_is_a_token(tokens: ReplyTokens) -> None:
    tokens.promise("r", "room", OWN)
    tokens.tap("r", "room", FRESH)
    assert not tokens.owe("r", "room", [["p"]])
    assert tokens.take("r", "room", OWN) == Turn(FRESH)


def test_what_is_owed_goes_in_front_of_the_next_answer_in_the_room_only(
    tokens: ReplyTokens,
) -> None:
    tokens.owe("old", "room", [["p"]])
    assert tokens.take("r", "elsewhere", OWN).carried == ()
    later = Token("later", AT)
    assert tokens.take("r2", "room", later).carried == (Owed("old", [["p"]]),)
    assert tokens.take("r3", "room", Token("third", AT)).carried == ()
    # The same try once more carries the same, or half of it would be lost.
    assert tokens.take("r2", "room", later).carried == (Owed("old", [["p"]]),)
    tokens.settled(later, [Owed("old", [["p"]])])
    assert tokens.take("r2", "room", later).carried == ()
    assert tokens.pages("old", "room") == []


def test_a_token_that_did_not_work_leaves_everything_owed(tokens: ReplyTokens) -> None:
    tokens.owe("old", "room", [["p"]])
    turn = tokens.take("r", "room", OWN)
    tokens.failed("r", OWN, turn.carried)
    assert tokens.take("r", "room", OWN) == Turn()
    assert tokens.tap("old", "room", FRESH).owed == Owed("old", [["p"]])


def test_what_was_carried_by_somebody_who_died_is_owed_again(
    tokens: ReplyTokens, clock: HandClock
) -> None:
    tokens.owe("old", "room", [["p"]])
    tokens.take("r", "room", OWN)
    tokens.unstrand()
    assert tokens.owed() == 0
    clock.forward(seconds=STRANDED_AFTER.total_seconds() + 1)
    tokens.unstrand()
    assert tokens.owed() == 1


def test_a_push_is_counted_once(tokens: ReplyTokens) -> None:
    assert tokens.pushing("r", "room")
    assert not tokens.pushing("r", "room")
    tokens.promise("s", "room", OWN)
    assert tokens.pushing("s", "room")
    assert not tokens.pushing("s", "room")


def test_a_button_from_another_room_opens_nothing(tokens: ReplyTokens) -> None:
    tokens.owe("r", "room", [["p"]])
    assert tokens.tap("r", "elsewhere", FRESH).state == "none"
    assert tokens.pages("r", "elsewhere") == []


def test_whoever_left_is_owed_nothing(tokens: ReplyTokens) -> None:
    tokens.owe("r", "room", [["p"]])
    assert tokens.forget("room") == 1
    assert tokens.tap("r", "room", FRESH).state == "none"
