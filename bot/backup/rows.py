"""The tables as lines of JSON, one a row, and back into an empty database of either kind."""

import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Any, Final

from sqlalchemy import (
    Column,
    Connection,
    Date,
    DateTime,
    LargeBinary,
    MetaData,
    Table,
    func,
    insert,
    select,
    text,
)

from bot.storage import Storage
from bot.storage.schema import EMPTY, keys_unchecked, run_steps
from bot.storage.tables import metadata
from knowledge.ledger.tables import metadata as ledger_metadata
from knowledge.ledger.turns import one_maker

OURS: Final = frozenset(metadata.tables) | frozenset(ledger_metadata.tables)
_OF_THE_MOMENT: Final = frozenset({"inbox_executors"})
"""Who was at work when the backup was made: nobody is when it is restored."""
_BATCH: Final = 500
_DONE: Final = {
    "request": None, "parts": None, "sent": "[]", "handle": None, "owner": None,
    "problem": "restored",
}  # fmt: skip

Row = dict[str, Any]


def tables(tx: Connection) -> list[Table]:
    """Those of ours that this database has, as they are there; what is pointed to first."""
    found = MetaData()
    found.reflect(tx, only=lambda name, _: name in OURS and name not in _OF_THE_MOMENT)
    return found.sorted_tables


def dump(tx: Connection, table: Table, file: IO[bytes]) -> int:
    """Gives how many rows."""
    count = 0
    rows = tx.execution_options(yield_per=_BATCH).execute(select(table))
    for row in rows.mappings():
        line = json.dumps({k: _packed(v) for k, v in row.items()}, ensure_ascii=False)
        file.write(line.encode() + b"\n")
        count += 1
    return count


def replace(storage: Storage, step: str, folder: Path, change: Callable[[str, Row], Row]) -> None:
    """Puts the rows in `folder` in the place of everything there is, in one transaction.

    `change` may alter a row of a table. Raises LedgerError, StoreError.
    """
    with (
        storage.plain_errors(),
        one_maker(storage.engine),
        storage.engine.connect() as connection,
        keys_unchecked(connection),
        connection.begin(),
    ):
        _clear(connection)
        if step != EMPTY:
            run_steps(connection, step)
        for table in tables(connection):
            _fill(connection, table, folder / f"{table.name}.jsonl", change)


def queue_closed(table: str, row: Row) -> Row:
    """A question that waited when the backup was made was answered since, or is stale: its id
    stays known, and nobody is told anything twice."""
    if table != "inbox" or row["finished_at"] is not None:
        return row
    done = {name: value for name, value in _DONE.items() if name in row}
    return row | done | {"finished_at": datetime.now(UTC).isoformat()}


def _clear(connection: Connection) -> None:
    there = MetaData()
    there.reflect(connection, only=lambda name, _: name in OURS or name == "alembic_version")
    there.drop_all(connection)


def _fill(
    connection: Connection, table: Table, path: Path, change: Callable[[str, Row], Row]
) -> None:
    if not path.exists():
        return
    batch: list[Row] = []
    for row in _lines(path):
        changed = change(table.name, row)
        batch.append({k: _unpacked(v, table.c[k]) for k, v in changed.items()})
        if len(batch) >= _BATCH:
            connection.execute(insert(table), batch)
            batch = []
    if batch:
        connection.execute(insert(table), batch)
    _count_on(connection, table)


def _lines(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def _count_on(connection: Connection, table: Table) -> None:
    """PostgreSQL numbers the next row from its own counter, which saw none of these."""
    keys = list(table.primary_key.columns)
    if connection.dialect.name != "postgresql" or len(keys) != 1:
        return
    column = keys[0]
    named = {"table": table.name, "column": column.name}
    counter = connection.scalar(text("SELECT pg_get_serial_sequence(:table, :column)"), named)
    last = connection.scalar(select(func.max(column)))
    if counter is not None and last is not None:
        connection.execute(
            text("SELECT setval(:counter, :last)"), {"counter": counter, "last": last}
        )


def _packed(value: Any) -> Any:
    if isinstance(value, datetime):  # SQLite keeps UTC without saying so
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value


def _unpacked(value: Any, column: Column[Any]) -> Any:
    if value is None:
        return None
    if isinstance(column.type, DateTime):
        return datetime.fromisoformat(value)
    if isinstance(column.type, Date):
        return date.fromisoformat(value)
    if isinstance(column.type, LargeBinary):
        return base64.b64decode(value)
    return value
