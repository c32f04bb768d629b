"""The database for commands that need neither documents nor a model."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from adapters.cli.console import settings
from adapters.settings import Settings
from bot.storage import Storage, open_storage
from knowledge.library import prepare_folder


@dataclass(frozen=True, slots=True)
class Remembered:
    settings: Settings
    storage: Storage

    @property
    def language(self) -> str:
        return self.settings.bot_language

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.settings.timezone)

    def now(self) -> datetime:
        """In the bot's zone."""
        return datetime.now(self.zone)


@contextmanager
def remembered() -> Iterator[Remembered]:
    """Raises ConfigError, LedgerError, StoreError."""
    loaded = settings()
    knowledge = loaded.knowledge()
    prepare_folder(knowledge.data_dir)
    storage = open_storage(knowledge.database_url)
    try:
        yield Remembered(loaded, storage)
    finally:
        storage.close()
