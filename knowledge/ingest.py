"""From a source to the index: parse, chunk, embed, upsert, and only then make it true.

One document is one step: it is either wholly in or not at all, whatever kills the program. Only
the end of that step is a turn of ours to write; reading and embedding keep nobody waiting.
"""

import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from knowledge.chunking import ChunkSettings, chunk
from knowledge.embedding import Embedder
from knowledge.index import PassageIndex, Point, SparseVector
from knowledge.ledger import Ledger, SourceRow, now
from knowledge.passages import Chunk, Document, Failure, Locator
from knowledge.payloads import pack_locator
from knowledge.sources.base import (
    Change,
    Found,
    KnownFile,
    Notice,
    Removed,
    Skipped,
    Source,
    Unchanged,
    source_of,
)
from knowledge.sparse import document_counts, document_vector
from knowledge.sweeping import clear

SAMPLE_ROOT = "sample"
"""The ledger's root of `knowledge/sample/`; it goes at the first real ingest."""


CONTEXT_CHARACTERS = 40
"""Of title and heading before each window; more would drown a short one."""


@dataclass(slots=True)
class IngestReport:
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    failed: list[Failure] = field(default_factory=list)
    skipped: list[Failure] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    passages: int = 0
    sample_removed: bool = False

    def add(self, other: "IngestReport") -> None:
        self.added += other.added
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.removed += other.removed
        self.passages += other.passages
        self.failed += other.failed
        self.skipped += other.skipped
        self.notices += other.notices
        self.sample_removed = self.sample_removed or other.sample_removed


@dataclass(frozen=True, slots=True)
class Progress:
    """What a progress bar shows: documents handled, of how many, and the present one."""

    done: int
    total: int
    source: str


@dataclass(frozen=True, slots=True)
class _Ready:
    """A passage with its vectors."""

    piece: Chunk
    sparse: SparseVector
    dense: np.ndarray[Any, Any] | None


Turn = Callable[[], AbstractContextManager[None]]


class Ingester:
    """Brings the index in line with a source. Not for two readings of one root at once; see
    `Ledger.reader`."""

    def __init__(
        self,
        ledger: Ledger,
        index: PassageIndex,
        embedder: Embedder | None,
        chunks: ChunkSettings | None = None,
        turn: Turn | None = None,
    ) -> None:
        """`turn` is held for every change that is made; by default the ledger's writer."""
        self._ledger = ledger
        self._index = index
        self._embedder = embedder
        self._chunks = chunks or ChunkSettings()
        self._turn = turn or ledger.writer

    def ingest(
        self, root: str, source: Source, progress: Callable[[Progress], None] = lambda _: None
    ) -> IngestReport:
        """Reads everything under one root. Raises StoreError, LedgerError, EmbeddingError;
        what was done until then stays done."""
        report = IngestReport()
        self.sweep()
        known = self._ledger.known(root)
        total = source.count()
        files = self._comparable(known)
        for done, change in enumerate(source.changes(files)):
            progress(Progress(min(done, total), total, _source(change)))
            self._apply(root, change, known, report)
        report.failed.sort(key=lambda failure: failure.source)
        self.sweep()
        progress(Progress(total, total, ""))
        if report.passages or report.removed:
            self._index.settle()
        return report

    def _comparable(self, known: Mapping[str, SourceRow]) -> dict[str, KnownFile]:
        """What to compare files with; a document whose points were lost equals no file."""
        versions = [row.version for row in known.values()]
        whole = not versions or self._index.count(versions) == sum(
            row.passages for row in known.values()
        )
        return {
            name: KnownFile(row.content_hash, row.stamp, row.audience)
            if whole or self._index.count([row.version]) == row.passages
            else KnownFile("", "", row.audience)
            for name, row in known.items()
        }

    def remove(self, keys: Sequence[tuple[str, str]]) -> None:
        """Forgets documents given as (root, source)."""
        if keys:
            with self._turn():
                self._ledger.remove(keys)
                self._clear()

    def sweep(self) -> None:
        """Deletes the points that no live version owns; nobody is half-way with one meanwhile."""
        with self._turn():
            self._clear()

    def _clear(self) -> None:
        clear(self._ledger, self._index, self._ledger.rubbish())

    def _apply(
        self,
        root: str,
        change: Change | Notice,
        known: dict[str, SourceRow],
        report: IngestReport,
    ) -> None:
        match change:
            case Found():
                self._store(root, change, report)
                if change.document.source in known:
                    report.updated += 1
                else:
                    report.added += 1
            case Unchanged():
                report.unchanged += 1
                if change.stamp != known[change.source].stamp:
                    self._ledger.restamp(root, change.source, change.stamp)
            case Removed():
                with self._turn():
                    self._ledger.remove([(root, change.source)])
                report.removed += 1
            case Skipped():
                report.skipped.append(Failure(change.source, change.code, change.detail))
                if change.stamp is not None and change.source in known:
                    self._ledger.restamp(root, change.source, change.stamp)
            case Notice():
                report.notices.append(change)
            case Failure():
                report.failed.append(change)

    def _store(self, root: str, found: Found, report: IngestReport) -> None:
        document = found.document
        chunks = chunk(document, self._chunks)
        ready, terms = self._ready(document, chunks)
        row = SourceRow(
            root=root,
            source=document.source,
            title=document.title,
            audience=document.audience,
            content_hash=document.content_hash,
            stamp=found.stamp,
            version=0,
            passages=len(chunks),
            ingested_at=now(),
        )
        with self._turn():
            row = replace(row, version=self._ledger.begin())
            self._index.upsert([_point(document, one, row.version) for one in ready])
            self._ledger.commit(row, terms)
        report.passages += len(chunks)

    def _ready(
        self, document: Document, chunks: Sequence[Chunk]
    ) -> tuple[list[_Ready], Counter[int]]:
        """What takes long: the vectors of every passage, and how many hold each term."""
        ready: list[_Ready] = []
        terms: Counter[int] = Counter()
        for piece, dense in zip(chunks, self._embed(document, chunks), strict=True):
            counts = document_counts(
                lexical_text_of(document.title, context_of(piece.locator), piece.text)
            )
            terms.update(counts.keys())
            ready.append(_Ready(piece, document_vector(counts), dense))
        return ready, terms

    def _embed(
        self, document: Document, chunks: Sequence[Chunk]
    ) -> Sequence[np.ndarray[Any, Any] | None]:
        """One (windows, dimension) array a chunk; all windows of a document in one call."""
        if self._embedder is None or not chunks:
            return [None] * len(chunks)
        windows = [
            text
            for piece in chunks
            for text in dense_texts(document.title, context_of(piece.locator), piece.windows)
        ]
        vectors = self._embedder.passages(windows)
        ends = np.cumsum([len(piece.windows) for piece in chunks])
        return list(np.split(vectors, ends[:-1]))


def _source(change: Change | Notice) -> str:
    return "" if isinstance(change, Notice) else source_of(change)


def context_of(locator: Locator) -> tuple[str, ...]:
    """What stands above a passage: its headings, or the name of its sheet."""
    return (*locator.headings, locator.sheet) if locator.sheet else locator.headings


def lexical_text_of(title: str, headings: Sequence[str], text: str) -> str:
    """What a passage is found by: its title and headings count as its words."""
    return "\n".join([title, *headings, text])


def dense_texts(title: str, headings: Sequence[str], windows: Sequence[str]) -> list[str]:
    """What is embedded: each window under a short line that says what it is about."""
    last = headings[-1] if headings and headings[-1] != title else ""
    about = f"{title} {last}".strip()[:CONTEXT_CHARACTERS]
    return [f"{about}：{window}" if about else window for window in windows]


def _point(document: Document, ready: _Ready, version: int) -> Point:
    payload = _payload(document, ready.piece, version)
    return Point(id=str(uuid.uuid4()), sparse=ready.sparse, dense=ready.dense, payload=payload)


def _payload(document: Document, piece: Chunk, version: int) -> dict[str, Any]:
    return {
        "source": document.source,
        "title": document.title,
        "text": piece.text,
        "audience": document.audience,
        "version": version,
        "locator": pack_locator(piece.locator),
    }


def sample_folder() -> Path:
    return Path(__file__).parent / "sample"
