"""The log of exchanges as plain rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, func, select

from bot.storage import Storage
from bot.storage.tables import exchanges, votes

COLUMNS: Final = (
    "request_id", "asked_at", "platform", "person", "outcome", "reason", "question", "answer",
    "sources", "confidence", "annotation_id", "model", "prompt_version", "retrieve_ms", "model_ms",
    "total_ms", "prompt_tokens", "answer_tokens", "likes", "dislikes", "erased",
)  # fmt: skip
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Filters:
    since: datetime | None = None
    platform: str | None = None
    outcome: str | None = None


def read(storage: Storage, filters: Filters) -> Iterator[dict[str, Any]]:
    """The oldest first, page by page: a long log keeps nobody from writing.

    `person` is a number that means nothing outside of this database; texts that were erased
    are empty. Raises LedgerError.
    """
    last = 0
    while True:
        with storage.reading() as tx:
            wanted = (
                select(exchanges, _votes(1), _votes(-1))
                .where(exchanges.c.id > last, *_conditions(filters))
                .order_by(exchanges.c.id)
                .limit(_PAGE)
            )
            rows = tx.execute(wanted).mappings().all()
        for row in rows:
            yield _plain(dict(row))
        if len(rows) < _PAGE:
            return
        last = rows[-1]["id"]


def _votes(value: int) -> Any:
    name = "likes" if value > 0 else "dislikes"
    mine = (votes.c.exchange_id == exchanges.c.id, votes.c.value == value)
    return select(func.count()).where(*mine).scalar_subquery().label(name)


def _conditions(filters: Filters) -> Iterator[ColumnElement[bool]]:
    c = exchanges.c
    if filters.since is not None:
        yield c.asked_at >= filters.since
    if filters.platform is not None:
        yield c.platform == filters.platform
    if filters.outcome is not None:
        yield c.outcome == filters.outcome


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    told = {
        "asked_at": row["asked_at"].isoformat(),
        "person": row["person_id"],
        "sources": [citation["source"] for citation in row["citations"]],
        "erased": row["erased_at"] is not None,
    }
    return {name: told[name] if name in told else row[name] for name in COLUMNS}
