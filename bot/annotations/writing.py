"""Annotations into SQL, inside the caller's transaction.

Every function tells what the phrasebook has to do afterwards: SQL comes first, vectors follow.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, text, update

from bot.annotations.keys import exact_key
from bot.annotations.reading import MATCHING
from bot.annotations.records import Annotation, AnnotationError, Draft, State
from bot.storage.tables import annotation_edits, annotation_sources, annotations, phrasings
from knowledge.phrasebook import Phrasing


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes when, and what linked sources hold now (source → content hash)."""

    author: str
    at: datetime
    hashes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Vectors:
    """What the phrasebook owes."""

    put: tuple[Phrasing, ...] = ()
    remove: tuple[int, ...] = ()


def take_turn(tx: Connection) -> None:
    """One curator at a time, so that two cannot add the same question (SQLite is so anyway)."""
    if tx.dialect.name == "postgresql":
        tx.execute(text("LOCK TABLE annotation_phrasings IN SHARE ROW EXCLUSIVE MODE"))


def add(
    tx: Connection, draft: Draft, by: Writer, from_request: str | None = None
) -> tuple[int, Vectors]:
    """Raises AnnotationError `annotation.duplicate` (id, question, text)."""
    _no_clash(tx, draft, None)
    values = {
        "question": draft.question,
        "answer": draft.answer,
        "audience": draft.audience,
        "expires_on": draft.expires_on,
        "state": "active",
        "author": by.author,
        "from_request": from_request,
        "created_at": by.at,
        "updated_at": by.at,
    }
    made = tx.execute(insert(annotations).values(**values)).inserted_primary_key
    id_ = int(made[0])  # type: ignore[index]
    added = _insert_phrasings(tx, id_, _kinds(draft), by.at)
    _link(tx, id_, draft.sources, by)
    _log(tx, id_, by, {"state": [None, "active"]})
    return id_, Vectors(tuple(Phrasing(one, said, draft.audience) for one, said in added))


def revise(tx: Connection, before: Annotation, after: Draft, by: Writer) -> Vectors:
    """Raises AnnotationError `annotation.duplicate`. An answer written anew rests on the sources
    as they are now."""
    change = _difference(before.draft, after)
    if not change:
        return Vectors()
    if before.state == "active":
        _no_clash(tx, after, before.id)
    values = {name: getattr(after, name) for name in _COLUMNS} | {"updated_at": by.at}
    if {"answer", "sources"} & change.keys():
        tx.execute(delete(annotation_sources).where(_of(annotation_sources, before.id)))
        _link(tx, before.id, after.sources, by)
        values["rot"] = None
    tx.execute(update(annotations).where(annotations.c.id == before.id).values(**values))
    _log(tx, before.id, by, change)
    return _rephrase(tx, before, after, by.at)


def set_state(tx: Connection, before: Annotation, state: State, by: Writer) -> Vectors:
    """Raises AnnotationError `annotation.duplicate` where another took its place meanwhile."""
    if before.state == state:
        return Vectors()
    if state == "active":
        _no_clash(tx, before.draft, before.id)
    tx.execute(
        update(annotations)
        .where(annotations.c.id == before.id)
        .values(state=state, updated_at=by.at)
    )
    _log(tx, before.id, by, {"state": [before.state, state]})
    matching = [one for one in before.phrasings if one.kind in MATCHING]
    if state == "retired":
        return Vectors(remove=tuple(one.id for one in matching))
    return Vectors(tuple(Phrasing(one.id, one.text, before.draft.audience) for one in matching))


def suggest(tx: Connection, annotation_id: int, said: str, at: datetime) -> bool:
    """False where the annotation has this phrasing already, in whatever role."""
    known = select(phrasings.c.id).where(
        phrasings.c.annotation_id == annotation_id, phrasings.c.folded == exact_key(said)
    )
    if tx.scalar(known) is not None:
        return False
    _insert_phrasings(tx, annotation_id, {said: "suggestion"}, at)
    return True


def drop_suggestion(tx: Connection, annotation_id: int, said: str) -> bool:
    gone = tx.execute(
        delete(phrasings).where(
            phrasings.c.annotation_id == annotation_id,
            phrasings.c.folded == exact_key(said),
            phrasings.c.kind == "suggestion",
        )
    )
    return gone.rowcount > 0


_COLUMNS = ("question", "answer", "audience", "expires_on")


def _difference(before: Draft, after: Draft) -> dict[str, list[Any]]:
    names = (*_COLUMNS, "aliases", "sources")
    pairs = {name: [_plain(getattr(draft, name)) for draft in (before, after)] for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _plain(value: Any) -> Any:
    """As JSON has it."""
    if isinstance(value, date):
        return value.isoformat()
    return sorted(value) if isinstance(value, tuple) else value


def _kinds(draft: Draft) -> dict[str, str]:
    return {draft.question: "question"} | dict.fromkeys(draft.aliases, "alias")


def _rephrase(tx: Connection, before: Annotation, after: Draft, at: datetime) -> Vectors:
    wanted = _kinds(after)
    keys = {exact_key(said) for said in wanted}
    gone = [
        one
        for one in before.phrasings
        if wanted.get(one.text) != one.kind
        and (one.kind != "suggestion" or exact_key(one.text) in keys)
    ]
    if gone:
        tx.execute(delete(phrasings).where(phrasings.c.id.in_([one.id for one in gone])))
    kept = [one for one in before.phrasings if one not in gone and one.kind != "suggestion"]
    fresh = {said: kind for said, kind in wanted.items() if said not in {k.text for k in kept}}
    put = _insert_phrasings(tx, before.id, fresh, at)
    if before.draft.audience != after.audience:
        put += [(one.id, one.text) for one in kept]
    if before.state != "active":
        put = []
    removed = tuple(one.id for one in gone if one.kind in MATCHING)
    return Vectors(tuple(Phrasing(id_, said, after.audience) for id_, said in put), removed)


def _insert_phrasings(
    tx: Connection, annotation_id: int, kinds: Mapping[str, str], at: datetime
) -> list[tuple[int, str]]:
    if not kinds:
        return []
    rows = [
        {
            "annotation_id": annotation_id,
            "text": said,
            "folded": exact_key(said),
            "kind": kind,
            "created_at": at,
        }
        for said, kind in kinds.items()
    ]
    returned = tx.execute(insert(phrasings).returning(phrasings.c.id, phrasings.c.text), rows)
    return [(row.id, row.text) for row in returned]


def _link(tx: Connection, annotation_id: int, sources: Sequence[str], by: Writer) -> None:
    rows = [
        {"annotation_id": annotation_id, "source": source, "content_hash": by.hashes.get(source)}
        for source in sources
    ]
    if rows:
        tx.execute(insert(annotation_sources), rows)


def _log(tx: Connection, annotation_id: int, by: Writer, change: Mapping[str, Any]) -> None:
    tx.execute(
        insert(annotation_edits).values(
            annotation_id=annotation_id, at=by.at, author=by.author, change=dict(change)
        )
    )


def _no_clash(tx: Connection, draft: Draft, itself: int | None) -> None:
    """The same words cannot have two answers for the same people."""
    keys = [exact_key(said) for said in _kinds(draft)]
    at = annotations.c
    same_audience = (
        at.audience.is_(None) if draft.audience is None else at.audience == draft.audience
    )
    query = (
        select(at.id, at.question, phrasings.c.text)
        .select_from(phrasings.join(annotations, phrasings.c.annotation_id == at.id))
        .where(phrasings.c.folded.in_(keys), phrasings.c.kind.in_(MATCHING))
        .where(at.state == "active", same_audience, at.id != (itself or 0))
        .limit(1)
    )
    taken = tx.execute(query).first()
    if taken is not None:
        raise AnnotationError(
            "annotation.duplicate", id=str(taken.id), question=taken.question, text=taken.text
        )


def _of(table: Any, annotation_id: int) -> Any:
    return table.c.annotation_id == annotation_id
