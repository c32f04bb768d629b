"""Making a backup: one moment of the database, its passages and its uploads."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, select

from bot.backup import points, rows
from bot.backup.archive import Writer, writing
from bot.backup.manifest import Manifest
from bot.backup.points import Show
from bot.errors import BotError
from bot.storage import Storage
from bot.storage.schema import EMPTY, bring_up_to_date, current, refuse_unknown
from knowledge.ledger import Ledger, OnWait, nobody_told, open_engine, sources
from knowledge.ledger.tables import facts
from knowledge.ledger.turns import one_writer
from knowledge.library import COLLECTION, EMBEDDING
from knowledge.settings import KnowledgeSettings
from knowledge.store.opening import open_index

UPLOADS: Final = "uploads"
POINTS: Final = "passages.msgpack"
MADE_AT: Final = "backup"
"""Ledger fact: when the last backup was finished."""


@dataclass(frozen=True, slots=True)
class Backed:
    manifest: Manifest
    uploads: int
    lost: int
    """Passages that the ledger knows and the index does not hold."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What the ledger says, at the moment of the backup."""

    versions: frozenset[int]
    passages: int
    collection: str | None
    embedding: str | None


def back_up(
    settings: KnowledgeSettings,
    path: Path,
    *,
    force: bool = False,
    show: Show = lambda _: None,
    on_wait: OnWait = nobody_told,
) -> Backed:
    """Between two changes to the knowledge, which wait for it; a running bot goes on answering.

    `force`: a file at `path` may be replaced. Raises BotError `backup.exists`,
    `cli.write_failed`, ConfigError `database.newer`, LedgerError, StoreError.
    """
    if path.exists() and not force:
        raise BotError("backup.exists", path=str(path))
    storage = Storage(open_engine(settings.database_url))
    try:
        refuse_unknown(current(storage))
        if current(storage) == EMPTY:
            bring_up_to_date(storage)
        with one_writer(storage.engine, on_wait), writing(path) as writer:
            backed = _write(storage, settings, writer, show)
        Ledger(storage.engine).set_fact(MADE_AT, backed.manifest.made_at)
        return backed
    finally:
        storage.close()


def _write(storage: Storage, settings: KnowledgeSettings, writer: Writer, show: Show) -> Backed:
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    with storage.reading(steady=True) as tx:
        known, counts = _known(tx), {}
        for table in rows.tables(tx):
            fill = partial(rows.dump, tx, table)
            counts[table.name] = writer.add(f"sql/{table.name}.jsonl", fill)
    kept = _write_points(settings, known, writer, show)
    uploads = _write_uploads(settings.data_dir / UPLOADS, writer)
    manifest = Manifest(
        made_at=made_at,
        program=version("secretary"),
        schema=current(storage),
        database=storage.engine.dialect.name,
        data_dir=str(settings.data_dir.absolute()),
        collection=known.collection,
        embedding=known.embedding,
        rows=counts,
        passages=kept,
        members=dict(writer.members),
    )
    writer.finish(manifest)
    return Backed(manifest, uploads, known.passages - kept)


def _known(tx: Connection) -> _Known:
    told = {row.key: row.value for row in tx.execute(select(facts))}
    live = tx.execute(select(sources.c.version, sources.c.passages)).all()
    return _Known(
        versions=frozenset(row.version for row in live),
        passages=sum(row.passages for row in live),
        collection=told.get(COLLECTION),
        embedding=told.get(EMBEDDING),
    )


def _write_points(settings: KnowledgeSettings, known: _Known, writer: Writer, show: Show) -> int:
    if known.collection is None or not known.versions:
        return writer.add(POINTS, lambda _: 0)
    with open_index(
        settings.data_dir, settings.qdrant_url, settings.qdrant_api_key, known.collection,
        settings.store_linger_s,
    ) as index:  # fmt: skip
        return writer.add(POINTS, lambda file: points.dump(index, known.versions, file, show))


def _write_uploads(folder: Path, writer: Writer) -> int:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()]
    for path in files:
        writer.add_file(f"{UPLOADS}/{path.relative_to(folder).as_posix()}", path)
    return len(files)
