"""The passages with their vectors: a stream of packed points, from one index into another."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Final

import msgpack

from knowledge.index import PassageIndex, Point
from knowledge.ingest import Progress
from knowledge.ledger import Ledger
from knowledge.store.wire import pack_point, unpack_point

_PAGE: Final = 256
Show = Callable[[Progress], None]


def dump(index: PassageIndex, alive: frozenset[int], file: IO[bytes], show: Show) -> int:
    """The points of these versions; gives how many. Raises StoreError."""
    total, seen, kept, after = index.count(), 0, 0, None
    while True:
        page, after = index.points(after, _PAGE)
        for point in page:
            if point.payload["version"] in alive:
                file.write(msgpack.packb(pack_point(point)))
                kept += 1
        seen += len(page)
        show(Progress(min(seen, total), total, page[-1].payload["source"] if page else ""))
        if after is None:
            return kept


def load(index: PassageIndex, path: Path, total: int, show: Show) -> int:
    """Stores them all in a collection that is made where there is none. Raises StoreError."""
    done, batch, is_open = 0, list[Point](), False
    for point in _points(path):
        if not is_open:
            index.ensure(None if point.dense is None else point.dense.shape[1])
            is_open = True
        batch.append(point)
        if len(batch) >= _PAGE:
            done += _store(index, batch, show, done, total)
            batch = []
    if batch:
        done += _store(index, batch, show, done, total)
    if is_open:
        index.settle()
    return done


def _store(index: PassageIndex, batch: list[Point], show: Show, done: int, total: int) -> int:
    index.upsert(batch)
    show(Progress(done + len(batch), total, batch[-1].payload["source"]))
    return len(batch)


def _points(path: Path) -> Iterator[Point]:
    with path.open("rb") as file:
        packed: Any
        for packed in msgpack.Unpacker(file, max_buffer_size=0):
            yield unpack_point(packed)


def sweep(index: PassageIndex, ledger: Ledger) -> None:
    """Deletes what the ledger does not name: the points that were there before."""
    dead, after = set[int](), None
    while True:
        page, after = index.scroll(after, 1000)
        versions = {hit.payload["version"] for hit in page}
        dead |= versions - ledger.alive(versions)
        if after is None:
            break
    index.delete_versions(sorted(dead))
