"""What every `PassageIndex` does, embedded or on a server."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from knowledge.errors import StoreError
from knowledge.index import PassageIndex, Point, SparseVector
from knowledge.store.embedded import EmbeddedIndex, store_service
from knowledge.store.remote import ServerIndex
from tests.support.qdrant_server import qdrant_server

Opener = Callable[[], PassageIndex]


@pytest.fixture(params=["embedded", "server"])
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Opens the same collection as often as one likes."""
    with ExitStack() as stack:
        if request.param == "embedded":
            service = store_service(linger=0.3, reserve=0)
            yield lambda: stack.enter_context(EmbeddedIndex(tmp_path, "passages", service))
        else:
            server = stack.enter_context(qdrant_server(api_key="鑰匙".encode().hex()))
            key = server.api_key
            yield lambda: stack.enter_context(ServerIndex(server.url, key, "passages"))


def sparse(**weights: float) -> SparseVector:
    """`t7=2.0` is term 7 with weight 2; term ids use all 32 bits."""
    ids = [int(name[1:]) + 2**32 - 100 for name in weights]
    return SparseVector(np.array(ids, "u4"), np.array(list(weights.values()), "f4"))


def point(
    number: int,
    words: SparseVector,
    rows: list[list[float]] | None = None,
    audience: str = "public",
    version: int = 1,
) -> Point:
    payload = {
        "source": "規章/請假.md",
        "title": "請假",
        "text": f"第 {number} 條",
        "audience": audience,
        "version": version,
        "locator": {"headings": ["一", "二"], "page": None, "rows": [3, 4]},
    }
    dense = None if rows is None else np.array(rows, "f4")
    return Point(str(UUID(int=number)), words, dense, payload)


def ids(hits: list[object]) -> list[int]:
    return [UUID(hit.id).int for hit in hits]  # type: ignore[attr-defined]


def test_lexical_score_is_the_dot_product(opener: Opener) -> None:
    index = opener()
    index.ensure(2)
    index.upsert(
        [point(1, sparse(t1=1.0, t2=0.5), [[1, 0]]), point(2, sparse(t2=2.0, t3=1.0), [[0, 1]])]
    )
    lexical, dense = index.search(sparse(t1=1.0, t2=3.0), None, 10, None)
    assert ids(lexical) == [2, 1]
    assert [hit.score for hit in lexical] == pytest.approx([6.0, 2.5])
    assert dense == []


def test_dense_score_is_the_best_windows_cosine(opener: Opener) -> None:
    index = opener()
    index.ensure(2)
    index.upsert(
        [
            point(1, sparse(t1=1.0), [[0, 5], [3, 4]]),
            point(2, sparse(t1=1.0), [[-1, 0]]),
            point(3, sparse(t1=1.0), [[7, 0], [0, 1], [-1, 0]]),
        ]
    )
    _, dense = index.search(sparse(t9=1.0), np.array([2, 0], "f4"), 2, None)
    assert ids(dense) == [3, 1]
    assert [hit.score for hit in dense] == pytest.approx([1.0, 0.6], abs=1e-4)


def test_payload_comes_back_whole(opener: Opener) -> None:
    index = opener()
    index.ensure(2)
    stored = point(1, sparse(t1=1.0), [[1, 0]], version=2**62 - 1)
    index.upsert([stored])
    lexical, dense = index.search(stored.sparse, np.array([1, 0], "f4"), 5, None)
    assert lexical[0].payload == dense[0].payload == stored.payload


def test_storing_again_replaces(opener: Opener) -> None:
    index = opener()
    index.ensure(2)
    first, second = point(1, sparse(t1=1.0), [[1, 0]]), point(1, sparse(t2=1.0), [[0, 1]])
    for stored in (first, first, second):
        index.upsert([stored])
    assert index.count() == 1
    assert index.search(first.sparse, None, 5, None)[0] == []
    assert ids(index.search(second.sparse, None, 5, None)[0]) == [1]


def test_only_the_named_audiences_are_searched(opener: Opener) -> None:
    index = opener()
    index.ensure(2)
    audiences = ("public", "staff", "人事")
    index.upsert(
        [point(n, sparse(t1=1.0), [[1, 0]], audience) for n, audience in enumerate(audiences)]
    )

    def found(wanted: frozenset[str] | None) -> tuple[set[int], set[int]]:
        lexical, dense = index.search(sparse(t1=1.0), np.array([1, 0], "f4"), 9, wanted)
        return set(ids(lexical)), set(ids(dense))

    assert found(frozenset({"public", "人事"})) == ({0, 2}, {0, 2})
    assert found(frozenset({"nobody"})) == found(frozenset()) == (set(), set())
    assert found(None) == ({0, 1, 2}, {0, 1, 2})


def test_deleted_versions_are_gone(opener: Opener) -> None:
    index = opener()
    index.ensure(2)
    index.upsert([point(n, sparse(t1=1.0), [[1, 0]], version=n % 3 + 2**60) for n in range(300)])
    assert index.count([2**60, 2**60 + 1]) == 200
    index.delete_versions([2**60, 2**60 + 1])
    index.delete_versions([])
    assert index.count([2**60, 2**60 + 1]) == 0
    assert index.count() == index.count([2**60 + 2]) == 100
    assert index.count([]) == 0


def test_points_can_be_moved_with_their_vectors(opener: Opener) -> None:
    index = opener()
    index.ensure(2)
    rows = [[0.0, 1.0], [0.6, 0.8]]
    index.upsert([point(n, sparse(t1=1.5, t2=float(n)), rows) for n in (1, 2, 3)])
    first, after = index.points(None, 2)
    rest, end = index.points(after, 2)
    assert end is None
    assert ids([*first, *rest]) == [1, 2, 3]
    moved = rest[0]
    assert moved.sparse.indices.tolist() == sparse(t1=0, t2=0).indices.tolist()
    assert moved.sparse.values.tolist() == [1.5, 3.0]
    assert moved.dense is not None
    assert moved.dense == pytest.approx(np.array(rows))
    assert moved.payload == point(3, sparse(t1=1)).payload
    index.upsert([moved])
    assert index.count() == 3


def test_points_of_a_collection_without_dense_vectors_have_none(opener: Opener) -> None:
    index = opener()
    index.ensure(None)
    index.upsert([point(1, sparse(t1=1.0))])
    ((alone,), _) = index.points(None, 5)
    assert alone.dense is None


def test_scrolling_meets_every_point_once(opener: Opener) -> None:
    index = opener()
    index.ensure(2)
    index.upsert([point(n, sparse(t1=1.0), [[1.0, 0.0]]) for n in range(1, 8)])
    met, after = list[int](), None
    for _ in range(3):
        page, after = index.scroll(after, 3)
        assert len(page) <= 3
        met += ids(page)  # type: ignore[arg-type]
    assert after is None
    assert sorted(met) == list(range(1, 8))
    assert page[0].payload["title"] == "請假"


def test_without_dense_vectors(opener: Opener) -> None:
    index = opener()
    index.ensure(None)
    index.ensure(None)
    index.upsert([point(1, sparse(t1=1.0))])
    assert ids(index.search(sparse(t1=1.0), None, 5, None)[0]) == [1]


def test_other_dimension_is_refused(opener: Opener) -> None:
    opener().ensure(2)
    with pytest.raises(StoreError) as caught:
        opener().ensure(3)
    assert caught.value.code == "store.dimension"
    assert caught.value.detail == {"collection": "passages", "stored": "2", "wanted": "3"}


def test_missing_collection_is_said(opener: Opener) -> None:
    with pytest.raises(StoreError) as caught:
        opener().search(sparse(t1=1.0), None, 5, None)
    assert caught.value.code == "store.missing"


def test_reopening_keeps_everything(opener: Opener) -> None:
    with opener() as index:
        index.ensure(2)
        index.upsert([point(n, sparse(t1=1.0 + n), [[1, n]]) for n in range(50)])
        index.settle()
    again = opener()
    again.ensure(2)
    assert again.count() == 50
    assert ids(again.search(sparse(t1=1.0), None, 1, None)[0]) == [49]


def test_two_clients_see_each_others_points(opener: Opener) -> None:
    one, two = opener(), opener()
    one.ensure(2)
    two.ensure(2)
    one.upsert([point(1, sparse(t1=1.0), [[1, 0]])])
    two.upsert([point(2, sparse(t1=2.0), [[1, 0]])])
    assert one.count() == two.count() == 2


def test_ensure_from_everywhere_at_once(opener: Opener) -> None:
    indexes = [opener() for _ in range(4)]
    errors: list[StoreError] = []

    def ensure(index: PassageIndex) -> None:
        try:
            index.ensure(2)
        except StoreError as error:
            errors.append(error)

    threads = [threading.Thread(target=ensure, args=(index,)) for index in indexes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert indexes[0].count() == 0


def test_threads_share_one_index(opener: Opener) -> None:
    index = opener()
    index.ensure(2)
    index.upsert([point(n, sparse(**{f"t{n}": 1.0}), [[1, n]]) for n in range(8)])
    found: dict[int, list[int]] = {}

    def ask(n: int) -> None:
        for _ in range(10):
            found[n] = ids(index.search(sparse(**{f"t{n}": 1.0}), np.array([1, n]), 3, None)[0])

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: [n] for n in range(8)}


def test_a_dropped_collection_is_gone_and_may_be_made_anew(opener: Opener) -> None:
    index = opener()
    index.drop()  # there is none yet
    index.ensure(2)
    index.upsert([point(1, sparse(t1=1.0), [[1, 0]])])
    index.drop()
    with pytest.raises(StoreError) as caught:
        index.count()
    assert caught.value.code == "store.missing"
    index.ensure(3)
    assert index.count() == 0


def test_a_published_name_may_be_published_again(opener: Opener) -> None:
    index = opener()
    index.ensure(2)
    index.publish("live")
    index.publish("live")
    assert index.count() == 0
