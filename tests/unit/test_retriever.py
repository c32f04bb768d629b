"""Fusion, dead versions and duplicate texts, over an index in memory."""

from collections.abc import Iterable

import numpy as np
import pytest

from knowledge.embedding import Vectors
from knowledge.errors import EmbeddingError
from knowledge.evidence import evidence
from knowledge.index import Hit
from knowledge.passages import Passage
from knowledge.retriever import DENSE_WEIGHT, HybridRetriever, Query, discounted, distinct, fuse
from knowledge.sparse import idf, query_terms


def hit(name: str, score: float, version: int = 1, text: str | None = None) -> Hit:
    payload = {
        "source": f"{name}.md", "title": name, "text": text or name, "audience": "public",
        "version": version, "locator": {},
    }  # fmt: skip
    return Hit(name, score, payload)


def test_the_fused_score_is_the_share_of_idf_plus_the_weighted_cosine() -> None:
    ranked = fuse([hit("a", 4.0)], [hit("a", 0.9), hit("b", 0.8)], idf_sum=8.0)
    assert [one.passage.id for one in ranked] == ["a", "b"]
    assert ranked[0].score == pytest.approx(0.5 + DENSE_WEIGHT * 0.9)


def test_a_passage_missing_from_the_dense_pool_counts_as_its_worst() -> None:
    ranked = {
        one.passage.id: one for one in fuse([hit("a", 4.0)], [hit("b", 0.9), hit("c", 0.8)], 8.0)
    }
    assert ranked["a"].dense == pytest.approx(0.8)
    assert ranked["a"].score == pytest.approx(0.5 + DENSE_WEIGHT * 0.8)


def test_without_vectors_the_lexical_share_decides_alone() -> None:
    ranked = fuse([hit("a", 4.0), hit("b", 2.0)], [], 8.0)
    assert [one.score for one in ranked] == [0.5, 0.25]
    assert ranked[0].dense is None


def test_one_text_from_two_files_is_shown_once_while_others_are_left() -> None:
    ranked = fuse([hit("a", 3, text="x"), hit("b", 2, text="x"), hit("c", 1)], [], 8.0)
    assert [one.passage.id for one in distinct(ranked, 2)] == ["a", "c"]
    assert [one.passage.id for one in distinct(ranked, 3)] == ["a", "c", "b"]


def test_earlier_phrasings_are_discounted() -> None:
    ranked = fuse([hit("a", 4.0)], [], 8.0)
    assert next(discounted(ranked, 0.5)).score == pytest.approx(0.0)


class Library:
    """An index and a ledger in one, for what the retriever asks of both."""

    def __init__(self, hits: list[Hit], alive: set[int]) -> None:
        self.hits, self.living, self.limits = hits, alive, list[int]()

    def search(
        self, sparse: object, dense: object, limit: int, audiences: object
    ) -> tuple[list[Hit], list[Hit]]:
        self.limits.append(limit)
        return self.hits[:limit], []

    def scroll(self, after: object, limit: int) -> tuple[list[Hit], None]:
        return self.hits, None

    def statistics(self, terms: Iterable[int]) -> tuple[dict[int, int], int]:
        return {}, 10

    def alive(self, versions: Iterable[int]) -> set[int]:
        return self.living & set(versions)


def test_dead_versions_never_show_and_the_pool_is_refilled() -> None:
    dead = [hit(f"dead{n}", 9.0, version=1) for n in range(60)]
    library = Library([*dead, hit("alive", 1.0, version=2)], alive={2})
    found = HybridRetriever(library, library, None).search(Query(("活著",)))  # type: ignore[arg-type]
    assert [one.passage.id for one in found.passages] == ["alive"]
    assert library.limits == [50, 100]


def test_thousands_of_dead_passages_hide_no_live_one() -> None:
    dead = [hit(f"dead{n}", 9.0, version=1) for n in range(3000)]
    library = Library([*dead, hit("alive", 1.0, version=2)], alive={2})
    found = HybridRetriever(library, library, None).search(Query(("活著",)))  # type: ignore[arg-type]
    assert [one.passage.id for one in found.passages] == ["alive"]


def test_a_pool_with_enough_live_passages_is_not_asked_again() -> None:
    dead = [hit(f"dead{n}", 9.0, version=1) for n in range(20)]
    library = Library([*dead, *(hit(f"alive{n}", 1.0, version=2) for n in range(80))], alive={2})
    HybridRetriever(library, library, None).search(Query(("活著",)))  # type: ignore[arg-type]
    assert library.limits == [50]


def test_a_search_shows_k_passages_even_where_nothing_matches() -> None:
    library = Library([hit("a", 1.0), hit("b", 1.0)], alive={1})
    library.search = lambda *_: ([], [])  # type: ignore[method-assign]
    found = HybridRetriever(library, library, None).search(Query(("無關",), None, 2, fill=True))  # type: ignore[arg-type]
    assert [one.score for one in found.passages] == [0.0, 0.0]


class DownEmbedder:
    model_id, dimension = "down", 3

    def passages(self, texts: object) -> Vectors:
        raise EmbeddingError("embedding.unreachable", url="u", problem="p")

    def query(self, text: str) -> Vectors:
        raise EmbeddingError("embedding.unreachable", url="u", problem="p")


def test_a_failing_embedder_leaves_a_lexical_search_that_says_so() -> None:
    library = Library([hit("a", 1.0)], alive={1})
    found = HybridRetriever(library, library, DownEmbedder()).search(Query(("問",)))  # type: ignore[arg-type]
    assert [one.passage.id for one in found.passages] == ["a"]
    assert found.embedding_failed is not None
    assert found.signals.dense is None


def test_evidence_looks_at_neighbouring_sentences_under_their_title() -> None:
    weights = {term: idf(0, 10) for term in query_terms("鋼筆保固幾年")}
    near = Passage("1", "a.md", "鋼筆", "保固期間。自購買日起兩年。")
    far = Passage("2", "a.md", "其他", "保溫杯。紙張。固體膠。紙張。兩年。")
    assert evidence(near, weights) > evidence(far, weights)
    assert evidence(near, {}) == 0.0
    assert 0 <= evidence(near, weights) <= 1
    assert np.isfinite(evidence(near, weights))
