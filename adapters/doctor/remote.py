"""One call to somebody else's API; no SDK, so that a platform's extra need not be installed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from bot.errors import BotError

_TIMEOUT_S = 10.0
_REFUSED = (401, 403)


@dataclass(frozen=True, slots=True)
class Service:
    """`variable` holds the token, `base` the address that its `base_variable` may change."""

    name: str
    base: str
    base_variable: str
    variable: str
    headers: Mapping[str, str]

    def get(self, path: str) -> dict[str, Any]:
        """Raises BotError `doctor.remote_…`."""
        return self._call("GET", path)

    def post(self, path: str) -> dict[str, Any]:
        """Raises BotError `doctor.remote_…`."""
        return self._call("POST", path)

    def refused(self, reason: str) -> BotError:
        return BotError(
            "doctor.remote_refused", service=self.name, variable=self.variable, reason=reason
        )

    def _call(self, method: str, path: str) -> dict[str, Any]:
        url = f"{self.base.rstrip('/')}/{path}"
        try:
            reply = httpx.request(method, url, headers=dict(self.headers), timeout=_TIMEOUT_S)
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeEncodeError, ValueError) as error:
            raise self._silent(type(error).__name__) from error
        if reply.status_code in _REFUSED:
            raise self.refused(f"HTTP {reply.status_code}")
        if reply.is_error:
            raise self._silent(f"HTTP {reply.status_code}")
        try:
            told = reply.json()
        except ValueError as error:
            raise self._silent("JSON") from error
        return told if isinstance(told, dict) else {}

    def _silent(self, reason: str) -> BotError:
        return BotError(
            "doctor.remote_unreachable",
            service=self.name,
            url=self.base,
            reason=reason,
            variable=self.base_variable,
        )
