"""What the chat platforms need: held, merged and stopped requests, silence for a person, admins.

The tables as they were at this step.
"""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Integer,
    PrimaryKeyConstraint,
    String,
    Text,
)

revision = "0004"
down_revision = "0003"

_Id = BigInteger().with_variant(Integer(), "sqlite")
_INBOX = (
    ("author", String(300)),
    ("message_id", String(200)),
    ("ready_at", DateTime(timezone=True)),
    ("stop", String(20)),
    ("handle", Text()),
    ("merged_into", String(300)),
)


def upgrade() -> None:
    for name, kind in _INBOX:
        op.add_column("inbox", Column(name, kind))
    op.create_index("ix_inbox_message", "inbox", ["platform", "message_id"])
    op.create_table(
        "handoffs",
        Column("id", _Id, nullable=False),
        Column("conversation", String(700), nullable=False),
        Column("opened_at", DateTime(timezone=True), nullable=False),
        Column("until", DateTime(timezone=True), nullable=False),
        Column("closed_at", DateTime(timezone=True)),
        Column("opened_by", String(300), nullable=False),
        Column("closed_by", String(300)),
        PrimaryKeyConstraint("id", name="pk_handoffs"),
    )
    op.create_index("ix_handoffs_conversation", "handoffs", ["conversation", "closed_at"])
    op.create_table(
        "admins",
        Column("platform", String(32), nullable=False),
        Column("user_id", String(200), nullable=False),
        Column("since", DateTime(timezone=True), nullable=False),
        Column("by", String(300), nullable=False),
        PrimaryKeyConstraint("platform", "user_id", name="pk_admins"),
    )
    op.create_table(
        "pairing_codes",
        Column("code_hash", String(64), nullable=False),
        Column("platform", String(32), nullable=False),
        Column("expires_at", DateTime(timezone=True), nullable=False),
        PrimaryKeyConstraint("code_hash", name="pk_pairing_codes"),
    )
    op.create_table(
        "reply_tokens",
        Column("request_id", String(300), nullable=False),
        Column("room", String(200), nullable=False),
        Column("token", String(200)),
        Column("received_at", DateTime(timezone=True), nullable=False),
        Column("state", String(20), nullable=False),
        Column("taken_at", DateTime(timezone=True)),
        Column("pages", Text()),
        PrimaryKeyConstraint("request_id", name="pk_reply_tokens"),
    )
    op.create_index("ix_reply_tokens_room", "reply_tokens", ["room", "state"])
    op.create_index("ix_reply_tokens_state", "reply_tokens", ["state", "received_at"])


def downgrade() -> None:
    for table in ("reply_tokens", "pairing_codes", "admins", "handoffs"):
        op.drop_table(table)
    op.drop_index("ix_inbox_message", "inbox")
    # One at a time: SQLite has known how since 3.35.
    for name, _ in reversed(_INBOX):
        op.drop_column("inbox", name)
