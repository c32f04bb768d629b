"""Keeps the knowledge in step with folders: `secretary ingest --watch`, and WATCH_FOLDERS of `run`."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from threading import Event

from bot.phrases import describe, say
from bot.waiting import telling
from knowledge.errors import KnowledgeError
from knowledge.ingest import IngestReport, Progress
from knowledge.ledger import OnWait, nobody_told
from knowledge.library import Library
from knowledge.passages import PUBLIC, Failure
from knowledge.sources.watch import rounds

log = logging.getLogger("secretary")

Tell = Callable[[IngestReport], None]


class _Stopped(Exception):
    """Somebody wants it to end, between two documents."""


def follow(
    library: Library,
    paths: Sequence[Path],
    without: Path,
    stop: Event,
    tell: Tell,
    complain: Callable[[KnowledgeError], None],
    audience: str = PUBLIC,
    show: Callable[[Progress], None] = lambda _: None,
    on_wait: OnWait = nobody_told,
) -> None:
    """Ingests now and after each change, until `stop` is set; what fails is told and tried again.

    `tell` gets the report of each round in which something happened, and of the first.
    `without` is the program's own folder (DATA_DIR).
    """

    def step(progress: Progress) -> None:
        if stop.is_set():
            raise _Stopped
        show(progress)

    def wait(seconds: float) -> None:
        if stop.is_set():
            raise _Stopped
        on_wait(seconds)

    told: list[Failure] | None = None
    for _ in rounds(paths, without, stop):
        try:
            report = library.ingest(paths, audience, step, wait)
        except KnowledgeError as error:
            complain(error)
            continue
        except _Stopped:
            return
        if told != report.failed or report.added or report.updated or report.removed:
            tell(report)
        told = report.failed


async def keep_following(
    library: Library, folders: Sequence[str], without: Path, language: str
) -> None:
    """For a server: follows the folders until it is cancelled, and logs what it does."""
    if not folders:
        return
    stop = Event()
    told = (_logged(language), _complaint(language))
    paths = [Path(folder) for folder in folders]
    begin = partial(follow, library, paths, without, stop, *told)
    waiting = telling(log.info, language)
    work = asyncio.ensure_future(asyncio.to_thread(begin, on_wait=waiting))
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        stop.set()
        await work  # the document in hand is finished
        raise


def _logged(language: str) -> Tell:
    def tell(report: IngestReport) -> None:
        for failure in report.failed:
            reason = describe(failure, language)
            log.warning(say("cli.failed_item", language, source=failure.source, reason=reason))
        log.info(
            say(
                "notice.followed",
                language,
                added=report.added,
                updated=report.updated,
                removed=report.removed,
                failed=len(report.failed),
            )
        )

    return tell


def _complaint(language: str) -> Callable[[KnowledgeError], None]:
    return lambda error: log.error(describe(error, language))
