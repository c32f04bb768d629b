"""DRCD in a real library, and the same library with some articles out of sight.

An article is hidden by what the retriever is told, not by taking it out of the index: a
ledger that does not name its versions as alive and leaves its terms out of the statistics,
over an index that gives as many hits as if the others were not there. So one ingest serves
thousands of different corpora.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from knowledge.embedding import Embedder, Vectors
from knowledge.index import Hit, PassageIndex, SparseVector
from knowledge.ingest import Progress
from knowledge.ledger import Ledger, open_engine, source_terms, sources, sqlite_url, unpack_terms
from knowledge.library import Library
from knowledge.retriever import HybridRetriever
from knowledge.settings import KnowledgeSettings
from tests.eval.drcd import documents


class Remembering(Embedder):
    """Embeds each query once: the same questions are asked of many corpora."""

    def __init__(self, inner: Embedder) -> None:
        self._inner = inner
        self._known: dict[str, Vectors] = {}

    @property
    def model_id(self) -> str:
        return self._inner.model_id

    @property
    def dimension(self) -> int:
        return self._inner.dimension

    def passages(self, texts: Sequence[str]) -> Vectors:
        return self._inner.passages(texts)

    def query(self, text: str) -> Vectors:
        if text not in self._known:
            self._known[text] = self._inner.query(text)
        return self._known[text]


class Articles:
    """What the ledger knows of every document, by its source name."""

    def __init__(self, database_url: str) -> None:
        columns = (sources.c.source, sources.c.version, sources.c.passages, source_terms.c.terms)
        same_version = sources.c.version == source_terms.c.version
        engine = open_engine(database_url)
        with engine.connect() as connection:
            rows = connection.execute(select(*columns).where(same_version)).all()
        engine.dispose()
        self.version = {row.source: int(row.version) for row in rows}
        self.passages = {row.source: int(row.passages) for row in rows}
        self.terms = {row.source: unpack_terms(row.terms) for row in rows}
        self.all_terms: Counter[int] = Counter()
        for counts in self.terms.values():
            self.all_terms.update(counts)

    @property
    def total(self) -> int:
        return sum(self.passages.values())

    def terms_of(self, names: Iterable[str]) -> Counter[int]:
        found: Counter[int] = Counter()
        for name in names:
            found.update(self.terms[name])
        return found


class PartialLedger(Ledger):
    """A ledger whose truth is some of the articles."""

    def __init__(self, alive: set[int], frequencies: Callable[[int], int], total: int) -> None:
        self._alive = alive
        self._frequencies = frequencies
        self._total = total

    def alive(self, versions: Iterable[int]) -> set[int]:
        return self._alive.intersection(versions)

    def statistics(self, terms: Iterable[int]) -> tuple[dict[int, int], int]:
        found = {term: self._frequencies(term) for term in terms}
        return {term: count for term, count in found.items() if count}, self._total


class PartialIndex:
    """Searches the whole collection and keeps the hits of some versions, up to the limit.

    The one method that a retriever uses.
    """

    def __init__(self, whole: PassageIndex, alive: set[int], everything: int) -> None:
        self._whole = whole
        self._alive = alive
        self._everything = everything

    def search(
        self,
        sparse: SparseVector,
        dense: NDArray[np.float32] | None,
        limit: int,
        audiences: frozenset[str] | None,
    ) -> tuple[list[Hit], list[Hit]]:
        lexical, near = self._whole.search(sparse, dense, self._everything, audiences)
        return self._kept(lexical)[:limit], self._kept(near)[:limit]

    def _kept(self, hits: list[Hit]) -> list[Hit]:
        return [hit for hit in hits if hit.payload["version"] in self._alive]


class World:
    """One library and retrievers that see all of it, all but some, or only some."""

    def __init__(self, library: Library, database_url: str) -> None:
        self.library = library
        self.articles = Articles(database_url)
        self.embedder = Remembering(library.embedder) if library.embedder else None

    def whole(self, *, dense: bool = True) -> HybridRetriever:
        return self.without((), dense=dense)

    def without(self, hidden: Iterable[str], *, dense: bool = True) -> HybridRetriever:
        gone = set(hidden)
        articles, missing = self.articles, self.articles.terms_of(gone)
        alive = {version for name, version in articles.version.items() if name not in gone}
        total = articles.total - sum(articles.passages[name] for name in gone)
        ledger = PartialLedger(alive, lambda term: articles.all_terms[term] - missing[term], total)
        return HybridRetriever(ledger, self.library.index, self.embedder if dense else None)

    def only(self, names: Iterable[str], *, dense: bool = True) -> HybridRetriever:
        kept = sorted(set(names))
        present = self.articles.terms_of(kept)
        alive = {self.articles.version[name] for name in kept}
        total = sum(self.articles.passages[name] for name in kept)
        ledger = PartialLedger(alive, lambda term: present[term], total)
        index = cast(PassageIndex, PartialIndex(self.library.index, alive, self.articles.total))
        return HybridRetriever(ledger, index, self.embedder if dense else None)


@contextmanager
def drcd_world(drcd: Path, data_dir: Path) -> Iterator[World]:
    """DRCD as one document an article; ingested into `data_dir` unless it is there already."""
    url = sqlite_url(data_dir)
    settings = KnowledgeSettings(data_dir=data_dir, database_url=url)
    texts = documents(drcd)
    with Library(settings) as library:
        if {name for name, _ in texts} - {row.source for row in library.ledger.all()}:
            _ingest(library, texts, data_dir / "drcd")
        yield World(library, url)


def _ingest(library: Library, texts: list[tuple[str, str]], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts:
        (folder / name).write_text(text, encoding="utf-8")
    library.ingest([folder], progress=_show)


def _show(step: Progress) -> None:
    if step.done % 20 == 0:
        print(f"ingest {step.done}/{step.total}", flush=True)
