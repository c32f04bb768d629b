"""One thread that writes for everybody: what is asked for at the same time shares a commit.

The order of asking is the order of writing, which makes the order of arrival; and a commit,
the dear part of a small write, is paid once for a whole burst.
"""

import asyncio
import os
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection

from bot.errors import BotError
from bot.storage import Storage

T = TypeVar("T")
Work = Callable[[Connection], T]
_BATCH = 64


@dataclass(frozen=True, slots=True)
class _Job:
    work: Work[Any]
    durable: bool
    future: "asyncio.Future[Any]"


@dataclass(frozen=True, slots=True)
class _Outcome:
    job: _Job
    value: Any = None
    error: Exception | None = None

    def tell(self) -> None:
        if self.job.future.done():  # who asked did not wait for it
            return
        if self.error is not None:
            self.job.future.set_exception(self.error)
        else:
            self.job.future.set_result(self.value)


class Writer:
    """Starts its thread when made; belongs to the running event loop."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._loop = asyncio.get_running_loop()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="inbox-writer", daemon=True)
        self._thread.start()

    async def do(self, work: Work[T], *, durable: bool = False) -> T:
        """Runs `work` in a transaction that is committed when this returns.

        `work` may be run twice when something else in its batch failed. It is run even when
        the caller is cancelled. `durable`: outlives the loss of power, too. Raises what
        `work` raises, `Storage.transaction`'s errors, BotError `inbox.closed`.
        """
        if self._closed:
            raise BotError("inbox.closed")
        future: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put(_Job(work, durable, future))
        return await future

    async def close(self) -> None:
        """After what was asked for so far."""
        self._closed = True
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        last = False
        while not last:
            batch, last = self._next()
            outcomes = self._try(batch) if batch else []
            with suppress(RuntimeError):  # the loop is gone: nobody waits
                self._loop.call_soon_threadsafe(_tell, outcomes)

    def _next(self) -> tuple[list[_Job], bool]:
        job = self._jobs.get()
        batch: list[_Job] = []
        while job is not None:
            batch.append(job)
            if len(batch) == _BATCH:
                return batch, False
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return batch, False
        return batch, True

    def _try(self, batch: list[_Job]) -> list[_Outcome]:
        try:
            return self._commit(batch)
        except Exception as error:  # noqa: BLE001 - whoever asked gets it
            if len(batch) == 1:
                return [_Outcome(batch[0], error=error)]
            return [outcome for job in batch for outcome in self._try([job])]

    def _commit(self, batch: list[_Job]) -> list[_Outcome]:
        with self._storage.transaction() as tx:
            outcomes = [_Outcome(job, job.work(tx)) for job in batch]
        if any(job.durable for job in batch):
            self._to_disk()
        return outcomes

    def _to_disk(self) -> None:
        """SQLite in WAL mode leaves the last commits to the operating system, which keeps them
        when this process dies but not when the machine does. PostgreSQL has done it already.
        """
        engine = self._storage.engine
        if engine.dialect.name != "sqlite":
            return
        with self._storage.plain_errors():
            file = os.open(f"{engine.url.database}-wal", os.O_RDONLY)
            try:
                os.fsync(file)
            finally:
                os.close(file)


def _tell(outcomes: list[_Outcome]) -> None:
    for outcome in outcomes:
        outcome.tell()
