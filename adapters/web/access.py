"""Who may ask through /v1.

With keys: whoever shows one. Without: only this machine itself, and then a page of some
other site open in the same browser must be kept out too. It could reach us by a form or
fetch (it sends its Origin) or by a name that it points at 127.0.0.1 (it sends that Host).
"""

import hashlib
import hmac
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from starlette.requests import Request

from adapters.web.errors import ApiError
from bot.messages import Author

_PROXY_HEADERS = ("x-forwarded-for", "forwarded", "x-real-ip")


@dataclass(frozen=True, slots=True)
class Guard:
    keys: tuple[str, ...]
    host: str
    """HTTP_HOST: a name under which this machine may be called, besides the loopback ones."""

    def check(self, request: Request) -> None:
        """Raises ApiError 401 (key), 403 (not from here) or 421 (not our name)."""
        if self.keys:
            self._check_key(request)
        else:
            self._check_local(request)

    def asker(self, request: Request, user: str | None) -> Author:
        """Whose budget a question is taken from; `check` was passed. With keys a client may
        name its own users (OpenAI's `user`); a page on this machine is one person."""
        if not self.keys:
            return Author("web", "local", is_many=True)
        shown = request.headers.get("authorization", "").partition(" ")[2].strip()
        key = hashlib.sha256(shown.encode("latin-1")).hexdigest()[:12]
        if user is None:
            return Author("web", key, is_many=True)
        return Author("web", f"{key}:{user}", user)

    def _check_key(self, request: Request) -> None:
        scheme, _, shown = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not shown.strip():
            raise ApiError(401, "missing_api_key")
        # Header bytes arrive as Latin-1 characters, whatever they were.
        given = shown.strip().encode("latin-1")
        # Every key is compared, each in constant time, so that timing tells nothing.
        matches = [hmac.compare_digest(given, key.encode()) for key in self.keys]
        if not any(matches):
            raise ApiError(401, "invalid_api_key")

    def _check_local(self, request: Request) -> None:
        address = request.client.host if request.client else ""
        # Behind a proxy on this machine everyone looks local.
        if not is_loopback(address) or any(name in request.headers for name in _PROXY_HEADERS):
            raise ApiError(403, "keys_needed")
        host = request.headers.get("host", "")
        if not self._is_ours(_name(host)):
            raise ApiError(421, "unknown_host", host=_name(host))
        origin = request.headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            raise ApiError(403, "foreign_origin", origin=origin)

    def _is_ours(self, name: str) -> bool:
        return name == "localhost" or is_loopback(name) or name == self.host.lower()


def is_loopback(address: str) -> bool:
    """True for 127.0.0.0/8, ::1 and 127.x in IPv6 clothes."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        return parsed.ipv4_mapped.is_loopback
    return parsed.is_loopback


def _name(netloc: str) -> str:
    """``Host`` without its port and brackets; empty when it cannot be read."""
    try:
        return urlsplit(f"//{netloc}").hostname or ""
    except ValueError:
        return ""
