"""The index in the store process of this machine."""

import shutil
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from knowledge.errors import StoreError
from knowledge.index import Hit, Point, SparseVector
from knowledge.process import Link, Service, connect, last_words
from knowledge.store.wire import (
    SERVICE_NAME,
    VERSION,
    batches,
    pack_dense,
    pack_sparse,
    unpack_point,
)

RESERVE: Final = 256 * 1024 * 1024
"""Bytes of free disk below which the store takes nothing more."""
_ATTEMPTS: Final = 3
_TIMEOUT_S: Final = 300.0


def store_service(linger: float = 20.0, reserve: int = RESERVE, version: str = VERSION) -> Service:
    """How the store process is started; `linger` in seconds, `reserve` in bytes."""
    return Service(
        name=SERVICE_NAME,
        module="knowledge.store",
        version=version,
        error=StoreError,
        args=(str(reserve),),
        linger=linger,
    )


class EmbeddedIndex:
    """One collection in the store process, which is started when it is first needed.

    Each thread that calls at the same time has a connection of its own. Every operation
    may be repeated without harm, and is repeated when the store process died under it.
    """

    def __init__(self, data_dir: Path, collection: str, service: Service | None = None) -> None:
        self._data_dir, self._collection = data_dir, collection
        self._service = service or store_service()
        self._idle: list[Link] = []
        self._guard = threading.Lock()

    def ensure(self, dimension: int | None) -> None:
        self._call("ensure", dimension=dimension)

    def upsert(self, points: Sequence[Point]) -> None:
        for group in batches(points):
            self._call("upsert", points=group)

    def search(
        self,
        sparse: SparseVector,
        dense: NDArray[np.float32] | None,
        limit: int,
        audiences: frozenset[str] | None,
    ) -> tuple[list[Hit], list[Hit]]:
        answer = self._call(
            "search",
            sparse=pack_sparse(sparse),
            dense=pack_dense(dense),
            limit=limit,
            audiences=None if audiences is None else sorted(audiences),
        )
        payloads = answer["payloads"]
        pools = [
            [Hit(key, score, payloads[key]) for key, score in pool if key in payloads]
            for pool in answer["pools"]
        ]
        return pools[0], pools[1] if len(pools) > 1 else []

    def delete_versions(self, versions: Sequence[int]) -> None:
        if versions:
            self._call("delete", versions=list(versions))

    def count(self, versions: Sequence[int] | None = None) -> int:
        wanted = None if versions is None else list(versions)
        return int(self._call("count", versions=wanted)["count"])

    def scroll(self, after: str | None, limit: int) -> tuple[list[Hit], str | None]:
        answer = self._call("scroll", after=after, limit=limit)
        return [Hit(key, 0.0, payload) for key, payload in answer["points"]], answer["next"]

    def points(self, after: str | None, limit: int) -> tuple[list[Point], str | None]:
        answer = self._call("points", after=after, limit=limit)
        return [unpack_point(packed) for packed in answer["points"]], answer["next"]

    def settle(self) -> None:
        self._call("settle")

    def stats(self) -> dict[str, Any]:
        """``points``, ``segments``, ``unpacked`` and ``dimension`` of the collection."""
        return self._call("stats")

    def drop(self) -> None:
        """Delete the collection with all that is in it."""
        self._call("drop")

    def publish(self, name: str) -> None:
        """Nothing to do: which collection is the live one stands in SQL alone."""

    def collections(self) -> list[str]:
        """Every collection in this data directory."""
        return list(self._call("list")["names"])

    def close(self) -> None:
        """Let go of the store process, which ends a while after its last user left."""
        with self._guard:
            links, self._idle = self._idle, []
        for link in links:
            link.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _call(self, operation: str, **fields: Any) -> dict[str, Any]:
        request = {"op": operation, "collection": self._collection, **fields}
        answer = self._deliver(request)
        if "error" in answer:
            raise StoreError(answer["error"], **answer["detail"])
        return answer

    def _deliver(self, request: dict[str, Any]) -> dict[str, Any]:
        failure: OSError | None = None
        for _ in range(_ATTEMPTS):
            link = self._take()
            try:
                answer = link.call(request, _TIMEOUT_S)
            except TimeoutError as error:
                link.close()
                raise StoreError("store.failed", detail=f"{_TIMEOUT_S:g} s") from error
            except OSError as error:  # it was killed, or went as we came: ask the next one
                link.close()
                failure = error
                continue
            with self._guard:
                self._idle.append(link)
            return answer
        raise self._post_mortem(failure) from failure

    def _post_mortem(self, failure: OSError | None) -> StoreError:
        free = shutil.disk_usage(self._data_dir).free
        if free < RESERVE:  # the engine's mapped files end the process on a full disk
            return StoreError("disk.full", path=str(self._data_dir), detail=f"{free // 2**20} MiB")
        detail = last_words(self._service, self._data_dir) or str(failure)
        return StoreError("store.failed", detail=detail)

    def _take(self) -> Link:
        with self._guard, suppress(IndexError):
            while True:
                link = self._idle.pop()
                if not link.is_lost():
                    return link
                link.close()
        return connect(self._service, self._data_dir)
