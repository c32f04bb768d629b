"""The way back: everything is read and proved before anything is changed."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import inspect

from bot.backup import points, rows
from bot.backup.archive import unpacked, writable
from bot.backup.making import POINTS, UPLOADS
from bot.backup.manifest import Manifest
from bot.backup.points import Show
from bot.errors import BotError
from bot.inbox.presence import alive
from bot.inbox.protocol import InboxSettings
from bot.storage import Storage
from bot.storage.migrations import HEAD, STEPS
from bot.storage.schema import EMPTY, bring_up_to_date
from knowledge.ledger import Ledger, open_engine
from knowledge.library import prepare_folder
from knowledge.settings import KnowledgeSettings
from knowledge.store.opening import open_index


@dataclass(frozen=True, slots=True)
class Restored:
    manifest: Manifest
    passages: int
    uploads: int


def restore(
    settings: KnowledgeSettings,
    path: Path,
    *,
    force: bool = False,
    keep_queue: bool = False,
    show: Show = lambda _: None,
) -> Restored:
    """Into an empty place, or with `force` in the place of what is there.

    `keep_queue`: what waited to be answered is answered. The caller sees to it that no bot
    runs on this DATA_DIR. Stopped anywhere, the database is either as it was or restored.

    Raises BotError `backup.…`, `cli.write_failed`, LedgerError, StoreError.
    """
    prepare_folder(settings.data_dir)
    with tempfile.TemporaryDirectory(dir=settings.data_dir, prefix=".restore-") as name:
        folder = Path(name)
        manifest = unpacked(path, folder)
        _check_schema(manifest, path)
        storage = Storage(open_engine(settings.database_url))
        try:
            _check_place(storage, settings, force)
            return _restore(storage, settings, manifest, folder, keep_queue, show)
        finally:
            storage.close()


def _check_schema(manifest: Manifest, path: Path) -> None:
    if manifest.schema not in (*STEPS, EMPTY):
        raise BotError("backup.newer", path=str(path), found=manifest.schema, known=HEAD)


def _check_place(storage: Storage, settings: KnowledgeSettings, force: bool) -> None:
    """Raises BotError `backup.occupied`, `backup.in_use`."""
    with storage.reading() as tx:
        there = inspect(tx).has_table("sources")
        busy = inspect(tx).has_table("inbox_executors") and alive(tx, InboxSettings().lease_s)
    if busy and storage.engine.dialect.name == "postgresql":
        raise BotError("backup.in_use", place=storage.engine.url.database or "?")
    uploads = settings.data_dir / UPLOADS
    if not force and (there or (uploads.is_dir() and any(uploads.iterdir()))):
        raise BotError("backup.occupied", place=str(settings.data_dir))


def _restore(
    storage: Storage,
    settings: KnowledgeSettings,
    manifest: Manifest,
    folder: Path,
    keep_queue: bool,
    show: Show,
) -> Restored:
    def change(table: str, row: rows.Row) -> rows.Row:
        if table == "sources":
            row = row | {"root": _moved(row["root"], manifest, settings.data_dir)}
        if table == "inbox" and keep_queue:
            return row | {"owner": None}
        return rows.queue_closed(table, row)

    # Points of versions that no ledger names show nowhere: they may come first.
    stored = _restore_points(settings, manifest, folder, show)
    rows.replace(storage, manifest.schema, folder / "sql", change)
    bring_up_to_date(storage)
    uploads = _restore_uploads(folder / UPLOADS, settings.data_dir / UPLOADS)
    _sweep(storage, settings, manifest)
    return Restored(manifest, stored, uploads)


def _moved(root: str, manifest: Manifest, data_dir: Path) -> str:
    """Uploads are documents below DATA_DIR, wherever that is now."""
    before = Path(manifest.data_dir, UPLOADS)
    if not Path(root).is_relative_to(before):
        return root
    return str(data_dir.resolve() / UPLOADS / Path(root).relative_to(before))


def _restore_points(
    settings: KnowledgeSettings, manifest: Manifest, folder: Path, show: Show
) -> int:
    if manifest.collection is None or not manifest.passages:
        return 0
    with open_index(
        settings.data_dir, settings.qdrant_url, settings.qdrant_api_key, manifest.collection,
        settings.store_linger_s,
    ) as index:  # fmt: skip
        return points.load(index, folder / POINTS, manifest.passages, show)


def _restore_uploads(new: Path, place: Path) -> int:
    with writable(place):
        if place.exists():
            shutil.rmtree(place)
        if not new.exists():
            return 0
        shutil.move(new, place)
        return sum(path.is_file() for path in place.rglob("*"))


def _sweep(storage: Storage, settings: KnowledgeSettings, manifest: Manifest) -> None:
    if manifest.collection is None or not manifest.passages:
        return
    with open_index(
        settings.data_dir, settings.qdrant_url, settings.qdrant_api_key, manifest.collection,
        settings.store_linger_s,
    ) as index:  # fmt: skip
        points.sweep(index, Ledger(storage.engine))
