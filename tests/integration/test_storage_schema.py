"""Migrations on SQLite and on PostgreSQL: from every state to the tables that the code means."""

import json
import multiprocessing
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import DateTime, bindparam, inspect, text

from bot.errors import ConfigError
from bot.inbox.packing import pack
from bot.storage import Storage, open_storage
from bot.storage.migrations import HEAD, STEPS
from bot.storage.schema import EMPTY, bring_up_to_date, current, migrate
from bot.storage.tables import metadata
from knowledge.errors import KnowledgeError, LedgerError
from knowledge.ledger import Ledger, SourceRow, open_engine, sqlite_url
from knowledge.ledger.tables import metadata as ledger_metadata
from knowledge.ledger.turns import one_maker
from tests.support.databases import empty_database
from tests.support.inbox_parts import Echo, Notes, eventually, request, running
from tests.support.postgres import postgres

NOON = datetime(2026, 11, 24, 4, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return empty_database(request.param, tmp_path, request)


@contextmanager
def opened(url: str) -> Iterator[Storage]:
    storage = open_storage(url)
    try:
        yield storage
    finally:
        storage.close()


@contextmanager
def unopened(url: str) -> Iterator[Storage]:
    """Whatever its schema is."""
    storage = Storage(open_engine(url))
    try:
        yield storage
    finally:
        storage.close()


def differences(storage: Storage) -> list[object]:
    with storage.reading() as tx:
        return list(compare_metadata(MigrationContext.configure(tx), [ledger_metadata, metadata]))


def tables(storage: Storage) -> set[str]:
    with storage.reading() as tx:
        return set(inspect(tx).get_table_names())


def first_release(url: str) -> SourceRow:
    """A database as the first release leaves it, with one document in it."""
    ledger = Ledger(open_engine(url))
    version = ledger.begin()
    row = SourceRow("/r", "甲.md", "標題", "public", "h", "s", version, 2, NOON)
    ledger.commit(row, {7: 2})
    ledger.close()
    return row


def sources(url: str) -> list[str]:
    ledger = Ledger(open_engine(url))
    try:
        assert ledger.statistics([7]) == ({7: 2}, 2)
        return [row.source for row in ledger.all()]
    finally:
        ledger.close()


def test_the_steps_named_are_the_steps_there_are() -> None:
    folder = files("bot.storage.migrations").joinpath("versions")
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".py"))
    assert [name.split("_")[0] for name in names] == list(STEPS)


def test_an_empty_database_gets_exactly_the_tables_of_the_code(url: str) -> None:
    with opened(url) as storage:
        assert current(storage) == HEAD
        assert differences(storage) == []
        wanted = {*metadata.tables, *ledger_metadata.tables, "alembic_version"}
        assert tables(storage) == wanted


def test_the_comparison_sees_a_difference(url: str) -> None:
    with opened(url) as storage:
        with storage.transaction() as tx:
            tx.execute(text("ALTER TABLE words ADD COLUMN more INTEGER"))
            tx.execute(text("DROP INDEX ix_exchanges_message"))
        kinds = {change[0] for change in differences(storage) if isinstance(change, tuple)}
        assert kinds == {"remove_column", "add_index"}


def test_a_database_of_the_first_release_keeps_its_rows(url: str) -> None:
    first_release(url)
    with unopened(url) as storage:
        assert current(storage) == EMPTY
        assert bring_up_to_date(storage) == EMPTY
        assert differences(storage) == []
    assert sources(url) == ["甲.md"]


def test_up_down_and_up_again(url: str) -> None:
    first_release(url)
    with opened(url) as storage:
        for target in ("0001", EMPTY):
            with one_maker(storage.engine):
                migrate(storage, current(storage), target)
            assert current(storage) == target
            assert tables(storage) == {*ledger_metadata.tables, "alembic_version"}
        assert bring_up_to_date(storage) == EMPTY
        assert differences(storage) == []
    assert sources(url) == ["甲.md"]


async def test_a_newer_version_answers_what_an_older_one_took_in(url: str) -> None:
    """The schema of the first inbox, a request with a field that this version does not know."""
    with opened(url) as storage:
        with one_maker(storage.engine):
            migrate(storage, HEAD, "0003")
        old = json.loads(pack(request("line:1", text="幾點開門？"))) | {"unheard_of": 1}
        row = {"id": "line:1", "where": "line/r1//", "said": json.dumps(old), "at": NOON}
        with storage.transaction() as tx:
            tx.execute(
                text(
                    "INSERT INTO inbox (id, platform, conversation, request, accepted_at,"
                    " attempts, sent) VALUES (:id, 'line', :where, :said, :at, 0, '[]')"
                ).bindparams(bindparam("at", type_=DateTime(timezone=True))),
                row,
            )
    async with running(url, Echo(), line := Notes()):
        await eventually(lambda: bool(line.shown))
    assert line.shown == [("line:1", 0, "答：幾點開門？")]


def test_opening_twice_changes_nothing(url: str) -> None:
    with opened(url) as storage, storage.transaction() as tx:
        tx.execute(text("INSERT INTO people (created_at) VALUES ('2026-11-24 00:00:00')"))
    with opened(url) as storage, storage.reading() as tx:
        assert tx.scalar(text("SELECT count(*) FROM people")) == 1


def test_a_newer_schema_is_refused_and_left_alone(url: str) -> None:
    with opened(url) as storage, storage.transaction() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9000'"))
    with pytest.raises(ConfigError) as caught:
        open_storage(url)
    assert caught.value.code == "database.newer"
    assert caught.value.detail == {"found": "9000", "known": HEAD}
    with unopened(url) as storage:
        assert current(storage) == "9000"


def test_a_migration_that_fails_has_changed_nothing(url: str) -> None:
    with unopened(url) as storage:
        with storage.transaction() as tx:  # stands in the way of an index of the second step
            tx.execute(text("CREATE TABLE words_taken (at INTEGER)"))
            tx.execute(text("CREATE INDEX ix_exchanges_message ON words_taken (at)"))
        with pytest.raises(LedgerError) as caught:
            bring_up_to_date(storage)
        assert caught.value.code == "database.unavailable"
        assert current(storage) == EMPTY
        assert tables(storage) == {"words_taken"}


def test_after_a_migration_foreign_keys_are_watched_again(tmp_path: Path) -> None:
    with opened(sqlite_url(tmp_path)) as storage, storage.reading() as tx:
        assert tx.scalar(text("PRAGMA foreign_keys")) == 1


def test_threads_that_open_at_once_make_it_once(url: str) -> None:
    problems: list[KnowledgeError] = []
    together = threading.Barrier(6)

    def start() -> None:
        together.wait(20)
        try:
            with opened(url) as storage:
                assert current(storage) == HEAD
        except KnowledgeError as error:
            problems.append(error)

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


def _open(url: str) -> None:
    with opened(url) as storage:
        assert current(storage) == HEAD


def test_processes_that_open_at_once_make_it_once(url: str) -> None:
    first_release(url)
    processes = [
        multiprocessing.get_context("spawn").Process(target=_open, args=(url,)) for _ in range(3)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert sources(url) == ["甲.md"]


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "secretary.db").write_text("this is no database at all, only words" * 50)
    with pytest.raises(LedgerError) as caught:
        open_storage(sqlite_url(tmp_path))
    assert caught.value.code == "database.unavailable"
    assert caught.value.detail == {"problem": "file is not a database"}


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(LedgerError) as caught:
        open_storage(sqlite_url(tmp_path / "nowhere"))
    assert caught.value.code == "database.unavailable"


def test_an_ordinary_start_does_not_load_alembic(tmp_path: Path) -> None:
    code = (
        "import sys; from bot.storage import open_storage; open_storage(sys.argv[1]).close();"
        "print('alembic' in sys.modules)"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", code, sqlite_url(tmp_path)],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for _ in range(2)
    ]
    assert said == ["True", "False"]
