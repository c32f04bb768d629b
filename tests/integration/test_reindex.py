"""A change of embedding model fills a new collection and switches over in one step."""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from knowledge import library as library_module
from knowledge import reindex as reindexing
from knowledge import stamps
from knowledge.chunking import CHUNKING_VERSION
from knowledge.embedding import Vectors
from knowledge.errors import EmbeddingError
from knowledge.ingest import Progress
from knowledge.ledger import sqlite_url
from knowledge.library import COLLECTION, Library
from knowledge.retriever import Query
from knowledge.settings import KnowledgeSettings
from tests.support.program import until
from tests.support.qdrant_server import qdrant_server


class LetterEmbedder:
    """A vector of hashed characters: cheap, deterministic, alike for alike texts."""

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension
        self.model_id = f"letters-{dimension}"

    def passages(self, texts: Sequence[str]) -> Vectors:
        return np.stack([self.query(text) for text in texts])

    def query(self, text: str) -> Vectors:
        vector = np.full(self.dimension, 1e-3, np.float32)
        for char in text:
            vector[ord(char) % self.dimension] += 1
        return np.asarray(vector / np.linalg.norm(vector), np.float32)


class HeldEmbedder(LetterEmbedder):
    """Waits for a word before every text but the first."""

    def __init__(self, dimension: int) -> None:
        super().__init__(dimension)
        self.embedded = 0
        self.go_on = threading.Event()

    def passages(self, texts: Sequence[str]) -> Vectors:
        if self.embedded:
            assert self.go_on.wait(30)
        self.embedded += 1
        return super().passages(texts)


class BreakingEmbedder(LetterEmbedder):
    """Fails at the `limit`-th passage."""

    def __init__(self, dimension: int, limit: int) -> None:
        super().__init__(dimension)
        self.limit, self.embedded = limit, 0

    def passages(self, texts: Sequence[str]) -> Vectors:
        if self.embedded >= self.limit:
            raise EmbeddingError("embedding.unreachable", url="u", problem="p")
        self.embedded += 1
        return super().passages(texts)


def opened(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    embedder: LetterEmbedder | int | None,
    qdrant_url: str | None = None,
) -> Library:
    made = LetterEmbedder(embedder) if isinstance(embedder, int) else embedder
    monkeypatch.setattr(library_module, "open_embedder", lambda _: made)
    data = folder / "data"
    return Library(KnowledgeSettings(data, sqlite_url(data), qdrant_url, store_linger_s=2))


def shop(folder: Path, documents: int = 2) -> Path:
    docs = folder / "docs"
    docs.mkdir()
    (docs / "a.md").write_text("# 退貨\n\n收到商品七天內可以退貨。", encoding="utf-8")
    for number in range(1, documents):
        text = f"# 保固\n\n第{number}種鋼筆保固兩年。"
        (docs / f"b{number}.md").write_text(text, encoding="utf-8")
    return docs


def found(library: Library, question: str) -> tuple[set[str], str | None]:
    """The sources, and why vectors had no part in it."""
    result = library.search(Query((question,)))
    failed = result.embedding_failed.code if result.embedding_failed else None
    return {one.passage.source for one in result.passages}, failed


def test_answers_go_on_by_words_until_the_new_vectors_are_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path, monkeypatch, 16) as library:
        library.ingest([shop(tmp_path)])
    embedder = HeldEmbedder(32)
    with opened(tmp_path, monkeypatch, embedder) as library:
        assert library.is_rebuilding
        steps: list[Progress] = []
        rebuilding = threading.Thread(target=library.prepare, args=(steps.append,))
        rebuilding.start()
        until(lambda: embedder.embedded > 0, seconds=30)
        assert found(library, "鋼筆保固多久") == ({"b1.md"}, "embedding.rebuilding")
        with opened(tmp_path, monkeypatch, embedder) as other:
            assert found(other, "七天內可以退貨")[0] == {"a.md"}
        embedder.go_on.set()
        rebuilding.join(30)
        assert not library.is_rebuilding
        assert (steps[-1].done, steps[-1].total) == (2, 2)
        sources, failed = found(library, "鋼筆保固多久")
        assert failed is None
        assert sources == {"a.md", "b1.md"}, "vectors rank everything"


def test_a_rebuilding_that_was_cut_off_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reindexing, "BATCH", 3)
    with opened(tmp_path, monkeypatch, 16) as library:
        library.ingest([shop(tmp_path, 10)])
    with opened(tmp_path, monkeypatch, BreakingEmbedder(32, 7)) as library:
        with pytest.raises(EmbeddingError):
            library.prepare()
        assert library.is_rebuilding
        assert found(library, "七天內可以退貨")[0] == {"a.md"}
    again = BreakingEmbedder(32, 100)
    with opened(tmp_path, monkeypatch, again) as library:
        assert library.prepare()
        assert again.embedded == 4, "two batches of three were there already"
        assert library.verify().was_in_step


def test_the_collection_before_is_kept_for_a_day_and_then_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with qdrant_server() as server:
        with opened(tmp_path, monkeypatch, 16, server.url) as library:
            library.ingest([shop(tmp_path)])
            first = library.ledger.fact(stamps.COLLECTION)
            assert server.aliases == {"secretary": first}
        for dimension in (32, 32):
            with opened(tmp_path, monkeypatch, dimension, server.url) as library:
                library.prepare()
                second = library.ledger.fact(stamps.COLLECTION)
                assert set(server.collections) == {first, second}
                assert server.aliases == {"secretary": second}
        with opened(tmp_path, monkeypatch, 32, server.url) as library:
            monkeypatch.setattr(stamps, "now", lambda: datetime.now(UTC) + timedelta(days=2))
            library.prepare()
            assert set(server.collections) == {second}


def test_going_back_to_the_model_before_costs_no_embedding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path, monkeypatch, 16) as library:
        library.ingest([shop(tmp_path)])
    with opened(tmp_path, monkeypatch, 32) as library:
        library.prepare()
    back = BreakingEmbedder(16, 0)
    with opened(tmp_path, monkeypatch, back) as library:
        assert library.prepare()
        assert library.forget_previous() is True
        assert found(library, "七天內可以退貨")[1] is None


def test_the_stamp_says_what_the_vectors_are_made_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for dimension, said in ((16, ("letters-16", "16")), (None, ("", "0"))):
        with opened(tmp_path, monkeypatch, dimension) as library:
            library.prepare()
            fact = library.ledger.fact
            assert (fact(stamps.EMBEDDING), fact(stamps.DIMENSION)) == said
            assert fact(stamps.CHUNKING) == CHUNKING_VERSION


def test_other_rules_of_cutting_make_every_document_be_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docs = shop(tmp_path)
    with opened(tmp_path, monkeypatch, 16) as library:
        library.ingest([docs])
    monkeypatch.setattr(stamps, "CHUNKING_VERSION", "next")
    with opened(tmp_path, monkeypatch, 16) as library:
        library.prepare()
        assert found(library, "七天內可以退貨")[0] >= {"a.md"}, "until then it answers as before"
        report = library.ingest([docs])
        assert (report.updated, report.unchanged) == (2, 0)
        assert library.ingest([docs]).unchanged == 2


def test_no_setting_leads_to_vectors_of_another_length(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever model follows whatever other, and whoever switches first."""
    docs = shop(tmp_path)
    for embedder in (16, None, 32, 16, 8, None, 32):
        with opened(tmp_path, monkeypatch, embedder) as library:
            library.ingest([docs])
            assert found(library, "七天內可以退貨")[0] >= {"a.md"}
            assert library.verify().unmended == ()


def test_a_new_embedding_model_gets_new_vectors_without_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.md").write_text("# 退貨\n\n收到商品七天內可以退貨。", encoding="utf-8")
    (docs / "b.md").write_text("# 保固\n\n鋼筆保固兩年。", encoding="utf-8")
    with opened(tmp_path, monkeypatch, 16) as library:
        library.ingest([docs])
        first = library.ledger.fact(COLLECTION)
    for path in docs.iterdir():
        path.unlink()
    with opened(tmp_path, monkeypatch, 32) as library:
        assert library.prepare() is True
        assert library.prepare() is False
        assert library.ledger.fact(COLLECTION) != first
        found = library.search(Query(("鋼筆保固多久",)))
        assert found.passages[0].passage.source == "b.md"
        assert found.signals.dense is not None
        assert library.index.count() == 2


def test_turning_vectors_off_and_on_keeps_the_passages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.md").write_text("收到商品七天內可以退貨。", encoding="utf-8")
    for dimension in (None, 16, None):
        with opened(tmp_path, monkeypatch, dimension) as library:
            library.prepare()
            library.ingest([tmp_path / "a.md"])
            found = library.search(Query(("幾天內可以退貨",)))
            assert [one.passage.source for one in found.passages] == ["a.md"]
            assert (found.signals.dense is not None) == (dimension is not None)


def test_a_lost_store_is_filled_again_by_the_next_ingest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.md").write_text(f"{name} 收到商品七天內可以退貨。", encoding="utf-8")
    paths = [tmp_path / "a.md", tmp_path / "b.md"]
    with opened(tmp_path, monkeypatch, 16) as library:
        library.ingest(paths)
        library.index.delete_versions([library.ledger.all()[0].version])
        report = library.ingest(paths)
        assert (report.updated, report.unchanged) == (1, 1)
        assert library.index.count() == 2
