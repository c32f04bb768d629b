"""`secretary db`: which schema the database has, and the way to the newest."""

import pytest
from sqlalchemy import text

from bot.storage import open_storage
from bot.storage.migrations import HEAD
from knowledge.ledger import Ledger, open_engine, sqlite_url
from tests.support.program import Home


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("home"))


def first_release(home: Home) -> None:
    home.data.mkdir()
    Ledger(open_engine(sqlite_url(home.data))).close()


def test_a_database_of_the_first_release_is_upgraded_once(home: Home) -> None:
    first_release(home)
    before = home("db", "current")
    assert (before.code, before.err) == (0, "")
    assert "secretary db upgrade" in before.out
    done = home("db", "upgrade")
    assert (done.code, done.err) == (0, "")
    assert done.out == f"資料庫已從「沒有版本記錄」升級到 {HEAD}。\n"
    again = home("db", "upgrade")
    assert (again.code, again.out) == (0, f"資料庫已經是最新的 {HEAD}，不用升級。\n")
    assert home("db", "current").out == again.out


def test_where_there_is_no_database_one_is_made(home: Home) -> None:
    assert home("db", "upgrade", BOT_LANGUAGE="en").code == 0
    assert (home.data / "secretary.db").exists()
    assert home("db", "current", BOT_LANGUAGE="en").out == (
        f"The database is at the newest version {HEAD}; nothing to upgrade.\n"
    )


@pytest.mark.parametrize("command", ["upgrade", "current"])
def test_a_newer_database_is_refused_in_one_sentence(home: Home, command: str) -> None:
    home.data.mkdir()
    storage = open_storage(sqlite_url(home.data))
    with storage.transaction() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9000'"))
    storage.close()
    done = home("db", command)
    assert (done.code, done.out) == (1, "")
    assert "9000" in done.sentence
    assert HEAD in done.sentence


def test_a_damaged_database_is_one_sentence(home: Home) -> None:
    home.data.mkdir()
    (home.data / "secretary.db").write_text("no database at all " * 200)
    done = home("db", "upgrade")
    assert (done.code, done.out) == (1, "")
    assert "file is not a database" in done.sentence
