"""The durable inbox: what was accepted and is not finished yet, and who works on it.

The tables as they were at this step.
"""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Float,
    Integer,
    PrimaryKeyConstraint,
    String,
    Text,
    UniqueConstraint,
    text,
)

revision = "0003"
down_revision = "0002"

_Id = BigInteger().with_variant(Integer(), "sqlite")
_OPEN = text("finished_at IS NULL")
_WORKED_ON = text("finished_at IS NULL AND owner IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "inbox",
        Column("seq", _Id, nullable=False),
        Column("id", String(300), nullable=False),
        Column("platform", String(32), nullable=False),
        Column("conversation", String(700), nullable=False),
        Column("request", Text),
        Column("accepted_at", DateTime(timezone=True), nullable=False),
        Column("owner", String(100)),
        Column("attempts", Integer, nullable=False),
        Column("parts", Text),
        Column("sent", Text, nullable=False),
        Column("finished_at", DateTime(timezone=True)),
        Column("problem", Text),
        PrimaryKeyConstraint("seq", name="pk_inbox"),
        UniqueConstraint("id", name="uq_inbox_id"),
    )
    op.create_index("ix_inbox_finished_at", "inbox", ["finished_at"])
    op.create_index(
        "ix_inbox_open",
        "inbox",
        ["conversation", "seq"],
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    op.create_index(
        "uq_inbox_worked_on",
        "inbox",
        ["conversation"],
        unique=True,
        sqlite_where=_WORKED_ON,
        postgresql_where=_WORKED_ON,
    )
    op.create_table(
        "inbox_executors",
        Column("owner", String(100), nullable=False),
        Column("label", String(100), nullable=False),
        Column("slots", Integer, nullable=False),
        Column("seen_at", Float, nullable=False),
        PrimaryKeyConstraint("owner", name="pk_inbox_executors"),
    )


def downgrade() -> None:
    op.drop_table("inbox_executors")
    op.drop_table("inbox")
