"""Where everything is kept."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from adapters.doctor.finding import Finding, tell
from adapters.settings import Settings
from bot.backup.making import MADE_AT
from bot.storage import Storage
from bot.storage.migrations import HEAD
from bot.storage.schema import EMPTY, current, refuse_unknown
from knowledge.ledger import Ledger, open_engine
from knowledge.library import Library, prepare_folder
from knowledge.retriever import Query

OLD_BACKUP = timedelta(days=7)
_SHOWN = 3


def database(loaded: Settings) -> Finding:
    url = loaded.knowledge().database_url
    prepare_folder(loaded.data_dir)
    storage = Storage(open_engine(url))
    try:
        step = current(storage)
        kind = "PostgreSQL" if storage.engine.dialect.name == "postgresql" else "SQLite"
    finally:
        storage.close()
    refuse_unknown(step)
    if step not in (HEAD, EMPTY):
        key = "doctor.database_behind"
        return tell(loaded, "database", "warning", key, kind=kind, found=step, head=HEAD)
    return tell(loaded, "database", "ok", "doctor.database_ok", kind=kind, head=HEAD)


def knowledge(loaded: Settings) -> Finding:
    with Library(loaded.knowledge()) as library:
        rows = library.ledger.all()
        wanted = sum(row.passages for row in rows)
        stored = library.index.count([row.version for row in rows]) if rows else 0
        library.search(Query(("試一下",), None, 1))
    if not rows:
        return tell(loaded, "knowledge", "warning", "doctor.knowledge_empty")
    if stored != wanted:
        key = "doctor.knowledge_lost"
        return tell(loaded, "knowledge", "error", key, stored=stored, wanted=wanted)
    where = "Qdrant" if loaded.qdrant_url else loaded.data_dir
    told = {"documents": len(rows), "passages": stored, "where": where}
    return tell(loaded, "knowledge", "ok", "doctor.knowledge_ok", **told)


def folders(loaded: Settings) -> Finding | None:
    """A folder that is gone keeps its documents, which grow old unnoticed."""
    roots = [Path(root) for root in _ledger(loaded).roots() if Path(root).is_absolute()]
    if not roots:
        return None
    gone = sorted(str(root) for root in roots if not root.exists())
    if gone:
        shown = "、".join(gone[:_SHOWN]) + ("…" if len(gone) > _SHOWN else "")
        return tell(loaded, "folders", "warning", "doctor.folders_gone", folders=shown)
    return tell(loaded, "folders", "ok", "doctor.folders_ok", count=len(roots))


def backup(loaded: Settings) -> Finding:
    ledger = _ledger(loaded)
    made = ledger.fact(MADE_AT)
    documents, _ = ledger.size()
    if made is None:
        state, key = (
            ("warning", "doctor.backup_none") if documents else ("ok", "doctor.backup_idle")
        )
        return tell(loaded, "backup", "warning" if state == "warning" else "ok", key)
    age = datetime.now(UTC) - datetime.fromisoformat(made)
    told = {"made": made[:16].replace("T", " "), "days": age.days}
    if age > OLD_BACKUP:
        return tell(loaded, "backup", "warning", "doctor.backup_old", **told)
    return tell(loaded, "backup", "ok", "doctor.backup_ok", **told)


def _ledger(loaded: Settings) -> Ledger:
    return Ledger(open_engine(loaded.knowledge().database_url))
