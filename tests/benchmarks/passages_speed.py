"""How many passages a second an embedding engine takes, by the size of the batches."""

import sys
import time
from collections.abc import Sequence
from itertools import cycle, islice
from typing import Any

from knowledge.chunking import ChunkSettings, chunk
from knowledge.embedding import Embedder
from knowledge.ingest import sample_folder
from knowledge.sources.base import Found
from knowledge.sources.files import FileSource


def sample_windows() -> list[str]:
    """What an ingest of the sample knowledge embeds: pieces of at most 170 characters."""
    return [
        window
        for change in FileSource(sample_folder()).changes({})
        if isinstance(change, Found)
        for piece in chunk(change.document, ChunkSettings())
        for window in piece.windows
    ]


def speed(
    embedder: Embedder, texts: Sequence[str], batches: Sequence[int], each_s: float
) -> dict[str, Any]:
    """One request after the other, each of so many passages, for `each_s` seconds a size."""
    embedder.passages(list(texts[:1]))  # what is loaded or compiled at the first call
    rates = {}
    for size in batches:
        rates[str(size)] = round(_rate(embedder, texts, size, each_s), 1)
        print(f"batches of {size}: {rates[str(size)]} passages/s", file=sys.stderr, flush=True)
    return {
        "embedding": embedder.model_id,
        "characters_each": round(sum(map(len, texts)) / len(texts)),
        "passages_per_s_by_batch": rates,
    }


def _rate(embedder: Embedder, texts: Sequence[str], size: int, each_s: float) -> float:
    endless, done, begun = cycle(texts), 0, time.perf_counter()
    while (elapsed := time.perf_counter() - begun) < each_s:
        embedder.passages(list(islice(endless, size)))
        done += size
    return done / elapsed
