"""What the live collection is made with, as facts in the ledger; and the one before it.

Its name says model and size, so that vectors of two models never meet, whatever the settings.
"""

import hashlib
import json
import re
from datetime import datetime, timedelta

from knowledge.chunking import CHUNKING_VERSION
from knowledge.embedding import Embedder
from knowledge.ledger import Ledger, now

COLLECTION = "collection"
"""Ledger fact: the collection that holds the live vectors."""
EMBEDDING = "embedding"
"""Ledger fact: the embedding model that made them; empty for none."""
DIMENSION = "dimension"
"""Ledger fact: numbers in each of its vectors; 0 for none."""
CHUNKING = "chunking"
"""Ledger fact: the version of the rules by which the passages were cut."""
PREVIOUS = "previous collection"
"""Ledger fact: the collection that was left, and when; kept for programs that still use it."""
ALIAS = "secretary"
"""What the live collection is also called on a Qdrant server."""
KEPT = timedelta(days=1)
"""How long a collection that was left is kept."""


def collection_name(embedder: Embedder | None) -> str:
    """One collection per embedding model: vectors of two models never meet."""
    if embedder is None:
        return "secretary-lexical"
    slug = re.sub(r"[^a-z0-9]+", "-", embedder.model_id.lower()).strip("-")[:48]
    digest = hashlib.sha256(embedder.model_id.encode()).hexdigest()[:6]
    return f"secretary-{slug}-{embedder.dimension}-{digest}"


def stamp(ledger: Ledger, embedder: Embedder | None) -> None:
    """The collection's name comes last: that is the switch."""
    ledger.set_fact(EMBEDDING, embedder.model_id if embedder else "")
    ledger.set_fact(DIMENSION, str(embedder.dimension if embedder else 0))
    ledger.set_fact(CHUNKING, CHUNKING_VERSION)
    ledger.set_fact(COLLECTION, collection_name(embedder))


def was_cut_otherwise(ledger: Ledger) -> bool:
    """Whether the passages were cut by other rules than today's."""
    return ledger.fact(CHUNKING) not in (None, CHUNKING_VERSION)


def leave(ledger: Ledger) -> None:
    """The live collection is about to become the one before."""
    left = {"collection": ledger.fact(COLLECTION), "at": now().isoformat()}
    ledger.set_fact(PREVIOUS, json.dumps(left))


def left(ledger: Ledger, live: str, age: timedelta) -> str | None:
    """The collection that was left at least so long ago, if it is not the live one again."""
    told = ledger.fact(PREVIOUS)
    if told is None:
        return None
    left = json.loads(told)
    if left["collection"] == live:
        forget(ledger)
        return None
    is_old = now() - datetime.fromisoformat(left["at"]) >= age
    return str(left["collection"]) if is_old else None


def forget(ledger: Ledger) -> None:
    ledger.set_fact(PREVIOUS, None)
