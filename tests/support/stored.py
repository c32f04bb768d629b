"""A database that remembers, of either kind, a clock that is set by hand, and many at once."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from bot.storage import Storage, open_storage
from tests.support.bot import NOON

Result = TypeVar("Result")


@dataclass
class HandClock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **time: float) -> None:
        self.now += timedelta(**time)


@contextmanager
def storage_at(url: str) -> Iterator[Storage]:
    storage = open_storage(url)
    try:
        yield storage
    finally:
        storage.close()


def together(jobs: list[Callable[[], Result]], threads: int = 16) -> list[Result]:
    """What the jobs return, run by so many threads that begin at the same moment."""
    waiting, results, problems = list(jobs), list[Result](), list[Exception]()
    start, lock = threading.Barrier(threads), threading.Lock()

    def work() -> None:
        start.wait(20)
        while True:
            with lock:
                if not waiting:
                    return
                job = waiting.pop()
            try:
                result = job()
            except Exception as error:
                problems.append(error)
                return
            with lock:
                results.append(result)

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert problems == []
    return results
