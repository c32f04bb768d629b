"""What the store process does: requests to collections, upkeep between them."""

import re
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from knowledge.errors import StoreError
from knowledge.store.collection import STEP, Collection, drop, names

_NAME: Final = re.compile(r"\w[\w.-]{0,99}", re.ASCII)
_WRITES: Final = frozenset({"ensure", "upsert", "delete", "settle"})


class StoreWorker:
    """The collections under one folder; see `knowledge.process.Worker`.

    `reserve` is the free space in bytes below which nothing more is written: the engine
    maps its files into memory, and a full disk would end the process instead of an error.
    """

    def __init__(self, root: Path, reserve: int) -> None:
        self._root, self._reserve = root, reserve
        self._open: dict[str, Collection] = {}
        self._operations: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "ensure": self._ensure,
            "upsert": self._upsert,
            "search": lambda request: self._collection(request).search(request),
            "delete": self._delete,
            "count": lambda request: {
                "count": self._collection(request).count(request["versions"])
            },
            "scroll": self._scroll,
            "points": lambda request: self._collection(request).points(
                request["after"], request["limit"]
            ),
            "settle": self._settle,
            "stats": lambda request: self._collection(request).stats(),
            "drop": self._drop,
            "list": lambda _: {"names": names(self._root)},
        }

    def start(self) -> Mapping[str, Any]:
        self._root.mkdir(parents=True, exist_ok=True)
        return {}

    def handle(self, request: dict[str, Any]) -> dict[str, Any]:
        operation = request["op"]
        try:
            return self._operations[operation](request)
        except StoreError as error:
            if operation in _WRITES and error.code in ("disk.full", "store.failed"):
                self._forget(request["collection"])
            raise

    def tick(self) -> bool:
        """Pack or flush one collection that needs it."""
        for name, collection in list(self._open.items()):
            try:
                if self._keep_up(collection):
                    return True
            except StoreError as error:
                print(f"{name}: {error}", file=sys.stderr, flush=True)
                self._forget(name)
        return False

    def _keep_up(self, collection: Collection) -> bool:
        if collection.fresh >= STEP and self._has_space():
            collection.optimize()
            return True
        if collection.wants_flush():
            collection.flush()
            return True
        return False

    def stop(self) -> None:
        for collection in self._open.values():
            collection.close()
        self._open.clear()

    def _collection(self, request: dict[str, Any]) -> Collection:
        name = request["collection"]
        found = self._open.get(name) or self._load(name)
        if found is None:
            raise StoreError("store.missing", collection=name)
        return found

    def _load(self, name: str) -> Collection | None:
        loaded = Collection.load(self._path(name))
        if loaded is not None:
            self._open[name] = loaded
        return loaded

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise StoreError("store.missing", collection=name)
        return self._root / name

    def _ensure(self, request: dict[str, Any]) -> dict[str, Any]:
        name, wanted = request["collection"], request["dimension"]
        found = self._open.get(name) or self._load(name)
        if found is None:
            self._check_space()
            self._open[name] = Collection.create(self._path(name), wanted)
        elif found.dimension != wanted:
            raise StoreError(
                "store.dimension",
                collection=name,
                stored=str(found.dimension or 0),
                wanted=str(wanted or 0),
            )
        return {}

    def _upsert(self, request: dict[str, Any]) -> dict[str, Any]:
        self._check_space()
        collection = self._collection(request)
        if collection.fresh >= 2 * STEP:  # a flood leaves no pause in which to keep up
            collection.optimize()
        collection.upsert(request["points"])
        return {}

    def _delete(self, request: dict[str, Any]) -> dict[str, Any]:
        self._collection(request).delete_versions(request["versions"])
        return {}

    def _scroll(self, request: dict[str, Any]) -> dict[str, Any]:
        return self._collection(request).scroll(request["after"], request["limit"])

    def _settle(self, request: dict[str, Any]) -> dict[str, Any]:
        self._check_space()
        self._collection(request).optimize()
        return {}

    def _drop(self, request: dict[str, Any]) -> dict[str, Any]:
        name = request["collection"]
        if collection := self._open.pop(name, None):
            collection.close()
        drop(self._path(name))
        return {}

    def _forget(self, name: str) -> None:
        # After a failed write the engine's memory may be ahead of its files: read them anew.
        self._open.pop(name, None)

    def _has_space(self) -> bool:
        return shutil.disk_usage(self._root).free >= self._reserve

    def _check_space(self) -> None:
        if not self._has_space():
            free = shutil.disk_usage(self._root).free // 2**20
            raise StoreError(
                "disk.full",
                path=str(self._root),
                detail=f"{free} MiB < {self._reserve // 2**20} MiB",
            )
