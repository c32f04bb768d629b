"""Starts and stops what is enabled: the bot, its web server, the chat platforms."""

import asyncio
import fcntl
import logging
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    contextmanager,
    nullcontext,
    suppress,
)
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from adapters.http import build_app
from adapters.logs import tell
from adapters.service import Service
from adapters.settings import Settings
from adapters.telemetry import tracing
from adapters.web import metrics
from adapters.web.access import Guard
from adapters.web.door import ApiDoor
from bot.bootstrap import Bot, build
from bot.errors import ConfigError
from bot.metrics import Meters
from bot.phrases import describe, say
from knowledge.errors import StoreError
from knowledge.library import prepare_folder

log = logging.getLogger("secretary")

STORE_PATIENCE_S = (1.0, 2.0, 4.0, 8.0, 15.0)
"""Between tries to reach a Qdrant server at the start."""
GRACE_S = 5
"""Seconds that open answers get to finish when the server is asked to end."""


Outside = Callable[[int], AbstractContextManager[None]]
"""Makes the server at this port known elsewhere, while it runs."""


def _nowhere(_port: int) -> AbstractContextManager[None]:
    return nullcontext()


def serve(settings: Settings, outside: Outside = _nowhere) -> None:
    """Runs until SIGINT or SIGTERM. Raises ConfigError, KnowledgeError and what `outside`
    raises before it serves."""
    prepare_folder(settings.data_dir)
    with only_one(settings), _bound(settings.http_host, settings.http_port) as sock:
        meters = Meters()
        bot = _built(settings, meters)
        service = Service(bot, settings)
        meters.registry.register(service.standing())
        guard = Guard(settings.api_keys, settings.http_host)
        app = build_app(
            ApiDoor(bot.secretary, bot.audiences),
            service,
            settings=settings,
            suggestions=service.suggestions,
            more=[*service.routers(), metrics.router(meters.text, guard)],
        )
        app.router.lifespan_context = _lifespan(service)
        host, port = sock.getsockname()[:2]
        shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
        tell(say("cli.serving", settings.bot_language, url=f"http://{shown}:{port}"))
        config = uvicorn.Config(
            app,
            log_config=None,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=GRACE_S,
        )
        logging.getLogger("uvicorn.error").addFilter(_is_no_cancellation)
        server = uvicorn.Server(config)
        with tracing(settings.otel_exporter_otlp_endpoint), outside(port), _ending_in_order(server):
            server.run(sockets=[sock])


def _built(settings: Settings, meters: Meters) -> Bot:
    """Waits a while for a Qdrant server that comes up after us. Raises as `build` does."""
    for delay in STORE_PATIENCE_S:
        try:
            return build(settings.bot(), watcher=meters)
        except StoreError as error:
            if error.code != "store.unreachable" or error.detail.get("passing") != "yes":
                raise
            problem = describe(error, settings.bot_language)
            tell(say("cli.store_waiting", settings.bot_language, problem=problem))
            time.sleep(delay)
    return build(settings.bot(), watcher=meters)


@contextmanager
def _ending_in_order(server: uvicorn.Server) -> Iterator[None]:
    """SIGINT and SIGTERM are how a server ends; uvicorn raises them again when it is done,
    and to its caller that would be a crash."""

    def end(_signal: int, _frame: object) -> None:
        server.should_exit = True

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_no_cancellation(record: logging.LogRecord) -> bool:
    """An answer that is cut off because the server ends is no error with a traceback."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))


def _lifespan(service: Service) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        starting = asyncio.create_task(service.start())
        try:
            yield
        finally:
            starting.cancel()
            with suppress(asyncio.CancelledError):
                await starting
            await service.platforms.stop()
            await service.bot.aclose()

    return lifespan


@contextmanager
def _bound(host: str, port: int) -> Iterator[socket.socket]:
    """Raises ConfigError `cli.port_busy`, `cli.host_unknown`."""
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise ConfigError("cli.host_unknown", host=host) from error
    with socket.socket(family, kind, proto) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(address)
        except OSError as error:
            raise ConfigError("cli.port_busy", host=host, port=str(port)) from error
        yield sock


@contextmanager
def only_one(settings: Settings, code: str = "cli.second_server") -> Iterator[None]:
    """Two bots on one embedded store would answer everything twice, once platforms are on.

    Raises ConfigError `cli.second_server`, or the `code` that suits the caller better.
    """
    if settings.qdrant_url and settings.database_url:
        yield
        return
    path = Path(settings.data_dir) / "run.lock"
    with path.open("a+") as file:
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            pid = file.read().strip() or "?"
            raise ConfigError(code, path=str(settings.data_dir), pid=pid) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
