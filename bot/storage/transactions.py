"""The database as everything in `bot` uses it: short transactions, errors of ours."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from sqlalchemy import Connection, Engine, Table, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import TimeoutError as PoolTimeout

from knowledge.errors import LedgerError
from knowledge.ledger.engine import plain_errors

_READING = "secretary_reading"
_PATIENCE_S = 30.0
"""As long as SQLite waits for another process."""


class Storage:
    """One database.

    The engine becomes this object's own: on SQLite its connections begin their transactions
    differently from others (see `transaction`) and enforce foreign keys.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._turn: AbstractContextManager[Any] = nullcontext()
        if engine.dialect.name == "sqlite":
            self._turn = _Turn()
            event.listen(engine, "connect", _hand_over_control)
            event.listen(engine, "begin", _begin)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Reads and writes that happen wholly or not at all.

        On SQLite the right to write is taken at the start: a transaction that reads first
        and asks for it later is refused at once when another one wrote in between. Never
        open one inside another.

        Raises LedgerError `database.unavailable`, StoreError `disk.full`.
        """
        with self.plain_errors(), self._turn, self.engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self, *, steady: bool = False) -> Iterator[Connection]:
        """One view of the data, which waits for no writer and makes none wait.

        `steady`: the same view for every statement on PostgreSQL too, as on SQLite.

        Raises LedgerError `database.unavailable`.
        """
        options: dict[str, Any] = {_READING: True, "postgresql_readonly": True}
        if steady and self.engine.dialect.name == "postgresql":
            options["isolation_level"] = "REPEATABLE READ"
        with self.plain_errors(), self.engine.connect() as connection:
            reader = connection.execution_options(**options)
            with reader.begin():
                yield reader

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def plain_errors(self) -> Iterator[None]:
        """Raises LedgerError `database.unavailable`, StoreError `disk.full`."""
        try:
            with plain_errors(self.engine):
                yield
        except PoolTimeout as error:
            problem = "no free connection"
            raise LedgerError("database.unavailable", problem=problem) from error
        except UnicodeEncodeError as error:  # half a surrogate pair in an id that a caller made up
            raise LedgerError("database.unavailable", problem=error.reason) from error


def upsert(connection: Connection, table: Table) -> "postgresql.Insert | sqlite.Insert":
    """An INSERT that knows `on_conflict_do_update` and `on_conflict_do_nothing`."""
    return upserting(connection.dialect.name, table)


def upserting(dialect: str, table: Table) -> "postgresql.Insert | sqlite.Insert":
    """As `upsert`, for statements that are made once."""
    module: Any = postgresql if dialect == "postgresql" else sqlite
    made: postgresql.Insert | sqlite.Insert = module.insert(table)
    return made


class _Turn:
    """One writer at a time in this process.

    SQLite lets a waiting writer sleep and try again, up to 0.1 s at a time and in no order;
    a lock wakes the next one at once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        if not self._lock.acquire(timeout=_PATIENCE_S):
            raise LedgerError("database.unavailable", problem="database is locked")

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def _hand_over_control(connection: Any, _record: object) -> None:
    """The driver begins no transaction by itself any more; `_begin` does."""
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys=ON").close()


def _begin(connection: Connection) -> None:
    reading = connection.get_execution_options().get(_READING, False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
