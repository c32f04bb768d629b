"""What happens to a question that has no good answer: noted, answered or dismissed, told."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select, update

from bot.annotations.keys import exact_key
from bot.errors import BotError
from bot.smalltalk import route
from bot.storage import Storage, storable
from bot.storage.tables import unanswered, unanswered_asks
from bot.unanswered import clusters, reports
from bot.unanswered.likeness import SAME_FROM, Vector
from bot.unanswered.records import Asked, Cluster, News, State
from knowledge.errors import EmbeddingError

log = logging.getLogger(__name__)

_NOT_OURS = "empty"
"""The reason of an answer that failed because nothing was ingested yet: every question would."""

Embed = Callable[[list[str]], NDArray[np.float32]]


class Unanswered:
    """Every method is one transaction. Raises LedgerError where the database is away.

    `embed` gives query vectors of length 1; without it, and while it fails, only questions of
    the same letters are the same.
    """

    def __init__(
        self,
        storage: Storage,
        embed: Embed | None,
        embedding_model: str | None,
        clock: Callable[[], datetime],
        same_from: float = SAME_FROM,
    ) -> None:
        self._storage = storage
        self._embed = embed
        self._model = embedding_model
        self._clock = clock
        self._same_from = same_from

    # -- onto the list -----------------------------------------------------------------------

    def note(
        self, exchange_id: int, question: str, reason: str, score: float | None, at: datetime
    ) -> int | None:
        """Puts an exchange on the list, once; its cluster.

        None for what does not belong there: small talk, a question without words or asked of
        an empty knowledge base.
        """
        question = storable(question)
        spelled = exact_key(question)
        if reason == _NOT_OURS or not spelled or route(question) is not None:
            return None
        with self._storage.reading() as tx:
            is_known = clusters.same_letters(tx, spelled) is not None
        vector = None if is_known else self._vector(question)
        asked = clusters.Question(question, spelled, vector, self._model)
        with self._storage.transaction() as tx:
            clusters.one_at_a_time(tx)
            noted = clusters.noted(tx, exchange_id)
            if noted is not None:
                return noted
            cluster_id = clusters.find(tx, asked, self._same_from)
            if cluster_id is None:
                cluster_id = clusters.start(tx, asked, at)
            clusters.add(tx, cluster_id, exchange_id, reason, score, at)
            return cluster_id

    def withdraw(self, exchange_id: int) -> None:
        """Takes an answer that was disliked off the list, unless somebody dislikes it still."""
        with self._storage.transaction() as tx:
            clusters.one_at_a_time(tx)
            clusters.drop_vote(tx, exchange_id)

    def retell(self) -> int:
        """After exchanges were erased or deleted: no cluster keeps their words while others asked
        the same in words of their own. How many were changed."""
        with self._storage.reading() as tx:
            found = set(clusters.orphaned(tx).values())
        vectors = {words: self._vector(words) for words in found}
        with self._storage.transaction() as tx:
            clusters.one_at_a_time(tx)
            changed = clusters.orphaned(tx)
            for cluster_id, words in changed.items():
                vector = vectors.get(words)
                asked = clusters.Question(words, exact_key(words), vector, self._model)
                clusters.retell(tx, cluster_id, asked)
            return len(changed)

    # -- the list ----------------------------------------------------------------------------

    def list(self, state: State = "open", limit: int = 50) -> tuple[Cluster, ...]:
        """The most asked first."""
        columns = unanswered.c
        query = (
            reports.clusters()
            .where(columns.state == state)
            .order_by(columns["count"].desc(), columns.last_at.desc(), columns.id.desc())
            .limit(limit)
        )
        with self._storage.reading() as tx:
            return tuple(Cluster(*row) for row in tx.execute(query))

    def open_count(self) -> int:
        """How many clusters wait for somebody."""
        with self._storage.reading() as tx:
            wanted = select(func.count()).where(unanswered.c.state == "open")
            return tx.scalar(wanted) or 0

    def get(self, cluster_id: int) -> tuple[Cluster, tuple[Asked, ...]]:
        """With everybody who asked, oldest first. Raises BotError `question.unlisted`."""
        with self._storage.reading() as tx:
            found = reports.cluster(tx, cluster_id)
            if found is None:
                raise _unknown(cluster_id)
            return found, reports.asks(tx, cluster_id)

    # -- off the list ------------------------------------------------------------------------

    def dismiss(self, cluster_id: int, author: str) -> None:
        """Asks that come later stay dismissed with it. Raises BotError `question.unlisted`."""
        self._change(cluster_id, state="dismissed")
        log.info("unanswered question %d dismissed by %s", cluster_id, author)

    def reopen(self, cluster_id: int) -> None:
        """Raises BotError `question.unlisted`."""
        self._change(cluster_id, state="open")

    def answered(self, cluster_id: int, annotation_id: int) -> tuple[News, ...]:
        """Who is to be told. Raises BotError `question.unlisted`."""
        self._change(cluster_id, state="answered", annotation_id=annotation_id)
        with self._storage.reading() as tx:
            return reports.told_of(tx, reports.news().where(unanswered.c.id == cluster_id))

    # -- news --------------------------------------------------------------------------------

    def wants_news(self, exchange_id: int) -> bool:
        """The asker wants to hear of an answer; False where this exchange is not on the list."""
        with self._storage.transaction() as tx:
            mine = update(unanswered_asks).where(unanswered_asks.c.exchange_id == exchange_id)
            return tx.execute(mine.values(wants_news=True)).rowcount == 1

    def untold(self, limit: int = 100) -> tuple[News, ...]:
        """All who are to be told, also of what another process answered; oldest first."""
        with self._storage.reading() as tx:
            return reports.told_of(tx, reports.news().limit(limit))

    def told(self, ask_id: int) -> None:
        with self._storage.transaction() as tx:
            ask = update(unanswered_asks).where(unanswered_asks.c.id == ask_id)
            tx.execute(ask.values(told_at=self._clock()))

    def _change(self, cluster_id: int, **values: Any) -> None:
        with self._storage.transaction() as tx:
            which = update(unanswered).where(unanswered.c.id == cluster_id)
            if tx.execute(which.values(**values)).rowcount == 0:
                raise _unknown(cluster_id)

    def _vector(self, question: str) -> Vector | None:
        if self._embed is None:
            return None
        try:
            vector: Vector = np.asarray(self._embed([question]), np.float32)[0]
        except EmbeddingError as error:
            log.warning("unanswered question is not clustered: %s %s", error.code, error.detail)
            return None
        return vector


def _unknown(cluster_id: int) -> BotError:
    return BotError("question.unlisted", id=str(cluster_id))
