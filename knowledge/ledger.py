"""The sources ledger: which documents are known, and which of their versions is true.

Points carry the version under which they were written; only the version that the ledger
names is alive. So a document changes at one instant, in one SQL transaction, however long
its points took to write: killed half-way, the old text still answers and the half-written
points are rubbish that the next ingest sweeps up.

The document frequencies stand in the same transaction, since no store gives an idf sum.
"""

import fcntl
import secrets
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    String,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from knowledge.errors import LedgerError, StoreError

metadata = MetaData()
sources = Table(
    "sources",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("root", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("audience", String(200), nullable=False),
    Column("content_hash", String(200), nullable=False),
    Column("stamp", String(100), nullable=False),
    Column("version", BigInteger, nullable=False, index=True),
    Column("passages", Integer, nullable=False),
    Column("terms", LargeBinary, nullable=False),
    Column("ingested_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("root", "source"),
)
frequencies = Table(
    "term_frequencies",
    metadata,
    Column("term", BigInteger, primary_key=True, autoincrement=False),
    Column("passages", Integer, nullable=False),
)
garbage = Table(
    "garbage_versions",
    metadata,
    Column("version", BigInteger, primary_key=True, autoincrement=False),
)
facts = Table(
    "ledger_facts",
    metadata,
    Column("key", String(100), primary_key=True),
    Column("value", Text, nullable=False),
)

_WRITER_KEY = 0x5EC2E7A
_WAIT_S = 3600
_CHUNK = 500
"""Values in one IN (…) list: under every database's limit on bound variables."""


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One live document as the ledger knows it."""

    root: str
    source: str
    title: str
    audience: str
    content_hash: str
    stamp: str
    version: int
    passages: int
    ingested_at: datetime


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


class Ledger:
    """All reads and writes of the tables above; every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._create_tables()

    def _create_tables(self) -> None:
        try:
            with self._transaction() as tx:
                metadata.create_all(tx)
        except LedgerError as error:
            is_sqlite = self._engine.dialect.name == "sqlite"
            if isinstance(error.__cause__, OperationalError) and not is_sqlite:
                raise  # no connection: asking again would only take as long again
            # Another program was making them at the same moment; now they are there.
            with self._transaction() as tx:
                metadata.create_all(tx)

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """Raises LedgerError `database.unavailable`, StoreError `disk.full`."""
        try:
            with self._engine.begin() as connection:
                yield connection
        except OperationalError as error:
            if "disk is full" in str(error.orig) or "No space left" in str(error.orig):
                raise StoreError("disk.full", path=str(self._engine.url.database)) from error
            raise LedgerError("database.unavailable", problem=_problem(error)) from error
        except DBAPIError as error:
            raise LedgerError("database.unavailable", problem=_problem(error)) from error

    @contextmanager
    def writer(self, on_wait: Callable[[], None] = lambda: None) -> Iterator[None]:
        """One ingest at a time over everybody who shares this database; waits for its turn.

        Raises LedgerError `database.busy` after an hour.
        """
        lock = self._postgres_lock if self._engine.dialect.name == "postgresql" else self._file_lock
        with lock(on_wait):
            yield

    @contextmanager
    def _file_lock(self, on_wait: Callable[[], None]) -> Iterator[None]:
        path = Path(str(self._engine.url.database)).with_suffix(".ingest.lock")
        with path.open("w") as file:
            _patiently(lambda: _try_flock(file.fileno()), on_wait)
            yield

    @contextmanager
    def _postgres_lock(self, on_wait: Callable[[], None]) -> Iterator[None]:
        """Held by a connection of its own, so that it ends with the process."""
        with self._engine.connect() as held:
            query = text("SELECT pg_try_advisory_lock(:key)")
            _patiently(lambda: bool(held.scalar(query, {"key": _WRITER_KEY})), on_wait)
            try:
                yield
            finally:
                held.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _WRITER_KEY})

    # -- reading ---------------------------------------------------------------------------

    def known(self, root: str) -> dict[str, SourceRow]:
        """Every live document of one ingested root, by its source path."""
        with self._transaction() as tx:
            rows = tx.execute(_row_columns().where(sources.c.root == root))
            return {row.source: SourceRow(*row) for row in rows}

    def all(self) -> list[SourceRow]:
        with self._transaction() as tx:
            rows = tx.execute(_row_columns().order_by(sources.c.root, sources.c.source))
            return [SourceRow(*row) for row in rows]

    def alive(self, versions: Iterable[int]) -> set[int]:
        """Which of these versions may be shown."""
        wanted = sorted(set(versions))
        with self._transaction() as tx:
            return {
                version
                for part in _parts(wanted)
                for version in tx.scalars(
                    select(sources.c.version).where(sources.c.version.in_(part))
                )
            }

    def statistics(self, terms: Iterable[int]) -> tuple[dict[int, int], int]:
        """How many live passages hold each term, and how many there are in all."""
        wanted = sorted(set(terms))
        with self._transaction() as tx:
            total = tx.scalar(select(func.coalesce(func.sum(sources.c.passages), 0)))
            found = {
                row.term: row.passages
                for part in _parts(wanted)
                for row in tx.execute(select(frequencies).where(frequencies.c.term.in_(part)))
            }
        return found, int(total or 0)

    def fact(self, key: str) -> str | None:
        with self._transaction() as tx:
            return tx.scalar(select(facts.c.value).where(facts.c.key == key))

    def set_fact(self, key: str, value: str | None) -> None:
        with self._transaction() as tx:
            tx.execute(delete(facts).where(facts.c.key == key))
            if value is not None:
                tx.execute(insert(facts).values(key=key, value=value))

    # -- writing ---------------------------------------------------------------------------

    def begin(self) -> int:
        """A new version, marked as rubbish until `commit` makes it true.

        Random, so that no two writers need to agree on the next one.
        """
        version = secrets.randbits(62)
        with self._transaction() as tx:
            tx.execute(insert(garbage).values(version=version))
        return version

    def commit(self, row: SourceRow, terms: Mapping[int, int]) -> None:
        """Makes `row.version` the document's truth; its former version becomes rubbish."""
        with self._transaction() as tx:
            self._forget(tx, [(row.root, row.source)])
            tx.execute(
                insert(sources).values(
                    root=row.root,
                    source=row.source,
                    title=row.title,
                    audience=row.audience,
                    content_hash=row.content_hash,
                    stamp=row.stamp,
                    version=row.version,
                    passages=row.passages,
                    ingested_at=row.ingested_at,
                    terms=pack_terms(terms),
                )
            )
            tx.execute(delete(garbage).where(garbage.c.version == row.version))
            self._count(tx, terms, 1)

    def restamp(self, root: str, source: str, stamp: str) -> None:
        """The file was touched, its content was not."""
        with self._transaction() as tx:
            at = (sources.c.root == root) & (sources.c.source == source)
            tx.execute(update(sources).where(at).values(stamp=stamp))

    def remove(self, keys: Sequence[tuple[str, str]]) -> None:
        """Forgets documents given as (root, source); true at once for every search."""
        with self._transaction() as tx:
            self._forget(tx, keys)

    def rubbish(self) -> list[int]:
        with self._transaction() as tx:
            return list(tx.scalars(select(garbage.c.version).order_by(garbage.c.version)))

    def swept(self, versions: Sequence[int]) -> None:
        """These versions' points are gone from the index."""
        with self._transaction() as tx:
            for part in _parts(list(versions)):
                tx.execute(delete(garbage).where(garbage.c.version.in_(part)))

    def _forget(self, tx: Connection, keys: Sequence[tuple[str, str]]) -> None:
        for root, source in keys:
            at = (sources.c.root == root) & (sources.c.source == source)
            old = tx.execute(select(sources.c.version, sources.c.terms).where(at)).first()
            if old is None:
                continue
            tx.execute(delete(sources).where(at))
            tx.execute(insert(garbage).values(version=old.version))
            self._count(tx, unpack_terms(old.terms), -1)

    def _count(self, tx: Connection, terms: Mapping[int, int], sign: int) -> None:
        if not terms:
            return
        dialect = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        statement = dialect.insert(frequencies).values(term=bindparam("t"), passages=bindparam("n"))
        # Sorted, so that two writers on one Postgres lock rows in the same order.
        tx.execute(
            statement.on_conflict_do_update(
                index_elements=["term"],
                set_={"passages": frequencies.c.passages + statement.excluded.passages},
            ),
            [{"t": term, "n": sign * count} for term, count in sorted(terms.items())],
        )


def _row_columns() -> Select[Any]:
    c = sources.c
    return select(
        c.root, c.source, c.title, c.audience, c.content_hash, c.stamp, c.version, c.passages,
        c.ingested_at,
    )  # fmt: skip


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


def _parts(values: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]


def _problem(error: DBAPIError) -> str:
    """The driver's own words, which hold no password."""
    return str(error.orig).strip().splitlines()[0][:200] if error.orig else "?"


def pack_terms(terms: Mapping[int, int]) -> bytes:
    """Term → passages of this document that hold it, small enough to keep for its removal."""
    pairs = np.array(sorted(terms.items()), np.uint32).reshape(-1, 2)
    return zlib.compress(pairs.tobytes(), 1)


def unpack_terms(packed: bytes) -> Counter[int]:
    pairs = np.frombuffer(zlib.decompress(packed), np.uint32).reshape(-1, 2)
    return Counter({int(term): int(count) for term, count in pairs})


def now() -> datetime:
    return datetime.now(UTC)
