"""Where annotations meet the library that they share embedder and store with."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.annotations.book import Annotations
from bot.settings import BotSettings
from bot.storage.opening import Storage
from knowledge.library import Library, collection_name
from knowledge.phrasebook import Phrasebook, phrasebook_name
from knowledge.store.opening import open_index


def open_annotations(
    settings: BotSettings,
    library: Library,
    storage: Storage,
    clock: Callable[[], datetime] | None = None,
) -> Annotations:
    """Nothing is embedded or started before it is needed. Close it before the library."""
    zone = ZoneInfo(settings.timezone)
    clock = clock or (lambda: datetime.now(zone))
    return Annotations(storage, _phrasebook(settings, library), clock, library.ledger.all)


def _phrasebook(settings: BotSettings, library: Library) -> Phrasebook | None:
    embedder = library.embedder
    if embedder is None:
        return None
    knowledge = settings.knowledge
    index = open_index(
        knowledge.data_dir,
        knowledge.qdrant_url,
        knowledge.qdrant_api_key,
        phrasebook_name(collection_name(embedder)),
        knowledge.store_linger_s,
    )
    return Phrasebook(index, embedder)
