"""Parsing in processes of its own, several files at once.

A parser that crashes, hangs or eats memory costs one file and one process, which is replaced. What
takes much memory (text recognition, LibreOffice) is done by one process at a time, and all of them
are started when first needed.
"""

import logging
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from queue import Empty, LifoQueue
from types import TracebackType
from typing import Any

from knowledge.errors import DocumentError
from knowledge.parsing.model import Limits, Parsed
from knowledge.parsing.readers import Readers
from knowledge.parsing.tools import HeavyWork

log = logging.getLogger("secretary")

_ROOT = Path(__file__).resolve().parents[2]
_MOST = 4
PATIENCE_S = 120.0
"""For a parser without a sign of life."""
_TIRED_MB = {"light": 400, "heavy": 1000}
"""A process that once took this much keeps most of it, and is replaced."""
_ALLOCATOR = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": str(4 << 20)}
"""glibc gives big pieces back at once, where it would keep them for later."""


class Crew(Readers):
    """Close it, or use it in a `with`."""

    def __init__(self, size: int | None = None, patience_s: float = PATIENCE_S) -> None:
        size = size or min(_MOST, os.cpu_count() or 1)
        self.room = size * 2 + 4
        self._place = tempfile.TemporaryDirectory(
            prefix="secretary-parse-", ignore_cleanup_errors=True
        )
        self._lanes = {
            kind: _Lane(kind, workers, self._place.name, patience_s)
            for kind, workers in (("light", size), ("heavy", 1))
        }

    def __enter__(self) -> "Crew":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends all processes; what is not done yet is cancelled."""
        for lane in self._lanes.values():
            lane.close()
        self._place.cleanup()

    def submit(self, data: bytes, name: str, limits: Limits) -> "Future[Parsed]":
        """See `Readers`. Besides what `parse` raises, the future may hold DocumentError
        `file.crashed`, `file.slow` and `file.memory`."""
        outcome: Future[Parsed] = Future()
        self._start("light", (data, name, limits), outcome)
        return outcome

    def _start(self, kind: str, work: "_Work", outcome: "Future[Parsed]") -> None:
        def done(attempt: "Future[Parsed]") -> None:
            if attempt.cancelled():
                outcome.cancel()
            elif isinstance(error := attempt.exception(), HeavyWork):
                self._start("heavy", work, outcome)
            elif error:
                outcome.set_exception(error)
            else:
                outcome.set_result(attempt.result())

        self._lanes[kind].start(work).add_done_callback(done)


_Work = tuple[bytes, str, Limits]
"""Content, name, limits."""


class _Lane:
    """Processes of one kind, and a thread for each that speaks to it."""

    def __init__(self, kind: str, size: int, place: str, patience_s: float) -> None:
        self._kind = kind
        self._place = place
        self._patience_s = patience_s
        self._threads = ThreadPoolExecutor(size, thread_name_prefix=f"parse-{kind}")
        self._idle: LifoQueue[_Worker] = LifoQueue()
        self._all: set[_Worker] = set()
        self._closed = False

    def start(self, work: "_Work") -> "Future[Parsed]":
        """The future holds what was parsed, DocumentError or HeavyWork."""
        if self._closed:
            cancelled: Future[Parsed] = Future()
            cancelled.cancel()
            return cancelled
        return self._threads.submit(self._parse, work)

    def _parse(self, work: "_Work") -> Parsed:
        worker = self._take()
        try:
            parsed, megabytes = worker.parse(work, self._patience_s)
        except (_Lost, DocumentError, HeavyWork) as error:
            if not isinstance(error, _Lost):
                self._idle.put(worker)
                raise
            self._dismiss(worker)
            raise DocumentError(error.code, source=work[1], **error.detail) from error
        if megabytes > _TIRED_MB[self._kind]:
            self._dismiss(worker)
        else:
            self._idle.put(worker)
        return parsed

    def close(self) -> None:
        self._closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        for worker in list(self._all):
            worker.end()
        self._threads.shutdown(wait=True)

    def _take(self) -> "_Worker":
        with suppress(Empty):
            return self._idle.get_nowait()
        worker = _Worker(self._kind, self._place)
        self._all.add(worker)
        if self._closed:
            worker.end()
        return worker

    def _dismiss(self, worker: "_Worker") -> None:
        worker.end()
        self._all.discard(worker)


class _Lost(Exception):
    """The process is gone or has to go, with the code of the file's failure."""

    def __init__(self, code: str, **detail: str) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


class _Worker:
    """One process; used by one thread at a time."""

    def __init__(self, kind: str, place: str) -> None:
        self._connection, theirs = Pipe()
        descriptor = theirs.fileno()
        self._process = subprocess.Popen(
            [sys.executable, "-X", "utf8", "-m", "knowledge.parsing.worker", str(descriptor), kind],
            cwd=_ROOT,  # `-m` finds our packages here, wherever the program was started
            env={**os.environ, **_ALLOCATOR, "TMPDIR": place},
            pass_fds=[descriptor],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # the terminal's Ctrl-C is not meant for it
        )
        theirs.close()

    def parse(self, work: "_Work", patience_s: float) -> tuple[Parsed, int]:
        """What was parsed, and the megabytes that the process has taken.

        Raises:
            DocumentError, HeavyWork: as `parse`. _Lost: this worker is of no more use.
        """
        try:
            self._connection.send(work)
            while (answer := _received(self._connection, patience_s))[0] == "pulse":
                pass
        except (EOFError, OSError) as error:
            raise _Lost("file.crashed") from error
        match answer:
            case ("parsed", Parsed() as parsed, int() as megabytes):
                return parsed, megabytes
            case ("failed", str() as code, Mapping() as detail):
                raise DocumentError(code, **detail)
            case ("heavy",):
                raise HeavyWork
        log.error("parsing failed: %s", answer[-1])
        raise _Lost("file.crashed")

    def end(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def _received(connection: Connection, patience_s: float) -> tuple[Any, ...]:
    if not connection.poll(patience_s):
        raise _Lost("file.slow", seconds=f"{patience_s:.0f}")
    answer: tuple[Any, ...] = connection.recv()
    return answer
