"""Keeping the knowledge in step with its sources: on a schedule, when asked, when poked.

The work itself runs in a thread of its own that nobody waits for at the end: a sync that is
cut off anywhere has done whole documents only.
"""

import asyncio
import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from bot.errors import BotError, ConfigError
from bot.phrases import Say, describe
from bot.waiting import telling
from knowledge.errors import KnowledgeError
from knowledge.ingest import Progress
from knowledge.library import Library
from knowledge.sources.registry import SOURCES
from knowledge.syncing import SyncReport, last_sync, sync

log = logging.getLogger(__name__)

Result = TypeVar("Result")

EVERY_S = 3600.0
"""Where SYNC_INTERVAL says nothing; of what lies elsewhere only, not of folders."""
AGAIN_S = 300.0
"""After a sync that could not read a source at all."""
GATHER_S = 5.0
"""Pokes come in flocks."""
SHORTEST_S = 10.0
_INTERVAL = re.compile(r"(\d{1,6})\s*(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LISTED = 3
"""Failures in a sentence for a chat."""


def parse_interval(text: str | None) -> float | None:
    """`15m`, `1h`: seconds; None for `off` and where nothing is set.

    Raises ConfigError `config.value` for SYNC_INTERVAL.
    """
    plain = (text or "off").strip().lower()
    if plain == "off":
        return None
    match = _INTERVAL.fullmatch(plain)
    seconds = float(int(match[1]) * _SECONDS[match[2]]) if match else 0.0
    if seconds < SHORTEST_S:
        raise ConfigError(
            "config.value", name="SYNC_INTERVAL", hint=f"{plain[:20]!r} ≠ 15m, 1h, off"
        )
    return seconds


class Stopped(Exception):
    """The program ends."""


class Syncing:
    """`run` until cancelled; `sync_now` and `poke` at any time. One sync at a time."""

    def __init__(
        self,
        library: Library,
        say: Say,
        language: str,
        interval: str | None = None,
        after: Callable[[], object] = lambda: None,
    ) -> None:
        """`interval` as SYNC_INTERVAL says; `after` is called, in a thread, once something may
        have changed. Raises ConfigError."""
        self._library = library
        self._say = say
        self._language = language
        seconds = parse_interval(interval)
        self._is_off = interval is not None and seconds is None
        self._every_s = seconds or EVERY_S
        self._names = tuple(SOURCES) if seconds else tuple(set(SOURCES) - {"files"})
        self._after = after
        self._poked = asyncio.Event()
        self._turn = asyncio.Lock()
        self._begun: float | None = None
        self._stopped = threading.Event()

    async def run(self) -> None:
        try:
            wait = None if self._is_off else await asyncio.to_thread(self._first_due_s)
            while True:
                await self._until_due_or_poked(wait)
                found_all = await self._scheduled()
                wait = self._every_s if found_all else min(self._every_s, AGAIN_S)
                wait = None if self._is_off else wait
        finally:
            self._stopped.set()

    def running_s(self) -> float | None:
        """For how long a sync has been at work; None where none is."""
        return None if self._begun is None else time.monotonic() - self._begun

    def poke(self) -> None:
        """Something changed at a source: look soon."""
        self._poked.set()

    async def sync_now(self, progress: Callable[[Progress], None] = lambda _: None) -> str:
        """Everything, at once; what came of it, a sentence a source.

        Raises KnowledgeError.
        """
        reports = await self.reports(tuple(SOURCES), progress)
        if not reports:
            return self._say("desk.nothing_to_sync", self._language)
        return "\n".join(line for report in reports for line in self._told(report))

    async def reports(
        self, names: Sequence[str], progress: Callable[[Progress], None] = lambda _: None
    ) -> list[SyncReport]:
        """Raises KnowledgeError."""

        def show(step: Progress) -> None:
            if self._stopped.is_set():
                raise Stopped
            progress(step)

        waiting = telling(log.info, self._language)

        def wait(seconds: float) -> None:
            if self._stopped.is_set():
                raise Stopped
            waiting(seconds)

        def work() -> list[SyncReport]:
            done = sync(self._library, names, show, wait)
            self._after()
            return done

        async with self._turn:
            self._begun = time.monotonic()
            try:
                return await in_a_thread(work)
            finally:
                self._begun = None

    async def _until_due_or_poked(self, wait_s: float | None) -> None:
        try:
            await asyncio.wait_for(self._poked.wait(), wait_s)
        except TimeoutError:
            return
        await asyncio.sleep(GATHER_S)
        self._poked.clear()

    def _first_due_s(self) -> float:
        """Seconds until the program that ran before would have looked again."""
        try:
            lasts = [last_sync(self._library.ledger, name) for name in self._names]
        except KnowledgeError as error:
            log.warning("sync: %s %s", error.code, error.detail)
            return AGAIN_S
        ages = [(datetime.now(UTC) - last.at).total_seconds() for last in lasts if last]
        return max(0.0, self._every_s - max(ages, default=self._every_s))

    async def _scheduled(self) -> bool:
        """Whether every source could be read."""
        try:
            reports = await self.reports(self._names)
        except (KnowledgeError, BotError) as error:
            log.warning("sync: %s", describe(error, self._language))
            return False
        except Exception:
            log.exception("sync failed")
            return False
        for report in reports:
            for line in self._told(report):
                log.info(line)
        return not any(report.problem for report in reports)

    def _told(self, report: SyncReport) -> Iterator[str]:
        """What a person wants to know of one source."""
        name, done, language = report.name, report.done, self._language
        if report.problem is not None:
            problem = describe(report.problem, language)
            yield self._say("sync.problem", language, name=name, problem=problem)
            return
        yield self._say(
            "sync.done", language, name=name, found=report.found, indexed=report.indexed,
            unchanged=done.unchanged, skipped=len(done.skipped), removed=done.removed,
            failed=len(done.failed),
        )  # fmt: skip
        yield from (describe(notice, language) for notice in done.notices)
        yield from (describe(failure, language) for failure in done.failed[:_LISTED])


async def in_a_thread(work: Callable[[], Result]) -> Result:
    """As `asyncio.to_thread`, but the end of the program does not wait for it."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Result] = loop.create_future()

    def settle(result: Result | None, error: Exception | None) -> None:
        if done.cancelled():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except Exception as problem:  # noqa: BLE001 - not handled here: raised where it is awaited
            error = problem
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=run, name="sync", daemon=True).start()
    return await done
