"""A chat platform on loopback that shows messages and remembers which key it has seen."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from typing import Any

from tests.support.http_handler import QuickHandler


@dataclass
class Platform:
    honours_keys: bool = True
    url: str = ""
    shown: list[tuple[str, int, str]] = field(default_factory=list)
    """Request, part and text of every message that people see."""
    calls: list[tuple[str, int, str, str]] = field(default_factory=list)
    """Request, part, key and the sender's label of every call, whether or not it showed."""
    begun: list[tuple[str, str]] = field(default_factory=list)
    """Request and label whenever a process begins to answer."""
    _keys: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def message(self, said: dict[str, Any]) -> str:
        with self._lock:
            self.calls.append((said["request"], said["part"], said["key"], said["label"]))
            if self.honours_keys and said["key"] in self._keys:
                return self._keys[said["key"]]
            self.shown.append((said["request"], said["part"], said["text"]))
            self._keys[said["key"]] = f"m{len(self.shown)}"
            return self._keys[said["key"]]

    def begin(self, said: dict[str, Any]) -> None:
        with self._lock:
            self.begun.append((said["request"], said["label"]))

    def repeated(self) -> int:
        """Messages that people saw more than once."""
        times = Counter((request, part) for request, part, _ in self.shown)
        return sum(count - 1 for count in times.values())


@contextmanager
def platform(honours_keys: bool = True) -> Iterator[Platform]:
    it = Platform(honours_keys)

    class Handler(QuickHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            message = it.begin(said) if self.path == "/begin" else it.message(said)
            body = json.dumps({"id": message}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A caller that was killed in the middle."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    it.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield it
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
