"""Starts and stops what is enabled: the bot, its web server, the chat platforms."""

import asyncio
import fcntl
import gc
import logging
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
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
from fastapi import APIRouter, FastAPI

from adapters import notion_webhook
from adapters.following import keep_following
from adapters.http import build_app
from adapters.logs import tell
from adapters.platforms import Platforms
from adapters.settings import Settings
from adapters.telemetry import tracing
from adapters.web import metrics
from adapters.web.access import Guard
from adapters.web.door import ApiDoor
from bot.bootstrap import Bot, build
from bot.errors import BotError, ConfigError, ModelError
from bot.inbox import InboxStats
from bot.metrics import Meters, Standing
from bot.phrases import describe, say
from bot.syncing import Syncing, in_a_thread
from bot.upkeep import Upkeep
from knowledge.errors import KnowledgeError, StoreError
from knowledge.ingest import Progress
from knowledge.library import prepare_folder

log = logging.getLogger("secretary")

SAMPLE = "notice.sample"
MODEL_CHECK_S = 30.0
STORE_PATIENCE_S = (1.0, 2.0, 4.0, 8.0, 15.0)
"""Between tries to reach a Qdrant server at the start."""
GRACE_S = 5
"""Seconds that open answers get to finish when the server is asked to end."""


class Service:
    """One running secretary: answers readiness, and brings knowledge and model up."""

    def __init__(self, bot: Bot, settings: Settings) -> None:
        self.bot = bot
        self.platforms = Platforms(bot, settings, tell)
        self._settings = settings
        self._language = settings.bot_language
        # Curated answers whose sources changed are marked as soon as they did.
        noticed = bot.memory.annotations.check_rot
        self.syncing = Syncing(
            bot.library, bot.memory.words.say, self._language, settings.sync_interval, noticed
        )
        self.platforms.desk.syncing = self.syncing
        self._knowledge = "starting"
        self._rebuilding = ""
        self._notices: list[str] = []
        self._model = "starting" if bot.engine else "extractive"

    def readiness(self) -> Mapping[str, object]:
        """Ready as soon as searches can be answered; the model may follow."""
        return {
            "ready": self._knowledge == "ok",
            "checks": {
                "knowledge": self._knowledge,
                "model": self._model,
                "embedding": self._rebuilding or self.bot.library.embedding_model or "none",
                **self.platforms.states(),
            },
            "notice": " ".join(self._sentences()) or None,
        }

    def standing(self) -> Standing:
        """What `/metrics` looks up."""
        bot = self.bot
        return Standing(bot.library.ledger, bot.memory, self.readiness, self._queue)

    def _queue(self) -> InboxStats | None:
        inbox = self.platforms.inbox
        return None if inbox is None else inbox.stats()

    def _sentences(self) -> Iterator[str]:
        """The standing remarks; the one about the sample goes when the sample does."""
        for key in self._notices:
            if key == SAMPLE and self._knowledge == "ok" and not self._holds_sample():
                continue
            if key == "notice.rebuilding" and not self.bot.library.is_rebuilding:
                continue
            yield say(key, self._language)

    def _holds_sample(self) -> bool:
        try:
            return self.bot.library.holds_sample()
        except KnowledgeError:
            return False

    async def start(self) -> None:
        """Fills an empty knowledge base with the sample, wakes the model, and keeps house until
        it is cancelled."""
        try:
            # Questions are taken in from the first moment, and answered once they can be.
            connecting = asyncio.create_task(self.platforms.start())
            await asyncio.to_thread(self._prepare)
            await connecting
        except (KnowledgeError, BotError) as error:
            self._knowledge = describe(error, self._language)
            log.error(self._knowledge)
            return
        self._knowledge = "ok"
        spare_the_collector()
        self.platforms.answer()
        failed = await self.bot.warm()
        if self.bot.engine is not None:
            self._model = failed or "ok"
        if failed:
            log.warning(say("notice.model_at_start", self._language, problem=failed))
        keeping = Upkeep(self.bot.memory, self.bot.chain.clock).run()
        own = self._settings
        following = keep_following(
            self.bot.library, own.watch_folders, own.data_dir, self._language
        )
        rebuilding, syncing = self._rebuild(), self.syncing.run()
        await asyncio.gather(keeping, self._watch_model(), rebuilding, syncing, following)

    def routers(self) -> Sequence[APIRouter]:
        """Of the platforms, and the one that Notion calls."""
        own, known = self._settings, self.platforms.routers()
        if not own.notion_token:
            return known
        poke = self.syncing.poke
        hook = notion_webhook.router(
            own.notion_webhook_token, own.data_dir, poke, tell, self._language
        )
        return [*known, hook]

    async def _rebuild(self) -> None:
        """Another embedding model: the old collection answers while the new one fills."""
        library = self.bot.library
        while library.is_rebuilding:
            try:
                await in_a_thread(lambda: library.prepare(self._show_rebuilding))
            except KnowledgeError as error:
                log.warning(describe(error, self._language))
                await asyncio.sleep(MODEL_CHECK_S)
        self._rebuilding = ""

    def _show_rebuilding(self, progress: Progress) -> None:
        self._rebuilding = f"rebuilding {progress.done}/{progress.total}"

    async def _watch_model(self) -> None:
        """A model that comes up or goes down later is told by `/readyz` too."""
        while self.bot.engine is not None:
            await asyncio.sleep(MODEL_CHECK_S)
            try:
                await self.bot.engine.check()
                self._model = "ok"
            except ModelError as error:
                self._model = error.code

    def _prepare(self) -> None:
        library = self.bot.library
        if library.is_rebuilding:
            self._remark("notice.rebuilding")
        else:
            library.prepare(self._show)
        if library.is_empty():
            self._remark(SAMPLE)
            library.ingest_sample(self._show)
        elif library.holds_sample():
            self._remark(SAMPLE)
        if library.embedder is None:
            self._remark("notice.sparse_only")

    def _remark(self, key: str) -> None:
        self._notices.append(key)
        tell(say(key, self._language))

    def _show(self, progress: Progress) -> None:
        self._knowledge = f"ingesting {progress.done}/{progress.total}"

    def suggestions(self) -> list[str]:
        """First questions for the page: about the sample, while it is what is known."""
        if not self._holds_sample():
            return []
        return [say(f"sample.question_{number}", self._language) for number in (1, 2, 3, 4)]


def spare_the_collector() -> None:
    """What is here at the start stays to the end. Looking at it again and again for what could
    be thrown away took a fifteenth of an answer's CPU and a tenth of a second at a time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


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
