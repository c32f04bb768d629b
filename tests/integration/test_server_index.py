"""`ServerIndex` when the server is away, refuses, or breaks."""

import socket
import time
import warnings

import numpy as np
import pytest

from knowledge.errors import StoreError
from knowledge.index import SparseVector
from knowledge.store.remote import ServerIndex
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
