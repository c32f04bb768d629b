"""What is looked up when somebody asks: queue, health, knowledge, sync, pushes."""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from importlib.metadata import version
from typing import Final

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from bot.inbox import InboxStats
from bot.memory import Memory
from knowledge.errors import KnowledgeError
from knowledge.ledger import Ledger
from knowledge.sources.registry import SOURCES
from knowledge.syncing import last_sync

log = logging.getLogger(__name__)

Readiness = Callable[[], Mapping[str, object]]
_GOOD: Final = ("ok", "extractive")
"""States of a check that need nobody's hand; quoting is what an owner without a model wants."""
_NOW: Final = frozenset({"ready", "open", "oldest_s", "handling", "delivering"})
"""Fields of InboxStats that go up and down."""


class Standing(Collector):
    """Reads SQL a few times per call; a database that is away leaves its figures out."""

    def __init__(
        self,
        ledger: Ledger,
        memory: Memory,
        readiness: Readiness,
        queue: Callable[[], InboxStats | None],
    ) -> None:
        """`readiness` as `/readyz` tells it; `queue` is None where no platform is on."""
        self._ledger = ledger
        self._memory = memory
        self._readiness = readiness
        self._queue = queue

    def describe(self) -> Iterator[Metric]:
        """Nothing is looked up before somebody asks."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        yield _one("secretary_build_info", "The program's version", version=version("secretary"))
        yield from self._health()
        yield from self._inbox()
        try:
            known = [*self._knowledge(), *self._syncs(), self._pushes(), self._unanswered()]
        except KnowledgeError as error:
            log.warning("metrics: %s %s", error.code, error.detail)
            yield GaugeMetricFamily("secretary_database_up", "The database answers", 0)
            return
        yield GaugeMetricFamily("secretary_database_up", "The database answers", 1)
        yield from known

    def _health(self) -> Iterator[Metric]:
        state = self._readiness()
        yield GaugeMetricFamily(
            "secretary_ready", "Questions are answered", float(bool(state["ready"]))
        )
        checks = state["checks"]
        assert isinstance(checks, Mapping)
        family = GaugeMetricFamily(
            "secretary_check_ok", "1 where a part is well, as /readyz tells", labels=("check",)
        )
        for name, told in checks.items():
            if name != "embedding":
                family.add_metric((name,), float(told in _GOOD))
        yield family

    def _inbox(self) -> Iterator[Metric]:
        stats = self._queue()
        if stats is None:
            return
        yield GaugeMetricFamily("secretary_inbox_open", "Waiting or being answered", stats.open)
        yield GaugeMetricFamily(
            "secretary_inbox_oldest_seconds", "Age of the oldest open one", stats.oldest_s
        )
        yield GaugeMetricFamily("secretary_inbox_handling", "Being answered here", stats.handling)
        yield GaugeMetricFamily("secretary_inbox_delivering", "Being sent here", stats.delivering)
        yield GaugeMetricFamily("secretary_inbox_ready", "It takes in", float(stats.ready))
        family = CounterMetricFamily(
            "secretary_inbox_events", "What became of deliveries", labels=("event",)
        )
        for name, count in asdict(stats).items():
            if name not in _NOW:
                family.add_metric((name,), count)
        yield family

    def _knowledge(self) -> Iterator[Metric]:
        documents, passages = self._ledger.size()
        yield GaugeMetricFamily("secretary_knowledge_documents", "Live documents", documents)
        yield GaugeMetricFamily("secretary_knowledge_passages", "Live passages", passages)

    def _syncs(self) -> Iterator[Metric]:
        at = GaugeMetricFamily(
            "secretary_sync_finished_timestamp_seconds", "End of the last sync", labels=("source",)
        )
        failed = GaugeMetricFamily(
            "secretary_sync_failed_documents",
            "Documents that it could not read",
            labels=("source",),
        )
        well = GaugeMetricFamily(
            "secretary_sync_ok", "The source could be read", labels=("source",)
        )
        for name in SOURCES:
            if (last := last_sync(self._ledger, name)) is not None:
                at.add_metric((name,), last.at.timestamp())
                failed.add_metric((name,), len(last.failed))
                well.add_metric((name,), float(last.problem is None))
        yield from (at, failed, well)

    def _pushes(self) -> Metric:
        family = GaugeMetricFamily(
            "secretary_pushes_this_month", "Pushes that were paid for", labels=("platform",)
        )
        for platform, used in self._memory.quotas.pushes_this_month().items():
            family.add_metric((platform,), used)
        return family

    def _unanswered(self) -> Metric:
        count = self._memory.unanswered.open_count()
        return GaugeMetricFamily("secretary_unanswered_open", "Questions without an answer", count)


def _one(name: str, help_text: str, **labels: str) -> Metric:
    family = GaugeMetricFamily(name, help_text, labels=tuple(labels))
    family.add_metric(tuple(labels.values()), 1)
    return family
