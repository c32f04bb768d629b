"""Exchanges as they stand in the database after somebody was answered."""

from datetime import datetime

from sqlalchemy import insert, select

from bot.messages import Author, ConversationRef
from bot.people import People
from bot.storage import Storage
from bot.storage.tables import conversations, exchanges


def exchange(
    storage: Storage,
    people: People,
    request_id: str,
    question: str,
    at: datetime,
    *,
    author: Author | None = None,
    room: str = "門市",
    outcome: str = "no_data",
    confidence: float | None = 0.2,
) -> int:
    """Writes one down; its id."""
    author = author or Author("line", "U1", "小明")
    person_id = people.person_of(author)
    ref = ConversationRef(author.platform, room, None, author.user_id)
    with storage.transaction() as tx:
        known = tx.scalar(select(conversations.c.id).where(conversations.c.key == ref.key))
        place = {"platform": ref.platform, "room": ref.room, "thread": ref.thread}
        made = insert(conversations).values(key=ref.key, person=ref.person, started_at=at, **place)
        where = known or tx.scalars(made.returning(conversations.c.id)).one()
        row = insert(exchanges).values(
            request_id=request_id,
            conversation_id=where,
            person_id=person_id,
            platform=author.platform,
            message_id=f"m-{request_id}",
            question=question,
            answer="無資料",
            outcome=outcome,
            citations=[],
            passages=[],
            choices=[],
            confidence=confidence,
            asked_at=at,
        )
        return int(tx.scalars(row.returning(exchanges.c.id)).one())
