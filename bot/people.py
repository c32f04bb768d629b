"""Who is who: one person behind the ids that they have on several platforms.

Somebody asks for a code on one platform and types it on another; from then on both ids are
one person, with one budget and one history.
"""

import hashlib
import secrets
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    delete,
    insert,
    select,
    text,
    update,
)

from bot.messages import Author
from bot.quotas.tally import Tally
from bot.smalltalk import clean
from bot.storage import Storage, upsert
from bot.storage.tables import exchanges, identities, link_codes, people, usage, votes

CODE_LIFE = timedelta(minutes=10)
CODE_LENGTH = 8
_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""No 0 O, 1 I L, U V."""
WRONG_TRIES = 5
"""Per identity and ten minutes by the clock: 30^8 codes are never guessed at that pace."""
_TRIES = "tries"
_WHO = select(identities.c.person_id, identities.c.name).where(
    identities.c.platform == bindparam("here"), identities.c.user_id == bindparam("as")
)
"""Made once, as it is needed with every question."""


@dataclass(frozen=True, slots=True)
class Identity:
    platform: str
    user_id: str
    name: str | None


@dataclass(frozen=True, slots=True)
class Linked:
    person_id: int
    identities: tuple[Identity, ...]
    """All that this person now has."""


@dataclass(frozen=True, slots=True)
class LinkRefused:
    """`wrong`: no such code, or used, or older than ten minutes. `own`: the code of the very
    person who typed it. `limit`: too many wrong codes; not even looked at."""

    reason: Literal["wrong", "own", "limit"]


class People:
    """Every method is one transaction. Raises LedgerError where the database is away."""

    def __init__(self, storage: Storage, clock: Callable[[], datetime]) -> None:
        self._storage = storage
        self._clock = clock

    def person_of(self, author: Author) -> int:
        """The person's id; whoever was never seen before becomes a person."""
        name = clean(author.name)[:200] if author.name else None
        with self._storage.reading() as tx:
            known = tx.execute(_WHO, {"here": author.platform, "as": author.user_id}).first()
        if known is not None and name in (None, known.name):
            return int(known.person_id)
        with self._storage.transaction() as tx:
            return _person(tx, author, name, self._clock())

    def find(self, platform: str, user_id: str) -> int | None:
        """The person behind an id; None where nobody was ever seen under it."""
        with self._storage.reading() as tx:
            wanted = _is(Author(platform, user_id))
            return tx.scalar(select(identities.c.person_id).where(wanted))

    def known_as(self, author: Author) -> tuple[Identity, ...]:
        """All ids of whoever this is; at least the one that is given."""
        person_id = self.find(author.platform, author.user_id)
        own = Identity(author.platform, author.user_id, author.name)
        return (own,) if person_id is None else self.identities(person_id)

    def identities(self, person_id: int) -> tuple[Identity, ...]:
        with self._storage.reading() as tx:
            return _identities(tx, person_id)

    def link_code(self, author: Author) -> str:
        """A code for one use within ten minutes. An earlier one of this person is void."""
        person_id, now = self.person_of(author), self._clock()
        code = "".join(secrets.choice(_LETTERS) for _ in range(CODE_LENGTH))
        old = (link_codes.c.person_id == person_id) | (link_codes.c.expires_at <= now)
        with self._storage.transaction() as tx:
            tx.execute(delete(link_codes).where(old))
            values = {"code_hash": _hash(code), "person_id": person_id}
            tx.execute(insert(link_codes).values(**values, expires_at=now + CODE_LIFE))
        return code

    def link(self, author: Author, code: str) -> Linked | LinkRefused:
        """Makes the author and whoever asked for the code one person, budgets added up."""
        self.person_of(author)
        now = self._clock()
        tries = _tries(author, now)
        with self._storage.transaction() as tx:
            _one_at_a_time(tx)
            if tries.add(tx, 1, WRONG_TRIES) is None:
                return LinkRefused("limit")
            owner = _redeem(tx, code, now)
            if owner is None:
                return LinkRefused("wrong")
            tries.take_back(tx)
            mine = tx.scalars(select(identities.c.person_id).where(_is(author))).one()
            if mine == owner:
                return LinkRefused("own")
            kept, other = sorted((mine, owner))
            _merge(tx, kept, other)
            return Linked(kept, _identities(tx, kept))


def _is(author: Author) -> ColumnElement[bool]:
    return and_(identities.c.platform == author.platform, identities.c.user_id == author.user_id)


def _person(tx: Connection, author: Author, name: str | None, now: datetime) -> int:
    """Two first messages at once: the second finds the first one's identity in its way."""
    if name is not None:
        tx.execute(update(identities).where(_is(author)).values(name=name))
    known = tx.scalar(select(identities.c.person_id).where(_is(author)))
    if known is not None:
        return int(known)
    created = tx.scalars(insert(people).values(created_at=now).returning(people.c.id)).one()
    values = {"platform": author.platform, "user_id": author.user_id, "name": name}
    row = upsert(tx, identities).values(**values, person_id=created, linked_at=now)
    if tx.scalar(row.on_conflict_do_nothing().returning(identities.c.person_id)) is not None:
        return int(created)
    tx.execute(delete(people).where(people.c.id == created))
    return int(tx.scalars(select(identities.c.person_id).where(_is(author))).one())


def _identities(tx: Connection, person_id: int) -> tuple[Identity, ...]:
    columns = (identities.c.platform, identities.c.user_id, identities.c.name)
    theirs = select(*columns).where(identities.c.person_id == person_id).order_by(*columns[:2])
    return tuple(Identity(*row) for row in tx.execute(theirs))


# -- codes ----------------------------------------------------------------------------------


def _hash(code: str) -> str:
    """Of the code as it was made, however it was typed. A plain hash will do: the codes are
    random and live for ten minutes."""
    typed = unicodedata.normalize("NFKC", code).upper()
    return hashlib.sha256("".join(filter(str.isalnum, typed)).encode()).hexdigest()


def _tries(author: Author, now: datetime) -> Tally:
    """Tries to guess, counted like a budget."""
    utc = now.astimezone(UTC)
    begun = utc.replace(minute=utc.minute // 10 * 10)
    scope = f"link:{author.platform}:{author.user_id}"
    return Tally(scope, _TRIES, "hour", f"{begun:%Y-%m-%dT%H:%M}")


def _one_at_a_time(tx: Connection) -> None:
    """Two people who type each other's codes at once must not pass each other."""
    if tx.dialect.name == "postgresql":
        tx.execute(text("LOCK TABLE link_codes IN EXCLUSIVE MODE"))


def _redeem(tx: Connection, code: str, now: datetime) -> int | None:
    used = delete(link_codes).where(
        link_codes.c.code_hash == _hash(code), link_codes.c.expires_at > now
    )
    return tx.scalar(used.returning(link_codes.c.person_id))


# -- two become one -------------------------------------------------------------------------


def _merge(tx: Connection, kept: int, other: int) -> None:
    """The other's row in `people` stays, empty: an answer to them may be on its way still."""
    _add_up_usage(tx, kept, other)
    twice = select(votes.c.exchange_id).where(votes.c.person_id == kept)
    tx.execute(delete(votes).where(votes.c.person_id == other, votes.c.exchange_id.in_(twice)))
    for table in (votes, exchanges, link_codes, identities):
        tx.execute(update(table).where(table.c.person_id == other).values(person_id=kept))


def _add_up_usage(tx: Connection, kept: int, other: int) -> None:
    theirs = usage.c.scope == f"person:{other}"
    # In the order in which questions take these rows: nobody waits for anybody in a circle.
    rows = select(usage).where(theirs).order_by(usage.c.unit, usage.c.period, usage.c.window)
    for row in tx.execute(rows).all():
        Tally(f"person:{kept}", row.unit, row.period, row.window).add(tx, row.used)
    tx.execute(delete(usage).where(theirs))
