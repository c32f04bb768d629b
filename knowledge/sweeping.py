"""Deleting the points of versions that are no longer true, and looking that they are gone."""

import logging
from collections.abc import Sequence

from knowledge.index import PassageIndex
from knowledge.ledger import Ledger

log = logging.getLogger(__name__)


def clear(ledger: Ledger, index: PassageIndex, versions: Sequence[int]) -> bool:
    """Whether the index holds none of them any more; else they stay marked as rubbish.

    What is rubbish shows in no search; its points only take room. Raises StoreError,
    LedgerError.
    """
    if not versions:
        return True
    index.delete_versions(versions)
    if left := index.count(versions):
        log.warning("%d points of %d removed versions are still there", left, len(versions))
        return False
    ledger.swept(versions)
    return True
