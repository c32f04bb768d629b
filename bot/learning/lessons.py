"""Questions with answers that somebody stands behind."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Connection, RowMapping, Select, select

from bot.annotations.keys import exact_key
from bot.annotations.reading import MATCHING
from bot.messages import Citation, Turn
from bot.standalone import standalone
from bot.storage import Storage
from bot.storage.tables import annotations, exchanges, phrasings, votes

Kind = Literal["annotation", "correction", "liked"]
"""Written by an admin · written over an answer that was wrong · given a thumb up."""
_ANSWERED = ("grounded", "extractive")


@dataclass(frozen=True, slots=True)
class Lesson:
    kind: Kind
    question: str
    answer: str
    citations: tuple[Citation, ...] = ()
    """Of a liked answer: what it was made from."""
    before: Turn | None = None
    """What was said just before, where the question leans on it."""
    annotation_id: int | None = None


def gather(storage: Storage, today: date) -> list[Lesson]:
    """Each question once; what an admin wrote goes before what was liked.

    Erased exchanges are in none of them. Raises LedgerError.
    """
    with storage.reading(steady=True) as tx:
        found = [*_curated(tx, today), *_picked(tx, today), *_liked(tx)]
    known = set[str]()
    lessons = list[Lesson]()
    for lesson in found:
        key = exact_key(lesson.question)
        # A follow-up means something else after something else.
        if key and (key not in known or lesson.before is not None):
            known.add(key)
            lessons.append(lesson)
    return lessons


def _curated(tx: Connection, today: date) -> Iterator[Lesson]:
    """Every way in which an annotation may be asked."""
    wanted = (
        select(phrasings.c.text, annotations.c.answer, annotations.c.from_request, annotations.c.id)
        .join(annotations, annotations.c.id == phrasings.c.annotation_id)
        .where(*_holding(today), phrasings.c.kind.in_(MATCHING))
        .order_by(annotations.c.id, phrasings.c.id)
    )
    for row in tx.execute(wanted):
        kind: Kind = "annotation" if row.from_request is None else "correction"
        yield Lesson(kind, row.text, row.answer, annotation_id=row.id)


def _picked(tx: Connection, today: date) -> Iterator[Lesson]:
    """What people really typed and got a curated answer to, unless they disliked it."""
    wanted = (
        select(exchanges.c.question, annotations.c.answer, annotations.c.id)
        .join(annotations, annotations.c.id == exchanges.c.annotation_id)
        .where(*_holding(today), exchanges.c.erased_at.is_(None), exchanges.c.question != "")
        .where(exchanges.c.id.not_in(_voted(-1)))
        .order_by(exchanges.c.id)
    )
    for row in tx.execute(wanted):
        yield Lesson("annotation", row.question, row.answer, annotation_id=row.id)


def _holding(today: date) -> tuple[Any, ...]:
    c = annotations.c
    return (c.state == "active", (c.expires_on.is_(None)) | (c.expires_on >= today))


def _voted(value: int) -> Select[Any]:
    return select(votes.c.exchange_id).where(votes.c.value == value)


def _liked(tx: Connection) -> Iterator[Lesson]:
    """Somebody liked it, nobody disliked it, and no correction stands against it."""
    corrected = select(annotations.c.from_request).where(annotations.c.from_request.is_not(None))
    c = exchanges.c
    wanted = (
        select(exchanges)
        .where(c.id.in_(_voted(1)), c.id.not_in(_voted(-1)), c.request_id.not_in(corrected))
        .where(c.outcome.in_(_ANSWERED), c.erased_at.is_(None), c.question != "", c.answer != "")
        .order_by(c.id)
    )
    for row in tx.execute(wanted).mappings().all():
        before, leans = _turn_before(tx, row)
        if leans and before is None:
            continue  # erased meanwhile: alone it means nothing
        cited = tuple(Citation(**citation) for citation in row["citations"])
        yield Lesson("liked", row["question"], row["answer"], cited, before)


def _turn_before(tx: Connection, row: RowMapping) -> tuple[Turn | None, bool]:
    """The turn that the question leans on, and whether it leans on one at all."""
    c = exchanges.c
    earlier = (
        select(c.question, c.answer, c.erased_at)
        .where(c.conversation_id == row["conversation_id"], c.asked_at < row["asked_at"])
        .order_by(c.asked_at.desc(), c.id.desc())
        .limit(1)
    )
    last = tx.execute(earlier).first()
    if last is None:
        return None, False
    asked_at: datetime = row["asked_at"]
    turn = Turn(last.question or "？", last.answer)
    if standalone(row["question"], (turn,), asked_at).previous is None:
        return None, False
    return (None if last.erased_at is not None else turn), True


def counted(lessons: Sequence[Lesson]) -> dict[str, int]:
    kinds: tuple[Kind, ...] = ("annotation", "correction", "liked")
    return {kind: sum(lesson.kind == kind for lesson in lessons) for kind in kinds}
