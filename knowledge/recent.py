"""Questions that were just embedded: a curated answer is looked for, then a passage."""

import threading
from collections import OrderedDict
from collections.abc import Sequence

from knowledge.embedding import Embedder, Vectors

KEPT = 64
"""Vectors of 384 numbers: 100 kB in all."""


class RecentQueries(Embedder):
    """An embedder that need not embed the same question twice in a row."""

    def __init__(self, inner: Embedder) -> None:
        self._inner = inner
        self._known: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def model_id(self) -> str:
        return self._inner.model_id

    @property
    def dimension(self) -> int:
        return self._inner.dimension

    def passages(self, texts: Sequence[str]) -> Vectors:
        return self._inner.passages(texts)

    def queries(self, texts: Sequence[str]) -> Vectors:
        return self._inner.queries(texts)

    def query(self, text: str) -> Vectors:
        with self._lock:
            known = self._known.get(text)
        if known is not None:
            return known
        vector = self._inner.query(text)
        vector.setflags(write=False)  # shared from now on
        with self._lock:
            self._known[text] = vector
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
        return vector
