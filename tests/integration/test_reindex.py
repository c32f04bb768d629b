"""A change of embedding model fills a new collection and switches over in one step."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from knowledge import library as library_module
from knowledge.embedding import Vectors
from knowledge.ledger import sqlite_url
from knowledge.library import COLLECTION, Library
from knowledge.retriever import Query
from knowledge.settings import KnowledgeSettings


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


def opened(folder: Path, monkeypatch: pytest.MonkeyPatch, dimension: int | None) -> Library:
    embedder = LetterEmbedder(dimension) if dimension else None
    monkeypatch.setattr(library_module, "open_embedder", lambda _: embedder)
    return Library(KnowledgeSettings(folder / "data", sqlite_url(folder / "data")))


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
