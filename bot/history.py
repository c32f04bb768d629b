"""What was asked and answered: the memory of conversations, and the log that people correct.

Message ids are told apart by their platform only. Where a platform numbers messages per
channel, its adapter puts the channel into the id.
"""

import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Select, bindparam, or_, select, update

from bot.messages import Answer, ConversationRef, Outcome, Request, Turn
from bot.storage import Storage, upsert, upserting
from bot.storage.erasing import delete_old, erase
from bot.storage.exchanges import StoredExchange, answer_of, exchange_of, values_of
from bot.storage.tables import conversations, deliveries, exchanges, identities, votes
from bot.storage.text import storable
from knowledge.ledger import now

REMEMBERED: tuple[Outcome, ...] = ("grounded", "extractive", "annotated", "no_data")
"""Outcomes that a follow-up question may refer to."""
_PAUSE_S = 0.02
"""Between two batches of a purge, so that others get their turn to write."""


class History:
    """Every method is one short transaction and may raise LedgerError `database.unavailable`;
    those that write, StoreError `disk.full` too."""

    def __init__(self, storage: Storage, clock: Callable[[], datetime] = now) -> None:
        self._storage = storage
        self._clock = clock

    # -- conversations ---------------------------------------------------------------------

    def turns(
        self, ref: ConversationRef, limit: int = 6, max_age: timedelta | None = None
    ) -> tuple[Turn, ...]:
        """The last answered questions since the last reset, oldest first."""
        wanted = _TURNS
        if max_age is not None:
            wanted = wanted.where(exchanges.c.asked_at >= self._clock() - max_age)
        with self._storage.reading() as tx:
            rows = tx.execute(wanted, {"its": ref.key, "most": limit}).all()
        return tuple(Turn(*row) for row in reversed(rows))

    def reset(self, ref: ConversationRef) -> None:
        """What was said up to now is not looked at any more; it stays in the log."""
        at = conversations.c.key == ref.key
        with self._storage.transaction() as tx:
            tx.execute(update(conversations).where(at).values(reset_at=self._clock()))

    # -- the log ---------------------------------------------------------------------------

    def record(self, request: Request, answer: Answer, person_id: int | None) -> int:
        """Writes an answer down, once: a second call changes nothing. Gives its id."""
        at = exchanges.c.request_id == request.id
        with self._storage.transaction() as tx:
            values = values_of(request, answer) | {
                "conversation_id": _conversation(tx, request),
                "person_id": person_id,
            }
            new = upsert(tx, exchanges).values(values).on_conflict_do_nothing()
            made = tx.scalar(new.returning(exchanges.c.id))
            return int(made or tx.scalars(select(exchanges.c.id).where(at)).one())

    def stored(self, request_id: str) -> Answer | None:
        """An answer that was written down, to be delivered (again); its passages are not kept.

        Text and citations are empty where it was erased meanwhile.
        """
        with self._storage.reading() as tx:
            row = tx.execute(_STORED, {"its": request_id}).mappings().first()
        return None if row is None else answer_of(row)

    def exchange_id(self, request_id: str) -> int | None:
        with self._storage.reading() as tx:
            return tx.scalar(select(exchanges.c.id).where(exchanges.c.request_id == request_id))

    def last_request(self, ref: ConversationRef) -> str | None:
        """The request whose answer was the last in a conversation."""
        newest = (
            select(exchanges.c.request_id)
            .join(conversations, conversations.c.id == exchanges.c.conversation_id)
            .where(conversations.c.key == ref.key, exchanges.c.outcome.in_(REMEMBERED))
            .order_by(exchanges.c.asked_at.desc(), exchanges.c.id.desc())
            .limit(1)
        )
        with self._storage.reading() as tx:
            return tx.scalar(newest)

    def exchange_of_message(self, platform: str, message_id: str) -> StoredExchange | None:
        """The exchange one of whose messages this is: a part of the answer, or the question.

        Of several (a question that was edited and asked again) the latest.
        """
        sent = select(deliveries.c.exchange_id).where(
            deliveries.c.platform == platform, deliveries.c.message_id == message_id
        )
        with self._storage.reading() as tx:
            answered = _first(tx, _whole().where(exchanges.c.id.in_(sent)))
            return answered or _first(tx, _whole().where(_asked_in(platform, message_id)))

    def knows_thread(self, platform: str, room: str, thread: str) -> bool:
        """Whether the bot has answered anybody there."""
        c = conversations.c
        there = (c.platform == platform, c.room == room, c.thread == thread)
        with self._storage.reading() as tx:
            return tx.scalar(select(c.id).where(*there).limit(1)) is not None

    # -- deliveries ------------------------------------------------------------------------

    def delivered(
        self,
        request_id: str,
        part: int,
        message_id: str | None = None,
        state: Literal["sent", "failed"] = "sent",
        problem: str | None = None,
    ) -> None:
        """How sending a part of an answer ended. What was sent once stays sent."""
        said = {"its": request_id, "number": part, "message": message_id, "ended": state}
        said |= {"trouble": problem and storable(problem), "now": self._clock()}
        with self._storage.transaction() as tx:
            tx.execute(_delivered(tx.dialect.name), said)

    def delivered_parts(self, request_id: str) -> dict[int, str | None]:
        """The parts that were sent, with the ids of their messages."""
        sent = (
            select(deliveries.c.part, deliveries.c.message_id)
            .join(exchanges, exchanges.c.id == deliveries.c.exchange_id)
            .where(exchanges.c.request_id == request_id, deliveries.c.state == "sent")
        )
        with self._storage.reading() as tx:
            return {row.part: row.message_id for row in tx.execute(sent)}

    # -- erasing ---------------------------------------------------------------------------

    def forget(self, platform: str, user_id: str) -> int:
        """Erases the texts of a person on all their platforms; gives how many exchanges."""
        known = select(identities.c.person_id).where(
            identities.c.platform == platform, identities.c.user_id == user_id
        )
        with self._storage.transaction() as tx:
            person = tx.scalar(known)
            if person is None:
                return 0
            tx.execute(update(votes).where(votes.c.person_id == person).values(reason=None))
            return erase(tx, exchanges.c.person_id == person, self._clock())

    def erase_message(self, platform: str, message_id: str) -> int:
        """Erases a question that was taken back, and its answer; gives how many."""
        with self._storage.transaction() as tx:
            return erase(tx, _asked_in(platform, message_id), self._clock())

    def erase_request(self, request_id: str) -> int:
        """As `erase_message`, for what was asked in several messages."""
        with self._storage.transaction() as tx:
            return erase(tx, exchanges.c.request_id == request_id, self._clock())

    def purge(self, days: Mapping[str, int], at: datetime) -> int:
        """Deletes exchanges older than so many days per platform; a platform that is not
        named keeps all. Many short transactions: others go on writing in between.
        """
        deleted = 0
        for platform, kept in days.items():
            since: datetime | None = None
            while True:
                with self._storage.transaction() as tx:
                    count, since = delete_old(tx, platform, at - timedelta(days=kept), since)
                if since is None:
                    break
                deleted += count
                time.sleep(_PAUSE_S)
        return deleted


# Made once: to make a statement takes longer than to run it.
_TURNS = (
    select(exchanges.c.question, exchanges.c.answer)
    .join(conversations, conversations.c.id == exchanges.c.conversation_id)
    .where(conversations.c.key == bindparam("its"))
    .where(exchanges.c.outcome.in_(REMEMBERED), exchanges.c.erased_at.is_(None))
    .where(or_(conversations.c.reset_at.is_(None), exchanges.c.asked_at > conversations.c.reset_at))
    .order_by(exchanges.c.asked_at.desc(), exchanges.c.id.desc())
    .limit(bindparam("most"))
)
_STORED = select(exchanges).where(exchanges.c.request_id == bindparam("its"))
_CONVERSATION = (
    select(conversations.c.id)
    .where(conversations.c.key == bindparam("its"))
    .with_for_update(read=True, key_share=True)
)


@cache
def _delivered(dialect: str) -> Any:
    c = deliveries.c
    mine = select(
        exchanges.c.id, bindparam("number", type_=c.part.type), exchanges.c.platform,
        bindparam("message", type_=c.message_id.type), bindparam("ended", type_=c.state.type),
        bindparam("trouble", type_=c.problem.type), bindparam("now", type_=c.sent_at.type),
    ).where(exchanges.c.request_id == bindparam("its"))  # fmt: skip
    new = upserting(dialect, deliveries).from_select(c.keys(), mine)
    return new.on_conflict_do_update(
        index_elements=["exchange_id", "part"],
        set_={name: new.excluded[name] for name in ("message_id", "state", "problem", "sent_at")},
        where=c.state != "sent",
    )


def _conversation(tx: Connection, request: Request) -> int:
    """Its id, made if new; on PostgreSQL kept from a purge until the exchange is in."""
    ref = request.conversation
    found = tx.scalar(_CONVERSATION, {"its": ref.key})
    if found is not None:
        return int(found)
    new = upsert(tx, conversations).values(
        key=ref.key, platform=ref.platform, room=ref.room, thread=ref.thread, person=ref.person,
        started_at=request.received_at,
    )  # fmt: skip
    made = tx.scalar(new.on_conflict_do_nothing().returning(conversations.c.id))
    return int(made or tx.scalars(_CONVERSATION, {"its": ref.key}).one())


def _asked_in(platform: str, message_id: str) -> ColumnElement[bool]:
    return (exchanges.c.platform == platform) & (exchanges.c.message_id == message_id)


def _whole() -> Select[Any]:
    c = conversations.c
    return select(exchanges, c.room, c.thread, c.person).join(
        conversations, c.id == exchanges.c.conversation_id
    )


def _first(tx: Connection, wanted: Select[Any]) -> StoredExchange | None:
    row = tx.execute(wanted.order_by(exchanges.c.id.desc()).limit(1)).mappings().first()
    return None if row is None else exchange_of(row)
