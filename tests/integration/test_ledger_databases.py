"""The ledger on SQLite and on PostgreSQL: the same promises on both."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from knowledge.errors import KnowledgeError, LedgerError
from knowledge.ledger import Ledger, SourceRow, now, open_engine, sqlite_url
from tests.support.bot import write
from tests.support.postgres import postgres
from tests.support.program import Home


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return sqlite_url(tmp_path)
    fresh: str = request.getfixturevalue("postgres_url")
    engine = open_engine(fresh)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return fresh


@contextmanager
def opened(url: str) -> Iterator[Ledger]:
    ledger = Ledger(open_engine(url))
    try:
        yield ledger
    finally:
        ledger.close()


def row(source: str, version: int, *, root: str = "/r", passages: int = 2) -> SourceRow:
    return SourceRow(root, source, "標題", "public", "h", "s", version, passages, now())


def add(ledger: Ledger, source: str, terms: dict[int, int], *, root: str = "/r") -> int:
    version = ledger.begin()
    ledger.commit(row(source, version, root=root), Counter(terms))
    return version


def test_a_document_is_rubbish_until_it_is_committed(url: str) -> None:
    with opened(url) as ledger:
        version = ledger.begin()
        assert (ledger.rubbish(), ledger.alive([version]), ledger.all()) == ([version], set(), [])
        ledger.commit(row("甲.md", version), {1: 1})
        assert (ledger.rubbish(), ledger.alive([version])) == ([], {version})
        assert version.bit_length() <= 62


def test_a_new_version_takes_the_place_of_the_old_in_one_step(url: str) -> None:
    with opened(url) as ledger:
        old = add(ledger, "甲.md", {1: 2, 2: 1})
        new = add(ledger, "甲.md", {2: 1, 3: 2})
        assert ledger.alive([old, new]) == {new}
        assert ledger.rubbish() == [old]
        assert ledger.statistics([1, 2, 3, 4]) == ({1: 0, 2: 1, 3: 2}, 2)
        ledger.swept([old])
        assert ledger.rubbish() == []


def test_removing_takes_back_what_was_counted(url: str) -> None:
    with opened(url) as ledger:
        add(ledger, "甲.md", {4_000_000_000: 2, 7: 1})
        kept = add(ledger, "甲.md", {7: 1}, root="/other")
        ledger.remove([("/r", "甲.md"), ("/r", "never.md")])
        counted, total = ledger.statistics([4_000_000_000, 7])
        assert (counted[7], counted[4_000_000_000], total) == (1, 0, 2)
        assert [one.version for one in ledger.all()] == [kept]
        assert ledger.known("/r") == {}
        assert list(ledger.known("/other")) == ["甲.md"]


def test_more_values_than_a_statement_takes_are_no_problem(url: str) -> None:
    with opened(url) as ledger:
        version = add(ledger, "甲.md", dict.fromkeys(range(3000), 1))
        counted, _ = ledger.statistics(range(3000))
        assert len(counted) == 3000
        assert ledger.alive([*range(40_000), version]) == {version}


def test_facts_are_kept_replaced_and_forgotten(url: str) -> None:
    with opened(url) as ledger:
        ledger.set_fact("collection", "甲")
        ledger.set_fact("collection", "乙")
    with opened(url) as ledger:
        assert ledger.fact("collection") == "乙"
        ledger.set_fact("collection", None)
        assert ledger.fact("collection") is None


def test_what_a_name_may_hold_is_kept_letter_for_letter(url: str) -> None:
    name = "深/'; DROP TABLE sources; --😀\\xff%s 𠮷.md"
    with opened(url) as ledger:
        add(ledger, name, {1: 1})
        assert list(ledger.known("/r")) == [name]


def test_writers_at_once_lose_no_count(url: str) -> None:
    def work(number: int) -> None:
        with opened(url) as ledger:
            for turn in range(5):
                add(ledger, f"{number}-{turn}.md", {9: 1, 5: 1, 100 + number: 1})

    with opened(url) as ledger:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert ledger.statistics([5, 9, 103]) == ({5: 20, 9: 20, 103: 5}, 40)


def test_one_writer_at_a_time_and_the_next_is_told_to_wait(url: str) -> None:
    order: list[str] = []
    waiting = threading.Event()

    def second() -> None:
        with opened(url) as ledger, ledger.writer(lambda _: waiting.set()):
            order.append("second")

    with opened(url) as ledger:
        thread = threading.Thread(target=second)
        with ledger.writer(lambda _: order.append("waited in vain")):
            thread.start()
            assert waiting.wait(20)
            ledger.set_fact("readers", "are not kept out")
            order.append("first")
        thread.join(20)
    assert order == ["first", "second"]


def test_a_failed_writer_leaves_the_door_open(url: str) -> None:
    with opened(url) as ledger:
        with pytest.raises(KeyError), ledger.writer():
            raise KeyError
        with ledger.writer(lambda _: pytest.fail("nobody is in")):
            pass


def test_opening_at_the_same_time_makes_the_tables_once(url: str) -> None:
    problems: list[KnowledgeError] = []
    together = threading.Barrier(8)

    def start() -> None:
        together.wait(20)
        try:
            with opened(url) as ledger:
                ledger.all()
        except KnowledgeError as error:
            problems.append(error)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


def test_a_lost_connection_is_replaced(postgres_url: str) -> None:
    with opened(postgres_url) as ledger, opened(postgres_url) as other:
        ledger.all()
        with other._transaction() as tx:
            tx.execute(text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            ))  # fmt: skip
        assert ledger.all() is not None


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ("postgresql://u:secret@127.0.0.1:9/x", "database.unavailable"),
        ("nosuch://x", "database.url"),
    ],
)
def test_a_database_that_cannot_serve_is_said_without_its_password(wrong: str, code: str) -> None:
    with pytest.raises(LedgerError) as caught:
        Ledger(open_engine(wrong))
    assert caught.value.code == code
    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "secretary.db").write_text("this is no database at all, only words" * 50)
    with pytest.raises(LedgerError) as caught:
        Ledger(open_engine(sqlite_url(tmp_path)))
    assert caught.value.code == "database.unavailable"


def test_the_whole_program_runs_on_postgres(postgres_url: str, tmp_path: Path) -> None:
    home = Home(tmp_path, {"DATABASE_URL": postgres_url})
    text_ = "# 營業時間\n\n葉脈文具台北店平日上午十點開門。\n"
    write(tmp_path / "docs", {"營業.md": text_})
    done = home("ingest", "docs", "--json")
    assert (done.code, done.json["added"]) == (0, 1), done.err
    answer = home("ask", "葉脈文具台北店平日幾點開門？", "--json").json
    assert (answer["outcome"], answer["citations"][0]["source"]) == ("extractive", "營業.md")
    assert not (tmp_path / "data" / "secretary.db").exists()
    assert home("ingest", "docs", "--json").json["unchanged"] == 1
