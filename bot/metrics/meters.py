"""What is counted as it happens, in this process and since its start."""

from collections import OrderedDict
from time import perf_counter
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

from bot.messages import Answer

_SECONDS: Final = (0.01, 0.03, 0.1, 0.3, 1, 2, 3, 5, 8, 12, 20, 30, 60, 120)
_REMEMBERED: Final = 10_000
"""Answers on their way; the oldest is forgotten when more wait, such as for a dead platform."""


class Meters:
    """A `bot.watching.Watcher` with a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._answers = Counter(
            "secretary_answers",
            "Answers by platform and outcome",
            ("platform", "outcome"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "secretary_answer_seconds",
            "Time of an answer: retrieve, model and total while it is made, delivery until its "
            "first part is with the platform",
            ("stage",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._tokens = Counter(
            "secretary_tokens", "Tokens of the language model", ("kind",), registry=self.registry
        )
        self._on_the_way: OrderedDict[str, float] = OrderedDict()

    def answered(self, platform: str, answer: Answer) -> None:
        self._answers.labels(platform, answer.outcome).inc()
        took = answer.timings
        stages = {"retrieve": took.retrieve or None, "model": took.model, "total": took.total}
        for stage, milliseconds in stages.items():
            if milliseconds is not None:
                self._seconds.labels(stage).observe(milliseconds / 1000)
        if answer.usage is not None:
            self._tokens.labels("prompt").inc(answer.usage.prompt)
            self._tokens.labels("completion").inc(answer.usage.completion)

    def handled(self, request_id: str) -> None:
        self._on_the_way[request_id] = perf_counter()
        if len(self._on_the_way) > _REMEMBERED:
            self._on_the_way.popitem(last=False)

    def delivered(self, request_id: str) -> None:
        since = self._on_the_way.pop(request_id, None)
        if since is not None:
            self._seconds.labels("delivery").observe(perf_counter() - since)

    def text(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self.registry)
