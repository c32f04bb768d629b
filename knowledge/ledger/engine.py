"""Opening the database, and what it says in words of ours."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from knowledge.errors import LedgerError, StoreError


def open_engine(url: str) -> Engine:
    """An SQLAlchemy engine; SQLite gets WAL mode and waits for other writers.

    Raises LedgerError `database.url` for a URL that SQLAlchemy cannot use.
    """
    try:
        engine = create_engine(_driver(url), pool_pre_ping=not url.startswith("sqlite"))
    except (SQLAlchemyError, ImportError) as error:
        raise LedgerError("database.url", problem=type(error).__name__) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _driver(url: str) -> str:
    """`postgresql://` means psycopg 3 here, not SQLAlchemy's default driver."""
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


def _prepare_sqlite(connection: object, _record: object) -> None:
    cursor = connection.cursor()  # type: ignore[attr-defined]
    for pragma in ("busy_timeout=30000", "journal_mode=WAL", "synchronous=NORMAL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def sqlite_url(data_dir: Path) -> str:
    return f"sqlite:///{data_dir / 'secretary.db'}"


def problem_of(error: DBAPIError) -> str:
    """The driver's own words, which hold no password."""
    return str(error.orig).strip().splitlines()[0][:200] if error.orig else "?"


@contextmanager
def plain_errors(engine: Engine) -> Iterator[None]:
    """Turns what the driver and the disk say into errors of ours.

    Raises LedgerError `database.unavailable`, StoreError `disk.full`.
    """
    try:
        yield
    except DBAPIError as error:
        if "disk is full" in str(error.orig) or "No space left" in str(error.orig):
            raise StoreError("disk.full", path=str(engine.url.database)) from error
        raise LedgerError("database.unavailable", problem=problem_of(error)) from error
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise StoreError("disk.full", path=str(engine.url.database)) from error
        raise LedgerError("database.unavailable", problem=error.strerror or "?") from error
