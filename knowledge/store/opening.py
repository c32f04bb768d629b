"""Which of the two homes of the index: this machine's store process, or a Qdrant server."""

from pathlib import Path

from knowledge.index import PassageIndex
from knowledge.store.embedded import EmbeddedIndex, store_service


def open_index(
    data_dir: Path,
    url: str | None,
    api_key: str | None,
    collection: str,
    linger_s: float = 20.0,
) -> PassageIndex:
    """The collection on the Qdrant server at `url`, or embedded in `data_dir` without one.

    `linger_s`: how long the embedded store's process outlives its last user, in seconds.

    Nothing is opened or started before the first call.
    """
    if url:
        from knowledge.store.remote import ServerIndex  # its client takes a second to import

        return ServerIndex(url, api_key, collection)
    return EmbeddedIndex(data_dir, collection, store_service(linger=linger_s))
