"""The bot's tables. What knowledge keeps (sources, term statistics) is in `knowledge.ledger`.

A change here needs a migration in `migrations/versions/`; a test compares the two.
Texts of people are in `exchanges` and `unanswered_asks` only, so that forgetting somebody
is a matter of two tables.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
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

from bot.storage.types import Json, Moment

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
_Id = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite numbers rows by itself only in a plain INTEGER."""

# -- who ----------------------------------------------------------------------------------

people = Table(
    "people",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("created_at", Moment, nullable=False),
)
identities = Table(
    "identities",
    metadata,
    Column("platform", String(32), primary_key=True),
    Column("user_id", String(200), primary_key=True),
    Column("person_id", ForeignKey("people.id"), nullable=False, index=True),
    Column("name", Text),
    Column("linked_at", Moment, nullable=False),
)
link_codes = Table(
    "link_codes",
    metadata,
    Column("code_hash", String(64), primary_key=True),
    Column("person_id", ForeignKey("people.id"), nullable=False),
    Column("expires_at", Moment, nullable=False),
)

# -- conversations ------------------------------------------------------------------------

conversations = Table(
    "conversations",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("key", String(700), nullable=False, unique=True),  # `ConversationRef.key`
    Column("platform", String(32), nullable=False),
    Column("room", String(200), nullable=False),
    Column("thread", String(200)),
    Column("person", String(200)),  # the platform's user id, where a room is shared
    Column("started_at", Moment, nullable=False),
    Column("reset_at", Moment),  # turns before this are not looked at any more
)
exchanges = Table(
    "exchanges",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("request_id", String(300), nullable=False, unique=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("person_id", ForeignKey("people.id"), index=True),
    Column("platform", String(32), nullable=False),
    Column("message_id", String(200)),  # of the question, as the platform calls it
    Column("question", Text, nullable=False),  # empty once erased
    Column("answer", Text, nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("reason", String(100)),
    Column("notice", Text),
    Column("citations", Json, nullable=False),
    Column("passages", Json, nullable=False),  # source, title, score of each
    Column("choices", Json, nullable=False),
    Column("confidence", Float),  # the gate's, 0-1
    Column("annotation_id", ForeignKey("annotations.id")),
    Column("model", String(200)),
    Column("prompt_version", String(20)),
    Column("retrieve_ms", Float),
    Column("model_ms", Float),
    Column("total_ms", Float),
    Column("prompt_tokens", Integer),
    Column("answer_tokens", Integer),
    Column("asked_at", Moment, nullable=False, index=True),
    Column("erased_at", Moment),
    Index("ix_exchanges_conversation", "conversation_id", "asked_at"),
    Index("ix_exchanges_message", "platform", "message_id"),
)
deliveries = Table(
    "deliveries",
    metadata,
    Column("exchange_id", ForeignKey("exchanges.id", ondelete="CASCADE"), primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("platform", String(32), nullable=False),
    Column("message_id", String(200)),  # of this part, as the platform calls it
    Column("state", String(20), nullable=False),  # sent, failed
    Column("problem", Text),
    Column("sent_at", Moment, nullable=False),
    Index("ix_deliveries_message", "platform", "message_id"),
)

# -- annotations --------------------------------------------------------------------------

annotations = Table(
    "annotations",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("question", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("audience", String(200)),  # None: everybody
    Column("expires_on", Date),  # the last day on which it holds, in the bot's time zone
    Column("state", String(20), nullable=False),  # active, retired
    Column("author", String(300), nullable=False),
    Column("from_request", String(300)),  # the logged answer that it corrects
    Column("rot", String(20)),  # changed, gone: a linked source is not what it was
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
)
phrasings = Table(
    "annotation_phrasings",
    metadata,
    Column("id", _Id, primary_key=True),
    Column(
        "annotation_id",
        ForeignKey("annotations.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("text", Text, nullable=False),
    Column("folded", String(500), nullable=False, index=True),
    Column("kind", String(20), nullable=False),  # question, alias, suggestion
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("annotation_id", "folded"),
)
annotation_sources = Table(
    "annotation_sources",
    metadata,
    Column("annotation_id", ForeignKey("annotations.id", ondelete="CASCADE"), primary_key=True),
    Column("source", String(700), primary_key=True),
    Column("content_hash", String(200)),  # when it was linked; None where it was unknown then
)
annotation_edits = Table(
    "annotation_edits",
    metadata,
    Column("id", _Id, primary_key=True),
    Column(
        "annotation_id",
        ForeignKey("annotations.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("at", Moment, nullable=False),
    Column("author", String(300), nullable=False),
    Column("change", Json, nullable=False),  # field → [before, after]
)
annotation_hits = Table(
    "annotation_hits",
    metadata,
    Column("id", _Id, primary_key=True),
    Column(
        "annotation_id",
        ForeignKey("annotations.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("request_id", String(300), nullable=False),
    Column("kind", String(20), nullable=False),  # exact, similar, chosen
    Column("score", Float),
    Column("at", Moment, nullable=False),
)
calibrations = Table(
    "annotation_calibrations",
    metadata,
    Column("embedding_model", String(300), primary_key=True),
    Column("sure", Float, nullable=False),  # cosine from which a match is taken
    Column("near", Float, nullable=False),  # cosine from which the asker is asked back
    Column("figures", Json, nullable=False),
    Column("made_at", Moment, nullable=False),
)

# -- budgets ------------------------------------------------------------------------------

usage = Table(
    "usage",
    metadata,
    Column("scope", String(300), primary_key=True),  # person:7, room:line:…, platform:line, all
    Column("unit", String(20), primary_key=True),  # questions, tokens, pushes
    Column("period", String(10), primary_key=True),  # hour, day, month
    Column("window", String(20), primary_key=True),  # its beginning, in the bot's time zone
    Column("used", BigInteger, nullable=False),
    Column("warned", Boolean, nullable=False),
)

# -- what people thought, and what was missing ---------------------------------------------

votes = Table(
    "votes",
    metadata,
    Column("exchange_id", ForeignKey("exchanges.id", ondelete="CASCADE"), primary_key=True),
    Column("person_id", ForeignKey("people.id"), primary_key=True),
    Column("value", Integer, nullable=False),  # 1, -1
    Column("reason", Text),
    Column("at", Moment, nullable=False),
)
unanswered = Table(
    "unanswered",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("question", Text, nullable=False),  # the first asked of its kind
    Column("folded", String(500), nullable=False, index=True),
    Column("vector", LargeBinary),  # float32
    Column("embedding_model", String(300)),
    Column("state", String(20), nullable=False, index=True),  # open, answered, dismissed
    Column("count", Integer, nullable=False),
    Column("first_at", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("annotation_id", ForeignKey("annotations.id")),
)
unanswered_asks = Table(
    "unanswered_asks",
    metadata,
    Column("id", _Id, primary_key=True),
    Column(
        "cluster_id", ForeignKey("unanswered.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("exchange_id", ForeignKey("exchanges.id", ondelete="CASCADE"), nullable=False),
    Column("reason", String(100), nullable=False),  # gate, model.…, disliked
    Column("score", Float),
    Column("at", Moment, nullable=False),
    Column("wants_news", Boolean, nullable=False),
    Column("told_at", Moment),
    UniqueConstraint("exchange_id"),
)

# -- people instead of the bot --------------------------------------------------------------

handoffs = Table(
    "handoffs",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("conversation", String(700), nullable=False),  # `ConversationRef.key`: silent there
    Column("opened_at", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Column("closed_at", Moment),
    Column("opened_by", String(300), nullable=False),
    Column("closed_by", String(300)),
    Index("ix_handoffs_conversation", "conversation", "closed_at"),
)
admins = Table(
    "admins",
    metadata,
    Column("platform", String(32), primary_key=True),
    Column("user_id", String(200), primary_key=True),
    Column("since", Moment, nullable=False),
    Column("by", String(300), nullable=False),
)
pairing_codes = Table(
    "pairing_codes",
    metadata,
    Column("code_hash", String(64), primary_key=True),
    Column("platform", String(32), nullable=False),
    Column("expires_at", Moment, nullable=False),
)
reply_tokens = Table(  # of platforms that let each message be replied to once, and soon
    "reply_tokens",
    metadata,
    Column("request_id", String(300), primary_key=True),
    Column("room", String(200), nullable=False),
    Column("token", String(200)),  # to be used, or being used; None once it is gone
    Column("received_at", Moment, nullable=False),  # the token, or the request without one
    Column("state", String(20), nullable=False),  # see `bot.reply_tokens`
    Column("taken_at", Moment),  # when the last attempt to say it began
    Column("pages", Text),  # JSON; what is to be said or may still be asked for
    Index("ix_reply_tokens_room", "room", "state"),
    Index("ix_reply_tokens_state", "state", "received_at"),
)

# -- the owner's words ----------------------------------------------------------------------

words = Table(
    "words",
    metadata,
    Column("code", String(100), primary_key=True),
    Column("language", String(10), primary_key=True),
    Column("text", Text, nullable=False),
    Column("author", String(300), nullable=False),
    Column("at", Moment, nullable=False),
)
