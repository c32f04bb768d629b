"""Points on their way to the store process."""

import socket

import numpy as np
import pytest

from knowledge.index import Point, SparseVector
from knowledge.process.frames import FRAME_LIMIT, Hangup, receive, send
from knowledge.store.wire import batches, pack_dense, pack_sparse, unpack_dense, unpack_sparse


def test_vectors_survive_the_way() -> None:
    packed = pack_sparse(SparseVector(np.array([1, 2**32 - 1], "u4"), np.array([0.5, 2], "f4")))
    assert unpack_sparse(packed) == ([1, 2**32 - 1], [0.5, 2.0])
    assert unpack_dense(pack_dense(np.array([[1, 2], [3, 4]], "f4"))) == [[1, 2], [3, 4]]
    assert unpack_dense(pack_dense(np.array([1, 2], "f4"))) == [[1, 2]]


def test_no_window_is_no_vector() -> None:
    assert pack_dense(None) is None
    assert pack_dense(np.empty((0, 4), "f4")) is None


def test_batches_are_bounded_and_complete() -> None:
    words = SparseVector(np.arange(300, dtype="u4"), np.ones(300, "f4"))
    made = [
        Point(str(n), words, np.ones((4, 384), "f4"), {"text": "字" * 300}) for n in range(1000)
    ]
    groups = list(batches(made))
    assert [packed["id"] for group in groups for packed in group] == [p.id for p in made]
    assert len(groups) > 2
    assert list(batches([])) == []


def test_frame_over_the_limit_is_not_read() -> None:
    one, two = socket.socketpair()
    with one, two:
        one.sendall((FRAME_LIMIT + 1).to_bytes(4, "big"))
        with pytest.raises(Hangup):
            receive(two)


def test_rubbish_is_a_hangup() -> None:
    one, two = socket.socketpair()
    with one, two:
        one.sendall(b"\x00\x00\x00\x01\xc1")
        with pytest.raises(Hangup):
            receive(two)
        one.sendall(b"\x00\x00\x00\x01\x07")
        with pytest.raises(Hangup):
            receive(two)
        send(one, {"好": b"\x00"})
        assert receive(two) == {"好": b"\x00"}
        one.close()
        with pytest.raises(Hangup):
            receive(two)
