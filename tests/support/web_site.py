"""A site on a free loopback port: pages by path, with what a test wants to see of requests."""

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from typing import Any, ClassVar

from tests.support.http_handler import QuickHandler


@dataclass
class Page:
    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    validates: bool = True
    """Sends an ETag and honours it."""
    slow_s: float = 0.0
    """Between the halves of the body."""


@dataclass
class Site:
    url: str = ""
    host: str = ""
    """`127.0.0.1:port`"""
    pages: dict[str, Page] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """(path, headers in lower case)."""

    def put(
        self, path: str, text: str | bytes, kind: str = "text/html; charset=utf-8", **more: Any
    ) -> str:
        """The page's address."""
        body = text if isinstance(text, bytes) else text.encode()
        self.pages[path] = Page(body, headers={"Content-Type": kind}, **more)
        return self.url + path

    def redirect(self, path: str, to: str) -> str:
        self.pages[path] = Page(status=302, headers={"Location": to})
        return self.url + path

    def asked(self, path: str) -> int:
        return sum(asked == path for asked, _ in self.requests)


class _Handler(QuickHandler):
    protocol_version = "HTTP/1.1"
    site: ClassVar[Site]

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.site.requests.append((self.path, headers))
        page = self.site.pages.get(self.path, Page(status=404))
        tag = f'"{hashlib.sha256(page.body).hexdigest()[:16]}"'
        if page.validates and page.status == 200 and headers.get("if-none-match") == tag:
            self._send(Page(status=304), tag)
        else:
            self._send(page, tag)

    def _send(self, page: Page, tag: str) -> None:
        self.send_response(page.status)
        if page.validates and page.status in (200, 304):
            self.send_header("ETag", tag)
        for name, value in page.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(page.body)))
        self.end_headers()
        half = len(page.body) // 2
        try:
            self.wfile.write(page.body[:half])
            self.wfile.flush()
            time.sleep(page.slow_s)
            self.wfile.write(page.body[half:])
        except OSError:  # who asked has left
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def web_site() -> Iterator[Site]:
    site = Site()
    handler = type("Handler", (_Handler,), {"site": site})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        site.host = f"127.0.0.1:{server.server_address[1]}"
        site.url = f"http://{site.host}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()
