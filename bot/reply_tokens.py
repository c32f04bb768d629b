"""Who may use a reply token, on platforms that let each message be replied to once and soon.

One row for each request whose token was used or has run out:

    (none)    the token that came with the request is unspent
    promised  it was spent on "still looking"; the asker has a button that brings a new one
    open      a button brought a new one; whoever says something next takes it
    answered  what was to be said is being said with `token`, or was
    pushed    there was no token: it is being pushed, or was
    owed      there was no token and no push: `pages` wait for the next token in the room
    carried   owed, and being said with `token` in front of something else

Every method is one transaction, so that of two who want a token at the same moment one gets
it, in whichever processes they are. Raises LedgerError.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, select, update

from bot.storage import Storage, upsert
from bot.storage.tables import reply_tokens

STRANDED_AFTER = timedelta(minutes=20)
"""Longer than anything is tried again."""
_c = reply_tokens.c
Pages = Sequence[Any]
"""JSON values; each is what one token can say."""


@dataclass(frozen=True, slots=True)
class Token:
    """A reply token, and when it came."""

    value: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Owed:
    request_id: str
    pages: list[Any]


@dataclass(frozen=True, slots=True)
class Turn:
    """What somebody may do who has something to say.

    `token` None: it cannot be said for free now. `again`: this token was used for it before,
    and may have worked. `said`: it is said or owed already; nothing is left to do.
    """

    token: Token | None = None
    again: bool = False
    said: bool = False
    carried: tuple[Owed, ...] = field(default=())
    """What is owed in this room, to be said with the same token."""


@dataclass(frozen=True, slots=True)
class Unspent:
    """A token that a button brought, for an answer that is not there yet."""

    request_id: str
    room: str
    token: Token


@dataclass(frozen=True, slots=True)
class Tapped:
    """What a button with a new token finds: `state` as it was, "none" where nothing is known."""

    state: str
    owed: Owed | None = None


class ReplyTokens:
    def __init__(self, storage: Storage, clock: Callable[[], datetime]) -> None:
        self._storage = storage
        self._clock = clock

    # -- whoever has something to say -----------------------------------------------------

    def take(self, request_id: str, room: str, own: Token | None) -> Turn:
        """For saying what was asked for; `own` is the token that came with the request."""
        with self._storage.transaction() as tx:
            if own is not None and self._insert(tx, request_id, room, own, "answered"):
                return Turn(own, carried=self._carry(tx, room, own, request_id))
            row = _row(tx, request_id)
            if row is None:
                return Turn()
            if not row.token or row.state not in ("open", "answered"):
                return Turn(said=row.state in ("owed", "carried", "answered"))
            self._set(tx, _c.request_id == request_id, state="answered")
            token = Token(row.token, row.received_at)
            carried = self._carry(tx, room, token, request_id)
            return Turn(token, row.state == "answered", carried=carried)

    def _carry(self, tx: Connection, room: str, token: Token, but: str) -> tuple[Owed, ...]:
        """All that is owed in a room and is not being said with another token."""
        here = (_c.room == room) & (_c.request_id != but) & _c.pages.is_not(None)
        free = (_c.state == "owed") | ((_c.state == "carried") & (_c.token == token.value))
        rows = tx.execute(
            select(_c.request_id, _c.pages).where(here, free).order_by(_c.received_at)
        ).all()
        if rows:
            ids = _c.request_id.in_([row.request_id for row in rows])
            self._set(tx, ids & free, state="carried", token=token.value)
        return tuple(Owed(row.request_id, json.loads(row.pages)) for row in rows)

    def keep(self, request_id: str, pages: Pages) -> None:
        """Of an answer that more is to be asked for."""
        with self._storage.transaction() as tx:
            self._set(tx, _c.request_id == request_id, pages=json.dumps(list(pages)))

    def settled(self, token: Token, carried: Sequence[Owed]) -> None:
        """The first page of each was said with this token."""
        with self._storage.transaction() as tx:
            for one in carried:
                mine = (_c.request_id == one.request_id) & (_c.token == token.value)
                rest = {} if len(one.pages) > 1 else {"pages": None}
                self._set(tx, mine, state="answered", token=None, **rest)

    def failed(self, request_id: str, token: Token, carried: Sequence[Owed]) -> None:
        """The token did not work: it is gone, and nothing was said with it."""
        ids = [request_id, *(one.request_id for one in carried)]
        mine = _c.request_id.in_(ids) & (_c.token == token.value)
        with self._storage.transaction() as tx:
            self._set(tx, mine & (_c.state == "carried"), state="owed", token=None)
            self._set(tx, mine & (_c.state == "answered"), state="promised", token=None)

    def pushing(self, request_id: str, room: str) -> bool:
        """It will be pushed; False where that was begun before."""
        said = {"state": "pushed", "token": None}
        row = {"request_id": request_id, "room": room, "received_at": self._clock(), **said}
        with self._storage.transaction() as tx:
            new = upsert(tx, reply_tokens).values(row)
            taken = new.on_conflict_do_update(
                index_elements=["request_id"], set_=said, where=_c.state != "pushed"
            )
            return tx.scalar(taken.returning(_c.request_id)) is not None

    def owe(self, request_id: str, room: str, pages: Pages) -> bool:
        """To be said with the next token in the room, or at the button; False where a button
        has brought one meanwhile."""
        said = {"state": "owed", "token": None, "pages": json.dumps(list(pages))}
        row = {"request_id": request_id, "room": room, "received_at": self._clock(), **said}
        with self._storage.transaction() as tx:
            new = upsert(tx, reply_tokens).values(row)
            owed = new.on_conflict_do_update(
                index_elements=["request_id"], set_=said, where=_c.state != "open"
            )
            return tx.scalar(owed.returning(_c.request_id)) is not None

    # -- whoever makes others wait ----------------------------------------------------------

    def promise(self, request_id: str, room: str, token: Token) -> bool:
        """For saying that an answer takes longer; False where the token is not free any more."""
        mine = (_c.request_id == request_id) & (_c.state == "open") & (_c.token == token.value)
        with self._storage.transaction() as tx:
            if self._insert(tx, request_id, room, token, "promised", spent=True):
                return True
            changed = update(reply_tokens).where(mine)
            return tx.execute(changed.values(state="promised", token=None)).rowcount == 1

    def unspent(self, before: datetime) -> list[Unspent]:
        """Tokens that buttons brought before then, and that nobody has used."""
        wanted = select(_c.request_id, _c.room, _c.token, _c.received_at)
        with self._storage.reading() as tx:
            rows = tx.execute(wanted.where(_c.state == "open", _c.received_at <= before)).all()
        return [Unspent(row[0], row[1], Token(row[2], row[3])) for row in rows]

    def tap(self, request_id: str, room: str, token: Token) -> Tapped:
        """A button for an answer, with a new token: it is kept, or to be used at once."""
        with self._storage.transaction() as tx:
            row = _row(tx, request_id)
            if row is None or row.room != room:
                return Tapped("none")
            fresh = {"token": token.value, "received_at": token.received_at}
            mine = (_c.request_id == request_id) & (_c.state == row.state)
            if row.state in ("promised", "open"):
                self._set(tx, mine, state="open", **fresh)
            elif row.state == "owed" and row.pages is not None:
                self._set(tx, mine, state="carried", **fresh)
                return Tapped("owed", Owed(request_id, json.loads(row.pages)))
            return Tapped(row.state)

    # -- what is kept ---------------------------------------------------------------------------

    def pages(self, request_id: str, room: str) -> list[Any]:
        """What of an answer may still be asked for; empty where nothing is."""
        with self._storage.reading() as tx:
            wanted = select(_c.room, _c.pages).where(_c.request_id == request_id)
            row = tx.execute(wanted).first()
        if row is None or row.room != room or row.pages is None:
            return []
        return list(json.loads(row.pages))

    def owed(self) -> int:
        with self._storage.reading() as tx:
            return len(tx.execute(select(_c.request_id).where(_c.state == "owed")).all())

    def unstrand(self) -> None:
        """What somebody began to carry and died with is owed again."""
        old = (_c.state == "carried") & (_c.taken_at < self._clock() - STRANDED_AFTER)
        with self._storage.transaction() as tx:
            self._set(tx, old, state="owed", token=None)

    def forget(self, room: str) -> int:
        """Nobody is there any more."""
        with self._storage.transaction() as tx:
            return tx.execute(delete(reply_tokens).where(_c.room == room)).rowcount

    def drop(self, request_id: str) -> None:
        """Nothing will be said to this."""
        with self._storage.transaction() as tx:
            tx.execute(delete(reply_tokens).where(_c.request_id == request_id))

    def sweep(self, before: datetime) -> int:
        with self._storage.transaction() as tx:
            return tx.execute(delete(reply_tokens).where(_c.received_at < before)).rowcount

    # -- rows ---------------------------------------------------------------------------------

    def _insert(
        self, tx: Connection, id_: str, room: str, token: Token, state: str, spent: bool = False
    ) -> bool:
        values = {"request_id": id_, "room": room, "state": state, "taken_at": self._clock()}
        held = {"token": None if spent else token.value, "received_at": token.received_at}
        new = upsert(tx, reply_tokens).values(**values, **held).on_conflict_do_nothing()
        return tx.scalar(new.returning(_c.request_id)) is not None

    def _set(self, tx: Connection, which: ColumnElement[bool], **values: Any) -> None:
        at = {"taken_at": self._clock()} | values
        tx.execute(update(reply_tokens).where(which).values(**at))


def _row(tx: Connection, request_id: str) -> Any:
    """Locked, where the database locks rows."""
    return tx.execute(
        select(reply_tokens).where(_c.request_id == request_id).with_for_update()
    ).first()
