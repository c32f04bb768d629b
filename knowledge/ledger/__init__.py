"""The sources ledger: which documents are known, and which of their versions is true.

Points carry the version under which they were written; only the version that the ledger
names is alive. So a document changes at one instant, in one SQL transaction, however long
its points took to write: killed half-way, the old text still answers and the half-written
points are rubbish that the next ingest sweeps up.

The document frequencies stand in the same transaction, since no store gives an idf sum.
"""

from knowledge.ledger.engine import open_engine, sqlite_url
from knowledge.ledger.ledger import Ledger
from knowledge.ledger.tables import SourceRow, now, source_terms, sources, unpack_terms
from knowledge.ledger.turns import OnWait, nobody_told

__all__ = [
    "Ledger",
    "OnWait",
    "SourceRow",
    "nobody_told",
    "now",
    "open_engine",
    "source_terms",
    "sources",
    "sqlite_url",
    "unpack_terms",
]
