"""One embedded collection: its files, its requests, and the upkeep between them."""

import json
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import qdrant_edge as edge

from knowledge.errors import StoreError
from knowledge.store.engine import any_of, config, engine, packed, point, pools

STEP: Final = 2000
"""Points after which `optimize` is due."""
_FLUSH_AFTER_S: Final = 1.0


class Collection:
    """An open collection; for one thread. Raises `StoreError` as `PassageIndex` says."""

    def __init__(self, path: Path, shard: edge.EdgeShard, dimension: int | None) -> None:
        self._path, self._shard = path, shard
        self.dimension = dimension
        self.fresh = 0
        """Points written or deleted since the last `optimize`."""
        self._dirty_since: float | None = None

    @classmethod
    def create(cls, path: Path, dimension: int | None) -> "Collection":
        """A new collection; remains of an unfinished creation are swept away."""
        with engine(path):
            drop(path)
            path.mkdir(parents=True)
            shard = edge.EdgeShard.create(str(path), config(dimension))
            for field, kind in (
                ("audience", edge.PayloadSchemaType.Keyword),
                ("version", edge.PayloadSchemaType.Integer),
            ):
                shard.update(edge.UpdateOperation.create_field_index(field, kind))
            shard.flush()
            # Written last: only with this file is the collection there at all.
            temporary = _card(path).with_suffix(".tmp")
            temporary.write_text(json.dumps({"dimension": dimension}), "utf-8")
            temporary.replace(_card(path))
        return cls(path, shard, dimension)

    @classmethod
    def load(cls, path: Path) -> "Collection | None":
        """None where there is no such collection."""
        try:
            card = json.loads(_card(path).read_bytes())
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise StoreError("store.damaged", path=str(path), detail=str(error)) from error
        with engine(path, "store.damaged"):
            shard = edge.EdgeShard.load(str(path))
        loaded = cls(path, shard, card["dimension"])
        loaded.fresh = STEP  # how much is still unpacked is not known
        return loaded

    def upsert(self, packed: Sequence[dict[str, Any]]) -> None:
        points = [point(one) for one in packed]
        self._update(edge.UpdateOperation.upsert_points(points), len(points))

    def delete_versions(self, versions: list[int]) -> None:
        where = any_of("version", versions)
        doomed = self.count(versions)
        self._update(edge.UpdateOperation.delete_points_by_filter(where), doomed)

    def _update(self, operation: edge.UpdateOperation, points: int) -> None:
        with engine(self._path):
            self._shard.update(operation)
        self.fresh += points
        if self._dirty_since is None:
            self._dirty_since = time.monotonic()

    def count(self, versions: list[int] | None) -> int:
        where = None if versions is None else any_of("version", versions)
        with engine(self._path):
            return self._shard.count(edge.CountRequest(exact=True, filter=where))

    def search(self, request: dict[str, Any]) -> dict[str, Any]:
        """Both pools as ``[id, score]`` pairs, and the payload of each id once."""
        audiences = request["audiences"]
        where = None if audiences is None else any_of("audience", audiences)
        queries = pools(request, where, self.dimension is not None)
        with engine(self._path):
            found = self._shard.query_batch(edge.QueryBatchRequest(queries))
            ids = {str(hit.id) for pool in found for hit in pool}
            records = (
                self._shard.retrieve(list(ids), with_payload=True, with_vector=False) if ids else []
            )
        pairs = [[[str(hit.id), hit.score] for hit in pool] for pool in found]
        payloads = {str(record.id): record.payload or {} for record in records}
        return {"pools": pairs, "payloads": payloads}

    def scroll(self, after: str | None, limit: int) -> dict[str, Any]:
        """A page of ``[id, payload]`` pairs in order of id, and the id that the next starts at."""
        request = edge.ScrollRequest(offset=after, limit=limit, with_payload=True)
        with engine(self._path):
            records, following = self._shard.scroll(request)
        points = [[str(record.id), record.payload or {}] for record in records]
        return {"points": points, "next": None if following is None else str(following)}

    def points(self, after: str | None, limit: int) -> dict[str, Any]:
        """As `scroll`, each point packed with its vectors."""
        request = edge.ScrollRequest(offset=after, limit=limit, with_payload=True, with_vector=True)
        with engine(self._path):
            records, following = self._shard.scroll(request)
        points = [packed(record) for record in records]
        return {"points": points, "next": None if following is None else str(following)}

    def stats(self) -> dict[str, Any]:
        with engine(self._path):
            info = self._shard.info()
        return {
            "points": info.points_count,
            "segments": info.segments_count,
            "unpacked": self.fresh,
            "dimension": self.dimension,
        }

    def optimize(self) -> None:
        """Pack what is new, about a second for `STEP` points, and make it durable."""
        with engine(self._path):
            self._shard.optimize()
        self.fresh = 0
        self.flush()

    def flush(self) -> None:
        """Shorten what has to be replayed when the collection is opened next."""
        with engine(self._path):
            self._shard.flush()
        self._dirty_since = None

    def wants_flush(self) -> bool:
        since = self._dirty_since
        return since is not None and time.monotonic() - since >= _FLUSH_AFTER_S

    def close(self) -> None:
        with engine(self._path):
            self._shard.flush()
            self._shard.close()


def drop(path: Path) -> None:
    """Remove a closed collection with all its files."""
    _card(path).unlink(missing_ok=True)
    if path.exists():
        shutil.rmtree(path)


def names(root: Path) -> list[str]:
    """The collections under `root`."""
    return sorted(card.name.removesuffix(".json") for card in root.glob("*.json"))


def _card(path: Path) -> Path:
    return path.with_name(path.name + ".json")
