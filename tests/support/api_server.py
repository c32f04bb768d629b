"""Somebody's HTTP API on loopback: fixed answers by path, and what it was asked with."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from typing import Any

from tests.support.http_handler import QuickHandler


@dataclass
class FakeApi:
    url: str
    answers: Mapping[str, tuple[int, Any]]
    asked: list[tuple[str, str]] = field(default_factory=list)
    """`GET /path` and the Authorization header that came with it."""


@contextmanager
def api(known: Mapping[str, tuple[int, Any]]) -> Iterator[FakeApi]:
    """Path → status and body (text, or JSON of anything else); another path is a 404."""

    class Handler(QuickHandler):
        def _answer(self) -> None:
            fake.asked.append(
                (f"{self.command} {self.path}", self.headers.get("authorization", ""))
            )
            status, body = known.get(self.path, (404, {}))
            data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = _answer

        def log_message(self, *_: object) -> None:
            """Quietly."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake = FakeApi(f"http://127.0.0.1:{server.server_port}", known)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
