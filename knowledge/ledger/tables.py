"""The ledger's tables, and how a document's terms are packed into one of them."""

import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()
sources = Table(
    "sources",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("root", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("audience", String(200), nullable=False),
    Column("content_hash", String(200), nullable=False),
    Column("stamp", String(100), nullable=False),
    Column("version", BigInteger, nullable=False, index=True),
    # Indexed, since every search asks for their sum.
    Column("passages", Integer, nullable=False, index=True),
    Column("ingested_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("root", "source"),
)
# A table of its own: beside them, these would make every look at `sources` a long one.
source_terms = Table(
    "source_terms",
    metadata,
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("terms", LargeBinary, nullable=False),
)
frequencies = Table(
    "term_frequencies",
    metadata,
    Column("term", BigInteger, primary_key=True, autoincrement=False),
    Column("passages", Integer, nullable=False),
)
garbage = Table(
    "garbage_versions",
    metadata,
    Column("version", BigInteger, primary_key=True, autoincrement=False),
)
facts = Table(
    "ledger_facts",
    metadata,
    Column("key", String(100), primary_key=True),
    Column("value", Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One live document as the ledger knows it."""

    root: str
    source: str
    title: str
    audience: str
    content_hash: str
    stamp: str
    version: int
    passages: int
    ingested_at: datetime


def pack_terms(terms: Mapping[int, int]) -> bytes:
    """Term → passages of this document that hold it, small enough to keep for its removal."""
    pairs = np.array(sorted(terms.items()), np.uint32).reshape(-1, 2)
    return zlib.compress(pairs.tobytes(), 1)


def unpack_terms(packed: bytes) -> Counter[int]:
    raw = zlib.decompress(packed) if packed else b""
    pairs = np.frombuffer(raw, np.uint32).reshape(-1, 2)
    return Counter({int(term): int(count) for term, count in pairs})


def now() -> datetime:
    return datetime.now(UTC)
