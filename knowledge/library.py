"""The library: ledger, index, embedder and retriever opened together, and kept in step."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from itertools import groupby
from pathlib import Path

from knowledge import inventory, stamps
from knowledge.embedding import open_embedder
from knowledge.errors import DocumentError, EmbeddingError, StoreError
from knowledge.index import PassageIndex
from knowledge.ingest import SAMPLE_ROOT, Ingester, IngestReport, Progress, sample_folder
from knowledge.ledger import Ledger, OnWait, SourceRow, nobody_told, open_engine
from knowledge.passages import PUBLIC, Failure
from knowledge.recent import RecentQueries
from knowledge.reindex import reindex
from knowledge.retriever import HybridRetriever, Query, Retrieved
from knowledge.settings import KnowledgeSettings
from knowledge.sources.base import Source
from knowledge.sources.files import FileSource
from knowledge.sources.registry import all_configured
from knowledge.stamps import ALIAS, COLLECTION, EMBEDDING, KEPT, collection_name
from knowledge.store.opening import open_index

__all__ = ["COLLECTION", "EMBEDDING", "Library", "collection_name", "prepare_folder"]


class Library:
    """All that is known. Opened once per process; thread-safe for searches.

    Raises KnowledgeError from every method: the store, the ledger or the embedder cannot
    serve.
    """

    def __init__(self, settings: KnowledgeSettings) -> None:
        prepare_folder(settings.data_dir)
        self.settings = settings
        self.ledger = Ledger(open_engine(settings.database_url))
        embedder = open_embedder(settings)
        self.embedder = RecentQueries(embedder) if embedder else None
        self.index = self._open_index()
        self._retriever = HybridRetriever(self.ledger, self.index, self.embedder)
        self._next: PassageIndex | None = None
        """The collection that another embedding model wants, while it is not complete."""
        self._left: list[PassageIndex] = []
        stored = self.ledger.fact(COLLECTION)
        if stored not in (None, collection_name(self.embedder)) and not self.is_empty():
            self._answer_from(str(stored))

    def __enter__(self) -> "Library":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _answer_from(self, stored: str) -> None:
        """What was stored with another model goes on answering, by its words."""
        self._next, self.index = self.index, self._open(stored)
        self._retriever.use(self.index, None, EmbeddingError("embedding.rebuilding"))

    def close(self) -> None:
        for index in (self.index, self._next, *self._left):
            if index is not None:
                index.close()
        self.ledger.close()

    @property
    def is_rebuilding(self) -> bool:
        """The embedding model was changed, and `prepare` is not done."""
        return self._next is not None

    def search(self, query: Query) -> Retrieved:
        return self._retriever.search(query)

    @property
    def retriever(self) -> HybridRetriever:
        return self._retriever

    @property
    def embedding_model(self) -> str | None:
        return self.embedder.model_id if self.embedder else None

    def is_empty(self) -> bool:
        return not self.ledger.all()

    def holds_sample(self) -> bool:
        return bool(self.ledger.known(SAMPLE_ROOT))

    def prepare(
        self,
        progress: Callable[[Progress], None] = lambda _: None,
        on_wait: OnWait = nobody_told,
    ) -> bool:
        """Brings the index in line with the embedding model; True if vectors were made anew.

        A change of model fills a new collection from the passages of the old one, which
        answers meanwhile, and then switches over in one step.
        """
        if self._next is None:
            self._first_stamp()
            return False
        with self.ledger.writer(on_wait):
            if not self.is_rebuilding:
                return True  # another thread did it meanwhile
            if self.ledger.fact(COLLECTION) != collection_name(self.embedder):
                reindex(self.index, self._next, self.ledger, self.embedder, progress)
                self._next.settle()
                stamps.leave(self.ledger)
                self._stamp()
            self._switch()
        return True

    def _first_stamp(self) -> None:
        if self.ledger.fact(COLLECTION) != collection_name(self.embedder):
            self._stamp()
        elif stamps.was_cut_otherwise(self.ledger):
            self.ledger.doubt_all()
            self._stamp()
        self.forget_previous(KEPT)

    def _switch(self) -> None:
        """From now on searches begin in the new collection; those under way end in the old."""
        assert self._next is not None
        self._left.append(self.index)
        self.index, self._next = self._next, None
        self._retriever.use(self.index, self.embedder)

    def forget_previous(self, age: timedelta = timedelta()) -> bool:
        """Deletes the collection of the model before, where it was left so long ago."""
        left = stamps.left(self.ledger, collection_name(self.embedder), age)
        if left is None:
            return False
        with self._open(left) as index:
            index.drop()
        stamps.forget(self.ledger)
        return True

    def ingest(
        self,
        paths: Sequence[Path],
        audience: str = PUBLIC,
        progress: Callable[[Progress], None] = lambda _: None,
        on_wait: OnWait = nobody_told,
    ) -> IngestReport:
        """Files and folders; the sample goes with the first document that gets in."""
        self.prepare(progress, on_wait)
        ingester, report = self._ingester(on_wait), IngestReport()
        for path in paths:
            with self.ledger.reader(str(path.resolve()), on_wait):
                self._ingest_path(ingester, path, audience, progress, report)
        self._part_with_sample(ingester, report, on_wait)
        return report

    def sync(
        self,
        root: str,
        source: Source,
        progress: Callable[[Progress], None] = lambda _: None,
        on_wait: OnWait = nobody_told,
    ) -> IngestReport:
        """All that changed at one source. Raises DocumentError: it is not there as a whole."""
        self.prepare(progress, on_wait)
        ingester = self._ingester(on_wait)
        with self.ledger.reader(root, on_wait):
            report = ingester.ingest(root, source, progress)
        self._part_with_sample(ingester, report, on_wait)
        return report

    def _ingester(self, on_wait: OnWait = nobody_told) -> Ingester:
        turn = partial(self._turn, on_wait)
        return Ingester(self.ledger, self.index, self.embedder, turn=turn)

    @contextmanager
    def _turn(self, on_wait: OnWait) -> Iterator[None]:
        """To write into the collection that is the live one still. Raises EmbeddingError
        `embedding.changed`: another program left it while we waited."""
        with self.ledger.writer(on_wait):
            if self.ledger.fact(COLLECTION) != collection_name(self.embedder):
                raise EmbeddingError("embedding.changed")
            yield

    def _part_with_sample(self, ingester: Ingester, report: IngestReport, on_wait: OnWait) -> None:
        """It goes with the first document that gets in; not while it is coming in itself."""
        if not (report.added or report.updated or report.unchanged):
            return
        with self.ledger.reader(SAMPLE_ROOT, on_wait):
            if self.holds_sample():
                ingester.remove(self._keys(SAMPLE_ROOT))
                report.sample_removed = True

    def ingest_sample(self, progress: Callable[[Progress], None] = lambda _: None) -> IngestReport:
        """`knowledge/sample/`, for a first run with an empty knowledge base."""
        self.prepare(progress)
        with self.ledger.reader(SAMPLE_ROOT):
            source = FileSource(sample_folder())
            return self._ingester().ingest(SAMPLE_ROOT, source, progress)

    def remove(self, rows: Sequence[SourceRow]) -> inventory.Removal:
        """Takes documents out; from now on they answer nothing."""
        return inventory.remove(self.ledger, self.index, rows)

    def verify(
        self,
        progress: Callable[[Progress], None] = lambda _: None,
        on_wait: OnWait = nobody_told,
    ) -> inventory.Verification:
        """Compares ledger and index both ways, and mends what differs."""
        self.prepare(progress, on_wait)
        with self.ledger.writer(on_wait):
            self.forget_previous()
            findings = inventory.compare(self.ledger, self.index, progress)
        failed = list(self._read_again(findings.lost, progress, on_wait))
        return inventory.Verification(findings, len(findings.lost) - len(failed), tuple(failed))

    def _read_again(
        self, lost: Sequence[SourceRow], progress: Callable[[Progress], None], on_wait: OnWait
    ) -> Iterator[Failure]:
        """The documents that could not be had from where they came."""
        ingester = self._ingester(on_wait)
        for root, rows in groupby(lost, key=lambda row: row.root):
            names = frozenset(row.source for row in rows)
            try:
                source = inventory.Only(self._source_of(root), names)
                with self.ledger.reader(root, on_wait):
                    failed = ingester.ingest(root, source, progress).failed
                yield from failed
            except DocumentError as error:
                yield from (Failure(name, error.code, error.detail) for name in sorted(names))

    def _source_of(self, root: str) -> Source:
        """Raises DocumentError `source.unconfigured`: it cannot be read any more."""
        if root == SAMPLE_ROOT:
            return FileSource(sample_folder())
        for _, roots in all_configured(self.settings, self.ledger.roots()):
            if root in roots:
                return roots[root]
        raise DocumentError("source.unconfigured", source=root)

    def _ingest_path(
        self,
        ingester: Ingester,
        path: Path,
        audience: str,
        progress: Callable[[Progress], None],
        report: IngestReport,
    ) -> None:
        root = path.resolve()
        try:
            done = ingester.ingest(str(root), self._files(path, audience), progress)
        except DocumentError as error:
            report.failed.append(Failure(str(path), error.code, dict(error.detail)))
            return
        report.add(done)
        self._one_home(ingester, root)

    def _files(self, path: Path, audience: str) -> FileSource:
        own = self.settings
        return FileSource(path, audience, own.max_file_bytes, (own.data_dir,))

    def _one_home(self, ingester: Ingester, root: Path) -> None:
        """A file belongs to the root that was ingested last, never to two."""
        for other in {row.root for row in self.ledger.all()} - {str(root), SAMPLE_ROOT}:
            if root in Path(other).parents:
                ingester.remove(self._keys(other))
            elif Path(other) in root.parents:
                inside = root.relative_to(other).as_posix()
                ingester.remove(
                    [
                        (other, source)
                        for _, source in self._keys(other)
                        if source == inside or source.startswith(f"{inside}/")
                    ]
                )

    def _keys(self, root: str) -> list[tuple[str, str]]:
        return [(root, source) for source in self.ledger.known(root)]

    def _open_index(self) -> PassageIndex:
        index = self._open(collection_name(self.embedder))
        index.ensure(self.embedder.dimension if self.embedder else None)
        return index

    def _open(self, collection: str) -> PassageIndex:
        settings = self.settings
        return open_index(
            settings.data_dir,
            settings.qdrant_url,
            settings.qdrant_api_key,
            collection,
            settings.store_linger_s,
        )

    def _stamp(self) -> None:
        (self._next or self.index).publish(ALIAS)
        stamps.stamp(self.ledger, self.embedder)


def prepare_folder(data_dir: Path) -> None:
    """Raises StoreError `config.data_dir` where DATA_DIR cannot be made or written."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=data_dir):
            pass
    except OSError as error:
        problem = error.strerror or type(error).__name__
        raise StoreError("config.data_dir", path=str(data_dir), problem=problem) from error
