"""Opening the database, and taking turns at writing it."""

import errno
import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from knowledge.errors import LedgerError, StoreError

_WRITER_KEY = 0x5EC2E7A
"""Of the advisory lock; any number that no other program uses."""
_MAKER_KEY = _WRITER_KEY + 1
_WAIT_S = 3600


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


@contextmanager
def one_writer(engine: Engine, on_wait: Callable[[], None]) -> Iterator[None]:
    """One ingest at a time over everybody who shares this database; waits for its turn.

    Raises LedgerError `database.busy` after an hour.
    """
    lock = _postgres_lock if engine.dialect.name == "postgresql" else _file_lock
    with lock(engine, on_wait):
        yield


@contextmanager
def one_maker(engine: Engine) -> Iterator[None]:
    """One program at a time makes or changes the tables: "if not exists" alone is a race."""
    if engine.dialect.name == "postgresql":
        with engine.begin() as held:  # given back with the transaction, whatever happens
            held.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MAKER_KEY})
            yield
        return
    with Path(str(engine.url.database)).with_suffix(".schema.lock").open("w") as file:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX)
        yield


@contextmanager
def _file_lock(engine: Engine, on_wait: Callable[[], None]) -> Iterator[None]:
    path = Path(str(engine.url.database)).with_suffix(".ingest.lock")
    with path.open("w") as file:
        _patiently(lambda: _try_flock(file.fileno()), on_wait)
        yield


@contextmanager
def _postgres_lock(engine: Engine, on_wait: Callable[[], None]) -> Iterator[None]:
    """Held by a connection of its own, so that it ends with the process."""
    with engine.connect() as held:
        query = text("SELECT pg_try_advisory_lock(:key)")
        _patiently(lambda: bool(held.scalar(query, {"key": _WRITER_KEY})), on_wait)
        try:
            yield
        finally:
            held.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _WRITER_KEY})


def _try_flock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _patiently(attempt: Callable[[], bool], on_wait: Callable[[], None]) -> None:
    deadline = time.monotonic() + _WAIT_S
    waited = False
    while not attempt():
        if not waited:
            on_wait()
            waited = True
        if time.monotonic() > deadline:
            raise LedgerError("database.busy", seconds=str(_WAIT_S))
        time.sleep(0.2)


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
