"""Annotations out of SQL."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, or_, select, true

from bot.annotations.records import (
    Annotation,
    AnnotationError,
    Draft,
    Edit,
    HitRecord,
    StoredPhrasing,
)
from bot.storage.tables import (
    annotation_edits,
    annotation_hits,
    annotation_sources,
    annotations,
    phrasings,
)
from knowledge.phrasebook import Phrasing

CHUNK = 500
"""Values in one IN (…) list."""
MATCHING = ("question", "alias")
_ANY = select(annotations.c.id).where(annotations.c.state == "active").limit(1)


@dataclass(frozen=True, slots=True)
class Filters:
    """What `listed` shows: everything active, unless told otherwise."""

    state: str | None = "active"
    audience: str | None = None
    text: str | None = None
    """Part of a question, an alias or the answer."""
    rotten: bool = False
    suggested: bool = False
    """Only those with suggestions that wait for a decision."""


def listed(tx: Connection, filters: Filters) -> list[Annotation]:
    where: list[ColumnElement[bool]] = [true()]
    if filters.state is not None:
        where.append(annotations.c.state == filters.state)
    if filters.audience is not None:
        where.append(annotations.c.audience == filters.audience)
    if filters.rotten:
        where.append(annotations.c.rot.is_not(None))
    if filters.suggested:
        where.append(_has(phrasings.c.kind == "suggestion"))
    if filters.text:
        said = phrasings.c.text.icontains(filters.text, autoescape=True)
        answered = annotations.c.answer.icontains(filters.text, autoescape=True)
        where.append(or_(_has(said), answered))
    return _build(
        tx, tx.execute(select(annotations).where(*where).order_by(annotations.c.id)).all()
    )


def _has(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return annotations.c.id.in_(select(phrasings.c.annotation_id).where(condition))


def one(tx: Connection, annotation_id: int) -> Annotation:
    """Raises AnnotationError `annotation.missing` (id)."""
    rows = tx.execute(select(annotations).where(annotations.c.id == annotation_id)).all()
    if not rows:
        raise AnnotationError("annotation.missing", id=str(annotation_id))
    return _build(tx, rows)[0]


def some(tx: Connection, ids: Sequence[int]) -> dict[int, Annotation]:
    rows = [
        row
        for part in parts(ids)
        for row in tx.execute(select(annotations).where(annotations.c.id.in_(part)))
    ]
    return {found.id: found for found in _build(tx, rows)}


def edits_of(tx: Connection, annotation_id: int) -> list[Edit]:
    at = annotation_edits.c
    rows = tx.execute(
        select(at.at, at.author, at.change).where(at.annotation_id == annotation_id).order_by(at.id)
    )
    return [Edit(*row) for row in rows]


def hits_of(tx: Connection, annotation_id: int, limit: int) -> list[HitRecord]:
    """The newest first."""
    at = annotation_hits.c
    rows = tx.execute(
        select(at.request_id, at.kind, at.score, at.at)
        .where(at.annotation_id == annotation_id)
        .order_by(at.id.desc())
        .limit(limit)
    )
    return [HitRecord(*row) for row in rows]


def holding(today: date, audiences: frozenset[str] | None) -> ColumnElement[bool]:
    """What may answer today, and these people."""
    at = annotations.c
    held = (at.state == "active") & (at.expires_on.is_(None) | (at.expires_on >= today))
    if audiences is None:
        return held
    return held & (at.audience.is_(None) | at.audience.in_(sorted(audiences)))


def any_active(tx: Connection) -> bool:
    """Whether it is worth embedding a question at all."""
    return tx.scalar(_ANY) is not None


def searchable(tx: Connection, today: date) -> list[Phrasing]:
    """All that the phrasebook should hold."""
    joined = phrasings.join(annotations, phrasings.c.annotation_id == annotations.c.id)
    rows = tx.execute(
        select(phrasings.c.id, phrasings.c.text, annotations.c.audience)
        .select_from(joined)
        .where(holding(today, None), phrasings.c.kind.in_(MATCHING))
        .order_by(phrasings.c.id)
    )
    return [Phrasing(*row) for row in rows]


def parts(values: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]


def _build(tx: Connection, rows: Sequence[Row[Any]]) -> list[Annotation]:
    ids = [row.id for row in rows]
    said: dict[int, list[StoredPhrasing]] = defaultdict(list)
    linked: dict[int, list[str]] = defaultdict(list)
    hits: dict[int, int] = {}
    for part in parts(ids):
        p, s, h = phrasings.c, annotation_sources.c, annotation_hits.c
        for row in tx.execute(
            select(p.annotation_id, p.id, p.text, p.kind)
            .where(p.annotation_id.in_(part))
            .order_by(p.id)
        ):
            said[row.annotation_id].append(StoredPhrasing(row.id, row.text, row.kind))
        for link in tx.execute(
            select(s.annotation_id, s.source).where(s.annotation_id.in_(part)).order_by(s.source)
        ):
            linked[link.annotation_id].append(link.source)
        counted = select(h.annotation_id, func.count()).where(h.annotation_id.in_(part))
        hits.update((row[0], row[1]) for row in tx.execute(counted.group_by(h.annotation_id)))
    return [_annotation(row, said[row.id], linked[row.id], hits.get(row.id, 0)) for row in rows]


def _annotation(
    row: Row[Any], said: Sequence[StoredPhrasing], linked: Sequence[str], hits: int
) -> Annotation:
    draft = Draft(
        question=row.question,
        answer=row.answer,
        aliases=tuple(phrasing.text for phrasing in said if phrasing.kind == "alias"),
        audience=row.audience,
        expires_on=row.expires_on,
        sources=tuple(linked),
    )
    return Annotation(
        id=row.id,
        draft=draft,
        state=row.state,
        author=row.author,
        from_request=row.from_request,
        rot=row.rot,
        created_at=row.created_at,
        updated_at=row.updated_at,
        phrasings=tuple(said),
        hits=hits,
    )
