"""Taking turns over everybody who shares one database: other programs, and threads of this one.

There are two kinds. A *writer* makes one change true, such as one document, and lets the next one
in: moments, whatever it is a part of. A *reader* goes through one source from end to end, which
may take hours, and keeps out only who wants to read the same one, or a folder above or below it.
All of them end with their process.
"""

import fcntl
import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Protocol

from sqlalchemy import Connection, Engine, text

from knowledge.errors import LedgerError

OnWait = Callable[[float], None]
"""Called again and again with the seconds waited so far; what it raises ends the waiting."""
Release = Callable[[], None]

_LONGEST_S = 3600
_MOST_SLEEP_S = 0.3
_WRITER, _NEXT, _MAKER = "ingest", "next", "schema"
"""Names of locks; who holds `next` is the next writer."""


def nobody_told(_seconds: float) -> None:
    """An `OnWait` for whoever does not mind."""


@contextmanager
def one_writer(engine: Engine, on_wait: OnWait = nobody_told) -> Iterator[None]:
    """One writer at a time; who gives the turn back and wants it again comes after who waits.

    Raises LedgerError `database.busy` after an hour.
    """
    patience = _Patience(on_wait)
    with _locks(engine) as locks, ExitStack() as mine:
        let_others_queue = patience.until(partial(locks.attempt, _NEXT))
        try:
            mine.callback(patience.until(partial(locks.attempt, _WRITER)))
        finally:
            let_others_queue()
        yield


@contextmanager
def one_reader(engine: Engine, root: str, on_wait: OnWait = nobody_told) -> Iterator[None]:
    """One reader of a root at a time; two folders of which one is in the other count as one.

    Raises LedgerError `database.busy` after an hour.
    """
    patience = _Patience(on_wait)
    with _locks(engine) as locks, ExitStack() as mine:
        for folder in _above(root):  # from the top down, so that no two wait for each other
            mine.callback(patience.until(partial(locks.attempt, folder, shared=True)))
        mine.callback(patience.until(partial(locks.attempt, _reading(root))))
        yield


@contextmanager
def one_maker(engine: Engine) -> Iterator[None]:
    """One program at a time makes or changes the tables: "if not exists" alone is a race."""
    patience = _Patience(nobody_told)
    with _locks(engine) as locks, ExitStack() as mine:
        mine.callback(patience.until(partial(locks.attempt, _MAKER)))
        yield


def _above(root: str) -> list[str]:
    """The folders that a folder is in; none for what is no path."""
    path = PurePosixPath(root)
    return [_reading(str(one)) for one in reversed(path.parents)] if path.is_absolute() else []


def _reading(root: str) -> str:
    return f"reading-{hashlib.sha256(root.encode('utf-8', 'surrogateescape')).hexdigest()[:16]}"


class _Patience:
    """Tries until it succeeds, for an hour in all."""

    def __init__(self, on_wait: OnWait) -> None:
        self._on_wait = on_wait
        self._begun = time.monotonic()

    def until(self, attempt: Callable[[], Release | None]) -> Release:
        while (release := attempt()) is None:
            waited = time.monotonic() - self._begun
            self._on_wait(waited)
            if waited > _LONGEST_S:
                raise LedgerError("database.busy", seconds=str(_LONGEST_S))
            time.sleep(min(_MOST_SLEEP_S, 0.02 + waited / 10))
        return release


class _Locks(Protocol):
    def attempt(self, name: str, shared: bool = False) -> Release | None:
        """Takes the lock if it is free, and gives what gives it back."""


@contextmanager
def _locks(engine: Engine) -> Iterator[_Locks]:
    if engine.dialect.name != "postgresql":
        yield _FileLocks(Path(str(engine.url.database)))
        return
    # A connection of its own, outside of any transaction: a reader holds it for hours.
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield _PostgresLocks(connection)


class _FileLocks:
    """Empty files beside the database; those of readers, one a folder, in a folder of their own."""

    def __init__(self, database: Path) -> None:
        self._database = database

    def attempt(self, name: str, shared: bool = False) -> Release | None:
        path = self._database.with_suffix(f".{name}.lock")
        if name.startswith("reading-"):
            path = self._database.with_suffix(".turns") / name
            path.parent.mkdir(exist_ok=True)
        file = path.open("w")
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        return file.close


class _PostgresLocks:
    """Advisory locks of one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def attempt(self, name: str, shared: bool = False) -> Release | None:
        kind = "_shared" if shared else ""
        digest = hashlib.sha256(f"secretary {name}".encode()).digest()
        key = {"key": int.from_bytes(digest[:8], "big", signed=True)}
        if not self._connection.scalar(text(f"SELECT pg_try_advisory_lock{kind}(:key)"), key):
            return None
        return lambda: self._give_back(f"SELECT pg_advisory_unlock{kind}(:key)", key)

    def _give_back(self, statement: str, key: dict[str, int]) -> None:
        self._connection.execute(text(statement), key)
