"""Reading the list: clusters, who asked, who is to be told."""

from typing import Any

from sqlalchemy import Connection, Select, func, select

from bot.messages import ConversationRef
from bot.storage.tables import conversations, exchanges, identities, unanswered, unanswered_asks
from bot.unanswered.records import Asked, Cluster, News


def clusters() -> Select[Any]:
    """Clusters with their highest score; to be narrowed and ordered."""
    best = (
        select(func.max(unanswered_asks.c.score))
        .where(unanswered_asks.c.cluster_id == unanswered.c.id)
        .scalar_subquery()
        .label("score")
    )
    columns = unanswered.c
    return select(
        columns.id,
        columns.question,
        columns.state,
        columns["count"],
        best,
        columns.first_at,
        columns.last_at,
        columns.annotation_id,
    )


def cluster(tx: Connection, cluster_id: int) -> Cluster | None:
    row = tx.execute(clusters().where(unanswered.c.id == cluster_id)).first()
    return None if row is None else Cluster(*row)


def asks(tx: Connection, cluster_id: int) -> tuple[Asked, ...]:
    """Oldest first."""
    name = (
        select(func.coalesce(func.max(identities.c.name), func.max(identities.c.user_id)))
        .where(
            identities.c.person_id == exchanges.c.person_id,
            identities.c.platform == exchanges.c.platform,
        )
        .scalar_subquery()
    )
    query = (
        select(
            unanswered_asks.c.id,
            exchanges.c.id,
            exchanges.c.question,
            conversations.c.platform,
            conversations.c.room,
            name,
            unanswered_asks.c.at,
            unanswered_asks.c.reason,
            unanswered_asks.c.score,
        )
        .join(exchanges, exchanges.c.id == unanswered_asks.c.exchange_id)
        .join(conversations, conversations.c.id == exchanges.c.conversation_id)
        .where(unanswered_asks.c.cluster_id == cluster_id)
        .order_by(unanswered_asks.c.at, unanswered_asks.c.id)
    )
    return tuple(Asked(*row) for row in tx.execute(query))


def news() -> Select[Any]:
    """Asks whose askers want to hear of an answer and have not; to be narrowed."""
    return (
        select(
            unanswered_asks.c.id,
            conversations.c.platform,
            conversations.c.room,
            conversations.c.thread,
            conversations.c.person,
            exchanges.c.message_id,
            exchanges.c.question,
            unanswered.c.annotation_id,
        )
        .join(unanswered, unanswered.c.id == unanswered_asks.c.cluster_id)
        .join(exchanges, exchanges.c.id == unanswered_asks.c.exchange_id)
        .join(conversations, conversations.c.id == exchanges.c.conversation_id)
        .where(unanswered_asks.c.wants_news, unanswered_asks.c.told_at.is_(None))
        .where(unanswered.c.state == "answered")
        .order_by(unanswered_asks.c.id)
    )


def told_of(tx: Connection, query: Select[Any]) -> tuple[News, ...]:
    return tuple(
        News(
            row.id,
            ConversationRef(row.platform, row.room, row.thread, row.person),
            row.message_id,
            row.question,
            row.annotation_id,
        )
        for row in tx.execute(query)
    )
