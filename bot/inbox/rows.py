"""The inbox in SQL; every function is a part of somebody's transaction."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from bot.inbox.packing import merged
from bot.inbox.protocol import Accepted, Duplicate, Full, Merged, State, Stop, Submitted
from bot.storage import upsert
from bot.storage.intake import inbox

c = inbox.c
_OPEN = c.finished_at.is_(None)


@dataclass(frozen=True, slots=True)
class Claim:
    """A request that this process works on, until it is finished or taken away."""

    seq: int
    owner: str
    attempts: int
    """With `owner` the fence: whoever takes the row over changes one of the two."""
    id: str
    request: str
    parts: str | None
    sent: str
    stop: Stop | None
    handle: str | None


@dataclass(frozen=True, slots=True)
class Rules:
    """Which rows one process may claim now."""

    owner: str
    platforms: Collection[str]
    limit: int
    busy: bool
    """Something is being answered in this process already."""
    attempts: int
    now: datetime


def _state() -> Select[Any]:
    return select(c.owner, c.finished_at, c.problem).where(c.id == bindparam("asked"))


def _ahead() -> Select[Any]:
    """How many are open, and how many of them in one conversation."""
    mine = case((c.conversation == bindparam("its"), 1), else_=0)
    return select(func.count(), func.coalesce(func.sum(mine), 0)).where(_OPEN)


def _held_for_more() -> Select[Any]:
    """The request of the same person in the same place that was held since more might come,
    and still is; it is the newest there."""
    newest = select(func.max(c.seq)).where(_OPEN, c.conversation == bindparam("its"))
    return (
        select(c.seq, c.id, c.request, c.message_id)
        .where(c.seq == newest.scalar_subquery(), c.owner.is_(None), c.stop.is_(None))
        .where(c.author == bindparam("by"), c.ready_at > bindparam("at"))
        .with_for_update(skip_locked=True)
    )


def _claimable() -> Select[Any]:
    other = inbox.alias()
    same = and_(other.c.conversation == c.conversation, other.c.finished_at.is_(None))
    return (
        select(c.seq, c.attempts)
        .where(_OPEN, c.owner.is_(None), c.platform.in_(bindparam("platforms", expanding=True)))
        .where(or_(c.ready_at.is_(None), c.ready_at <= bindparam("now")))
        .where(~exists().where(same, other.c.seq < c.seq))
        .where(~exists().where(same, other.c.owner.is_not(None)))
        .order_by(c.seq)
        .limit(bindparam("free"))
        .with_for_update(skip_locked=True, of=inbox)
    )


_FENCED = and_(
    c.seq == bindparam("its"), c.owner == bindparam("by"), c.attempts == bindparam("tries"), _OPEN
)
# Made once: to make a statement takes longer than to run it.
_STATE, _AHEAD, _HELD, _CLAIMABLE = _state(), _ahead(), _held_for_more(), _claimable()
_CHANGE = update(inbox).where(_FENCED)


def add(tx: Connection, row: dict[str, Any], capacity: int, slots: int) -> Submitted:
    known = state(tx, row["id"])
    if known is not None:
        return Duplicate(known)
    its = {"its": row["conversation"], "by": row["author"], "at": row["accepted_at"]}
    held = tx.execute(_HELD, its).first()
    if held is not None:
        return _merge(tx, held, row)
    ahead, in_conversation = tx.execute(_AHEAD, {"its": row["conversation"]}).one()
    if ahead >= capacity:
        return Full(capacity)
    fresh = upsert(tx, inbox).on_conflict_do_nothing(index_elements=["id"]).returning(c.seq)
    seq = tx.scalar(fresh, {"attempts": 0, "sent": "[]", **row})
    if seq is None:  # another process was faster
        return Duplicate("waiting")
    return Accepted(_place(ahead, in_conversation, slots))


def _merge(tx: Connection, held: Any, row: dict[str, Any]) -> Merged:
    """The newer one's way back replaces the older one's: it lives longer. The older message's id
    goes into the newer one's row, so that either can be taken back.
    """
    both = merged(held.request, row["request"], held.id)
    later = {"request": both, "ready_at": row["ready_at"], "message_id": row["message_id"]}
    tx.execute(update(inbox).where(c.seq == held.seq).values(**later))
    known = {name: row[name] for name in ("id", "platform", "conversation")}
    done = {"accepted_at": row["accepted_at"], "finished_at": row["accepted_at"]}
    part = {"attempts": 0, "sent": "[]", "merged_into": held.id, "message_id": held.message_id}
    tx.execute(insert(inbox).values(**known, **done, **part))
    return Merged(held.id)


def once(tx: Connection, request_id: str, platform: str, at: datetime) -> bool:
    """Notes the id of something that is dealt with at once; False where it is known."""
    values = {"id": request_id, "platform": platform, "conversation": "", "accepted_at": at}
    row = upsert(tx, inbox).values(**values, finished_at=at, attempts=0, sent="[]")
    new = row.on_conflict_do_nothing(index_elements=["id"]).returning(c.seq)
    return tx.scalar(new) is not None


def stop(tx: Connection, conversation: str) -> list[str]:
    """No answer is wanted to what is open in a conversation; gives the requests' ids."""
    which = and_(_OPEN, c.conversation == conversation, c.stop.is_(None), c.parts.is_(None))
    ended = update(inbox).where(which).values(stop="stopped", ready_at=None)
    return list(tx.scalars(ended.returning(c.id)))


def withdraw(tx: Connection, platform: str, message_id: str) -> list[str]:
    """The question was taken back: no answer to it is wanted. Gives the ids of the requests
    that it was, or was a part of."""
    its = and_(c.platform == platform, c.message_id == message_id)
    rows = tx.execute(select(c.id, c.merged_into).where(its)).all()
    ids = list(dict.fromkeys(row.merged_into or row.id for row in rows))
    open_ones = and_(_OPEN, c.id.in_(ids), c.parts.is_(None))
    tx.execute(update(inbox).where(open_ones).values(stop="withdrawn", ready_at=None))
    return ids


def withdraw_all(tx: Connection, author: str) -> list[str]:
    """Somebody is to be forgotten: what they asked and is not answered yet is not wanted."""
    theirs = and_(_OPEN, c.author == author, c.parts.is_(None))
    ended = update(inbox).where(theirs).values(stop="withdrawn", ready_at=None)
    return list(tx.scalars(ended.returning(c.id)))


def stops(tx: Connection, owner: str) -> dict[str, Stop]:
    """Request id → what was asked of the requests that this process is answering."""
    mine = and_(_OPEN, c.owner == owner, c.stop.is_not(None), c.parts.is_(None))
    return {row.id: row.stop for row in tx.execute(select(c.id, c.stop).where(mine))}


def state(tx: Connection, request_id: str) -> State | None:
    row = tx.execute(_STATE, {"asked": request_id}).first()
    if row is None:
        return None
    if row.finished_at is None:
        return "waiting" if row.owner is None else "working"
    return "done" if row.problem is None else "failed"


def position(tx: Connection, request_id: str, slots: int) -> int | None:
    """Place in line; 0 when it is worked on or about to be, None when it is not open."""
    at = (c.seq, c.owner, c.conversation)
    row = tx.execute(select(*at).where(c.id == request_id, _OPEN)).first()
    if row is None or row.owner is not None:
        return None if row is None else 0
    own = func.coalesce(func.sum(case((c.conversation == row.conversation, 1), else_=0)), 0)
    # Younger ones that are worked on hold a place, too.
    before = select(func.count(), own).where(_OPEN, or_(c.seq < row.seq, c.owner.is_not(None)))
    ahead, in_conversation = tx.execute(before).one()
    return _place(ahead, in_conversation, slots)


def unanswered(tx: Connection, platform: str) -> list[str]:
    """The packed requests of what is not answered yet, the oldest first."""
    waiting = and_(_OPEN, c.platform == platform, c.parts.is_(None), c.stop.is_(None))
    return list(tx.scalars(select(c.request).where(waiting).order_by(c.seq)))


def _place(ahead: int, in_conversation: int, slots: int) -> int:
    return max(ahead - slots + 1, 1 if in_conversation else 0, 0)


def claim(tx: Connection, rules: Rules) -> list[Claim]:
    """The oldest waiting requests whose conversations are at rest, oldest first."""
    wanted = {"platforms": sorted(rules.platforms), "now": rules.now, "free": rules.limit}
    chosen = _choose(tx.execute(_CLAIMABLE, wanted).all(), rules)
    if not chosen:
        return []
    columns = (
        c.seq, c.owner, c.attempts, c.id, c.request, c.parts, c.sent, c.stop, c.handle,
    )  # fmt: skip
    taking = (
        update(inbox)
        .where(c.seq.in_(chosen), c.owner.is_(None), _OPEN)
        .values(owner=rules.owner, attempts=c.attempts + 1)
        .returning(*columns)
    )
    try:
        with tx.begin_nested():
            rows = tx.execute(taking).all()
    except IntegrityError:  # another process began in one of these conversations just now
        return []
    return sorted((Claim(*row) for row in rows), key=lambda taken: taken.seq)


def _choose(rows: Sequence[Any], rules: Rules) -> list[int]:
    """A request whose last attempt is due is answered alone: should it take the process down
    once more, no bystander is counted with it.
    """
    chosen: list[int] = []
    for row in rows:
        if row.attempts == rules.attempts - 1 and rules.attempts > 1:
            return chosen or ([] if rules.busy else [row.seq])
        chosen.append(row.seq)
    return chosen


def keep_parts(tx: Connection, claim: Claim, parts: str) -> bool:
    """False, as in the functions below, when the request was taken away."""
    return _set(tx, claim, parts=parts)


def keep_handle(tx: Connection, claim: Claim, handle: str) -> bool:
    return _set(tx, claim, handle=handle)


def keep_sent(tx: Connection, claim: Claim, sent: str) -> bool:
    return _set(tx, claim, sent=sent)


def finish(tx: Connection, claim: Claim, at: datetime, problem: str | None) -> bool:
    """The texts go, the id stays."""
    gone: dict[str, Any] = {"request": None, "parts": None, "sent": "[]", "handle": None}
    return _set(tx, claim, finished_at=at, problem=problem, **gone)


def holds(tx: Connection, claim: Claim) -> bool:
    return tx.scalar(select(c.seq).where(_FENCED), _fence(claim)) is not None


def _set(tx: Connection, claim: Claim, **values: Any) -> bool:
    return tx.execute(_CHANGE, _fence(claim) | values).rowcount == 1


def _fence(claim: Claim) -> dict[str, Any]:
    return {"its": claim.seq, "by": claim.owner, "tries": claim.attempts}


def release(tx: Connection, owner: str) -> int:
    """Back in line, without a mark: nobody died."""
    mine = and_(c.owner == owner, _OPEN)
    freed = update(inbox).where(mine).values(owner=None, attempts=c.attempts - 1)
    return tx.execute(freed).rowcount


def take_from(tx: Connection, living: Select[Any]) -> int:
    """Back in line: what executors that are not among the living had begun."""
    orphaned = and_(_OPEN, c.owner.is_not(None), c.owner.not_in(living))
    return tx.execute(update(inbox).where(orphaned).values(owner=None)).rowcount


def depth(tx: Connection) -> tuple[int, datetime | None]:
    """How many are open, and since when the oldest."""
    count, oldest = tx.execute(select(func.count(), func.min(c.accepted_at)).where(_OPEN)).one()
    return count, oldest


def sweep(tx: Connection, before: datetime) -> int:
    return tx.execute(delete(inbox).where(c.finished_at < before)).rowcount
