"""How fast the embedded store is: ``python -m tests.benchmarks.bench_store --points 50000``.

Synthetic passages: three windows around 200 topic vectors (encyclopaedia articles have 2.1 a
passage, at most 3), 300 different terms by Zipf's law over 100,000 (articles: 298), 300
characters of text; questions of 34 terms (articles' questions: mean 34, 95th percentile 59). The embedding is not part of it. Medians
of the latencies are what to compare; a machine that does other work shows in p95, and
``chrt -r 20`` before the command (as root) shows what it would be without that work.
"""

import argparse
import json
import os
import shutil
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from knowledge.index import Point, SparseVector
from knowledge.store.embedded import EmbeddedIndex, store_service

DIMENSION, TOPICS, VOCABULARY = 384, 200, 100_000
TERMS_OF_PASSAGE, TERMS_OF_QUESTION = 300, 34


class Maker:
    """Reproducible passages and questions."""

    def __init__(self, windows: int) -> None:
        self._random = np.random.default_rng(7)
        self._windows = windows
        self._topics = self._random.normal(size=(TOPICS, DIMENSION)).astype("f4")

    def dense(self, rows: int) -> np.ndarray:
        chosen = self._topics[self._random.integers(0, TOPICS, rows)]
        noise = self._random.normal(size=(rows, DIMENSION)).astype("f4")
        return np.asarray(chosen + 0.9 * noise + 2 * self._topics[0], "f4")

    def sparse(self, terms: int) -> SparseVector:
        """So many different terms, frequent ones among them as often as in a text."""
        ranks = self._random.zipf(1.15, terms * 10)
        _, first = np.unique(ranks, return_index=True)
        ranks = ranks[np.sort(first)]
        ids = np.sort(ranks[ranks < VOCABULARY][:terms] * 2654435761 % 2**32).astype("u4")
        return SparseVector(ids, (self._random.random(len(ids)) + 0.5).astype("f4"))

    def point(self, number: int) -> Point:
        payload = {
            "source": f"手冊/{number // 20}.md",
            "title": "員工手冊",
            "text": "請假規定如下，" * 43,
            "audience": ("public", "staff")[number % 2],
            "version": number // 20,
            "locator": {"headings": ["第一章"], "page": number % 20},
        }
        key = str(uuid.UUID(int=number))
        return Point(key, self.sparse(TERMS_OF_PASSAGE), self.dense(self._windows), payload)

    def points(self, start: int, stop: int) -> Iterator[list[Point]]:
        for begin in range(start, stop, 256):
            yield [self.point(n) for n in range(begin, min(begin + 256, stop))]


def timed(action: Callable[[], object]) -> float:
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def query(index: EmbeddedIndex, maker: Maker, audiences: frozenset[str] | None = None) -> float:
    asked = maker.sparse(TERMS_OF_QUESTION)
    dense = maker.dense(1)[0]
    return timed(lambda: index.search(asked, dense, 50, audiences)) * 1000


def percentiles(samples: list[float]) -> str:
    middle, high = np.percentile(samples, [50, 95])
    return f"p50 {middle:.1f} ms, p95 {high:.1f} ms, longest {max(samples):.0f} ms"


def latencies(index: EmbeddedIndex, maker: Maker, label: str) -> None:
    for audiences, suffix in ((None, ""), (frozenset({"public"}), ", one of two audiences")):
        for _ in range(5):
            query(index, maker, audiences)
        print(
            f"{label}{suffix}: {percentiles([query(index, maker, audiences) for _ in range(100)])}"
        )


def fill(index: EmbeddedIndex, maker: Maker, start: int, stop: int) -> None:
    spent = sum(timed(lambda g=group: index.upsert(g)) for group in maker.points(start, stop))
    print(
        f"upsert: {(stop - start) / spent:.0f} points/s while packing; settle: {timed(index.settle):.2f} s"
    )


def memory_mib(data_dir: Path) -> float:
    pid = json.loads((data_dir / "store.json").read_text())["pid"]
    fields = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    return float(fields["RssAnon"].split()[0]) / 1024


def stall(data_dir: Path, maker: Maker, start: int, more: int) -> None:
    """Searches every 50 ms while `more` points come in and are packed."""
    waits: list[float] = []
    done = threading.Event()

    def searcher() -> None:
        asking = Maker(1)
        with EmbeddedIndex(data_dir, "bench") as own:
            while not done.wait(0.05):
                waits.append(query(own, asking))

    thread = threading.Thread(target=searcher)
    with EmbeddedIndex(data_dir, "bench") as index:
        groups = list(maker.points(start, start + more))
        thread.start()
        for group in groups:
            index.upsert(group)
        index.settle()
    done.set()
    thread.join()
    print(f"search during ingest of {more}: {percentiles(waits)} ({len(waits)} searches)")


def run(points: int, windows: int, data_dir: Path) -> None:
    maker = Maker(windows)
    service = store_service(linger=0.5)
    with EmbeddedIndex(data_dir, "bench", service) as index:
        print(f"start: {timed(lambda: index.ensure(DIMENSION)):.2f} s")
        fill(index, maker, 0, points)
        latencies(index, maker, "hybrid")
        print(f"memory without the page cache: {memory_mib(data_dir):.0f} MiB; {index.stats()}")
    while (data_dir / "store.json").exists():
        time.sleep(0.1)
    time.sleep(1)
    with EmbeddedIndex(data_dir, "bench", service) as index:
        print(f"open, process start included: {timed(index.count):.2f} s")
        latencies(index, maker, "hybrid, reopened")
        stall(data_dir, maker, points, 10_000)
    size = sum(f.stat().st_blocks * 512 for f in data_dir.rglob("*") if f.is_file())
    print(f"load average of the machine meanwhile: {os.getloadavg()}")
    print(f"disk: {size / 2**20:.0f} MiB")


def growth(sizes: list[int], windows: int, data_dir: Path) -> None:
    """Latencies of one collection as it grows."""
    maker, filled = Maker(windows), 0
    with EmbeddedIndex(data_dir, "bench", store_service(linger=0.5)) as index:
        index.ensure(DIMENSION)
        for size in sizes:
            fill(index, maker, filled, size)
            filled = size
            latencies(index, maker, f"{size} passages × {windows} windows")
            print(f"memory without the page cache: {memory_mib(data_dir):.0f} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=10_000)
    parser.add_argument(
        "--sizes", type=int, nargs="+", help="latencies at each of these, instead of all else"
    )
    parser.add_argument("--windows", type=int, default=3)
    given = parser.parse_args()
    data_dir = Path(tempfile.mkdtemp(prefix="bench-store-"))
    try:
        if given.sizes:
            growth(sorted(given.sizes), given.windows, data_dir)
        else:
            run(given.points, given.windows, data_dir)
    finally:
        shutil.rmtree(data_dir, ignore_errors=True)


if __name__ == "__main__":
    main()
