"""Taking texts out of the log, and old exchanges with all that hangs on them."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, exists, select, update

from bot.storage.tables import (
    conversations,
    exchanges,
    reply_tokens,
    unanswered,
    unanswered_asks,
    votes,
)

BATCH = 500
"""Exchanges that are deleted in one transaction: some hundredths of a second."""
_CHUNK = 500
"""Values in one IN (…) list: under every database's limit on bound variables."""
_NOTHING: dict[str, Any] = {
    "question": "", "answer": "", "notice": None, "citations": [], "passages": [], "choices": [],
}  # fmt: skip


def erase(tx: Connection, which: ColumnElement[bool], at: datetime) -> int:
    """Empties the texts of these exchanges, and what only they had put on the unanswered list.

    What was counted, when and with which outcome stays. Gives how many were emptied.
    """
    ids = select(exchanges.c.id).where(which, exchanges.c.erased_at.is_(None))
    tx.execute(update(votes).where(votes.c.exchange_id.in_(ids)).values(reason=None))
    mine = unanswered_asks.c.exchange_id.in_(ids)
    clusters = tx.scalars(select(unanswered_asks.c.cluster_id).where(mine).distinct()).all()
    asked = select(exchanges.c.request_id).where(which, exchanges.c.erased_at.is_(None))
    tx.execute(delete(reply_tokens).where(reply_tokens.c.request_id.in_(asked)))
    done = tx.execute(
        update(exchanges).where(which, exchanges.c.erased_at.is_(None)).values(
            erased_at=at, **_NOTHING
        )
    )  # fmt: skip
    for part in _parts(clusters):
        _erase_clusters(tx, part)
    return done.rowcount


def _erase_clusters(tx: Connection, ids: Sequence[int]) -> None:
    """Those that nobody asked whose question is still there; an open one is off the list."""
    asked = exists().where(
        unanswered_asks.c.cluster_id == unanswered.c.id,
        unanswered_asks.c.exchange_id == exchanges.c.id,
        exchanges.c.erased_at.is_(None),
    )
    gone = update(unanswered).where(unanswered.c.id.in_(ids), ~asked)
    tx.execute(gone.where(unanswered.c.state == "open").values(state="dismissed"))
    tx.execute(gone.values(question="", folded="", vector=None))


def delete_old(
    tx: Connection, platform: str, before: datetime, since: datetime | None
) -> tuple[int, datetime | None]:
    """Deletes a batch of exchanges older than `before`, the oldest first.

    Gives how many, and the moment from which to go on (`since`); None at the end.
    """
    # Not the plain column: by its index a database would read and sort a whole platform.
    old = (exchanges.c.platform.concat("") == platform) & (exchanges.c.asked_at < before)
    if since is not None:  # else each batch would read past what other platforms keep
        old &= exchanges.c.asked_at >= since
    rows = tx.execute(
        select(
            exchanges.c.id, exchanges.c.conversation_id, exchanges.c.asked_at,
            exchanges.c.request_id,
        )
        .where(old).order_by(exchanges.c.asked_at, exchanges.c.id).limit(BATCH)
        .with_for_update(skip_locked=True)  # another process may be at it
    ).all()  # fmt: skip
    if not rows:
        return 0, None
    ids = [row.id for row in rows]
    clusters = tx.scalars(
        select(unanswered_asks.c.cluster_id).where(unanswered_asks.c.exchange_id.in_(ids))
    ).all()
    said = [row.request_id for row in rows]
    tx.execute(delete(reply_tokens).where(reply_tokens.c.request_id.in_(said)))
    tx.execute(delete(exchanges).where(exchanges.c.id.in_(ids)))
    _delete_childless(tx, unanswered, clusters, unanswered_asks.c.cluster_id)
    for part in _parts(sorted(set(clusters))):
        _erase_clusters(tx, part)
    talks = [row.conversation_id for row in rows]
    _delete_childless(tx, conversations, talks, exchanges.c.conversation_id)
    return len(ids), rows[-1].asked_at


def _delete_childless(
    tx: Connection, table: Table, ids: Sequence[int], child: ColumnElement[int]
) -> None:
    """Locked first, looked at then: whoever adds a child meanwhile holds the row until it is in."""
    wanted = sorted(set(ids))
    tx.execute(
        select(table.c.id).where(table.c.id.in_(wanted)).order_by(table.c.id).with_for_update()
    )
    childless = ~exists().where(child == table.c.id)
    tx.execute(delete(table).where(table.c.id.in_(wanted), childless))


def _parts(values: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]
