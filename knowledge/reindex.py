"""A change of embedding model: new vectors for passages that are there already."""

from collections.abc import Callable

from knowledge.chunking import ChunkSettings, chunk
from knowledge.embedding import Embedder
from knowledge.index import Hit, PassageIndex, Point
from knowledge.ingest import Progress, context_of, dense_texts, lexical_text_of
from knowledge.ledger import Ledger
from knowledge.passages import Block, Document
from knowledge.payloads import unpack_locator
from knowledge.sparse import document_counts, document_vector

BATCH = 64
PAGE = 1000


def reindex(
    old: PassageIndex,
    new: PassageIndex,
    ledger: Ledger,
    embedder: Embedder | None,
    progress: Callable[[Progress], None],
) -> None:
    """Copies every live point from `old` to `new` with vectors of `embedder`.

    After an interruption it goes on where it was: points keep their ids.
    """
    total, done, after = old.count(), 0, None
    there = _ids(new)
    while True:
        hits, after = old.scroll(after, BATCH)
        alive = ledger.alive(hit.payload["version"] for hit in hits)
        wanted = [hit for hit in hits if hit.payload["version"] in alive and hit.id not in there]
        new.upsert([_point(hit, embedder) for hit in wanted])
        done += len(hits)
        progress(Progress(min(done, total), total, hits[-1].payload["source"] if hits else ""))
        if after is None:
            return


def _ids(index: PassageIndex) -> set[str]:
    found: set[str] = set()
    after = None
    while True:
        hits, after = index.scroll(after, PAGE)
        found.update(hit.id for hit in hits)
        if after is None:
            return found


def _point(hit: Hit, embedder: Embedder | None) -> Point:
    payload = hit.payload
    headings = context_of(unpack_locator(payload["locator"]))
    counts = document_counts(lexical_text_of(payload["title"], headings, payload["text"]))
    windows = _windows(payload["text"])
    return Point(
        id=hit.id,
        sparse=document_vector(counts),
        dense=embedder.passages(dense_texts(payload["title"], headings, windows))
        if embedder
        else None,
        payload=payload,
    )


def _windows(text: str) -> tuple[str, ...]:
    whole = ChunkSettings(size=max(len(text), 1))
    pieces = chunk(Document("", "", (Block(text),), ""), whole)
    return tuple(window for piece in pieces for window in piece.windows)
