"""What the bot remembers: people, conversations, annotations, budgets, what was missing.

The tables as they were at this step: `bot/storage/tables.py` goes on changing, this does not.
"""

from alembic import op
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"

_metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
_Id = BigInteger().with_variant(Integer(), "sqlite")
_Moment = DateTime(timezone=True)
_Json = JSON().with_variant(JSONB(), "postgresql")

Table(
    "people",
    _metadata,
    Column("id", _Id, primary_key=True),
    Column("created_at", _Moment, nullable=False),
)
Table(
    "identities",
    _metadata,
    Column("platform", String(32), primary_key=True),
    Column("user_id", String(200), primary_key=True),
    Column("person_id", ForeignKey("people.id"), nullable=False, index=True),
    Column("name", Text),
    Column("linked_at", _Moment, nullable=False),
)
Table(
    "link_codes",
    _metadata,
    Column("code_hash", String(64), primary_key=True),
    Column("person_id", ForeignKey("people.id"), nullable=False),
    Column("expires_at", _Moment, nullable=False),
)

Table(
    "conversations",
    _metadata,
    Column("id", _Id, primary_key=True),
    Column("key", String(700), nullable=False, unique=True),
    Column("platform", String(32), nullable=False),
    Column("room", String(200), nullable=False),
    Column("thread", String(200)),
    Column("person", String(200)),
    Column("started_at", _Moment, nullable=False),
    Column("reset_at", _Moment),
)
Table(
    "exchanges",
    _metadata,
    Column("id", _Id, primary_key=True),
    Column("request_id", String(300), nullable=False, unique=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("person_id", ForeignKey("people.id"), index=True),
    Column("platform", String(32), nullable=False),
    Column("message_id", String(200)),
    Column("question", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("reason", String(100)),
    Column("notice", Text),
    Column("citations", _Json, nullable=False),
    Column("passages", _Json, nullable=False),
    Column("choices", _Json, nullable=False),
    Column("confidence", Float),
    Column("annotation_id", ForeignKey("annotations.id")),
    Column("model", String(200)),
    Column("prompt_version", String(20)),
    Column("retrieve_ms", Float),
    Column("model_ms", Float),
    Column("total_ms", Float),
    Column("prompt_tokens", Integer),
    Column("answer_tokens", Integer),
    Column("asked_at", _Moment, nullable=False, index=True),
    Column("erased_at", _Moment),
    Index("ix_exchanges_conversation", "conversation_id", "asked_at"),
    Index("ix_exchanges_message", "platform", "message_id"),
)
Table(
    "deliveries",
    _metadata,
    Column("exchange_id", ForeignKey("exchanges.id", ondelete="CASCADE"), primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("platform", String(32), nullable=False),
    Column("message_id", String(200)),
    Column("state", String(20), nullable=False),
    Column("problem", Text),
    Column("sent_at", _Moment, nullable=False),
    Index("ix_deliveries_message", "platform", "message_id"),
)

Table(
    "annotations",
    _metadata,
    Column("id", _Id, primary_key=True),
    Column("question", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("audience", String(200)),
    Column("expires_on", Date),
    Column("state", String(20), nullable=False),
    Column("author", String(300), nullable=False),
    Column("from_request", String(300)),
    Column("rot", String(20)),
    Column("created_at", _Moment, nullable=False),
    Column("updated_at", _Moment, nullable=False),
)
Table(
    "annotation_phrasings",
    _metadata,
    Column("id", _Id, primary_key=True),
    Column(
        "annotation_id",
        ForeignKey("annotations.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("text", Text, nullable=False),
    Column("folded", String(500), nullable=False, index=True),
    Column("kind", String(20), nullable=False),
    Column("created_at", _Moment, nullable=False),
    UniqueConstraint("annotation_id", "folded"),
)
Table(
    "annotation_sources",
    _metadata,
    Column("annotation_id", ForeignKey("annotations.id", ondelete="CASCADE"), primary_key=True),
    Column("source", String(700), primary_key=True),
    Column("content_hash", String(200)),
)
Table(
    "annotation_edits",
    _metadata,
    Column("id", _Id, primary_key=True),
    Column(
        "annotation_id",
        ForeignKey("annotations.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("at", _Moment, nullable=False),
    Column("author", String(300), nullable=False),
    Column("change", _Json, nullable=False),
)
Table(
    "annotation_hits",
    _metadata,
    Column("id", _Id, primary_key=True),
    Column(
        "annotation_id",
        ForeignKey("annotations.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("request_id", String(300), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("score", Float),
    Column("at", _Moment, nullable=False),
)
Table(
    "annotation_calibrations",
    _metadata,
    Column("embedding_model", String(300), primary_key=True),
    Column("sure", Float, nullable=False),
    Column("near", Float, nullable=False),
    Column("figures", _Json, nullable=False),
    Column("made_at", _Moment, nullable=False),
)

Table(
    "usage",
    _metadata,
    Column("scope", String(300), primary_key=True),
    Column("unit", String(20), primary_key=True),
    Column("period", String(10), primary_key=True),
    Column("window", String(20), primary_key=True),
    Column("used", BigInteger, nullable=False),
    Column("warned", Boolean, nullable=False),
)

Table(
    "votes",
    _metadata,
    Column("exchange_id", ForeignKey("exchanges.id", ondelete="CASCADE"), primary_key=True),
    Column("person_id", ForeignKey("people.id"), primary_key=True),
    Column("value", Integer, nullable=False),
    Column("reason", Text),
    Column("at", _Moment, nullable=False),
)
Table(
    "unanswered",
    _metadata,
    Column("id", _Id, primary_key=True),
    Column("question", Text, nullable=False),
    Column("folded", String(500), nullable=False, index=True),
    Column("vector", LargeBinary),
    Column("embedding_model", String(300)),
    Column("state", String(20), nullable=False, index=True),
    Column("count", Integer, nullable=False),
    Column("first_at", _Moment, nullable=False),
    Column("last_at", _Moment, nullable=False),
    Column("annotation_id", ForeignKey("annotations.id")),
)
Table(
    "unanswered_asks",
    _metadata,
    Column("id", _Id, primary_key=True),
    Column(
        "cluster_id", ForeignKey("unanswered.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("exchange_id", ForeignKey("exchanges.id", ondelete="CASCADE"), nullable=False),
    Column("reason", String(100), nullable=False),
    Column("score", Float),
    Column("at", _Moment, nullable=False),
    Column("wants_news", Boolean, nullable=False),
    Column("told_at", _Moment),
    UniqueConstraint("exchange_id"),
)

Table(
    "words",
    _metadata,
    Column("code", String(100), primary_key=True),
    Column("language", String(10), primary_key=True),
    Column("text", Text, nullable=False),
    Column("author", String(300), nullable=False),
    Column("at", _Moment, nullable=False),
)


def upgrade() -> None:
    _metadata.create_all(op.get_bind())


def downgrade() -> None:
    _metadata.drop_all(op.get_bind())
