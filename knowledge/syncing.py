"""Bringing the library in line with every configured source, and what came of it.

Every document that a source has or had is accounted for: `found` is the sum of what was
indexed, unchanged, skipped, removed and failed.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from knowledge.errors import DocumentError
from knowledge.ingest import IngestReport, Progress
from knowledge.ledger import Ledger, OnWait, nobody_told, now
from knowledge.library import Library
from knowledge.passages import Failure
from knowledge.sources.base import Notice, Source
from knowledge.sources.registry import SOURCES, configured

_FACT = "sync:"


@dataclass(slots=True)
class SyncReport:
    """One kind of source."""

    name: str
    done: IngestReport = field(default_factory=IngestReport)
    problem: DocumentError | None = None
    """Why it could not be read at all; what is known of it stays."""

    @property
    def indexed(self) -> int:
        return self.done.added + self.done.updated

    @property
    def found(self) -> int:
        done = self.done
        rest = done.unchanged + done.removed + len(done.skipped) + len(done.failed)
        return self.indexed + rest


def sync(
    library: Library,
    names: Sequence[str] = tuple(SOURCES),
    progress: Callable[[Progress], None] = lambda _: None,
    on_wait: OnWait = nobody_told,
) -> list[SyncReport]:
    """One report for each source that is configured; a source that fails stops no other.

    Raises StoreError, LedgerError, EmbeddingError: what was done until then stays done.
    """
    reports = []
    for name in names:
        report = SyncReport(name)
        try:
            roots = configured(name, library.settings, library.ledger.roots())
        except DocumentError as error:
            roots, report.problem = {}, error
        for root, source in roots.items():
            _read(library, report, root, source, progress, on_wait)
        _say_if_orphaned(library.ledger, report, roots)
        if roots or report.problem or report.done.notices:
            _remember(library.ledger, report)
            reports.append(report)
    return reports


def _read(
    library: Library,
    report: SyncReport,
    root: str,
    source: Source,
    progress: Callable[[Progress], None],
    on_wait: OnWait,
) -> None:
    try:
        report.done.add(library.sync(root, source, progress, on_wait))
    except DocumentError as error:
        if root == report.name:
            report.problem = error
        else:
            report.done.failed.append(Failure(root, error.code, error.detail))


def _say_if_orphaned(ledger: Ledger, report: SyncReport, roots: Mapping[str, Source]) -> None:
    """What is known of a source that nobody reads any more grows old unnoticed otherwise."""
    if report.name in roots or report.problem is not None:
        return
    if left := len(ledger.known(report.name)):
        detail = {"name": report.name, "count": str(left)}
        report.done.notices.append(Notice("sync.orphaned", detail))


# -- what is remembered of the last time ------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LastSync:
    at: datetime
    found: int
    failed: tuple[Failure, ...]
    problem: str | None
    """A code."""


def last_sync(ledger: Ledger, name: str) -> LastSync | None:
    fact = ledger.fact(_FACT + name)
    if fact is None:
        return None
    told = json.loads(fact)
    failed = tuple(Failure(**failure) for failure in told["failed"])
    return LastSync(datetime.fromisoformat(told["at"]), told["found"], failed, told["problem"])


def _remember(ledger: Ledger, report: SyncReport) -> None:
    told = {
        "at": now().isoformat(),
        "found": report.found,
        "failed": [
            {"source": one.source, "code": one.code, "detail": one.detail}
            for one in report.done.failed
        ],
        "problem": report.problem.code if report.problem else None,
    }
    ledger.set_fact(_FACT + report.name, json.dumps(told, ensure_ascii=False))


def last_failure(ledger: Ledger, name: str) -> Failure | None:
    """Why a document that goes by this name did not get in, the last time its source was read."""
    for source in SOURCES:
        last = last_sync(ledger, source)
        for failure in last.failed if last else ():
            if name in (failure.source, *failure.source.split("/")[-1:]):
                return failure
    return None
