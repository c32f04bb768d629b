"""A model server as a child: started, awaited, restarted with growing pauses, ended."""

import http.client
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from bot.errors import ConfigError, ModelUnavailable
from bot.model.launching import Launch, Place

_POLL_S: Final = 0.5
_PROBE_S: Final = 5.0
_LOG_TAIL: Final = 2000
_STABLE_S: Final = 300.0
"""A server that ran so long may fail again without being thought hopeless."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds, and how often."""

    start: float = 1800.0
    """Until ready: large models are downloaded first."""
    stop: float = 20.0
    """Between the request to end and the end by force."""
    first_pause: float = 1.0
    longest_pause: float = 60.0
    restarts: int = 5
    """In a row, none of them stable."""
    watch: float = 15.0
    """Between two looks at a running server."""
    silent_looks: int = 4
    """Looks without an answer after which it is restarted."""


@dataclass(frozen=True, slots=True)
class Event:
    """What is told while it runs: `starting`, `ready`, `ended`, `silent`, `restarting`."""

    kind: str
    seconds: float = 0.0
    line: str = ""
    """The log's last line while starting."""
    code: int | None = None
    """The child's exit status."""


class Supervisor:
    """Runs one server until `stop` or until it cannot be kept up."""

    def __init__(
        self,
        launch: Launch,
        log: Path,
        tell: Callable[[Event], None],
        patience: Patience | None = None,
    ) -> None:
        self._launch = launch
        self._log = log
        self._tell = tell
        self._patience = patience or Patience()
        self._stopping = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None

    def stop(self) -> None:
        """End the child and let `run` return; safe in a signal handler."""
        self._stopping.set()

    def run(self) -> None:
        """Blocks. Raises ModelUnavailable `serve.start_failed` or `serve.start_slow` for a first
        start that fails, `serve.gave_up` after too many restarts, `serve.program` where the
        program cannot be run at all; the log says why."""
        failures = 0
        try:
            while not self._stopping.is_set():
                since = self._start(first=failures == 0)
                if since is not None:
                    self._watch()
                    if time.monotonic() - since >= _STABLE_S:
                        failures = 0
                if self._stopping.is_set():
                    return
                failures += 1
                if failures > self._patience.restarts:
                    raise ModelUnavailable("serve.gave_up", log=str(self._log))
                self._pause(failures)
        finally:
            self._end()

    def _start(self, *, first: bool) -> float | None:
        """When it was ready; None where it was told to stop, or another start failed."""
        self._end()
        self._child = self._open(fresh=first)
        begun = time.monotonic()
        while not self._stopping.wait(_POLL_S):
            waited = time.monotonic() - begun
            if (code := self._child.poll()) is not None:
                self._failed(first, code)
                return None
            if self._answers():
                self._tell(Event("ready", waited))
                return time.monotonic()
            if waited > self._patience.start:
                raise ModelUnavailable(
                    "serve.start_slow", seconds=f"{waited:.0f}", log=str(self._log)
                )
            self._tell(Event("starting", waited, self._last_line()))
        return None

    def _failed(self, first: bool, code: int) -> None:
        self._tell(Event("ended", code=code))
        if first:
            raise ModelUnavailable("serve.start_failed", status=str(code), log=str(self._log))

    def _watch(self) -> None:
        """Until it ended, fell silent, or is to stop."""
        assert self._child is not None
        silent, next_look = 0, time.monotonic() + self._patience.watch
        while not self._stopping.wait(_POLL_S):
            if (code := self._child.poll()) is not None:
                self._tell(Event("ended", code=code))
                return
            if time.monotonic() < next_look:
                continue
            silent = 0 if self._answers() else silent + 1
            next_look = time.monotonic() + self._patience.watch
            if silent >= self._patience.silent_looks:
                self._tell(Event("silent"))
                return

    def _pause(self, failures: int) -> None:
        seconds = min(
            self._patience.first_pause * 2 ** (failures - 1), self._patience.longest_pause
        )
        self._tell(Event("restarting", seconds))
        self._stopping.wait(seconds)

    def _open(self, *, fresh: bool) -> subprocess.Popen[bytes]:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        try:
            with self._log.open("wb" if fresh else "ab") as log:
                return subprocess.Popen(
                    self._launch.command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, **self._launch.environment},
                    start_new_session=True,  # its workers end with it
                )
        except OSError as error:
            program, problem = self._launch.command[0], error.strerror or str(error)
            raise ModelUnavailable("serve.program", program=program, problem=problem) from error

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        _signal(child, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            child.wait(self._patience.stop)
        _signal(child, signal.SIGKILL)  # workers that outlived it, too
        child.wait()

    def _answers(self) -> bool:
        parts = urlsplit(self._launch.place.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_PROBE_S)
        try:
            connection.request("GET", self._launch.health)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _last_line(self) -> str:
        with self._log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - _LOG_TAIL))
            text = file.read().decode("utf-8", "replace").replace("\r", "\n")
        return next((line.strip() for line in reversed(text.split("\n")) if line.strip()), "")


def _signal(child: subprocess.Popen[bytes], number: int) -> None:
    try:
        os.killpg(child.pid, number)
    except (ProcessLookupError, PermissionError):  # the whole group has ended
        return


def ensure_free(place: Place) -> None:
    """Raises ConfigError `serve.port_busy` or `serve.host`."""
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    try:
        with socket.create_server((place.host, place.port), family=family):
            return
    except OSError as error:
        if isinstance(error, socket.gaierror) or error.errno == 99:  # EADDRNOTAVAIL
            raise ConfigError("serve.host", host=place.host) from error
        raise ConfigError("serve.port_busy", port=str(place.port)) from error
