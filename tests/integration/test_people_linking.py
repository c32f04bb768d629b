"""One person behind several ids, on both databases."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, insert, select

from bot.messages import Author, ConversationRef
from bot.people import CODE_LENGTH, WRONG_TRIES, Identity, Linked, LinkRefused, People
from bot.quotas import Quotas, parse
from bot.storage import Storage
from bot.storage.tables import exchanges, identities, link_codes, metadata, people, usage, votes
from tests.support.bot import NOON
from tests.support.databases import empty_database
from tests.support.postgres import postgres
from tests.support.remembered import exchange
from tests.support.stored import HandClock, storage_at, together

LINE = Author("line", "U1", "小明")
SLACK = Author("slack", "W9", "ming")


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
def who(storage: Storage, clock: HandClock) -> People:
    return People(storage, clock)


def test_a_first_message_makes_a_person_and_the_next_finds_them(who: People) -> None:
    assert who.find("line", "U1") is None
    person = who.person_of(LINE)
    assert who.person_of(LINE) == person == who.find("line", "U1")
    assert who.person_of(SLACK) != person
    assert who.person_of(Author("slack", "U1")) != person, "the same id on another platform"


def test_the_name_is_kept_fresh_and_never_lost(who: People) -> None:
    person = who.person_of(LINE)
    who.person_of(Author("line", "U1", "王小明\0\ud800"))
    assert who.identities(person) == (Identity("line", "U1", "王小明"),)
    who.person_of(Author("line", "U1"))
    assert who.identities(person) == (Identity("line", "U1", "王小明"),)


def test_first_messages_at_once_make_one_person(storage: Storage, who: People) -> None:
    assert len(set(together([lambda: who.person_of(LINE)] * 40))) == 1
    with storage.reading() as tx:
        assert tx.scalar(select(func.count()).select_from(people)) == 1


def test_a_code_makes_two_ids_one_person(who: People) -> None:
    mine = who.person_of(LINE)
    code = who.link_code(LINE)
    typed = f" {code[:4].lower()}-{code[4:]} ".translate({ord("2"): "２"})
    linked = who.link(SLACK, typed)
    assert linked == Linked(mine, (Identity("line", "U1", "小明"), Identity("slack", "W9", "ming")))
    assert who.person_of(SLACK) == who.person_of(LINE) == mine


def test_a_code_is_short_and_has_no_look_alikes(who: People) -> None:
    codes = {who.link_code(LINE) for _ in range(20)}
    assert {len(code) for code in codes} == {CODE_LENGTH}
    assert len(codes) == 20
    assert not set("".join(codes)) & set("01OILU")


def test_no_code_stands_in_the_database_as_it_is_typed(storage: Storage, who: People) -> None:
    code = who.link_code(LINE)
    with storage.reading() as tx:
        stored = tx.execute(select(link_codes)).one()
    assert code not in str(stored)


def test_a_code_is_good_for_one_use(who: People) -> None:
    code = who.link_code(LINE)
    assert isinstance(who.link(SLACK, code), Linked)
    assert who.link(Author("discord", "D"), code) == LinkRefused("wrong")


def test_of_two_who_type_a_code_at_once_one_is_linked(who: People) -> None:
    code = who.link_code(LINE)
    authors = [Author("discord", str(number)) for number in range(8)]
    told = together([lambda author=author: who.link(author, code) for author in authors], 8)  # type: ignore[misc]
    assert sorted(type(one).__name__ for one in told) == ["LinkRefused"] * 7 + ["Linked"]


def test_a_code_is_good_for_ten_minutes(who: People, clock: HandClock) -> None:
    code = who.link_code(LINE)
    clock.forward(minutes=10)
    assert who.link(SLACK, code) == LinkRefused("wrong")
    code = who.link_code(LINE)
    clock.forward(minutes=9, seconds=59)
    assert isinstance(who.link(SLACK, code), Linked)


def test_a_second_code_voids_the_first(who: People) -> None:
    first, second = who.link_code(LINE), who.link_code(LINE)
    assert who.link(SLACK, first) == LinkRefused("wrong")
    assert isinstance(who.link(SLACK, second), Linked)


def test_ones_own_code_links_nothing(who: People) -> None:
    assert who.link(LINE, who.link_code(LINE)) == LinkRefused("own")


def test_after_five_wrong_codes_not_even_the_right_one_is_looked_at(
    who: People, clock: HandClock
) -> None:
    for _ in range(WRONG_TRIES):
        assert who.link(SLACK, "AAAA2222") == LinkRefused("wrong")
    code = who.link_code(LINE)
    assert who.link(SLACK, code) == LinkRefused("limit")
    assert isinstance(who.link(Author("discord", "D"), code), Linked), "others may"
    clock.forward(minutes=10)
    assert isinstance(who.link(SLACK, who.link_code(LINE)), Linked)


def test_right_codes_are_no_wrong_tries(who: People) -> None:
    for number in range(WRONG_TRIES + 1):
        assert isinstance(who.link(LINE, who.link_code(Author("web", str(number)))), Linked)


def test_guessing_at_once_gives_no_more_tries(who: People) -> None:
    told = together([lambda: who.link(SLACK, "AAAA2222")] * 30)
    assert [one.reason for one in told if isinstance(one, LinkRefused)].count("wrong") == 5


def test_budgets_are_added_up(storage: Storage, who: People, clock: HandClock) -> None:
    quotas = Quotas(
        storage,
        parse("person:questions:day=5, person:questions:hour=9"),
        ZoneInfo("Asia/Taipei"),
        clock,
    )
    room = ConversationRef("line", "門市")
    for author, times in ((LINE, 2), (SLACK, 3)):
        for _ in range(times):
            quotas.admit(who.person_of(author), room)
    who.link(SLACK, who.link_code(LINE))
    assert [one.used for one in quotas.standing(who.person_of(SLACK), room)] == [5, 5]
    with storage.reading() as tx:
        scopes = set(tx.scalars(select(usage.c.scope).where(usage.c.scope.like("person:%"))))
    assert scopes == {f"person:{who.person_of(LINE)}"}


def test_history_and_votes_follow_and_a_double_vote_is_one(storage: Storage, who: People) -> None:
    both = [exchange(storage, who, f"r{n}", "?", NOON, author=SLACK) for n in range(2)]
    mine, other = who.person_of(LINE), who.person_of(SLACK)
    with storage.transaction() as tx:
        for person, answer, value in ((mine, 0, 1), (other, 0, -1), (other, 1, -1)):
            vote = {"exchange_id": both[answer], "person_id": person, "value": value}
            tx.execute(insert(votes).values(**vote, at=NOON))
    linked = who.link(SLACK, who.link_code(LINE))
    assert isinstance(linked, Linked)
    kept = linked.person_id
    with storage.reading() as tx:
        cast = {(row.exchange_id, row.person_id, row.value) for row in tx.execute(select(votes))}
        assert len(cast) == 2
        assert {person for _, person, _ in cast} == {kept}
        assert set(tx.scalars(select(exchanges.c.person_id))) == {kept}


def test_nothing_that_belongs_to_a_person_is_forgotten_when_two_become_one() -> None:
    """Who adds such a table must say in `bot.people` what becomes of its rows."""
    belonging = {
        table.name
        for table in metadata.tables.values()
        for key in table.foreign_keys
        if key.column.table is people
    }
    assert belonging == {"identities", "link_codes", "exchanges", "votes"}


def test_codes_typed_crosswise_at_once_make_one_person(storage: Storage, who: People) -> None:
    """Each round three people, the first's code typed by the second, the second's by the others."""
    for number in range(12):
        one, two, three = (Author(name, str(number)) for name in ("line", "slack", "discord"))
        first, second, third = (who.link_code(author) for author in (one, two, three))
        jobs = [
            lambda two=two, first=first: who.link(two, first),  # type: ignore[misc]
            lambda three=three, second=second: who.link(three, second),  # type: ignore[misc]
            lambda one=one, third=third: who.link(one, third),  # type: ignore[misc]
        ]
        together(jobs, 3)
        assert len({who.person_of(author) for author in (one, two, three)}) == 1
    with storage.reading() as tx:
        assert tx.scalar(select(func.count()).select_from(identities)) == 36


def test_three_ids_become_one_person(who: People, clock: HandClock) -> None:
    third = Author("discord", "D")
    who.link(SLACK, who.link_code(third))
    clock.forward(minutes=1)
    linked = who.link(LINE, who.link_code(SLACK))
    assert isinstance(linked, Linked)
    assert len(linked.identities) == 3
    assert timedelta(minutes=1) == clock.now - NOON
