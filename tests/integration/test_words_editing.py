"""The owner's own sentences, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.errors import BotError
from bot.phrases import TABLES, say
from bot.storage import Storage
from bot.storage.tables import metadata, words
from bot.words import EDITABLE, FRESH_FOR, MAX_LENGTH, Words
from tests.support.databases import empty_database
from tests.support.postgres import postgres
from tests.support.stored import HandClock, storage_at


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    with storage_at(empty_database(request.param, tmp_path, request)) as opened:
        yield opened


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def own(storage: Storage, clock: HandClock) -> Words:
    return Words(storage, clock)


def test_without_words_of_the_owner_ours_are_said(own: Words) -> None:
    assert own.say("smalltalk.greeting", "en") == say("smalltalk.greeting", "en")
    assert own.say("question.too_long", limit=5) == say("question.too_long", limit=5)


def test_the_owners_text_is_said_in_its_language_until_it_is_reset(own: Words) -> None:
    assert own.set("smalltalk.greeting", "zh-TW", " 歡迎！\n請問 {contact} ", "o") == (
        "歡迎！\n請問 {contact}"
    )
    own.set("smalltalk.greeting", "zh-TW", "歡迎光臨，{contact}在{hours}也在。", "owner")
    own.set("staff.contact", "zh-TW", "02-2345-6789", "owner")
    assert own.say("smalltalk.greeting") == "歡迎光臨，02-2345-6789在服務時間內也在。"
    assert own.say("smalltalk.greeting", "en") == say("smalltalk.greeting", "en")
    assert own.reset("smalltalk.greeting", "zh-TW")
    assert own.say("smalltalk.greeting") == say("smalltalk.greeting")
    assert not own.reset("smalltalk.greeting", "zh-TW")


def test_contact_and_hours_stand_in_our_own_no_data_too(own: Words) -> None:
    assert "服務人員" in own.say("answer.no_data")
    own.set("staff.contact", "zh-TW", "櫃台 {{1}}", "owner")
    own.set("staff.hours", "zh-TW", "每天 10–20 點", "owner")
    assert "櫃台 {1}（每天 10–20 點）" in own.say("answer.no_data")
    assert "?" not in own.say("answer.no_data", "en")


def test_details_are_filled_in_and_never_read_as_placeholders(own: Words) -> None:
    own.set("quota.over_person", "zh-TW", "{renews} 再來，或打 {contact}", "owner")
    told = own.say("quota.over_person", renews="{contact}", amount=5)
    assert told == "{contact} 再來，或打 服務人員"


def test_a_detail_that_nobody_hands_over_is_no_error(own: Words) -> None:
    own.set("quota.over_person", "zh-TW", "{renews} 再來", "owner")
    assert own.say("quota.over_person") == "? 再來"


def test_another_process_notices_within_seconds(storage: Storage, clock: HandClock) -> None:
    here, there = Words(storage, clock), Words(storage, clock)
    there.say("smalltalk.greeting")
    here.set("smalltalk.greeting", "zh-TW", "哈囉", "owner")
    assert here.say("smalltalk.greeting") == "哈囉", "at once where it was changed"
    assert there.say("smalltalk.greeting") == say("smalltalk.greeting")
    clock.now += FRESH_FOR
    assert there.say("smalltalk.greeting") == "哈囉"


def test_one_answer_speaks_with_one_voice(own: Words) -> None:
    before = own.wording()
    own.set("smalltalk.greeting", "zh-TW", "哈囉", "owner")
    assert before.say("smalltalk.greeting") == say("smalltalk.greeting")
    assert own.wording().say("smalltalk.greeting") == "哈囉"


def test_while_the_database_is_away_the_last_words_go_on(
    own: Words, storage: Storage, clock: HandClock
) -> None:
    own.set("smalltalk.greeting", "zh-TW", "哈囉", "owner")
    assert own.say("smalltalk.greeting") == "哈囉"
    metadata.tables["words"].drop(storage.engine)
    clock.forward(minutes=1)
    assert own.say("smalltalk.greeting") == "哈囉"
    metadata.tables["words"].create(storage.engine)
    clock.forward(minutes=1)
    assert own.say("smalltalk.greeting") == say("smalltalk.greeting")


@pytest.mark.parametrize(
    ("code", "text", "problem", "named"),
    [
        ("smalltalk.greeting", " \n ", "words.empty", ""),
        ("smalltalk.greeting", "長" * (MAX_LENGTH + 1), "words.too_long", "2000"),
        ("smalltalk.greeting", "{phone} 找我", "words.placeholder", "{phone}"),
        ("smalltalk.greeting", "{phone} 找我", "words.placeholder", "{contact}、{hours}"),
        ("smalltalk.greeting", "{contact.upper}", "words.placeholder", "{contact.upper}"),
        ("smalltalk.greeting", "{contact[0]}", "words.placeholder", "{contact[0]}"),
        ("smalltalk.greeting", "{contact!r}", "words.placeholder", "{contact}"),
        ("smalltalk.greeting", "{contact:>90000000}", "words.placeholder", "{contact}"),
        ("smalltalk.greeting", "{}", "words.placeholder", "{}"),
        ("smalltalk.greeting", "{0}", "words.placeholder", "{0}"),
        ("smalltalk.greeting", "哈囉 {contact", "words.braces", "{contact}"),
        ("smalltalk.greeting", "哈囉 }", "words.braces", "{contact}"),
        ("staff.contact", "{contact}", "words.placeholder", "{contact}"),
        ("quota.over_person", "沒了，找{contact}", "words.missing", "{renews}"),
        ("config.value", "哈囉", "words.unknown", "smalltalk.greeting"),
    ],
)
def test_a_text_that_would_not_do_is_refused_with_the_reason(
    own: Words, storage: Storage, code: str, text: str, problem: str, named: str
) -> None:
    with pytest.raises(BotError) as caught:
        own.set(code, "zh-TW", text, "owner")
    assert caught.value.code == problem
    assert named in " ".join(caught.value.detail.values())
    with storage.reading() as tx:
        assert tx.execute(select(words)).all() == []


def test_an_unknown_language_is_refused(own: Words) -> None:
    for action in (
        lambda: own.set("smalltalk.greeting", "fr", "salut", "owner"),
        lambda: own.reset("smalltalk.greeting", "fr"),
        lambda: own.list("fr"),
    ):
        with pytest.raises(BotError, match=r"words\.language"):
            action()


def test_a_text_of_the_full_length_is_kept(own: Words) -> None:
    own.set("smalltalk.greeting", "zh-TW", "長" * MAX_LENGTH, "owner")
    assert len(own.say("smalltalk.greeting")) == MAX_LENGTH


def test_the_list_shows_ours_and_the_owners_side_by_side(own: Words) -> None:
    own.set("answer.no_data", "en", "Ask {contact}.", "owner")
    listed = {sentence.code: sentence for sentence in own.list("en")}
    assert list(listed) == list(EDITABLE)
    changed = listed["answer.no_data"]
    assert (changed.default, changed.own) == (TABLES["en"]["answer.no_data"], "Ask {contact}.")
    assert (changed.placeholders, changed.required) == (("contact", "hours"), ())
    assert own.get("answer.no_data", "en") == changed
    assert own.get("answer.no_data", "zh-TW").own is None
    assert listed["quota.over_person"].required == ("renews",)


@pytest.mark.parametrize("language", list(TABLES))
@pytest.mark.parametrize("code", list(EDITABLE))
def test_our_own_sentence_would_be_accepted(own: Words, code: str, language: str) -> None:
    text = TABLES[language][code]
    assert own.set(code, language, text, "owner") == text
