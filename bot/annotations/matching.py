"""A question against every curated one: exact first, then by meaning under strict rules."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, select

from bot.annotations.closeness import closeness
from bot.annotations.keys import exact_key
from bot.annotations.reading import MATCHING, holding, parts
from bot.annotations.records import Candidate, Hit, HitKind, Near
from bot.annotations.rules import obstacles
from bot.annotations.thresholds import Thresholds
from bot.messages import Choice
from bot.storage.tables import annotation_sources, annotations, phrasings
from knowledge.phrasebook import Nearby

CHOICES = 3
POOL = 24
"""Phrasings that are looked at; several may belong to one annotation."""
TIE = 0.01
"""Two annotations this close cannot be told apart: the asker decides."""
FORBIDDEN = 0.032
"""How much nearer than sure it must be to be asked back about in spite of a rule."""
ALIKE = 0.5
"""Share of common bigrams from which one asks back where no threshold is known."""


@dataclass(frozen=True, slots=True)
class Row:
    """One phrasing that may answer today."""

    annotation_id: int
    question: str
    answer: str
    text: str
    folded: str
    audience: str | None


def exact(tx: Connection, text: str, audiences: frozenset[str] | None, today: date) -> Hit | None:
    """An annotation for these people in particular goes before one for everybody."""
    key = exact_key(text)
    if not key:
        return None
    rows = _rows(tx, phrasings.c.folded == key, audiences, today).values()
    best = max(rows, key=lambda row: (row.audience is not None, row.annotation_id), default=None)
    return None if best is None else _hit(tx, best, 1.0, "exact")


def candidates(
    tx: Connection,
    text: str,
    nearby: Sequence[Nearby],
    audiences: frozenset[str] | None,
    today: date,
) -> list[Candidate]:
    """The best phrasing of each annotation; what SQL does not confirm is left out."""
    rows = {
        id_: row
        for part in parts([found.id for found in nearby])
        for id_, row in _rows(tx, phrasings.c.id.in_(part), audiences, today).items()
    }
    judged = [
        _candidate(text, rows[found.id], found.score)
        for found in nearby
        if found.id in rows and rows[found.id].text == found.text
    ]
    return _best_of_each(judged)


def decide(
    tx: Connection, text: str, ranked: Sequence[Candidate], limits: Thresholds
) -> Hit | Near | None:
    able = [one for one in ranked if not one.obstacles and _reaches(one.score, limits.sure)]
    # Where the nearest of all is forbidden, the next is a stranger that merely came second.
    if able and able[0] is ranked[0] and (len(able) == 1 or able[0].score - able[1].score >= TIE):
        row = _rows_of(tx, able[0].annotation_id)
        return _hit(tx, row, able[0].score, "similar")
    close = [one for one in ranked if not one.excluded and _is_near(text, one, limits)][:CHOICES]
    if not close:
        return None
    choices = tuple(Choice(one.annotation_id, one.question) for one in close)
    return Near(choices, close[0].score)


def _is_near(text: str, one: Candidate, limits: Thresholds) -> bool:
    if limits.near is None:
        return alike(text, one.phrasing) >= ALIKE
    # Where a rule objects it takes more to be worth a question.
    limit = limits.near if not one.obstacles or limits.sure is None else limits.sure + FORBIDDEN
    return _reaches(one.score, limit)


def alike(one: str, other: str) -> float:
    """Dice of character bigrams, 0 to 1: a scale that needs no model."""
    first, second = (_bigrams(exact_key(text)) for text in (one, other))
    return 2 * len(first & second) / (len(first) + len(second) or 1)


def _bigrams(key: str) -> set[str]:
    return {key[at : at + 2] for at in range(len(key) - 1)}


def _reaches(score: float, limit: float | None) -> bool:
    return limit is not None and score >= limit


def _candidate(text: str, row: Row, cosine: float) -> Candidate:
    against, excluded = obstacles(text, row.text)
    near = closeness(cosine, text, row.text)
    return Candidate(row.annotation_id, row.question, row.text, near, against, excluded)


def _best_of_each(judged: Iterable[Candidate]) -> list[Candidate]:
    """One of each annotation, and one of each question: those allowed before those not."""
    ordered = sorted(judged, key=lambda one: (bool(one.obstacles), one.excluded, -one.score))
    kept: dict[int, Candidate] = {}
    questions: set[str] = set()
    for one in ordered:
        key = exact_key(one.question)
        if one.annotation_id not in kept and key not in questions:
            kept[one.annotation_id] = one
            questions.add(key)
    return sorted(kept.values(), key=lambda one: -one.score)


_SELECT = select(
    phrasings.c.id,
    annotations.c.id.label("annotation_id"),
    annotations.c.question,
    annotations.c.answer,
    phrasings.c.text,
    phrasings.c.folded,
    annotations.c.audience,
).select_from(phrasings.join(annotations, phrasings.c.annotation_id == annotations.c.id))


def _rows(
    tx: Connection, where: object, audiences: frozenset[str] | None, today: date
) -> dict[int, Row]:
    query = _SELECT.where(
        where,  # type: ignore[arg-type]
        phrasings.c.kind.in_(MATCHING),
        holding(today, audiences),
    )
    return {row.id: Row(*row[1:]) for row in tx.execute(query)}


def _rows_of(tx: Connection, annotation_id: int) -> Row:
    at = (annotations.c.id == annotation_id) & (phrasings.c.kind == "question")
    return Row(*tx.execute(_SELECT.where(at)).one()[1:])


def picked(
    tx: Connection, annotation_id: int, audiences: frozenset[str] | None, today: date
) -> Hit | None:
    """One annotation by its id, where these people may be told it today."""
    rows = _rows(tx, annotations.c.id == annotation_id, audiences, today)
    return _hit(tx, next(iter(rows.values())), 1.0, "chosen") if rows else None


def _hit(tx: Connection, row: Row, score: float, kind: HitKind) -> Hit:
    linked = annotation_sources.c
    sources = tx.scalars(
        select(linked.source)
        .where(linked.annotation_id == row.annotation_id)
        .order_by(linked.source)
    )
    return Hit(row.annotation_id, row.question, row.answer, score, kind, tuple(sources))
