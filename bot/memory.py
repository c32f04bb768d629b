"""All that the bot remembers, opened together over one database."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from bot.annotations import Annotations, open_annotations
from bot.feedback import Feedback
from bot.history import History
from bot.people import People
from bot.quotas import Quotas
from bot.quotas import parse as parse_quotas
from bot.reply_tokens import ReplyTokens
from bot.retention import parse as parse_retention
from bot.settings import BotSettings
from bot.storage import Storage, open_storage
from bot.unanswered import Unanswered
from bot.words import Words
from knowledge.ledger import now
from knowledge.library import Library


@dataclass(frozen=True, slots=True)
class Memory:
    """Each part has a file of its own; close it when done."""

    storage: Storage
    history: History
    people: People
    quotas: Quotas
    annotations: Annotations
    unanswered: Unanswered
    feedback: Feedback
    words: Words
    reply_tokens: ReplyTokens
    retention: Mapping[str, int]
    """Platform → days after which what was said there is deleted."""

    def want_news(self, request_id: str) -> bool:
        """Whoever asked this wants to hear of an answer; False where it is not on the list.

        Raises LedgerError.
        """
        exchange_id = self.history.exchange_id(request_id)
        return exchange_id is not None and self.unanswered.wants_news(exchange_id)

    def forget(self, platform: str, user_id: str) -> int:
        """Erases what a person asked, on all their platforms; how many exchanges.

        Raises LedgerError, StoreError.
        """
        count = self.history.forget(platform, user_id)
        self._leave_no_words(count)
        return count

    def take_back(self, platform: str, message_id: str, requests: Iterable[str]) -> None:
        """Erases a message that its author took back, and the requests it became a part of.

        Raises LedgerError, StoreError.
        """
        count = self.history.erase_message(platform, message_id)
        count += sum(self.history.erase_request(id_) for id_ in requests)
        self._leave_no_words(count)

    def purge(self, at: datetime) -> int:
        """Deletes exchanges that are older than their platform keeps them; how many.

        Raises LedgerError, StoreError.
        """
        count = self.history.purge(self.retention, at)
        self.unanswered.retell()  # whatever was deleted now: an earlier run may have broken off
        return count

    def _leave_no_words(self, erased: int) -> None:
        """On the unanswered list, where others asked the same."""
        if erased:
            self.unanswered.retell()

    def close(self) -> None:
        self.annotations.close()
        self.storage.close()


def open_memory(settings: BotSettings, library: Library, clock: Callable[[], datetime]) -> Memory:
    """Opens the database, bringing its tables up to date.

    Raises LedgerError, StoreError, ConfigError `database.newer`, `config.value`.
    """
    limits, kept = parse_quotas(settings.quotas), parse_retention(settings.retention)
    storage = open_storage(settings.knowledge.database_url)
    people = People(storage, clock)
    unanswered = Unanswered(storage, _embed(library), library.embedding_model, clock)
    return Memory(
        storage=storage,
        history=History(storage, clock),
        people=people,
        quotas=Quotas(storage, limits, ZoneInfo(settings.timezone), clock),
        annotations=open_annotations(settings, library, storage, clock),
        unanswered=unanswered,
        feedback=Feedback(storage, people, unanswered, clock),
        words=Words(storage, clock),
        reply_tokens=ReplyTokens(storage, now),
        retention=kept,
    )


def _embed(library: Library) -> Callable[[list[str]], NDArray[np.float32]] | None:
    """Questions against questions: both as queries."""
    embedder = library.embedder
    if embedder is None:
        return None
    return lambda texts: np.stack([embedder.query(text) for text in texts])
