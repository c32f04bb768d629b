"""Ways to ask, found by meaning: phrasing id → vector, in a collection of their own.

SQL is the truth, this is derived: a collection that was lost, or another embedding model
(which has another collection), is filled anew by `sync`. Both sides of a comparison are
embedded the same way, as queries, so that a question is embedded once for this and for the
search that follows.
"""

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from knowledge.embedding import Embedder, Vectors
from knowledge.errors import StoreError
from knowledge.index import PassageIndex, Point, SparseVector
from knowledge.ingest import Progress

EVERYBODY: Final = "*"
"""The audience of a phrasing that is for all."""
_BATCH: Final = 64
_PAGE: Final = 512
_NAMESPACE: Final = uuid.UUID("6a0b2f0e-6c0e-4f0e-9d55-52b6a6f0b6a1")
_NO_TERMS: Final = SparseVector(np.array([0], np.uint32), np.array([0.0], np.float32))
"""The lexical side of these collections is not used; an empty vector is not allowed."""


@dataclass(frozen=True, slots=True)
class Phrasing:
    id: int
    text: str
    audience: str | None = None


@dataclass(frozen=True, slots=True)
class Nearby:
    id: int
    text: str
    """As it was when it was embedded: a caller whose truth differs ignores the find."""
    score: float
    """Cosine."""


class Phrasebook:
    """Thread-safe. Every method that embeds or searches raises EmbeddingError or StoreError."""

    def __init__(self, index: PassageIndex, embedder: Embedder) -> None:
        self._index, self._embedder = index, embedder
        self._is_ready = False

    @property
    def model_id(self) -> str:
        return self._embedder.model_id

    def embed(self, texts: Sequence[str]) -> Vectors:
        return self._embedder.queries(texts)

    def put(
        self, phrasings: Sequence[Phrasing], progress: Callable[[Progress], None] = lambda _: None
    ) -> None:
        """Embeds and stores; what is there already is replaced."""
        self._ready()
        for start in range(0, len(phrasings), _BATCH):
            batch = phrasings[start : start + _BATCH]
            progress(Progress(start, len(phrasings), batch[0].text))
            vectors = self.embed([phrasing.text for phrasing in batch])
            points = [_point(one, vector) for one, vector in zip(batch, vectors, strict=True)]
            self._index.upsert(points)
        if phrasings:
            progress(Progress(len(phrasings), len(phrasings), ""))
        if len(phrasings) > _PAGE:
            self._index.settle()

    def remove(self, ids: Sequence[int]) -> None:
        if ids:
            self._ready()
            for start in range(0, len(ids), _PAGE):
                self._index.delete_versions(ids[start : start + _PAGE])

    def nearest(self, text: str, k: int, audiences: frozenset[str] | None = None) -> list[Nearby]:
        """The k best of those that are for everybody or one of `audiences` (None: for anyone)."""
        self._ready()
        vector = self._embedder.query(text)
        wanted = None if audiences is None else audiences | {EVERYBODY}
        try:
            _, found = self._index.search(_NO_TERMS, vector, k, wanted)
        except StoreError as error:
            if error.code == "store.missing":  # somebody deleted it meanwhile
                self._is_ready = False
            raise
        return [Nearby(hit.payload["version"], hit.payload["text"], hit.score) for hit in found]

    def missing(self, ids: Iterable[int]) -> set[int]:
        """Which of these have no vector."""
        return set(ids) - {phrasing.id for phrasing in self._stored()}

    def sync(
        self,
        wanted: Callable[[], Iterable[Phrasing]],
        progress: Callable[[Progress], None] = lambda _: None,
    ) -> int:
        """Makes the collection hold exactly what `wanted` gives; how many were embedded.

        `wanted` is read after the collection: truth is always written first, so that what is
        found here and not there is really gone, and not just being added by somebody else.
        """
        stored = {phrasing.id: phrasing for phrasing in self._stored()}
        truth = {phrasing.id: phrasing for phrasing in wanted()}
        self.remove([id_ for id_ in stored if id_ not in truth])
        fresh = [phrasing for phrasing in truth.values() if stored.get(phrasing.id) != phrasing]
        self.put(fresh, progress)
        return len(fresh)

    def close(self) -> None:
        self._index.close()

    def _ready(self) -> None:
        if not self._is_ready:
            self._index.ensure(self._embedder.dimension)
            self._is_ready = True

    def _stored(self) -> Iterator[Phrasing]:
        self._ready()
        after: str | None = None
        while True:
            hits, after = self._index.scroll(after, _PAGE)
            for hit in hits:
                audience = hit.payload["audience"]
                yield Phrasing(
                    hit.payload["version"],
                    hit.payload["text"],
                    None if audience == EVERYBODY else audience,
                )
            if after is None:
                return


def phrasebook_name(collection: str) -> str:
    """Beside the collection of the passages that the same model embeds."""
    return f"{collection}-questions"


def _point(phrasing: Phrasing, vector: Vectors) -> Point:
    return Point(
        id=str(uuid.uuid5(_NAMESPACE, str(phrasing.id))),
        sparse=_NO_TERMS,
        dense=vector.reshape(1, -1),
        payload={
            "version": phrasing.id,
            "text": phrasing.text,
            "audience": phrasing.audience or EVERYBODY,
            "source": "",
            "title": "",
            "locator": {},
        },
    )
