"""`secretary model serve`: an existing model server, checked first and kept running."""

import shlex
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import click
from rich.console import Console
from rich.status import Status

from adapters.cli.console import settings, warn
from adapters.cli.model_check import inspect
from adapters.cli.model_check import show as show_verdicts
from adapters.cli.model_explain import show as show_findings
from adapters.settings import Settings
from bot.errors import ModelUnavailable
from bot.model.check import Wish, examine
from bot.model.described import Described
from bot.model.explain import explain_file
from bot.model.launching import Launch, Place, find_tools, plan, plan_vectors
from bot.model.machine import Machine, look
from bot.model.software import installed
from bot.model.supervising import Event, Supervisor, ensure_free
from bot.phrases import say

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@click.command()
@click.argument("model")
@click.option("--host", default="127.0.0.1", help="監聽的位址；0.0.0.0 對外開放")
@click.option("--port", default=8080, type=click.IntRange(1, 65535), help="監聽的埠")
@click.option("--context", default=8192, type=click.IntRange(256), help="一個對話最多幾個 token")
@click.option("--concurrency", type=click.IntRange(1), help="同時幾個對話；不填時有 GPU 8、沒有 1")
@click.option("--embeddings", is_flag=True, help="向量或重排模型（要 torch）")
@click.option("--force", is_flag=True, help="檢查沒過也照樣啟動")
def serve(
    model: str,
    host: str,
    port: int,
    context: int,
    concurrency: int | None,
    embeddings: bool,
    force: bool,
) -> None:
    """檢查 MODEL（資料夾、GGUF 檔或 擁有者/名稱），再用現成的引擎開成 OpenAI 相容的網址。

    當掉會自動重啟；按 Ctrl-C 或收到 SIGTERM 就停止。
    """
    loaded = settings()
    machine = look(loaded.hub_cache())
    described = inspect(loaded, model)
    wish = _wish(described, machine, context, concurrency)
    place = Place(host, port)
    _check(loaded, machine, described, wish, force)
    tools = find_tools(installed())
    if embeddings:
        launch = plan_vectors(model, place, tools)
    else:
        launch = plan(model, described, machine, wish, place, tools)
    ensure_free(place)
    _keep_running(loaded, model, replace(launch, environment=_environment(loaded)))


def _wish(model: Described, machine: Machine, context: int, concurrency: int | None) -> Wish:
    longest = (model.shape.context if model.shape else 0) or context
    return Wish(min(context, longest), concurrency or (8 if machine.gpus else 1))


def _check(loaded: Settings, machine: Machine, model: Described, wish: Wish, force: bool) -> None:
    verdicts = tuple(examine(machine, installed(), model, wish))
    show_verdicts(verdicts, loaded.bot_language, err=True)
    if any(verdict.state == "error" for verdict in verdicts) and not force:
        warn(say("serve.refused", loaded.bot_language))
        raise click.exceptions.Exit(1)


def _environment(loaded: Settings) -> dict[str, str]:
    """What stands in `.env` and is meant for the hub's own tools."""
    given = {"HF_ENDPOINT": loaded.hf_endpoint, "HF_TOKEN": loaded.hf_token}
    given |= {"HF_HOME": str(loaded.hf_home) if loaded.hf_home else None}
    return {name: value for name, value in given.items() if value}


def _keep_running(loaded: Settings, model: str, launch: Launch) -> None:
    language = loaded.bot_language
    log = loaded.data_dir / f"model-serve-{launch.place.port}.log"
    shown = shlex.join(launch.command)
    warn(say("serve.engine", language, engine=launch.engine, name=model, command=shown))
    if launch.place.host not in _LOOPBACK:
        warn(say("serve.open", language, host=launch.place.host))
    with _teller(launch, language) as teller:
        supervisor = Supervisor(launch, log, teller.tell)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: supervisor.stop())
        try:
            supervisor.run()
        except ModelUnavailable:
            teller.close()
            _explain(log, language)
            raise
    warn(say("serve.stopped", language))


def _explain(log: Path, language: str) -> None:
    if log.is_file():
        show_findings(explain_file(log), language, err=True)


@dataclass
class _Teller:
    launch: Launch
    language: str
    status: Status
    was_ready: bool = False

    def tell(self, event: Event) -> None:
        seconds, line = f"{event.seconds:.0f}", event.line[:100].replace("[", "\\[")
        if event.kind == "starting":
            said = say("serve.starting", self.language, seconds=seconds, line=line)
            return self.status.update(said)
        if event.kind == "ready":
            return self._ready(seconds)
        warn(say(f"serve.{event.kind}", self.language, seconds=seconds, status=event.code))
        return None

    def close(self) -> None:
        self.status.stop()

    def _ready(self, seconds: str) -> None:
        self.close()
        if self.was_ready:
            return warn(say("serve.again", self.language, seconds=seconds))
        self.was_ready = True
        warn(say("serve.ready", self.language, seconds=seconds))
        name = "EMBEDDING_BASE_URL" if self.launch.engine == "vectors" else "LLM_BASE_URL"
        click.echo(f"{name}={self.launch.place.url}/v1")
        return None


@contextmanager
def _teller(launch: Launch, language: str) -> Iterator[_Teller]:
    console = Console(stderr=True, quiet=not Console(stderr=True).is_terminal)
    with console.status("") as status:
        yield _Teller(launch, language, status)
