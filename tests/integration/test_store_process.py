"""The store process under rough treatment: killed, crowded, out of disk, out of date."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from knowledge.errors import StoreError
from knowledge.index import Point, SparseVector
from knowledge.store.embedded import EmbeddedIndex, store_service
from knowledge.store.opening import open_index

ROOT = Path(__file__).resolve().parents[2]
DIMENSION = 8


def open_here(data_dir: Path, reserve: int = 0, linger: float = 0.3) -> EmbeddedIndex:
    return EmbeddedIndex(data_dir, "c", store_service(linger=linger, reserve=reserve))


def points(start: int, stop: int, version: int = 1) -> list[Point]:
    random = np.random.default_rng(start)
    made = []
    for number in range(start, stop):
        words = SparseVector(np.arange(20, dtype="u4") + number, np.ones(20, "f4"))
        payload = {"text": f"第 {number} 段", "audience": "public", "version": version}
        rows = random.normal(size=(3, DIMENSION)).astype("f4")
        made.append(Point(str(UUID(int=number)), words, rows, payload))
    return made


def store_pid(data_dir: Path) -> int:
    return int(json.loads((data_dir / "store.json").read_text())["pid"])


def test_kill_during_upsert_loses_nothing_acknowledged(tmp_path: Path) -> None:
    with open_here(tmp_path) as index:
        index.ensure(DIMENSION)
        killer = threading.Timer(0.3, lambda: os.kill(store_pid(tmp_path), signal.SIGKILL))
        first = store_pid(tmp_path)
        killer.start()
        acknowledged = 0
        deadline = time.monotonic() + 30
        while store_pid(tmp_path) == first and time.monotonic() < deadline:
            index.upsert(points(acknowledged, acknowledged + 100))
            acknowledged += 100
        killer.join()
        assert store_pid(tmp_path) != first
        assert index.count() == acknowledged, "the batch that was hit is repeated by itself"


def test_search_survives_a_kill_between_calls(tmp_path: Path) -> None:
    with open_here(tmp_path) as index:
        index.ensure(DIMENSION)
        stored = points(0, 10)
        index.upsert(stored)
        os.kill(store_pid(tmp_path), signal.SIGKILL)
        lexical, dense = index.search(stored[3].sparse, stored[3].dense[:1], 3, None)  # type: ignore[index]
        assert lexical[0].id == dense[0].id == stored[3].id


def test_another_process_shares_the_store(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path;"
        "from tests.integration.test_store_process import open_here, points, store_pid;"
        "data = Path(sys.argv[1]); index = open_here(data); index.upsert(points(10, 20));"
        "print(index.count(), store_pid(data)); index.close()"
    )
    with open_here(tmp_path) as index:
        index.ensure(DIMENSION)
        index.upsert(points(0, 10))
        other = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        assert other.stdout.split() == ["20", str(store_pid(tmp_path))]
        assert index.count() == 20


def test_store_that_lingered_out_is_started_again(tmp_path: Path) -> None:
    with open_here(tmp_path, linger=0.1) as index:
        index.ensure(DIMENSION)
        index.upsert(points(0, 10))
    deadline = time.monotonic() + 10
    while (tmp_path / "store.json").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not (tmp_path / "store.json").exists()
    with open_here(tmp_path) as index:
        assert index.count() == 10


def test_searches_go_on_while_much_comes_in(tmp_path: Path) -> None:
    with open_here(tmp_path) as index:
        index.ensure(DIMENSION)
        ingest = threading.Thread(target=lambda: (index.upsert(points(0, 5000)), index.settle()))
        ingest.start()
        waits = []
        while ingest.is_alive():
            begun = time.monotonic()
            index.search(points(1, 2)[0].sparse, None, 5, None)
            waits.append(time.monotonic() - begun)
            time.sleep(0.02)
        assert len(waits) > 3
        assert max(waits) < 10  # about one second on a free machine
        assert index.stats() == {
            "points": 5000,
            "segments": index.stats()["segments"],
            "unpacked": 0,
            "dimension": DIMENSION,
        }


def test_too_little_disk_refuses_writes_and_still_searches(tmp_path: Path) -> None:
    with open_here(tmp_path) as index:
        index.ensure(DIMENSION)
        index.upsert(points(0, 10))
        os.kill(store_pid(tmp_path), signal.SIGKILL)
    with open_here(tmp_path, reserve=2**60) as index:
        index.ensure(DIMENSION)
        with pytest.raises(StoreError) as caught:
            index.upsert(points(10, 20))
        assert caught.value.code == "disk.full"
        assert str(tmp_path) in caught.value.detail["path"]
        assert index.count() == 10
        index.delete_versions([1])
        assert index.count() == 0


def test_damaged_collection_is_said(tmp_path: Path) -> None:
    with open_here(tmp_path, linger=0.1) as index:
        index.ensure(DIMENSION)
        index.upsert(points(0, 10))
        os.kill(store_pid(tmp_path), signal.SIGKILL)
    broken = list((tmp_path / "qdrant" / "c" / "segments").glob("*/segment.json"))
    for state in broken:
        state.write_text("{")
    with open_here(tmp_path) as index, pytest.raises(StoreError) as caught:
        index.count()
    assert broken
    assert caught.value.code == "store.damaged"
    assert caught.value.detail["path"].endswith("qdrant/c")


def test_unfinished_creation_is_swept_away(tmp_path: Path) -> None:
    leftover = tmp_path / "qdrant" / "c" / "segments" / "half"
    leftover.mkdir(parents=True)
    (leftover / "segment.json").write_text("{")
    with open_here(tmp_path) as index:
        index.ensure(DIMENSION)
        assert index.count() == 0


def test_dropped_collection_is_gone(tmp_path: Path) -> None:
    with open_here(tmp_path) as index:
        index.ensure(DIMENSION)
        assert index.collections() == ["c"]
        index.drop()
        assert index.collections() == []
        index.ensure(None)
        assert index.count() == 0


@pytest.mark.parametrize("name", ["../outside", "a/b", "", ".hidden"])
def test_name_of_a_collection_stays_inside(tmp_path: Path, name: str) -> None:
    service = store_service(linger=0.1, reserve=0)
    with EmbeddedIndex(tmp_path, name, service) as index, pytest.raises(StoreError) as caught:
        index.ensure(DIMENSION)
    assert caught.value.code == "store.missing"


def test_factory_starts_nothing(tmp_path: Path) -> None:
    with open_index(tmp_path, None, None, "c") as index:
        assert isinstance(index, EmbeddedIndex)
    assert list(tmp_path.iterdir()) == []
