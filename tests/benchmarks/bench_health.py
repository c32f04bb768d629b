"""Whether the server stays awake during an ingest: ``python -m tests.benchmarks.bench_health``.

Starts `secretary run` on an empty folder, then stores and packs 10,000 synthetic passages
through the store process that it shares, as `secretary ingest` does, while `/healthz` is
asked every 20 ms. Prints how long it took to answer.
"""

import argparse
import os
import tempfile
import threading
import time
from pathlib import Path

from knowledge.store.embedded import EmbeddedIndex
from tests.benchmarks.bench_store import DIMENSION, Maker, percentiles
from tests.support.program import Home, Running, running


def run(points: int, folder: Path) -> None:
    with running(Home(folder)) as server:
        waits: list[float] = []
        done = threading.Event()
        asking = threading.Thread(target=_ask, args=(server, waits, done))
        asking.start()
        begun = time.monotonic()
        _fill(folder / "data", points)
        spent = time.monotonic() - begun
        done.set()
        asking.join()
    print(f"{points} passages stored and packed in {spent:.0f} s")
    print(f"/healthz meanwhile: {percentiles(waits)} ({len(waits)} requests)")
    print(f"load average of the machine: {os.getloadavg()}")


def _ask(server: Running, waits: list[float], done: threading.Event) -> None:
    while not done.wait(0.02):
        begun = time.perf_counter()
        server.client.get("/healthz").raise_for_status()
        waits.append((time.perf_counter() - begun) * 1000)


def _fill(data_dir: Path, points: int) -> None:
    maker = Maker(3)
    with EmbeddedIndex(data_dir, "bench") as index:
        index.ensure(DIMENSION)
        for group in maker.points(0, points):
            index.upsert(group)
        index.settle()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=10_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run(given.points, Path(folder))


if __name__ == "__main__":
    main()
