"""Whether what an annotation rests on is still what it was."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, select, update

from bot.storage.tables import annotation_sources, annotations
from knowledge.ledger import SourceRow


def fingerprints(rows: Iterable[SourceRow]) -> dict[str, str]:
    """Source → content hash; one of all where several roots have a document of that name."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        found[row.source].add(row.content_hash)
    return {source: _one(hashes) for source, hashes in found.items()}


def _one(hashes: set[str]) -> str:
    if len(hashes) == 1:
        return next(iter(hashes))
    return hashlib.sha256("\n".join(sorted(hashes)).encode()).hexdigest()


def mark(tx: Connection, hashes: Mapping[str, str]) -> int:
    """Sets ``rot``, and clears it where all is as it was; how many annotations changed.

    A source that was unknown when it was linked counts from the day it appears.
    """
    linked = annotation_sources.c
    verdicts: dict[int, str | None] = {}
    for row in tx.execute(select(linked.annotation_id, linked.source, linked.content_hash)).all():
        now = hashes.get(row.source)
        if row.content_hash is None and now is not None:
            _adopt(tx, row.annotation_id, row.source, now)
        verdict = _verdict(row.content_hash, now)
        before = verdicts.get(row.annotation_id)
        verdicts[row.annotation_id] = "gone" if "gone" in (before, verdict) else before or verdict
    return sum(_set(tx, id_, verdict) for id_, verdict in verdicts.items())


def _verdict(then: str | None, now: str | None) -> str | None:
    if then is None or then == now:
        return None
    return "gone" if now is None else "changed"


def _adopt(tx: Connection, annotation_id: int, source: str, content_hash: str) -> None:
    at = (annotation_sources.c.annotation_id == annotation_id) & (
        annotation_sources.c.source == source
    )
    tx.execute(update(annotation_sources).where(at).values(content_hash=content_hash))


def _set(tx: Connection, annotation_id: int, verdict: str | None) -> bool:
    at = annotations.c
    done = tx.execute(
        update(annotations)
        .where(at.id == annotation_id, at.rot.is_distinct_from(verdict))
        .values(rot=verdict)
    )
    return done.rowcount > 0
