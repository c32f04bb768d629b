"""What a client holds: the description of a service, and an open connection to it."""

import select
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from knowledge.process.frames import receive, send


@dataclass(frozen=True, slots=True)
class Service:
    """How to start and recognise one kind of service.

    `error` makes the exception to raise from a code and string details; the codes
    are ``<name>.start_failed`` (detail, log), ``<name>.start_timeout`` (seconds, log),
    ``<name>.locked`` (path, host, pid), ``<name>.version`` (running, wanted),
    ``<name>.unwritable`` (path, detail), ``disk.full`` (path, detail), and whatever the child itself failed with.
    """

    name: str
    module: str
    """Run as ``python -m module --data-dir D --linger S [args…]``; it calls `serve`."""
    version: str
    error: Callable[..., Exception]
    args: tuple[str, ...] = ()
    linger: float = 20.0
    """Seconds without a user after which the child ends."""
    start_timeout: float = 60.0
    """Seconds until the child must answer."""


class Link:
    """An open connection; as long as it is open, the service stays."""

    def __init__(self, sock: socket.socket, extra: dict[str, Any]) -> None:
        self._socket = sock
        self.extra = extra

    def call(self, request: dict[str, Any], timeout: float = 120.0) -> dict[str, Any]:
        """One request and its reply; not for two threads at once.

        Raises `OSError` when the service died or was silent for `timeout` seconds; the
        link is then of no more use.
        """
        self._socket.settimeout(timeout)
        send(self._socket, request)
        return receive(self._socket)

    def is_lost(self) -> bool:
        """Whether the service has hung up."""
        if self._socket.fileno() < 0:
            return True
        readable, _, _ = select.select([self._socket], [], [], 0)
        return bool(readable)  # a service never speaks unasked: only its end is readable

    def close(self) -> None:
        self._socket.close()
