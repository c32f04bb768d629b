"""Who uses the child, what waits to be done, and whether it is time to go."""

import hmac
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any


@dataclass(frozen=True, slots=True)
class Task:
    request: dict[str, Any]
    reply: SimpleQueue[dict[str, Any]] = field(default_factory=SimpleQueue)


class House:
    """Who is connected, what waits to be done, and whether it is time to go."""

    def __init__(self, version: str, extra: Mapping[str, Any], linger: float) -> None:
        self.token = secrets.token_hex(16)
        self.tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._version, self._extra, self._linger = version, dict(extra), linger
        self._guard = threading.Lock()
        self._guests, self._empty_since, self._closing = 0, time.monotonic(), False

    def admit(self, greeting: dict[str, Any]) -> dict[str, Any]:
        """The answer to a greeting; one without ``error`` has counted a guest."""
        if not hmac.compare_digest(str(greeting.get("token", "")).encode(), self.token.encode()):
            return {"error": "token"}
        with self._guard:
            if self._closing:
                return {"error": "closing"}
            if greeting.get("version") != self._version:
                return self._send_away()
            self._guests += 1
        return {"extra": self._extra, "version": self._version}

    def _send_away(self) -> dict[str, Any]:
        # An idle older program makes way; one in use would be started again by its users.
        if self._guests:
            return {"error": "version", "version": self._version}
        self.close()
        return {"error": "closing"}

    def leave(self) -> None:
        with self._guard:
            self._guests -= 1
            self._empty_since = time.monotonic()

    def close(self) -> None:
        """Admit nobody any more and wake the main loop; safe in a signal handler."""
        self._closing = True
        self.tasks.put(None)

    def is_over(self) -> bool:
        """Whether to end now; once true, nobody is admitted any more."""
        with self._guard:
            idle = time.monotonic() - self._empty_since
            self._closing = self._closing or (not self._guests and idle >= self._linger)
            return self._closing
