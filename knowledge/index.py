"""The index of passages: what everybody stores and searches through.

One protocol, two homes: Qdrant's engine in a shared child process
(`knowledge.store.embedded`), or a Qdrant server (`knowledge.store.remote`).
Nothing else in the program speaks of Qdrant.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class SparseVector:
    """Term ids and their weights; a dot product of two is a lexical score."""

    indices: NDArray[np.uint32]
    values: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """One passage as it is stored."""

    id: str
    """A UUID; storing it again replaces the point."""
    sparse: SparseVector
    dense: NDArray[np.float32] | None
    """One row a window; None in a collection without a dense vector."""
    payload: dict[str, Any]
    """``source``, ``title``, ``text``, ``audience``, ``version`` (int) and ``locator``."""


@dataclass(frozen=True, slots=True)
class Hit:
    id: str
    score: float
    """Dot product in the lexical pool, cosine of the best window in the dense one."""
    payload: dict[str, Any]


class PassageIndex(Protocol):
    """One collection; safe to use from several threads.

    Every method raises `StoreError` and nothing of a library's own: ``store.unreachable``
    (url, detail), ``store.rejected`` (url), ``store.locked``, ``store.damaged`` (path,
    detail), ``store.missing`` (collection), ``store.dimension`` (collection, stored,
    wanted), ``store.version``, ``store.failed`` (detail), ``disk.full`` (path).
    """

    def ensure(self, dimension: int | None) -> None:
        """Create the collection where it is missing; None makes one without dense vectors."""
        ...

    def upsert(self, points: Sequence[Point]) -> None:
        """Store the points; once this returns they survive the end of any process."""
        ...

    def search(
        self,
        sparse: SparseVector,
        dense: NDArray[np.float32] | None,
        limit: int,
        audiences: frozenset[str] | None,
    ) -> tuple[list[Hit], list[Hit]]:
        """The lexical and the dense pool, best first, at most `limit` hits each.

        `dense` is one vector; without it the second pool is empty. None for `audiences`
        searches everything, an empty set nothing.
        """
        ...

    def delete_versions(self, versions: Sequence[int]) -> None:
        """Delete every point whose payload says one of these versions."""
        ...

    def count(self, versions: Sequence[int] | None = None) -> int:
        """How many points there are, or how many of these versions."""
        ...

    def scroll(self, after: str | None, limit: int) -> tuple[list[Hit], str | None]:
        """A page of all points, scores 0, and where the next begins; None at the end."""
        ...

    def points(self, after: str | None, limit: int) -> tuple[list[Point], str | None]:
        """As `scroll`, with the vectors: what `upsert` takes, here or elsewhere."""
        ...

    def settle(self) -> None:
        """Make searches fast again after an ingest; others may search meanwhile."""
        ...

    def drop(self) -> None:
        """Delete the collection with all that is in it; nothing where there is none."""
        ...

    def publish(self, name: str) -> None:
        """From now on `name` leads to this collection and no other, where the home of the
        index knows such names (aliases of a server)."""
        ...

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...
