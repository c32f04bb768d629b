"""Fetching from the web: bounded in size and time, and never from a private address.

Whoever writes a page chooses where its links lead. So a name is looked up here, every address
it has is checked, and the connection goes to the one that was checked: a name that changes
its mind in between leads nowhere else. Each redirect is checked alike.
"""

import ipaddress
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

import httpx

from knowledge.errors import DocumentError

REDIRECTS = 5
TIMEOUT_S = 30.0
"""For one response as a whole, besides 10 seconds to connect."""
AGENT = "SecretaryBot/1.0"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Fetched:
    status: int
    url: str
    """Where it was found in the end."""
    headers: Mapping[str, str]
    """Names in lower case."""
    content: bytes


@dataclass(slots=True)
class Fetcher:
    """Raises DocumentError: `web.private`, `.unreachable`, `.too_large`, `.address`."""

    max_bytes: int
    allowed: frozenset[str] = frozenset()
    """`host` or `host:port` that may be private: the owner's own intranet."""
    timeout_s: float = TIMEOUT_S
    clock: Callable[[], float] = time.monotonic
    _client: httpx.Client | None = field(default=None)

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Fetched:
        """Any status but a redirect is an answer."""
        deadline = self.clock() + self.timeout_s
        at = url
        for _ in range(REDIRECTS + 1):
            found = self._once(at, headers or {}, deadline)
            if found.status not in _REDIRECTS or "location" not in found.headers:
                return found
            at = urljoin(at, found.headers["location"])
        raise _unreachable(url, "too many redirects")

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def _once(self, url: str, headers: Mapping[str, str], deadline: float) -> Fetched:
        client = self._opened()
        client.cookies.clear()  # by address, they would be shared by all who live there
        request = self._request(url, headers)
        try:
            response = client.send(request, stream=True)
            try:
                content = self._read(response, url, deadline)
            finally:
                response.close()
        except (httpx.HTTPError, httpx.StreamError, ValueError) as error:
            raise _unreachable(url, type(error).__name__) from error
        lower = {name.lower(): value for name, value in response.headers.items()}
        return Fetched(response.status_code, url, lower, content)

    def _request(self, url: str, headers: Mapping[str, str]) -> httpx.Request:
        """To the address that was checked, in the name that was asked for."""
        host, port, scheme = _parts(url)
        address = self._checked(url, host, port)
        shown = f"[{address}]" if ":" in address else address
        try:
            target = httpx.URL(url).copy_with(host=shown, port=port)
            return self._opened().build_request(
                "GET",
                target,
                headers={**headers, "Host": _host_header(host, port, scheme), "User-Agent": AGENT},
                extensions={"sni_hostname": host},
            )
        except (httpx.InvalidURL, UnicodeError, ValueError) as error:
            raise DocumentError("web.address", source=url) from error

    def _checked(self, url: str, host: str, port: int) -> str:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise _unreachable(url, "name not found") from error
        addresses = [str(entry[4][0]).partition("%")[0] for entry in found]
        is_allowed = bool({host.lower(), f"{host.lower()}:{port}"} & self.allowed)
        if not is_allowed and not all(is_public(address) for address in addresses):
            raise DocumentError("web.private", source=url)
        return addresses[0]

    def _read(self, response: httpx.Response, url: str, deadline: float) -> bytes:
        parts: list[bytes] = []
        size = 0
        for part in response.iter_bytes():
            size += len(part)
            if size > self.max_bytes:
                limit = str(self.max_bytes // 2**20)
                raise DocumentError("web.too_large", source=url, limit_mb=limit)
            if self.clock() > deadline:
                raise _unreachable(url, "too slow")
            parts.append(part)
        return b"".join(parts)

    def _opened(self) -> httpx.Client:
        """No proxies: one would look names up by itself, after they were checked here."""
        if self._client is None:
            timeout = httpx.Timeout(self.timeout_s, connect=10)
            self._client = httpx.Client(timeout=timeout, trust_env=False, follow_redirects=False)
        return self._client


def is_public(address: str) -> bool:
    """Whether anybody on the internet may be there; also looks into wrapped IPv4."""
    try:
        ip: Address = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            ip = inner
    return ip.is_global and not (ip.is_multicast or ip.is_reserved)


def netloc(url: str) -> str:
    """`host:port` of an address, as `Fetcher.allowed` has it."""
    host, port, _ = _parts(url)
    return f"{host}:{port}"


def _parts(url: str) -> tuple[str, int, str]:
    """Host, port and scheme. Raises DocumentError `web.address`."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise DocumentError("web.address", source=url) from error
    if parts.scheme not in ("http", "https") or not host or parts.username is not None:
        raise DocumentError("web.address", source=url)
    return host.lower(), port or (443 if parts.scheme == "https" else 80), parts.scheme


def _host_header(host: str, port: int, scheme: str) -> str:
    name = (
        f"[{host}]" if ":" in host else host.encode("idna").decode() if not host.isascii() else host
    )
    return name if port == (443 if scheme == "https" else 80) else f"{name}:{port}"


def _unreachable(url: str, problem: str) -> DocumentError:
    return DocumentError("web.unreachable", source=url, problem=problem)
