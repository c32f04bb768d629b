"""The bank of phrasings as probes for a calibration: each one is held against all others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from bot.annotations.calibration import Probe
from bot.annotations.closeness import closeness
from bot.annotations.keys import exact_key
from bot.annotations.reading import MATCHING
from bot.annotations.rules import obstacles
from bot.storage.tables import annotations, exchanges, phrasings
from knowledge.ingest import Progress
from knowledge.phrasebook import Phrasebook

LARGEST = 3000
"""Phrasings, and as many held questions; more would only take longer."""
_LOOKED_AT = 12
"""Nearest neighbours that the rules are asked about; farther ones decide nothing."""
_BATCH = 64


@dataclass(frozen=True, slots=True)
class Entry:
    text: str
    annotation_id: int | None
    """None: a past question that was answered otherwise."""


def read_bank(tx: Connection) -> list[Entry]:
    """Phrasings of active annotations, those with aliases first, and held questions."""
    joined = phrasings.join(annotations, phrasings.c.annotation_id == annotations.c.id)
    rows = tx.execute(
        select(phrasings.c.text, phrasings.c.annotation_id)
        .select_from(joined)
        .where(annotations.c.state == "active", phrasings.c.kind.in_(MATCHING))
        .order_by(phrasings.c.kind, phrasings.c.id)
    ).all()
    with_aliases = {row.annotation_id for row in rows} - _alone([row.annotation_id for row in rows])
    ordered = sorted(rows, key=lambda row: row.annotation_id not in with_aliases)[:LARGEST]
    return [Entry(row.text, row.annotation_id) for row in ordered] + _held(tx)


def _alone(ids: Sequence[int]) -> set[int]:
    counts: dict[int, int] = {}
    for id_ in ids:
        counts[id_] = counts.get(id_, 0) + 1
    return {id_ for id_, count in counts.items() if count == 1}


def _held(tx: Connection) -> list[Entry]:
    """Questions that got another, undisputed answer."""
    at = exchanges.c
    corrected = select(annotations.c.from_request).where(annotations.c.from_request.is_not(None))
    known = set(tx.scalars(select(phrasings.c.folded)))
    asked = tx.scalars(
        select(at.question)
        .where(at.outcome == "grounded", at.question != "", at.annotation_id.is_(None))
        .where(at.request_id.not_in(corrected))
        .order_by(at.id.desc())
        .limit(LARGEST)
    )
    texts = {exact_key(text): text for text in asked}
    return [Entry(text, None) for key, text in texts.items() if key and key not in known]


def probes_of(
    entries: Sequence[Entry], book: Phrasebook, progress: Callable[[Progress], None]
) -> list[Probe]:
    """Raises EmbeddingError."""
    vectors = _embed(entries, book, progress)
    owners = np.array([entry.annotation_id or 0 for entry in entries])
    banked = owners > 0
    found: list[Probe] = []
    for at, entry in enumerate(entries):
        scores = np.where(banked, vectors @ vectors[at], -1.0)
        scores[at] = -1.0
        found.append(_probe(entry, scores, owners, entries))
    return found


def _embed(
    entries: Sequence[Entry], book: Phrasebook, progress: Callable[[Progress], None]
) -> NDArray[np.float32]:
    parts = []
    for start in range(0, len(entries), _BATCH):
        progress(Progress(start, len(entries), entries[start].text))
        parts.append(book.embed([entry.text for entry in entries[start : start + _BATCH]]))
    progress(Progress(len(entries), len(entries), ""))
    return np.concatenate(parts) if parts else np.empty((0, 1), np.float32)


@dataclass(frozen=True, slots=True)
class _Neighbour:
    score: float
    is_own: bool
    forbidden: bool
    excluded: bool


def _probe(
    entry: Entry,
    scores: NDArray[np.float32],
    owners: NDArray[np.int64],
    entries: Sequence[Entry],
) -> Probe:
    """As `matching.decide` would see it: nothing hits where the nearest of all is forbidden."""
    near = _neighbours(entry, scores, owners, entries)
    has_own = bool(((owners == (entry.annotation_id or -1)) & (scores > -1.0)).any())
    hits = [] if not near or near[0].forbidden else [one for one in near if not one.forbidden]
    offered = [one for one in near if not one.excluded]
    return Probe(
        _first(hits, own=True),
        _first(hits, own=False),
        has_own,
        _first(offered, own=True),
        _first(offered, own=False),
    )


def _neighbours(
    entry: Entry,
    scores: NDArray[np.float32],
    owners: NDArray[np.int64],
    entries: Sequence[Entry],
) -> list[_Neighbour]:
    found = []
    for at in np.argsort(-scores)[:_LOOKED_AT]:
        if scores[at] <= -1.0:
            break
        text = entries[at].text
        against, excluded = obstacles(entry.text, text)
        score = closeness(float(scores[at]), entry.text, text)
        is_own = bool(owners[at] == entry.annotation_id)
        found.append(_Neighbour(score, is_own, bool(against), excluded))
    return sorted(found, key=lambda one: -one.score)


def _first(ordered: Sequence[_Neighbour], *, own: bool) -> float | None:
    return next((one.score for one in ordered if one.is_own == own), None)
