"""Thumbs up and down: one vote of a person on an answer, which they may change."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, and_, delete, select

from bot.errors import BotError
from bot.messages import Author
from bot.people import People
from bot.smalltalk import clean
from bot.storage import Storage, upsert
from bot.storage.tables import exchanges, votes
from bot.unanswered import Unanswered
from bot.unanswered.records import DISLIKED

MAX_REASON = 1000
"""Characters."""
Value = Literal[1, -1, 0]


@dataclass(frozen=True, slots=True)
class Rated:
    exchange_id: int
    value: Value
    """0: the vote was taken back."""


@dataclass(frozen=True, slots=True)
class UnknownAnswer:
    """No answer is remembered under this request id."""


@dataclass(frozen=True, slots=True)
class _Answer:
    id: int
    question: str
    confidence: float | None


class Feedback:
    def __init__(
        self,
        storage: Storage,
        people: People,
        unanswered: Unanswered,
        clock: Callable[[], datetime],
    ) -> None:
        self._storage = storage
        self._people = people
        self._unanswered = unanswered
        self._clock = clock

    def rate(
        self, request_id: str, author: Author, value: Value, reason: str | None = None
    ) -> Rated | UnknownAnswer:
        """The author's vote on the answer to this request; doing it again changes nothing.

        An answer that somebody dislikes stands on the list of the unanswered as long as
        somebody does. Raises BotError `feedback.too_long`, LedgerError.
        """
        words = clean(reason or "") or None
        if words is not None and len(words) > MAX_REASON:
            raise BotError("feedback.too_long", limit=str(MAX_REASON))
        person_id, now = self._people.person_of(author), self._clock()
        with self._storage.transaction() as tx:
            answer = _answer(tx, request_id)
            if answer is None:
                return UnknownAnswer()
            _vote(tx, answer.id, person_id, value, words, now)
        # Votes may change meanwhile: whoever put the answer on the list looks once more.
        if value < 0:
            self._unanswered.note(answer.id, answer.question, DISLIKED, answer.confidence, now)
        self._unanswered.withdraw(answer.id)
        return Rated(answer.id, value)


def _answer(tx: Connection, request_id: str) -> _Answer | None:
    columns = exchanges.c
    wanted = select(columns.id, columns.question, columns.confidence)
    row = tx.execute(wanted.where(columns.request_id == request_id)).first()
    return None if row is None else _Answer(row.id, row.question, row.confidence)


def _vote(
    tx: Connection, exchange_id: int, person_id: int, value: Value, reason: str | None, at: datetime
) -> None:
    if value == 0:
        mine = and_(votes.c.exchange_id == exchange_id, votes.c.person_id == person_id)
        tx.execute(delete(votes).where(mine))
        return
    said = {"value": value, "reason": reason, "at": at}
    row = upsert(tx, votes).values(exchange_id=exchange_id, person_id=person_id, **said)
    changed = row.on_conflict_do_update(index_elements=["exchange_id", "person_id"], set_=said)
    tx.execute(changed)
