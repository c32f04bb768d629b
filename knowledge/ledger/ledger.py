"""What the rest of the program reads and writes."""

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    Engine,
    Select,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from knowledge.ledger.engine import plain_errors
from knowledge.ledger.tables import (
    SourceRow,
    facts,
    frequencies,
    garbage,
    metadata,
    pack_terms,
    source_terms,
    sources,
    unpack_terms,
)
from knowledge.ledger.turns import OnWait, nobody_told, one_maker, one_reader, one_writer

_CHUNK = 500
"""Values in one IN (…) list: under every database's limit on bound variables."""
# Made once, as every search needs them.
_WANTED: BindParameter[int] = bindparam("wanted", expanding=True)
_ALIVE = select(sources.c.version).where(sources.c.version.in_(_WANTED))
_TOTAL = select(func.coalesce(func.sum(sources.c.passages), 0))
_FREQUENCIES = select(frequencies).where(frequencies.c.term.in_(_WANTED))


class Ledger:
    """All reads and writes of the tables above; every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._create_tables()

    def _create_tables(self) -> None:
        """Raises LedgerError `database.unavailable`, StoreError `disk.full`."""
        with plain_errors(self._engine), one_maker(self._engine):
            metadata.create_all(self._engine)

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with plain_errors(self._engine), self._engine.begin() as connection:
            yield connection

    def writer(self, on_wait: OnWait = nobody_told) -> AbstractContextManager[None]:
        """The turn to make one change to ledger and index; see `turns.one_writer`."""
        return one_writer(self._engine, on_wait)

    def reader(self, root: str, on_wait: OnWait = nobody_told) -> AbstractContextManager[None]:
        """The turn to go through one root; see `turns.one_reader`."""
        return one_reader(self._engine, root, on_wait)

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

    def size(self) -> tuple[int, int]:
        """How many live documents there are, and passages."""
        summed = func.coalesce(func.sum(sources.c.passages), 0)
        with self._transaction() as tx:
            documents, passages = tx.execute(select(func.count(), summed)).one()
        return int(documents), int(passages)

    def roots(self) -> dict[str, str]:
        """What was ingested, with the audience of the latest of its documents."""
        with self._transaction() as tx:
            rows = tx.execute(
                select(sources.c.root, sources.c.audience).order_by(sources.c.ingested_at)
            )
            return {row.root: row.audience for row in rows}

    def alive(self, versions: Iterable[int]) -> set[int]:
        """Which of these versions may be shown."""
        wanted = sorted(set(versions))
        with self._transaction() as tx:
            return {
                version
                for part in _parts(wanted)
                for version in tx.scalars(_ALIVE, {"wanted": part})
            }

    def statistics(self, terms: Iterable[int]) -> tuple[dict[int, int], int]:
        """How many live passages hold each term, and how many there are in all."""
        wanted = sorted(set(terms))
        with self._transaction() as tx:
            total = tx.scalar(_TOTAL)
            found = {
                row.term: row.passages
                for part in _parts(wanted)
                for row in tx.execute(_FREQUENCIES, {"wanted": part})
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
            tx.execute(insert(sources).values(**asdict(row)))
            packed = pack_terms(terms)
            tx.execute(insert(source_terms).values(version=row.version, terms=packed))
            tx.execute(delete(garbage).where(garbage.c.version == row.version))
            self._count(tx, terms, 1)

    def restamp(self, root: str, source: str, stamp: str) -> None:
        """The file was touched, its content was not."""
        with self._transaction() as tx:
            at = (sources.c.root == root) & (sources.c.source == source)
            tx.execute(update(sources).where(at).values(stamp=stamp))

    def doubt_all(self) -> None:
        """Every document equals nothing from now on, so that each is read again; it answers as
        before until it is."""
        with self._transaction() as tx:
            tx.execute(update(sources).values(stamp="", content_hash=""))

    def remove(self, keys: Sequence[tuple[str, str]]) -> list[int]:
        """Forgets documents given as (root, source); true at once for every search.

        The versions that died: rubbish until `swept`.
        """
        with self._transaction() as tx:
            return self._forget(tx, keys)

    def rubbish(self) -> list[int]:
        with self._transaction() as tx:
            return list(tx.scalars(select(garbage.c.version).order_by(garbage.c.version)))

    def swept(self, versions: Sequence[int]) -> None:
        """These versions' points are gone from the index."""
        with self._transaction() as tx:
            for part in _parts(list(versions)):
                tx.execute(delete(garbage).where(garbage.c.version.in_(part)))

    def _forget(self, tx: Connection, keys: Sequence[tuple[str, str]]) -> list[int]:
        died: list[int] = []
        for root, source in keys:
            at = (sources.c.root == root) & (sources.c.source == source)
            version = tx.scalar(select(sources.c.version).where(at))
            if version is None:
                continue
            packed = tx.scalar(
                select(source_terms.c.terms).where(source_terms.c.version == version)
            )
            tx.execute(delete(sources).where(at))
            tx.execute(delete(source_terms).where(source_terms.c.version == version))
            tx.execute(insert(garbage).values(version=version))
            self._count(tx, unpack_terms(packed or b""), -1)
            died.append(version)
        return died

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


def _parts(values: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]
