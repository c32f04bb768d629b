"""The tables of the durable inbox: what was accepted and is not finished yet, and who works.

A row is waiting while it has no owner, in work while it has one, and finished once
`finished_at` is set. Finished rows hold no text any more; they stay for some days so that a
late redelivery is still known.
"""

from sqlalchemy import BigInteger, Column, Float, Index, Integer, String, Table, Text, text

from bot.storage.tables import metadata
from bot.storage.types import Moment

inbox = Table(
    "inbox",
    metadata,
    Column(
        "seq", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True
    ),  # the order of arrival
    Column("id", String(300), nullable=False, unique=True),  # `Request.id`
    Column("platform", String(32), nullable=False),
    Column("conversation", String(700), nullable=False),  # `ConversationRef.key`
    Column("request", Text),  # JSON; None once finished
    Column("accepted_at", Moment, nullable=False),
    Column("owner", String(100)),  # the executor that works on it
    Column("attempts", Integer, nullable=False),  # how often work on it was begun
    Column("parts", Text),  # JSON; what is to be sent, once it is known
    Column("sent", Text, nullable=False),  # JSON; the platform's message id of each part sent
    Column("finished_at", Moment),
    Column("problem", Text),  # why it was not delivered
    Column("author", String(300)),  # who may add to it while it is held
    Column("message_id", String(200)),  # `Request.message_id`
    Column("ready_at", Moment),  # held until then, since more may follow
    Column("stop", String(20)),  # stopped, withdrawn: no answer is wanted any more
    Column("handle", Text),  # JSON; the message that shows the answer while it is made
    Column("merged_into", String(300)),  # the id of the request that this one became a part of
    Index("ix_inbox_finished_at", "finished_at"),
    Index("ix_inbox_message", "platform", "message_id"),
)
_OPEN = text("finished_at IS NULL")
_WORKED_ON = text("finished_at IS NULL AND owner IS NOT NULL")
# Partial, since hundreds of rows are open and hundreds of thousands may be finished.
Index(
    "ix_inbox_open",
    inbox.c.conversation,
    inbox.c.seq,
    sqlite_where=_OPEN,
    postgresql_where=_OPEN,
)
# Whatever the programs do, a conversation is worked on once at a time.
Index(
    "uq_inbox_worked_on",
    inbox.c.conversation,
    unique=True,
    sqlite_where=_WORKED_ON,
    postgresql_where=_WORKED_ON,
)
executors = Table(
    "inbox_executors",
    metadata,
    Column("owner", String(100), primary_key=True),  # a new one at every start
    Column("label", String(100), nullable=False),
    Column("slots", Integer, nullable=False),  # answers at once
    Column("seen_at", Float, nullable=False),  # seconds since 1970, by the database's clock
)
