"""The real web server on a free loopback port, in a thread of its own."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from adapters.http import build_app
from adapters.settings import Settings
from adapters.web.ports import Assistant, Readiness
from tests.support.fake_assistant import FakeReadiness


@contextmanager
def web_server(
    assistant: Assistant,
    *,
    readiness: Readiness | None = None,
    suggestions: tuple[str, ...] = (),
    api_keys: tuple[str, ...] = (),
    ping_s: float = 10.0,
) -> Iterator[str]:
    """Yields the base URL, without a slash at its end."""
    app = build_app(
        assistant,
        readiness or FakeReadiness(),
        settings=Settings.model_construct(api_keys=api_keys),
        suggestions=lambda: suggestions,
        ping_s=ping_s,
    )
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="off")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{_port(server)}"
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join(10)


def _port(server: uvicorn.Server) -> int:
    deadline = time.monotonic() + 10
    while not server.started:
        if time.monotonic() > deadline:
            raise RuntimeError("the web server did not start")
        time.sleep(0.01)
    port: int = server.servers[0].sockets[0].getsockname()[1]
    return port
